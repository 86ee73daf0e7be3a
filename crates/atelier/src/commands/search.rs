//! `atelier search`.

use crate::{
    cli::Mode,
    door::Door,
    out::{EXIT_PARTIAL, Out, counted},
};
use protocol::*;
use serde::Serialize;
use std::process::ExitCode;

/// One line of `search --json`.
#[derive(Serialize)]
struct Hit {
    document: String,
    document_id: DocumentId,
    page: u32,
    start: u32,
    end: u32,
    score: f32,
    words: f32,
    meaning: f32,
    snippet: String,
    marks: Vec<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dated: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<String>,
    /// Its text could not be read: it was found by its name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unread: bool,
    /// Other documents in which the same passage stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<AlsoIn>,
}

#[derive(Serialize)]
struct Hits {
    hits: Vec<Hit>,
    mode: SearchMode,
    ms: u64,
    /// What was found in other workspaces; only where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<Vec<Elsewhere>>,
}

/// What was found in another workspace.
#[derive(Serialize)]
struct Elsewhere {
    workspace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Hits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// What is asked for.
pub(super) struct Asked {
    pub query: String,
    pub mode: Mode,
    pub limit: u32,
    /// Whether other workspaces are searched, too.
    pub everywhere: bool,
}

pub(super) async fn search(door: &Door, asked: Asked, out: &Out) -> Result<ExitCode, Fault> {
    let Asked { query, mode, limit, everywhere } = asked;
    if query.trim().is_empty() {
        return Err(Fault::new(FaultKind::Invalid, "cli.empty_query", "There is nothing to look for.")
            .hint("Type some words: `atelier search \"notice period\"`."));
    }
    let asked = SearchMode::from(mode);
    let reply = door.call(Search { query: query.clone(), mode: asked, limit, within: None }).await?;
    if reply.mode != asked {
        out.note("by words only: the embedding model is not there or takes too long");
    }
    for misread in &reply.misread {
        out.note(&match misread.why {
            MisreadAs::Date => format!("“{}” is no date and was left out", misread.text),
            MisreadAs::Language => format!("“{}” is no language and was left out", misread.text),
            MisreadAs::Field | MisreadAs::Operator | MisreadAs::Parenthesis | MisreadAs::Quote => {
                format!("“{}” is no condition here and was searched as words", misread.text)
            }
        });
    }
    for Instead { typed, found, why } in &reply.instead {
        let found = found.join(", ");
        out.note(&match why {
            InsteadOf::Typo | InsteadOf::Beginning => format!("“{typed}” stands nowhere here; searched for: {found}"),
            InsteadOf::Abbreviation | InsteadOf::Compound => format!("“{typed}” also means here: {found}"),
        });
    }
    let mut found = hits(reply);
    if everywhere {
        found.elsewhere = Some(elsewhere(door.call(SearchNeighbours { query, mode: asked, limit }).await?));
    }
    let part = found.elsewhere.iter().flatten().any(|one| one.fault.is_some());
    out.value(&found, |found| {
        let others = found.elsewhere.iter().flatten().map(|one| {
            let said = match (&one.found, &one.fault) {
                (Some(found), _) => text(found),
                (None, fault) => fault.as_ref().map(|fault| told(&out.lang().fault(fault))).unwrap_or_default(),
            };
            format!("\n\nIn {}:\n{said}", one.workspace)
        });
        let none = found.elsewhere.as_ref().is_some_and(Vec::is_empty);
        let none = none.then_some("\n\nNo other workspace is searched from this one: `atelier neighbours add FOLDER`.");
        text(found) + &others.collect::<String>() + none.unwrap_or_default()
    });
    Ok(if part { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

fn elsewhere(found: Vec<NeighbourFound>) -> Vec<Elsewhere> {
    let one = |NeighbourFound { name: workspace, outcome, .. }| match outcome {
        NeighbourOutcome::Found(reply) => Elsewhere { workspace, found: Some(hits(reply)), fault: None },
        NeighbourOutcome::Failed(fault) => Elsewhere { workspace, found: None, fault: Some(fault) },
    };
    found.into_iter().map(one).collect()
}

/// What a fault says, and what can be done.
fn told(fault: &Fault) -> String {
    fault.hint.iter().fold(fault.message.clone(), |told, hint| format!("{told} {hint}"))
}

fn text(found: &Hits) -> String {
    if found.hits.is_empty() {
        return "nothing found".to_owned();
    }
    let rows: Vec<String> = found.hits.iter().map(row).collect();
    format!("{}\n{}, {} ms", rows.join("\n"), counted(found.hits.len() as u64, "passage"), found.ms)
}

fn row(hit: &Hit) -> String {
    let snippet = hit.snippet.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = hit.place.clone().unwrap_or_else(|| format!("page {}", hit.page));
    let within = hit.within.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
    let author = hit.author.as_ref().map(|author| format!(", by {author}")).unwrap_or_default();
    let dated = hit.dated.and_then(day).map(|day| format!(", {day}")).unwrap_or_default();
    let unread = if hit.unread { "; its text could not be read" } else { "" };
    let document = format!("{}{within}, {place}{author}{dated}{unread}", hit.document);
    // The score itself only orders: the best hit has 1, whatever it is worth.
    let percent = |share: f32| (share * 100.0).round();
    let score = match (hit.words, hit.meaning) {
        // What only meets conditions has neither.
        (0.0, 0.0) => String::new(),
        (words, 0.0) => format!("  (words {} %)", percent(words)),
        (words, meaning) => format!("  (words {} %, meaning {} %)", percent(words), percent(meaning)),
    };
    let also: Vec<&str> = hit.also.iter().map(|copy| copy.name.as_str()).collect();
    let also = if also.is_empty() { String::new() } else { format!("\n    same words in {}", also.join(", ")) };
    format!("{document}{score}\n    {snippet}{also}")
}

/// The day of a time.
fn day(ms: i64) -> Option<String> {
    let at = time::OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000)).ok()?;
    Some(format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day()))
}

fn hits(reply: SearchReply) -> Hits {
    let hits = reply
        .hits
        .into_iter()
        .map(|hit| Hit {
            document: hit.name,
            document_id: hit.document,
            page: hit.page,
            start: hit.start,
            end: hit.end,
            score: hit.score,
            words: hit.words,
            meaning: hit.meaning,
            snippet: hit.snippet,
            marks: hit.marks,
            place: hit.place,
            author: hit.author,
            dated: hit.dated,
            within: hit.within,
            unread: hit.unread,
            also: hit.also,
        })
        .collect();
    Hits { hits, mode: reply.mode, ms: reply.ms, elsewhere: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_search_prints_for_programs_stays_what_it_is() {
        let reply = serde_json::json!({
            "hits": [{
                "document": "01900000-0000-7000-8000-000000000001", "name": "lease.pdf", "format": "pdf", "page": 1,
                "start": 2, "end": 3, "section": "Rent", "score": 0.5, "words": 0.25, "meaning": 0.75,
                "snippet": "900 euros", "marks": [{ "start": 0, "end": 3 }], "language": "en",
                "author": "Ada", "dated": 1_714_521_600_000_i64, "within": "deal.zip", "unread": true,
                "also": [{ "document": "01900000-0000-7000-8000-000000000002", "name": "copy.pdf", "page": 4 }],
            }],
            "documents": 1, "ms": 2, "mode": "hybrid",
        });
        let printed = serde_json::to_string_pretty(&hits(serde_json::from_value(reply).unwrap())).unwrap();
        insta::assert_snapshot!("search", printed);
    }
}
