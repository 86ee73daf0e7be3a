//! How good and how fast search is, measured on sets of questions with known answers.
//!
//! Everything goes the way that a person's files go: imported into a workspace, cut into passages,
//! indexed, embedded, searched through the one door. Only where the sets come from is different.

mod answers;
mod claims;
mod kept;
mod metrics;
mod retrieval;
mod scale;
mod set;
mod zipf;

pub use answers::{Answers, AnswersReport, Share, answers};
pub(crate) use kept::Kept;
pub use metrics::Times;
pub use retrieval::{Measured, Retrieval, RetrievalReport, retrieval};
pub use scale::{Scale, ScaleReport, Size, scale};
pub use set::Half;

use crate::App;
use protocol::{DocumentId, DocumentState, Fault, FaultKind, ImportPaths, ListDocuments};
use std::{collections::HashSet, path::Path};

/// How far a measurement is, for the person who waits.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// Imports a folder into the workspace and waits until everything can be found, by meaning too where
/// there is a model. Returns how many passages there are now.
async fn import(app: &App, folder: &Path, tell: Tell<'_>) -> Result<u32, Fault> {
    let person = app.person();
    let plan = app.call(&person, ImportPaths { paths: vec![folder.display().to_string()] }).await?;
    let ours: HashSet<DocumentId> = plan.documents.into_iter().collect();
    tell(&format!("{} documents are read and embedded", ours.len()));
    app.settled().await;
    let all = app.call(&person, ListDocuments {}).await?;
    let mut passages = 0;
    for document in all.iter().filter(|document| ours.contains(&document.id)) {
        match &document.state {
            DocumentState::Ready { .. } => passages += document.passages,
            DocumentState::Failed { fault } => return Err(fault.clone()),
            DocumentState::Waiting | DocumentState::Reading | DocumentState::Indexing { .. } => {
                return Err(Fault::new(FaultKind::Busy, "eval.unfinished", "A document is not read yet."));
            }
        }
    }
    Ok(passages)
}

/// A set that cannot be used, and why.
fn no_set(path: &Path, why: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Invalid, "eval.no_set", format!("{} cannot be used as a set: {why}.", path.display()))
        .with("path", path.display())
        .with("reason", why)
        .hint("See `atelier eval --help` for the files that a set has.")
}
