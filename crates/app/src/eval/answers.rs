//! Whether questions about documents are answered with evidence: the passage, the quote, the citation,
//! and a refusal where nothing answers. Without a model: what one might say is made by a program.

use super::{
    Tell,
    claims::{About, Kind, claims, sentence_with},
    import, no_set, set,
};
use crate::App;
use library::{Passage, cite, nearest, score};
use protocol::{CitationView, Fault};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// Passages that an answer is made of.
const PASSAGES: usize = 6;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Answers {
    /// `questions.jsonl`, beside a folder `documents`.
    pub set: PathBuf,
    /// Only so many questions, spread over the set.
    pub limit: Option<usize>,
}

/// A share of some cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// How many are so.
    pub yes: usize,
    /// Of how many.
    pub of: usize,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.yes += usize::from(yes);
        self.of += 1;
    }

    /// As a number between 0 and 1; 1 of none.
    pub fn value(&self) -> f64 {
        if self.of == 0 { 1.0 } else { self.yes as f64 / self.of as f64 }
    }
}

/// What was measured.
#[derive(Debug, Default, Serialize)]
pub struct AnswersReport {
    /// The set's folder.
    pub set: String,
    /// Questions that the documents answer, and others.
    pub answerable: usize,
    /// Questions that nothing here answers.
    pub unanswerable: usize,
    /// Passages of all documents.
    pub passages: u32,
    /// The right document is among the six passages.
    pub document_hit: Share,
    /// A page with the evidence is among them (of sets that name pages).
    pub page_hit: Share,
    /// A passage with the answer's words is among them (of answers that stand in a document).
    pub passage_hit: Share,
    /// The sentence that is quoted as the closest holds the answer.
    pub exact_quote: Share,
    /// Every quote stands on its stored page, char by char.
    pub verbatim: Share,
    /// Answerable questions that are answered.
    pub answered: Share,
    /// Unanswerable questions that are refused.
    pub refused: Share,
    /// Of the citations that answers get, those of the right sentence under a true answer.
    pub citation_precision: Share,
    /// Of the true answers, those that get such a citation.
    pub citation_recall: Share,
    /// By kind of answer: how many, cited, rightly.
    pub claims: BTreeMap<String, [usize; 3]>,
}

struct Question {
    text: String,
    /// None where nothing answers it.
    document: Option<String>,
    answers: Vec<String>,
    pages: Vec<u32>,
}

/// Imports the documents of a set into this (empty) workspace and asks its questions.
///
/// # Errors
/// The set cannot be read, or a document of it cannot.
pub async fn answers(app: &App, asked: &Answers, tell: Tell<'_>) -> Result<AnswersReport, Fault> {
    let folder = asked.set.parent().map(|parent| parent.join("documents")).unwrap_or_default();
    let mut questions = questions(&asked.set)?;
    if let Some(limit) = asked.limit.filter(|limit| *limit < questions.len()) {
        let step = (questions.len() / limit.max(1)).max(1);
        questions = questions.into_iter().step_by(step).take(limit).collect();
    }
    let name = asked.set.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let passages = import(app, &folder, tell).await?;
    let texts = texts(app).await?;
    let mut report = AnswersReport { set: name.unwrap_or_default(), passages, ..AnswersReport::default() };
    let mut kinds: BTreeMap<Kind, [usize; 3]> = BTreeMap::new();
    tell(&format!("{} questions are asked", questions.len()));
    for (at, question) in questions.iter().enumerate() {
        let found = app.library().candidates(&question.text, PASSAGES, &[]).await?;
        let answered = score(&found).answers();
        let quote = nearest(&question.text, &found);
        if let Some(quote) = &quote {
            report.verbatim.add(stands(app, &quote.citation).await?);
        }
        let Some(document) = &question.document else {
            report.unanswerable += 1;
            report.refused.add(!answered);
            continue;
        };
        report.answerable += 1;
        report.answered.add(answered);
        report.document_hit.add(found.iter().any(|passage| passage.name == *document));
        if !question.pages.is_empty() {
            let here = |passage: &Passage| passage.name == *document && question.pages.contains(&passage.page);
            report.page_hit.add(found.iter().any(here));
        }
        let source = texts.get(document).map_or("", String::as_str);
        let Some(answer) = question.answers.iter().find(|answer| sentence_with(source, answer).is_some()) else {
            continue;
        };
        report.passage_hit.add(found.iter().any(|p| p.name == *document && p.text.contains(answer.as_str())));
        let holds = |cited: &CitationView| cited.name == *document && cited.quote.contains(answer.as_str());
        report.exact_quote.add(quote.is_some_and(|quote| holds(&quote.citation)));
        let other = questions.iter().cycle().skip(at * 7 % questions.len() + 13).take(questions.len());
        let other = other
            .filter(|other| other.document.as_ref().is_some_and(|other| other != document))
            .find_map(|other| Some((other.answers.first()?.as_str(), texts.get(other.document.as_ref()?)?.as_str())));
        let said = sentence_with(source, answer).unwrap_or_default();
        for claim in claims(&About { question: &question.text, answer, source, other }) {
            let cited = cite(&claim.text, &found).citations;
            for citation in &cited {
                report.verbatim.add(stands(app, citation).await?);
            }
            let right = |cited: &CitationView| {
                claim.is_true && (holds(cited) || cited.name == *document && said.contains(&cited.quote))
            };
            let rightly = cited.iter().any(right);
            if !cited.is_empty() {
                report.citation_precision.add(rightly);
            }
            if claim.is_true {
                report.citation_recall.add(rightly);
            }
            let row = kinds.entry(claim.kind).or_default();
            for (count, one) in row.iter_mut().zip([true, !cited.is_empty(), rightly]) {
                *count += usize::from(one);
            }
        }
    }
    report.claims = kinds.into_iter().map(|(kind, row)| (kind.name().to_owned(), row)).collect();
    Ok(report)
}

/// Whether a quote stands on its stored page, char by char.
async fn stands(app: &App, cited: &CitationView) -> Result<bool, Fault> {
    let page = app.store().derived().page(cited.document, cited.page).await?;
    let length = cited.end.saturating_sub(cited.start) as usize;
    let there: String = page.text.chars().skip(cited.start as usize).take(length).collect();
    Ok(there == cited.quote && page.hash == cited.page_hash)
}

/// The text of each document, by its name.
async fn texts(app: &App) -> Result<HashMap<String, String>, Fault> {
    let derived = app.store().derived();
    let mut texts = HashMap::new();
    for document in app.store().documents().await? {
        let mut text = String::new();
        for page in derived.page_numbers(document.id).await? {
            text.push_str(&derived.page(document.id, page).await?.text);
            text.push('\n');
        }
        texts.insert(document.name, text);
    }
    Ok(texts)
}

fn questions(path: &Path) -> Result<Vec<Question>, Fault> {
    let mut questions = Vec::new();
    set::json_lines(path, |line| {
        let strings = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let page = |evidence: &Value| evidence["page"].as_u64().and_then(|page| u32::try_from(page).ok());
        let answerable = line["answerable"].as_bool().unwrap_or(true);
        questions.push(Question {
            text: set::text(line, "question"),
            document: answerable.then(|| set::text(line, "document")),
            answers: strings(&line["answers"]),
            pages: line["evidence"].as_array().into_iter().flatten().filter_map(page).collect(),
        });
        Ok(())
    })?;
    if questions.is_empty() { Err(no_set(path, "it holds no question")) } else { Ok(questions) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_with_or_without_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("questions.jsonl");
        std::fs::write(&path, "").unwrap();
        assert_eq!(questions(&path).err().unwrap().code, "eval.no_set");
        let lines = r#"{"question": "Q", "answerable": true, "answers": ["A", "B"], "document": "d.pdf", "evidence": [{"page": 3}]}
{"question": "R", "answerable": false, "answers": [], "document": "d.pdf"}"#;
        std::fs::write(&path, lines).unwrap();
        let read = questions(&path).unwrap();
        assert_eq!(
            (read[0].document.as_deref(), &read[0].pages[..], read[0].answers.len()),
            (Some("d.pdf"), &[3][..], 2)
        );
        assert_eq!((read[1].text.as_str(), read[1].document.as_deref()), ("R", None));
    }

    #[test]
    fn a_share_of_none_is_whole() {
        let mut share = Share::default();
        assert_eq!(share.value(), 1.0);
        share.add(true);
        share.add(false);
        assert_eq!((share, share.value()), (Share { yes: 1, of: 2 }, 0.5));
    }
}
