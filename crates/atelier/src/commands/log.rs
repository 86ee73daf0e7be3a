//! `atelier log verify` and `log show`.

use crate::{
    cli::LogCommand,
    door::Door,
    out::{EXIT_PARTIAL, Out, counted, exit_code, when},
};
use protocol::*;
use serde::Serialize;
use std::process::ExitCode;

pub(super) async fn log(door: &Door, command: LogCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        LogCommand::Verify { documents } => {
            let mut log = door.call(VerifyLog {}).await?;
            let documents = if documents { Some(door.call(CheckDocuments {}).await?) } else { None };
            // A program that reads one field must not take a changed page for a whole workspace.
            let only_earlier = log.intact && documents.as_ref().is_some_and(DocumentsReport::only_earlier);
            log.intact &= documents.as_ref().is_none_or(|documents| documents.intact);
            let intact = log.intact;
            let report = Verified { log, documents };
            out.value(&report, |Verified { log, documents }| {
                let documents = documents.as_ref().map(|documents| format!("\n{}", told_documents(documents)));
                told_log(log) + &documents.unwrap_or_default()
            });
            Ok(match intact {
                true => ExitCode::SUCCESS,
                // Nothing is damaged, and not all could be compared.
                false if only_earlier => ExitCode::from(EXIT_PARTIAL),
                false => ExitCode::from(exit_code(FaultKind::Damaged)),
            })
        }
        LogCommand::Show { limit, before } => {
            let lines = door.call(ReadLog { before, limit }).await?;
            out.value(&lines, |lines| {
                let rows = lines.iter().map(|line| {
                    format!(
                        "{:>6}  {}  {:<12} {:<20} {}  {}{}",
                        line.number,
                        when(line.at),
                        line.who,
                        line.kind,
                        line.subject,
                        line.hash.get(..12).unwrap_or(&line.hash),
                        if line.erased { "  (body erased)" } else { "" }
                    )
                });
                rows.collect::<Vec<_>>().join("\n")
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What `log verify` found.
#[derive(Serialize)]
struct Verified {
    #[serde(flatten)]
    log: LogReport,
    /// Only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<DocumentsReport>,
}

fn told_log(report: &LogReport) -> String {
    match &report.first_bad {
        None if !report.altered.is_empty() => {
            let tables = report.altered.join(", ");
            format!("NOT intact: the records hold, but these tables are not what they say: {tables}")
        }
        None => format!(
            "intact: {} of {}, head {}",
            counted(report.records, "record"),
            counted(report.devices.into(), "device"),
            &report.head.get(..16).unwrap_or(&report.head)
        ),
        Some(bad) => {
            format!("NOT intact: record {} of device {} does not hold: {}", bad.seq, bad.device, bad.reason)
        }
    }
}

fn told_documents(report: &DocumentsReport) -> String {
    let DocumentsReport { intact, documents, pages, quotes, altered } = report;
    let earlier = report.only_earlier();
    if *intact {
        return format!("intact: {documents} documents, {pages} pages and {quotes} quotes are what the files say");
    }
    let lines = altered.iter().map(|altered| {
        let what = match &altered.what {
            Alteration::FileGone {} => "the workspace's copy of the file is gone".to_owned(),
            Alteration::FileAltered {} => "the copy of the file was altered".to_owned(),
            Alteration::Unreadable { fault } => format!("the copy cannot be read any more: {}", fault.message),
            Alteration::ReadEarlier {} => "read by an earlier version of Atelier; its pages can be compared once it \
                 is read again (`atelier documents --retry-earlier`)"
                .to_owned(),
            Alteration::Page { page } => format!("the stored text of page {page} is not what the file says"),
            Alteration::Quote { item, page } => format!("a quote of answer {item} does not stand on page {page}"),
        };
        format!("  {}: {what}", altered.name)
    });
    let lines: Vec<String> = lines.collect();
    if earlier {
        let lines = lines.join("\n");
        return format!(
            "not wholly compared: {documents} documents, {pages} pages and {quotes} quotes; nothing is altered, but\n{lines}"
        );
    }
    format!("NOT intact: of {documents} documents, {pages} pages and {quotes} quotes:\n{}", lines.join("\n"))
}
