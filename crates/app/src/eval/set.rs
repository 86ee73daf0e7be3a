//! Reading a set of questions in the form of BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

use super::no_set;
use protocol::Fault;
use serde_json::Value;
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

/// A question with what answers it.
pub(super) struct Query {
    pub id: String,
    pub text: String,
    /// The grade of each document that was judged for it.
    pub grades: HashMap<String, f64>,
}

/// Which questions of a set are asked: constants are set on one half, and figures come from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// The half that constants are set on.
    Tuning,
    /// The half that nothing is set on.
    Report,
}

impl Half {
    /// The half that a question belongs to, by its id alone: the same on every machine, whatever other
    /// questions there are, and for the same question in another language.
    pub fn of(id: &str) -> Self {
        if blake3::hash(id.as_bytes()).as_bytes()[0].is_multiple_of(2) { Self::Tuning } else { Self::Report }
    }
}

/// A document of the set.
pub(super) struct Entry {
    pub id: String,
    pub title: String,
    pub text: String,
}

/// The lines of a JSON Lines file, each given to `each`.
pub(super) fn json_lines(path: &Path, mut each: impl FnMut(&Value) -> Result<(), Fault>) -> Result<(), Fault> {
    let file = File::open(path).map_err(|error| no_set(path, error))?;
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| no_set(path, error))?;
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str(&line).map_err(|error| no_set(path, format!("line {}: {error}", at + 1)))?;
        each(&value)?;
    }
    Ok(())
}

/// A string or a number of a line, as text.
pub(super) fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// The documents.
pub(super) fn corpus(folder: &Path, mut each: impl FnMut(Entry) -> Result<(), Fault>) -> Result<(), Fault> {
    json_lines(&folder.join("corpus.jsonl"), |line| {
        each(Entry { id: text(line, "_id"), title: text(line, "title"), text: text(line, "text") })
    })
}

/// The questions of a split that have a right document, in the order of the file.
pub(super) fn queries(folder: &Path, split: &str) -> Result<Vec<Query>, Fault> {
    let path = folder.join("qrels").join(format!("{split}.tsv"));
    let file = File::open(&path).map_err(|error| no_set(&path, error))?;
    let mut grades: HashMap<String, HashMap<String, f64>> = HashMap::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|error| no_set(&path, error))?;
        let parts: Vec<&str> = line.split('\t').collect();
        // The first line names the columns.
        let [query, document, grade] = parts[..] else { continue };
        if let Ok(grade) = grade.trim().parse::<f64>() {
            grades.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
        }
    }
    let mut queries = Vec::new();
    json_lines(&folder.join("queries.jsonl"), |line| {
        let id = text(line, "_id");
        if let Some(grades) = grades.remove(&id).filter(|grades| grades.values().any(|grade| *grade > 0.0)) {
            queries.push(Query { id, text: text(line, "text"), grades });
        }
        Ok(())
    })?;
    if queries.is_empty() {
        return Err(no_set(&path, "no question has a right document"));
    }
    Ok(queries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_of_a_question_never_changes() {
        let halves = ["1", "13", "56beb4343aeaaa14008c925b", "q-0"].map(Half::of);
        assert_eq!(halves, [Half::Tuning, Half::Tuning, Half::Report, Half::Tuning]);
        let tuning = (0..1_000).filter(|n| Half::of(&n.to_string()) == Half::Tuning).count();
        assert!((450..550).contains(&tuning), "{tuning}");
    }

    #[test]
    fn a_set_is_read_and_what_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = queries(dir.path(), "test").err().unwrap();
        assert!(missing.code == "eval.no_set" && missing.message.contains("test.tsv"), "{missing:?}");
        std::fs::create_dir(dir.path().join("qrels")).unwrap();
        let qrels = "query-id\tcorpus-id\tscore\n1\ta\t1\n1\tb\t0\n2\tc\t0\n";
        std::fs::write(dir.path().join("qrels/dev.tsv"), qrels).unwrap();
        let lines = "{\"_id\": 1, \"text\": \"one\"}\n\n{\"_id\": \"2\", \"text\": \"two\"}\n{\"_id\": \"3\", \"text\": \"three\"}\n";
        std::fs::write(dir.path().join("queries.jsonl"), lines).unwrap();
        let found = queries(dir.path(), "dev").unwrap();
        assert_eq!(found.len(), 1, "a question without a right document measures nothing");
        assert_eq!((found[0].id.as_str(), found[0].text.as_str(), found[0].grades["a"]), ("1", "one", 1.0));
        std::fs::write(dir.path().join("corpus.jsonl"), "{\"_id\": \"a\", \"text\": \"A\"}\n{broken").unwrap();
        let mut ids = Vec::new();
        let broken = corpus(dir.path(), |entry| {
            ids.push(entry.id);
            Ok(())
        });
        assert!(broken.err().unwrap().message.contains("line 2"));
        assert_eq!(ids, ["a"]);
    }
}
