//! How often search finds the right document of a BEIR-format set, and how high.

use super::{
    Tell, Times, import,
    metrics::{Worth, worth},
    no_set,
    set::{self, Half, Query},
};
use crate::App;
use protocol::{Fault, ListDocuments, Search, SearchMode};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

/// Passages that are asked for: enough for a hundred documents.
const PASSAGES: u32 = 200;
/// Queries whose embedding is timed; the others come from the cache of a measurement.
const TIMED: usize = 50;
/// How many chars of a title go into a file's name.
const LONGEST_NAME: usize = 80;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// The folder of the set.
    pub corpus: PathBuf,
    /// Which file of `qrels`.
    pub split: String,
    /// In which modes.
    pub modes: Vec<SearchMode>,
    /// Only this half of the questions.
    pub half: Option<Half>,
    /// Only so many questions, spread over the set.
    pub limit: Option<usize>,
    /// A folder for the ranked lists, in TREC's form.
    pub runs: Option<PathBuf>,
}

/// What was measured of a set.
#[derive(Debug, Serialize)]
pub struct RetrievalReport {
    /// The set's folder.
    pub set: String,
    /// Its split.
    pub split: String,
    /// Which half of it, where it is not all.
    pub half: Option<Half>,
    /// Its documents.
    pub documents: usize,
    /// Passages made of them.
    pub passages: u32,
    /// Questions that were asked.
    pub queries: usize,
    /// How long it took until everything was found.
    pub import_s: f64,
    /// The time for embedding one query, where there is a model.
    pub embed_query: Option<serde_json::Value>,
    /// One line for each mode.
    pub modes: Vec<Measured>,
}

/// What was measured in one mode.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The mode that was really used.
    pub mode: SearchMode,
    /// Questions whose reranker took too long: they count with the order without it.
    pub fell_back: usize,
    /// nDCG@10.
    pub ndcg_10: f64,
    /// Recall@100.
    pub recall_100: f64,
    /// MRR@10.
    pub mrr_10: f64,
    /// Median time of a search in milliseconds, without embedding the query.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

/// Imports a set into this (empty) workspace and asks its questions. `scratch` is for its files.
///
/// # Errors
/// The set cannot be read, or a document of it cannot.
pub async fn retrieval(app: &App, asked: &Retrieval, scratch: &Path, tell: Tell<'_>) -> Result<RetrievalReport, Fault> {
    let mut queries = set::queries(&asked.corpus, &asked.split)?;
    if let Some(half) = asked.half {
        queries.retain(|query| Half::of(&query.id) == half);
        if queries.is_empty() {
            return Err(no_set(&asked.corpus, "no question is in this half"));
        }
    }
    if let Some(limit) = asked.limit.filter(|limit| *limit < queries.len()) {
        let step = queries.len() / limit.max(1);
        queries = queries.into_iter().step_by(step.max(1)).take(limit).collect();
    }
    let by_hash = write(&asked.corpus, scratch)?;
    let began = Instant::now();
    let passages = import(app, scratch, tell).await?;
    let import_s = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    // Two documents of the set with the same words are one document here: it stands for both.
    let mut ids: HashMap<String, &[String]> = HashMap::new();
    for document in app.call(&app.person(), ListDocuments {}).await? {
        if let Some(of) = by_hash.get(&document.hash) {
            ids.insert(document.id.to_string(), of);
        }
    }
    let embed_query = embedding_time(app, &queries).await;
    let mut modes = Vec::new();
    for mode in &asked.modes {
        tell(&format!("{} questions are asked ({mode:?})", queries.len()));
        if let Some(measured) = ask(app, &queries, *mode, &ids, asked.runs.as_deref()).await? {
            modes.push(measured);
        }
    }
    let set = asked.corpus.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (documents, queries) = (by_hash.values().map(Vec::len).sum(), queries.len());
    let (split, half) = (asked.split.clone(), asked.half);
    Ok(RetrievalReport { set, split, half, documents, passages, queries, import_s, embed_query, modes })
}

/// Writes each document as a file that is named after its title, as people name theirs; returns which
/// ids have which content.
fn write(corpus: &Path, scratch: &Path) -> Result<HashMap<String, Vec<String>>, Fault> {
    let mut by_hash: HashMap<String, Vec<String>> = HashMap::new();
    let mut names = HashSet::new();
    fs::create_dir_all(scratch).map_err(|error| no_set(scratch, error))?;
    set::corpus(corpus, |entry| {
        let body = format!("{}\n\n{}", entry.title, entry.text);
        if !body.chars().any(char::is_alphanumeric) {
            return Ok(());
        }
        let of = by_hash.entry(blake3::hash(body.as_bytes()).to_hex().to_string()).or_default();
        of.push(entry.id);
        if of.len() > 1 {
            return Ok(());
        }
        let path = scratch.join(file_name(&entry.title, &mut names));
        fs::write(&path, body).map_err(|error| no_set(&path, error))
    })?;
    Ok(by_hash)
}

/// A name that no other file has.
fn file_name(title: &str, names: &mut HashSet<String>) -> String {
    let fine = |c: char| if c.is_alphanumeric() { c } else { ' ' };
    let title: String = title.chars().map(fine).take(LONGEST_NAME).collect();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut name = format!("{title}.txt");
    let mut count = 1;
    while title.is_empty() && count == 1 || !names.insert(name.to_lowercase()) {
        count += 1;
        name = format!("{title} {count}.txt").trim_start().to_owned();
    }
    name
}

/// How long embedding a query takes, by the model itself.
async fn embedding_time(app: &App, queries: &[Query]) -> Option<serde_json::Value> {
    let model = app.models().embedder()?;
    let mut times = Times::default();
    for query in queries.iter().take(TIMED + 1) {
        let began = Instant::now();
        model.embed_query(query.text.clone()).await.ok()?;
        times.add(began.elapsed());
    }
    Some(times.json())
}

/// Asks every question in one mode; None where the mode is not to be had (no embedding model).
async fn ask(
    app: &App,
    queries: &[Query],
    mode: SearchMode,
    ids: &HashMap<String, &[String]>,
    runs: Option<&Path>,
) -> Result<Option<Measured>, Fault> {
    let person = app.person();
    let (mut sum, mut times, mut run) = (Worth::default(), Times::default(), String::new());
    let mut fell_back = 0;
    // Its vector is in the cache before the time is taken.
    if mode != SearchMode::Text {
        for query in queries {
            app.call(&person, Search { query: query.text.clone(), mode, limit: 1, within: None }).await?;
        }
    }
    for query in queries {
        let began = Instant::now();
        let reply =
            app.call(&person, Search { query: query.text.clone(), mode, limit: PASSAGES, within: None }).await?;
        times.add(began.elapsed());
        if reply.mode != mode && !reply.hits.is_empty() {
            if mode != SearchMode::Reranked || reply.mode != SearchMode::Hybrid {
                return Ok(None);
            }
            fell_back += 1;
        }
        let mut list: Vec<&str> = Vec::new();
        for hit in &reply.hits {
            for id in ids.get(&hit.document.to_string()).copied().unwrap_or_default() {
                if !list.contains(&id.as_str()) {
                    list.push(id);
                    let _ = writeln!(run, "{} Q0 {id} {} {} atelier", query.id, list.len(), hit.score);
                }
            }
        }
        let worth = worth(&list, &query.grades);
        sum.ndcg_10 += worth.ndcg_10;
        sum.recall_100 += worth.recall_100;
        sum.mrr_10 += worth.mrr_10;
    }
    if let Some(folder) = runs {
        let path = folder.join(format!("{}.run", format!("{mode:?}").to_lowercase()));
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, run)).map_err(|error| no_set(&path, error))?;
    }
    if fell_back == queries.len() {
        return Ok(None);
    }
    let mean = |sum: f64| (sum / queries.len() as f64 * 1e4).round() / 1e4;
    Ok(Some(Measured {
        mode,
        fell_back,
        ndcg_10: mean(sum.ndcg_10),
        recall_100: mean(sum.recall_100),
        mrr_10: mean(sum.mrr_10),
        p50_ms: times.ms(0.5),
        p99_ms: times.ms(0.99),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_titles() {
        let mut names = HashSet::new();
        for (title, expected) in [
            ("Super_Bowl_50", "Super Bowl 50.txt"),
            ("super bowl 50", "super bowl 50 2.txt"),
            ("", "2.txt"),
            ("../a/b: c?", "a b c.txt"),
            ("", "3.txt"),
        ] {
            assert_eq!(file_name(title, &mut names), expected);
        }
    }

    #[test]
    fn documents_with_the_same_words_stand_for_one_another() {
        let dir = tempfile::tempdir().unwrap();
        let lines = r#"{"_id": "a", "title": "T", "text": "same"}
{"_id": "b", "title": "T", "text": "same"}
{"_id": "c", "title": "T", "text": "other"}
{"_id": "d", "title": "", "text": ""}"#;
        fs::write(dir.path().join("corpus.jsonl"), lines).unwrap();
        let files = dir.path().join("files");
        let by_hash = write(dir.path(), &files).unwrap();
        let mut groups: Vec<Vec<String>> = by_hash.into_values().collect();
        groups.sort();
        assert_eq!(groups, [vec!["a".to_owned(), "b".into()], vec!["c".into()]]);
        assert_eq!(fs::read_to_string(files.join("T.txt")).unwrap(), "T\n\nsame");
        assert_eq!(fs::read_dir(&files).unwrap().count(), 2);
    }
}
