//! What answers keep of a document that is purged: where they pointed to, and none of its words.
//!
//! The log only grows, so each answer ends a second time, without the quotes, the names and the
//! prompt, and every earlier end of it loses its body. What the model said in its own words stays,
//! unless the person wants it gone too.

use crate::{Change, StoreError, Tx, items};
use protocol::*;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Takes the words of a document out of every answer that it was shown for, and out of the prompts of
/// the answers that follow those. With `text`, the answers' own text goes as well.
pub(crate) async fn answers(tx: &mut Tx, document: DocumentId, text: bool) -> Result<(), StoreError> {
    // What is being written may hold passages of it already, and ends after this.
    let writing = sqlx::query_scalar!(r#"SELECT count(*) AS "n!: i64" FROM items WHERE ended_stamp IS NULL"#);
    if writing.fetch_one(tx.conn()).await? > 0 {
        return Err(StoreError::Writing);
    }
    for (item, shown) in affected(tx.conn(), document).await? {
        let Some(view) = items::lineage(tx.conn(), item, 1).await?.pop() else { continue };
        let earlier = ends(tx.conn(), view.chat, item).await?;
        let explanation = sqlx::query_scalar!("SELECT explanation FROM explanations WHERE item = ?", item.0);
        let explanation = explanation.fetch_optional(tx.conn()).await?;
        let explanation = explanation.map(|text| items::parse::<Explanation>(&text)).transpose()?;
        let end = end(view, explanation, document, text && shown);
        tx.record_unchecked(end).await?;
        for record in earlier {
            tx.record(Change::RecordErased { record }).await?;
        }
    }
    Ok(())
}

/// The answers whose ends name the document (true), and those below them with a prompt (false).
async fn affected(conn: &mut SqliteConnection, document: DocumentId) -> Result<BTreeMap<ItemId, bool>, StoreError> {
    let name = document.to_string();
    let shown = sqlx::query_scalar!(
        "SELECT DISTINCT subject FROM records JOIN bodies ON record = number
         WHERE kind = 'answer_ended' AND instr(body, CAST(?1 AS BLOB)) > 0",
        name
    );
    let mut affected = BTreeMap::new();
    for item in shown.fetch_all(&mut *conn).await? {
        let Ok(item) = item.parse::<ItemId>() else { continue };
        affected.insert(item, true);
        let below = sqlx::query!(
            r#"WITH RECURSIVE below (id, chat) AS (
                   SELECT id, chat FROM items WHERE id = ?1
                   UNION
                   SELECT items.id, items.chat FROM below
                   JOIN items ON items.chat = below.chat AND items.parent = below.id
               )
               SELECT below.id AS "id!: Uuid", below.chat AS "chat!: Uuid" FROM below
               JOIN items ON items.id = below.id WHERE items.kind = 'answer'"#,
            item.0
        );
        for row in below.fetch_all(&mut *conn).await? {
            if prompted(conn, row.chat, ItemId(row.id)).await? {
                affected.entry(ItemId(row.id)).or_insert(false);
            }
        }
    }
    Ok(affected)
}

/// Whether an end of this answer holds a prompt.
async fn prompted(conn: &mut SqliteConnection, chat: Uuid, item: ItemId) -> Result<bool, StoreError> {
    let item = item.to_string();
    let ends = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!: i64" FROM records JOIN bodies ON record = number
           WHERE scope = ? AND kind = 'answer_ended' AND subject = ?
           AND json_array_length(CAST(body AS TEXT), '$.explanation.prompt') > 0"#,
        chat,
        item
    );
    Ok(ends.fetch_one(conn).await? > 0)
}

/// The ends of an answer whose bodies are there.
async fn ends(conn: &mut SqliteConnection, chat: ChatId, item: ItemId) -> Result<Vec<RecordId>, StoreError> {
    let item = item.to_string();
    let ends = sqlx::query_scalar!(
        r#"SELECT id AS "id: Uuid" FROM records JOIN bodies ON record = number
           WHERE scope = ? AND kind = 'answer_ended' AND subject = ?"#,
        chat.0,
        item
    );
    Ok(ends.fetch_all(conn).await?.into_iter().map(RecordId).collect())
}

/// The end of an answer without what it holds of a document.
fn end(view: ItemView, explanation: Option<Explanation>, document: DocumentId, no_text: bool) -> Change {
    let ItemView { id, status, mut text, mut steps, mut citations, mut unsupported, supported, made, .. } = view;
    let explanation = explanation.map(|explanation| {
        let without = |passages: Vec<PassageView>| -> Vec<PassageView> {
            let nameless = |passage: PassageView| match passage.document == document {
                true => PassageView { name: String::new(), hash: String::new(), place: None, ..passage },
                false => passage,
            };
            passages.into_iter().map(nameless).collect()
        };
        let passages = without(explanation.passages);
        let evidence = explanation.evidence.map(|evidence| {
            let candidates = without(evidence.candidates);
            Evidence { candidates, ..evidence }
        });
        Box::new(Explanation { prompt: Vec::new(), passages, evidence, ..explanation })
    });
    let quotes: Vec<String> =
        citations.iter().filter(|cited| cited.document == document).map(|cited| words(&cited.quote)).collect();
    for cited in citations.iter_mut().filter(|cited| cited.document == document) {
        (cited.name, cited.quote, cited.page_hash) = (String::new(), String::new(), String::new());
        cited.place = None;
    }
    let cuts = if no_text { Vec::new() } else { cut(&mut text, &quotes) };
    for cited in &mut citations {
        cited.at = moved(cited.at, &cuts);
    }
    for span in &mut unsupported {
        *span = Span { start: moved(span.start, &cuts), end: moved(span.end, &cuts) };
    }
    unsupported.retain(|span| span.start < span.end);
    if no_text {
        text.clear();
        citations.clear();
        unsupported.clear();
        for step in steps.iter_mut().filter(|step| step.kind == StepKind::Reasoned) {
            step.detail = Detail::default();
        }
    }
    Change::AnswerEnded { item: id, text, status, steps, citations, unsupported, supported, made, explanation }
}

/// A text's words with single spaces, as an appended quote has them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes out the lines that are one of these quotes; returns what was cut, in chars.
fn cut(text: &mut String, quotes: &[String]) -> Vec<Span> {
    let (mut cuts, mut kept, mut at) = (Vec::new(), String::new(), 0);
    for line in text.split_inclusive('\n') {
        let length = line.chars().count() as u32;
        let quote = line.trim_start().strip_prefix('>').map(words);
        match quote.is_some_and(|quote| !quote.is_empty() && quotes.contains(&quote)) {
            true => cuts.push(Span { start: at, end: at + length }),
            false => kept.push_str(line),
        }
        at += length;
    }
    *text = kept;
    cuts
}

/// Where a place is after the cuts.
fn moved(place: u32, cuts: &[Span]) -> u32 {
    place - cuts.iter().map(|cut| place.clamp(cut.start, cut.end) - cut.start).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_go_and_places_follow() {
        let quotes = ["Thirty days.".to_owned()];
        for (text, left, places) in [
            ("It says:\n\n> Thirty days.", "It says:\n\n", vec![(3, 3), (12, 10), (24, 10)]),
            ("A.\n> Thirty  days.\nB é.", "A.\nB é.", vec![(2, 2), (10, 3), (23, 7)]),
            ("> Thirty days. Or so.", "> Thirty days. Or so.", vec![(5, 5)]),
            ("Thirty days.", "Thirty days.", vec![(12, 12)]),
            ("", "", vec![(0, 0)]),
        ] {
            let mut cut_text = text.to_owned();
            let cuts = cut(&mut cut_text, &quotes);
            assert_eq!(cut_text, left);
            for (before, after) in places {
                assert_eq!(moved(before, &cuts), after, "{text:?} {before}");
            }
        }
    }
}
