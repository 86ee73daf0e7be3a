//! `atelier import` and `documents`.

use crate::{
    door::{Door, absolute},
    out::{EXIT_PARTIAL, Out, bytes, counted},
};
use app::Lang;
use futures::StreamExt;
use protocol::*;
use serde::Serialize;
use std::{
    collections::HashSet,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long an import waits that stands still.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a document that is read again is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What `import --json` prints.
#[derive(Serialize)]
pub(super) struct Imported {
    pub(super) files: u32,
    pub(super) known: u32,
    pub(super) failed: u32,
    pub(super) documents: Vec<DocumentView>,
    pub(super) left_out: Vec<LeftOutFile>,
    pub(super) more_left_out: u32,
    pub(super) passed_over: PassedOver,
}

pub(super) async fn import(door: &Door, paths: &[PathBuf], plan: bool, out: &Out) -> Result<ExitCode, Fault> {
    if plan {
        let plan = door.call(PlanImport { paths: absolute_all(paths)? }).await?;
        out.value(&plan, |plan| plan_text(plan, out.lang()));
        return Ok(ExitCode::SUCCESS);
    }
    let imported = import_and_wait(door, paths, out).await?;
    // Nothing of what was named is there: that is no work done in part.
    let nothing = imported.files + imported.known == 0;
    if let ([LeftOutFile { fault, .. }], true, 0) = (imported.left_out.as_slice(), nothing, imported.more_left_out) {
        return Err(fault.clone());
    }
    out.value(&imported, |imported| imported.text(out.lang()));
    Ok(if imported.in_part() { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

impl Imported {
    /// Whether some of it failed or was left out.
    pub(super) fn in_part(&self) -> bool {
        self.failed > 0 || !self.left_out.is_empty()
    }

    /// What was done, and the reason of each file that was not.
    pub(super) fn text(&self, lang: Lang) -> String {
        let mut text = format!(
            "{} imported, {} already here, {} failed, {} left out",
            self.files.saturating_sub(self.failed),
            self.known,
            self.failed,
            self.left_out.len() as u32 + self.more_left_out
        );
        for document in &self.documents {
            if let DocumentState::Failed { fault } = &document.state {
                text.push_str(&format!("\n  {}: {}", document.name, lang.fault(fault)));
            }
            for note in &document.notes {
                text.push_str(&format!("\n  {}: {}", document.name, lang.fault(note)));
            }
        }
        text.push_str(&left_out_text(&self.left_out, self.more_left_out, self.passed_over, lang));
        text
    }
}

/// Imports and waits until every document of this import is searchable or has failed.
pub(super) async fn import_and_wait(door: &Door, paths: &[PathBuf], out: &Out) -> Result<Imported, Fault> {
    let after = door.call(Open {}).await?.seq;
    let mut events = door.app.events(&door.person, after);
    let plan = door.call(ImportPaths { paths: absolute_all(paths)? }).await?;
    let ours: HashSet<DocumentId> = plan.documents.iter().copied().collect();
    let mut documents = mine(door, &ours).await?;
    let mut shown = 0;
    let mut stands_still: Option<Instant> = None;
    while documents.iter().any(|document| !settled(&document.state)) {
        match events.next().await.map(|envelope| envelope.event) {
            Some(Event::DocumentChanged(document)) if ours.contains(&document.id) => {
                if let Some(known) = documents.iter_mut().find(|known| known.id == document.id) {
                    // It is told more often than once, as when it got its vectors.
                    if settled(&document.state) && !settled(&known.state) {
                        shown += 1;
                        out.note(&format!("[{shown}/{}] {}", ours.len(), document.name));
                    }
                    *known = document;
                }
            }
            Some(Event::ImportMoved(ImportProgress { stopped: Some(fault), .. })) => {
                // It is tried again by itself; what is recorded is read at the next start at the latest.
                let since = *stands_still.get_or_insert_with(|| {
                    out.note(&out.lang().fault(&fault).message);
                    Instant::now()
                });
                if since.elapsed() >= PATIENCE {
                    return Err(fault);
                }
            }
            Some(Event::ImportMoved(_)) => stands_still = None,
            Some(Event::Resync) => documents = mine(door, &ours).await?,
            Some(_) => {}
            None => return Err(Fault::new(FaultKind::Unavailable, "app.closing", "Atelier is closing.")),
        }
    }
    parts_settled(door, &documents).await?;
    if !ours.is_empty() {
        read_for_meaning(door, &ours, out).await?;
    }
    let documents = mine(door, &ours).await?;
    let failed = documents.iter().filter(|document| matches!(document.state, DocumentState::Failed { .. })).count();
    let ImportPlan { files, known, left_out, more_left_out, passed_over, .. } = plan;
    Ok(Imported { files, known, failed: failed as u32, documents, left_out, more_left_out, passed_over })
}

/// Waits until the files that came in these messages and archives are read as well.
async fn parts_settled(door: &Door, documents: &[DocumentView]) -> Result<(), Fault> {
    let holders: Vec<&str> = documents.iter().map(|document| document.origin.as_str()).collect();
    while door.call(Open {}).await?.import.stopped.is_none() {
        let all = door.call(ListDocuments {}).await?;
        if all.iter().filter(|part| came_in(part, &holders)).all(|part| settled(&part.state)) {
            break;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Whether a document came in one of these messages and archives.
fn came_in(part: &DocumentView, holders: &[&str]) -> bool {
    let inside = |holder: &&str| part.origin.strip_prefix(*holder).is_some_and(|rest| rest.starts_with('/'));
    holders.iter().any(inside)
}

/// Waits until the documents that are found by words already are found by meaning too. Not behind others
/// that wait for the same: that goes on by itself, and with every later command.
pub(super) async fn read_for_meaning(door: &Door, ours: &HashSet<DocumentId>, out: &Out) -> Result<(), Fault> {
    let mut all = door.call(ListDocuments {}).await?;
    while all.iter().any(|document| ours.contains(&document.id) && !settled(&document.state)) {
        tokio::time::sleep(LOOK_AGAIN).await;
        all = door.call(ListDocuments {}).await?;
    }
    let waits = |document: &&DocumentView| {
        !matches!(document.state, DocumentState::Ready { meaning: true } | DocumentState::Failed { .. })
    };
    let holders: Vec<&str> =
        all.iter().filter(|one| ours.contains(&one.id)).map(|document| document.origin.as_str()).collect();
    let is_ours = |document: &DocumentView| ours.contains(&document.id) || came_in(document, &holders);
    let others = all.iter().filter(waits).filter(|document| !is_ours(document)).count();
    if others == 0 {
        door.app.settled().await;
        return Ok(());
    }
    let models = door.call(ListModels {}).await?.models;
    let reads = models.iter().any(|model| model.purpose == ModelUse::Embedding);
    if reads && all.iter().filter(waits).any(|document| ours.contains(&document.id)) {
        let others = counted(others as u64, "other document");
        out.note(&format!("found by words now; by meaning once {others} before have been read too"));
    }
    Ok(())
}

pub(super) async fn mine(door: &Door, ours: &HashSet<DocumentId>) -> Result<Vec<DocumentView>, Fault> {
    let all = door.call(ListDocuments {}).await?;
    Ok(all.into_iter().filter(|document| ours.contains(&document.id)).collect())
}

fn settled(state: &DocumentState) -> bool {
    match state {
        DocumentState::Ready { .. } | DocumentState::Failed { .. } => true,
        DocumentState::Waiting | DocumentState::Reading | DocumentState::Indexing { .. } => false,
    }
}

fn absolute_all(paths: &[PathBuf]) -> Result<Vec<String>, Fault> {
    paths.iter().map(|path| absolute(path)).collect()
}

fn plan_text(plan: &ImportPlan, lang: Lang) -> String {
    let mut text =
        format!("{}, {}, {} already here", counted(plan.files.into(), "file"), bytes(plan.bytes), plan.known);
    for format in &plan.formats {
        text.push_str(&format!("\n  {:>6} {}", format.count, format.format));
    }
    text.push_str(&left_out_text(&plan.left_out, plan.more_left_out, plan.passed_over, lang));
    text
}

fn left_out_text(left_out: &[LeftOutFile], more: u32, passed_over: PassedOver, lang: Lang) -> String {
    let mut text = String::new();
    for file in left_out {
        text.push_str(&format!("\n  left out: {}: {}", file.path, lang.fault(&file.fault)));
    }
    if more > 0 {
        text.push_str(&format!("\n  left out: {more} more"));
    }
    let PassedOver { hidden, links, system, ignored } = passed_over;
    for (count, what) in [
        (hidden, "hidden files or folders"),
        (links, "links to folders or to nothing"),
        (system, "folders of programs or of the system"),
        (ignored, "files or folders that an ignore file names"),
    ] {
        if count > 0 {
            text.push_str(&format!("\n  passed over: {count} {what}"));
        }
    }
    text
}

/// What `documents` shall change, if anything.
pub(super) struct Change {
    pub(super) remove: Option<String>,
    pub(super) retry: Option<String>,
    pub(super) retry_earlier: bool,
}

pub(super) async fn documents(door: &Door, change: Change, out: &Out) -> Result<ExitCode, Fault> {
    let mut only: Option<HashSet<DocumentId>> = None;
    if let Some(named) = change.remove {
        let document = find(door, &named).await?;
        door.call(RemoveDocument { document: document.id }).await?;
        out.note(&format!("{} is removed; bring it back with `atelier restore {}`", document.name, document.id));
    }
    if let Some(named) = change.retry {
        let document = find(door, &named).await?.id;
        door.call(RetryDocument { document }).await?;
        let one = HashSet::from([document]);
        read_for_meaning(door, &one, out).await?;
        only = Some(one);
    }
    if change.retry_earlier {
        let all = door.call(ListDocuments {}).await?;
        only = Some(all.iter().filter(|document| document.earlier).map(|document| document.id).collect());
        let again = door.call(ReadEarlierAgain {}).await?;
        out.note(&format!("{} read again", counted(again.into(), "document")));
        door.app.settled().await;
    }
    let mut documents = door.call(ListDocuments {}).await?;
    let changed = only.is_some();
    documents.retain(|document| only.as_ref().is_none_or(|only| only.contains(&document.id)));
    out.value(&documents, |documents| {
        let rows: Vec<String> = documents
            .iter()
            .map(|document| {
                let notes = document.notes.iter().map(|note| format!("\n    {}", out.lang().fault(note)));
                let notes: String = notes.collect();
                let earlier = if document.earlier { "  (read by an earlier version)" } else { "" };
                let labels: String = document.labels.iter().map(|label| format!("  [{label}]")).collect();
                format!(
                    "{}  {:<5} {:>4} p.  {:>9}  {:<10} {}{labels}{earlier}{notes}",
                    document.id,
                    document.format,
                    document.pages,
                    bytes(document.bytes),
                    state_word(&document.state),
                    document.name
                )
            })
            .collect();
        if rows.is_empty() && changed {
            "no document was read by an earlier version".to_owned()
        } else if rows.is_empty() {
            "no documents yet; import some with `atelier import PATH`".to_owned()
        } else {
            rows.join("\n")
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn state_word(state: &DocumentState) -> &'static str {
    match state {
        DocumentState::Waiting => "waiting",
        DocumentState::Reading => "reading",
        DocumentState::Indexing { .. } => "indexing",
        DocumentState::Ready { meaning: true } => "ready",
        DocumentState::Ready { meaning: false } => "words only",
        DocumentState::Failed { .. } => "failed",
    }
}

pub(super) async fn find(door: &Door, named: &str) -> Result<DocumentView, Fault> {
    let all = door.call(ListDocuments {}).await?;
    let mut found = all.into_iter().filter(|document| document.id.to_string() == named || document.name == named);
    match (found.next(), found.next()) {
        (Some(document), None) => Ok(document),
        (Some(_), Some(_)) => {
            Err(Fault::new(FaultKind::Invalid, "cli.ambiguous", format!("Several documents are named “{named}”."))
                .with("name", named)
                .hint("Use the id from `atelier documents`."))
        }
        (None, _) => {
            Err(Fault::new(FaultKind::NotFound, "cli.no_document", format!("There is no document “{named}”."))
                .with("name", named)
                .hint("List them with `atelier documents`."))
        }
    }
}
