//! `atelier label` and `labels`.

use super::documents::{find, mine};
use crate::{
    door::Door,
    out::{Out, counted},
};
use protocol::*;
use serde::Serialize;
use std::{collections::BTreeMap, process::ExitCode};

/// What `labels --json` prints of each.
#[derive(Serialize)]
struct Label {
    label: String,
    documents: u32,
}

/// Gives documents a label, or takes it from them.
pub(super) async fn label(
    door: &Door,
    label: String,
    named: &[String],
    remove: bool,
    out: &Out,
) -> Result<ExitCode, Fault> {
    let mut documents = Vec::with_capacity(named.len());
    for named in named {
        documents.push(find(door, named).await?);
    }
    let ids: Vec<DocumentId> = documents.iter().map(|document| document.id).collect();
    door.call(LabelDocuments { documents: ids.clone(), label: label.clone(), on: !remove }).await?;
    let now = mine(door, &ids.into_iter().collect()).await?;
    // Whoever mistyped it would think that it is off.
    let had =
        |document: &DocumentView| documents.iter().any(|one| one.id == document.id && one.labels != document.labels);
    if remove && !now.iter().any(had) {
        return Err(Fault::new(FaultKind::NotFound, "cli.no_label", format!("None of them has the label “{label}”."))
            .with("label", label)
            .hint("`atelier labels` lists the labels there are."));
    }
    out.value(&now, |documents| {
        let line = |document: &DocumentView| match document.labels.as_slice() {
            [] => format!("{}: no label", document.name),
            labels => format!("{}: {}", document.name, labels.join(", ")),
        };
        documents.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

/// The labels of the workspace.
pub(super) async fn labels(door: &Door, out: &Out) -> Result<ExitCode, Fault> {
    let mut all: BTreeMap<String, u32> = BTreeMap::new();
    for label in door.call(ListDocuments {}).await?.into_iter().flat_map(|document| document.labels) {
        *all.entry(label).or_default() += 1;
    }
    let all: Vec<Label> = all.into_iter().map(|(label, documents)| Label { label, documents }).collect();
    out.value(&all, |all| {
        let line = |one: &Label| format!("{}  {}", one.label, counted(one.documents.into(), "document"));
        match all.as_slice() {
            [] => "no labels yet; give one with `atelier label LABEL DOCUMENT`".to_owned(),
            all => all.iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    });
    Ok(ExitCode::SUCCESS)
}
