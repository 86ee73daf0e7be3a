//! Whether a question is answered: what each threshold lets through, and what is quoted where a
//! model's words have no support. `ATELIER_SET` names the set: `piaf-fr` and `scifact` are for setting
//! the thresholds, `xquad-en` and `financebench` for reporting them, once.

use super::{data, lines, text, with_engine};
use crate::common::*;
use library::{ANSWERABLE_BY_MEANING, ANSWERABLE_BY_WORDS, Closest, Library, Passage, nearest, score};
use std::{collections::HashMap, fs, time::Duration};

/// Questions of one set are thinned out to about so many.
const MOST: u64 = 900;

struct Question {
    text: String,
    /// The documents that answer it and are here.
    documents: Vec<String>,
    /// The answer's words, where the set has them.
    answers: Vec<String>,
}

/// A stable number of a name.
pub fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

async fn set(name: &str) -> (Here, Library, Vec<Question>) {
    let here = Here::new().await;
    let library = here.open().await;
    let answers = data().join("answers").join(name);
    let (files, mut questions) = if answers.exists() {
        let questions = lines(answers.join("questions.jsonl"));
        let question = |q: &serde_json::Value| Question {
            text: text(q, "question"),
            documents: if q["answerable"].as_bool().unwrap() { vec![text(q, "document")] } else { vec![] },
            answers: q["answers"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect(),
        };
        (answers.join("documents"), questions.iter().map(question).collect())
    } else {
        withheld(&here, name)
    };
    let every = (questions.len() as u64 / MOST).max(1);
    questions.retain(|question: &Question| number(&question.text).is_multiple_of(every));
    library.import(&here.person, &[files]).await.unwrap();
    tokio::time::timeout(Duration::from_secs(3000), library.idle()).await.unwrap();
    let mode = with_engine(&library).await;
    println!("{name} {mode:?}: {} questions", questions.len());
    (here, library, questions)
}

/// A retrieval set with a part of its paragraphs left out, by the hash of their names: a fifth of
/// piaf-fr's, and half of those that scifact's claims are about.
fn withheld(here: &Here, name: &str) -> (std::path::PathBuf, Vec<Question>) {
    let dir = data().join("retrieval").join(name);
    let mut right: HashMap<String, Vec<String>> = HashMap::new();
    for line in fs::read_to_string(dir.join("qrels/test.tsv")).unwrap().lines().skip(1) {
        let parts: Vec<&str> = line.split('\t').collect();
        right.entry(parts[0].into()).or_default().push(parts[1].to_owned());
    }
    let gold: std::collections::HashSet<&String> = right.values().flatten().collect();
    let out = |id: &String| match name {
        "scifact" => gold.contains(id) && number(id).is_multiple_of(2),
        _ => number(id).is_multiple_of(5),
    };
    let files = here.folder(&[]);
    for entry in lines(dir.join("corpus.jsonl")) {
        let id = text(&entry, "_id");
        if !out(&id) {
            let body = format!("{}\n\n{}", text(&entry, "title"), text(&entry, "text"));
            fs::write(files.join(format!("{id}.txt")), body).unwrap();
        }
    }
    let question = |q: &serde_json::Value| {
        let documents = right.get(&text(q, "_id"))?.iter().filter(|id| !out(id)).map(|id| format!("{id}.txt"));
        Some(Question { text: text(q, "text"), documents: documents.collect(), answers: vec![] })
    };
    (files, lines(dir.join("queries.jsonl")).iter().filter_map(question).collect())
}

struct Looked<'q> {
    question: &'q Question,
    passages: Vec<Passage>,
}

impl Looked<'_> {
    fn answerable(&self) -> bool {
        !self.question.documents.is_empty()
    }
    /// Whether a quote is from the right document, and holds the answer where that is known.
    fn right(&self, found: &Closest) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let quote = plain(&found.citation.quote);
        self.question.documents.contains(&found.citation.name)
            && (self.question.answers.is_empty() || self.question.answers.iter().any(|a| quote.contains(&plain(a))))
    }
}

/// What each threshold lets through.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs data that is not in the repository"]
async fn thresholds() {
    let sets = std::env::var("ATELIER_SET").unwrap_or("piaf-fr,scifact".into());
    for name in sets.split(',') {
        let (_here, library, questions) = set(name).await;
        let mut all = Vec::new();
        for question in &questions {
            let passages = library.candidates(&question.text, 6, &[]).await.unwrap();
            all.push(Looked { question, passages });
        }
        let count = all.iter().filter(|looked| looked.answerable()).count();
        let none = all.len() - count;
        let found = |looked: &&Looked<'_>| looked.passages.iter().any(|p| looked.question.documents.contains(&p.name));
        let found = all.iter().filter(found).count();
        println!("right document among six passages: {found} of {count} answerable, {none} unanswerable");
        let best = |looked: &Looked<'_>| score(&looked.passages).score;
        for step in 5..=16 {
            let least = step as f32 * 0.05;
            let kept = all.iter().filter(|looked| looked.answerable() && best(looked) >= least).count();
            let refused = all.iter().filter(|looked| !looked.answerable() && best(looked) < least).count();
            println!(
                "{least:.2}: answered {kept} ({:.1} %), refused {refused} ({:.1} %)",
                kept as f32 * 100.0 / count as f32,
                refused as f32 * 100.0 / none.max(1) as f32
            );
        }
        println!(
            "in force: {ANSWERABLE_BY_WORDS} by words, {ANSWERABLE_BY_MEANING} with meaning; the quote under an answer:"
        );
        let let_through: Vec<_> = all.iter().filter(|looked| score(&looked.passages).answers()).collect();
        let quotes: Vec<_> = let_through
            .iter()
            .filter_map(|looked| Some((looked, nearest(&looked.question.text, &looked.passages)?)))
            .collect();
        for step in 4..=18 {
            let least = step as f32 * 0.05;
            let quoted = quotes.iter().filter(|(_, found)| found.share >= least);
            let (mut right, mut wrong, mut invented) = (0, 0, 0);
            for (looked, found) in quoted {
                match (looked.answerable(), looked.right(found)) {
                    (true, true) => right += 1,
                    (true, false) => wrong += 1,
                    (false, _) => invented += 1,
                }
            }
            println!(
                "{least:.2}: right {right}, wrong {wrong}, where nothing answers {invented}; precision {:.1} %",
                right as f32 * 100.0 / (right + wrong + invented).max(1) as f32
            );
        }
        library.shutdown().await;
    }
}
