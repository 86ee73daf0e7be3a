//! `atelier log verify` and `log show`.

use crate::{
    cli::LogCommand,
    door::Door,
    out::{Out, exit_code, when},
};
use protocol::*;
use std::process::ExitCode;

pub(super) async fn log(door: &Door, command: LogCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        LogCommand::Verify => {
            let report = door.call(VerifyLog {}).await?;
            let intact = report.intact;
            out.value(&report, |report| match &report.first_bad {
                None if !report.altered.is_empty() => {
                    let tables = report.altered.join(", ");
                    format!("NOT intact: the records hold, but these tables are not what they say: {tables}")
                }
                None => format!(
                    "intact: {} records of {} devices, head {}",
                    report.records,
                    report.devices,
                    &report.head.get(..16).unwrap_or(&report.head)
                ),
                Some(bad) => {
                    format!("NOT intact: record {} of device {} does not hold: {}", bad.seq, bad.device, bad.reason)
                }
            });
            Ok(if intact { ExitCode::SUCCESS } else { ExitCode::from(exit_code(FaultKind::Damaged)) })
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
