//! How results are printed: text for people, JSON for programs, and an exit code for both.

use protocol::{Fault, FaultKind};
use serde::Serialize;
use std::{io::Write, process::ExitCode};

/// Exit code for a fault in Atelier itself.
pub(crate) const EXIT_INTERNAL: u8 = 1;
/// Exit code for work that was done in part.
pub(crate) const EXIT_PARTIAL: u8 = 8;

/// Where results go.
pub(crate) struct Out {
    json: bool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads this.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Prints a value: as JSON, or as the text that `text` makes of it.
    pub(crate) fn value<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        let printed = if self.json {
            serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
        } else {
            text(value)
        };
        if !printed.is_empty() {
            line(&printed);
        }
    }

    /// Prints one JSON value on one line.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) {
        if let Ok(printed) = serde_json::to_string(value) {
            line(&printed);
        }
    }

    /// Prints text as it streams, without a line end. Only for people.
    pub(crate) fn stream(&self, text: &str) {
        if !self.json {
            let mut out = std::io::stdout().lock();
            // A reader that went away ends the program at the next line, as it does for any tool.
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }

    /// Prints a line about what is happening, to the error stream. Only for people.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Prints a fault and gives its exit code.
    pub(crate) fn fault(&self, fault: &Fault) -> ExitCode {
        if self.json {
            self.value(&serde_json::json!({ "fault": fault }), |_| String::new());
        } else {
            eprintln!("atelier: {}", fault.message);
            for more in [&fault.safe, &fault.hint].into_iter().flatten() {
                eprintln!("  {more}");
            }
        }
        ExitCode::from(exit_code(fault.kind))
    }
}

fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").is_err() {
        // `atelier log show | head`: the reader has enough.
        std::process::exit(0);
    }
}

/// The exit code of a fault; `atelier --help` lists them.
pub(crate) fn exit_code(kind: FaultKind) -> u8 {
    match kind {
        FaultKind::Internal => EXIT_INTERNAL,
        FaultKind::Invalid => 2,
        FaultKind::NotFound => 3,
        FaultKind::Refused => 4,
        FaultKind::Busy => 5,
        FaultKind::Damaged => 6,
        FaultKind::Unavailable => 7,
    }
}

/// Bytes for people: `412 MB`, `3.7 kB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A time for people, UTC.
pub(crate) fn when(ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(&format).ok())
        .unwrap_or_else(|| ms.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (count, expected) in
            [(0, "0 B"), (999, "999 B"), (3_714, "3.7 kB"), (98_000_000, "98.0 MB"), (412_000_000, "412 MB")]
        {
            assert_eq!(bytes(count), expected);
        }
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(when(1_700_000_000_000), "2023-11-14 22:13:20");
    }
}
