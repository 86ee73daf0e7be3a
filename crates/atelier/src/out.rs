//! How results are printed: text for people, JSON for programs, and an exit code for both.

use app::Lang;
use protocol::{Fault, FaultKind};
use serde::Serialize;
use std::{io::Write, process::ExitCode};
use tokio_util::sync::CancellationToken;

/// Exit code for a fault in Atelier itself.
pub(crate) const EXIT_INTERNAL: u8 = 1;
/// Exit code for work that was done in part.
pub(crate) const EXIT_PARTIAL: u8 = 8;
/// Exit code after Ctrl C.
pub(crate) const EXIT_STOPPED: u8 = 130;
/// Exit code after a request to end (SIGTERM).
pub(crate) const EXIT_ENDED: u8 = 143;

/// Where results go.
pub(crate) struct Out {
    json: bool,
    lines: bool,
    lang: Lang,
    gone: CancellationToken,
}

impl Out {
    /// `json`: for programs. `lines`: each JSON value on one line.
    pub(crate) fn new(json: bool, lines: bool) -> Self {
        Self { json, lines, lang: Lang::default(), gone: CancellationToken::new() }
    }

    /// The same in another language. Programs read English and codes whatever it is.
    pub(crate) fn speaking(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// The language that people read here.
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// Returns when nobody reads the output any more: `atelier ask … | head`.
    pub(crate) async fn gone(&self) {
        self.gone.cancelled().await;
    }

    /// Whether a program reads this.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Prints a value: as JSON, or as the text that `text` makes of it.
    pub(crate) fn value<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        let printed = if self.json && self.lines {
            return self.json_line(value);
        } else if self.json {
            serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
        } else {
            text(value)
        };
        if !printed.is_empty() {
            self.print(&format!("{printed}\n"));
        }
    }

    /// Prints one JSON value on one line.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) {
        if let Ok(printed) = serde_json::to_string(value) {
            self.print(&format!("{printed}\n"));
        }
    }

    /// Prints text as it is, for people and programs alike.
    pub(crate) fn text(&self, text: &str) {
        self.print(text);
    }

    /// Prints text as it streams, without a line end. Only for people.
    pub(crate) fn stream(&self, text: &str) {
        if !self.json {
            self.print(text);
        }
    }

    /// A reader that went away ends the command, which closes the workspace first.
    fn print(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.gone.cancel();
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
            let fault = self.lang.fault(fault);
            eprintln!("atelier: {}", fault.message);
            for more in [&fault.safe, &fault.hint].into_iter().flatten() {
                eprintln!("  {more}");
            }
        }
        ExitCode::from(exit_code(fault.kind))
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

/// So many of something: `1 passage`, `12 passages`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
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
    fn exit_codes_stay_what_they_are() {
        use FaultKind::*;
        let kinds = [Internal, Invalid, NotFound, Refused, Busy, Damaged, Unavailable];
        assert_eq!(kinds.map(exit_code), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!((EXIT_PARTIAL, EXIT_STOPPED, EXIT_ENDED), (8, 130, 143));
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(when(1_700_000_000_000), "2023-11-14 22:13:20");
    }
}
