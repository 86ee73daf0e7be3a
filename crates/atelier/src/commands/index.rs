//! `atelier index`: whether search has what is stored, and building it anew.

use crate::{cli::IndexCommand, door::Door, out::Out};
use protocol::{CheckIndex, Fault, IndexReport, RebuildIndex};
use std::process::ExitCode;

/// Exit code where something differs and was not mended.
const EXIT_DAMAGED: u8 = 6;

pub(super) async fn index(door: &Door, command: IndexCommand, out: &Out) -> Result<ExitCode, Fault> {
    // What waits to be read or embedded is no drift.
    door.app.settled().await;
    let report = match command {
        IndexCommand::Rebuild => door.call(RebuildIndex {}).await?,
        IndexCommand::Check { look } => door.call(CheckIndex { mend: !look }).await?,
    };
    // A vector that is made again is made before this ends.
    door.app.settled().await;
    out.value(&report, text);
    let fine = report.is_sound() || report.mended;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DAMAGED) })
}

fn text(report: &IndexReport) -> String {
    let mut text = format!("{} passages and {} vectors are stored", report.passages, report.vectors);
    if report.is_sound() {
        return text + "; search has all of them, and nothing else";
    }
    if report.damaged {
        text.push_str("\n  a file of the index is damaged");
    }
    for (count, what) in [
        (report.words_missing, "passages were not in the index, or with other words"),
        (report.words_extra, "passages were in the index and are stored nowhere"),
        (report.vectors_odd, "stored vectors cannot be used"),
        (report.vectors_missing, "vectors were not in the fast copy, or with other numbers"),
        (report.vectors_extra, "vectors were in the fast copy and are stored nowhere"),
    ] {
        if count > 0 {
            text.push_str(&format!("\n  {count} {what}"));
        }
    }
    text + if report.mended { "\nmended" } else { "\nnothing was changed; mend it with `atelier index check`" }
}
