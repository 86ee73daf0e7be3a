//! What people read outside the window, in the window's own words: its catalogues are the only place
//! where sentences stand in every language.

use protocol::{Fault, FaultKind};
use serde_json::{Map, Value};
use std::{env, sync::OnceLock};

/// A language of Atelier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// From a setting (`system`, `en`, `fr`): the system's language is what the environment says.
    pub fn choose(setting: &str) -> Self {
        if setting != "system" {
            return Self::of(setting);
        }
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let said = names.into_iter().filter_map(env::var_os).find(|value| !value.is_empty());
        said.map(|said| Self::of(&said.to_string_lossy())).unwrap_or_default()
    }

    /// From a tag such as `fr` or `fr_CH.UTF-8`; English where it is another language.
    pub fn of(tag: &str) -> Self {
        let language = tag.split(['_', '-', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("fr") { Self::Fr } else { Self::En }
    }

    fn catalogue(self) -> &'static Map<String, Value> {
        static ALL: [OnceLock<Map<String, Value>>; 2] = [OnceLock::new(), OnceLock::new()];
        let (at, source) = match self {
            Self::En => (0, include_str!("../../../ui/locales/en.json")),
            Self::Fr => (1, include_str!("../../../ui/locales/fr.json")),
        };
        // That they can be read is tested; without them a fault still has its own words.
        ALL[at].get_or_init(|| serde_json::from_str(source).unwrap_or_default())
    }

    /// A message with its values, where the language has it. Messages that a number decides are the
    /// window's alone.
    pub fn text(self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let mut rest = self.catalogue().get(key)?.as_str()?;
        let mut text = String::with_capacity(rest.len());
        // In one pass: a value that holds braces is no place for another.
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else { break };
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => text.push_str(value),
                None => text.push_str(&format!("{{{name}}}")),
            }
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }

    /// A message that every language has.
    pub(crate) fn word(self, key: &str, values: &[(&str, &str)]) -> String {
        self.text(key, values).unwrap_or_else(|| key.to_owned())
    }

    /// The fault in this language: by its code where the language has it, else a general sentence with
    /// the fault's own English words after it.
    #[must_use]
    pub fn fault(self, fault: &Fault) -> Fault {
        let values: Vec<(&str, &str)> =
            fault.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let part = |suffix: &str| self.text(&format!("fault.{}{suffix}", fault.code), &values);
        if let Some(message) = part("") {
            return Fault { message, safe: part(".safe"), hint: part(".hint"), ..fault.clone() };
        }
        match self {
            Self::En => fault.clone(),
            Self::Fr => {
                let message = format!("{} {fault}", self.word(general(fault.kind), &[]));
                Fault { message, safe: None, hint: None, ..fault.clone() }
            }
        }
    }

    /// Bytes for people.
    pub(crate) fn bytes(self, count: u64) -> String {
        const UNITS: [&str; 4] = ["unit.b", "unit.kb", "unit.mb", "unit.gb"];
        let (mut value, mut unit) = (count as f64, 0);
        while value >= 1000.0 && unit < UNITS.len() - 1 {
            value /= 1000.0;
            unit += 1;
        }
        let places = usize::from(unit > 0 && value < 100.0);
        self.word(UNITS[unit], &[("n", &self.number(value, places))])
    }

    /// A number with so many decimal places.
    pub(crate) fn number(self, value: f64, places: usize) -> String {
        let number = format!("{value:.places$}");
        match self {
            Self::En => number,
            Self::Fr => number.replace('.', ","),
        }
    }
}

fn general(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Invalid => "fault.kind.invalid",
        FaultKind::NotFound => "fault.kind.not_found",
        FaultKind::Refused => "fault.kind.refused",
        FaultKind::Busy => "fault.kind.busy",
        FaultKind::Damaged => "fault.kind.damaged",
        FaultKind::Unavailable => "fault.kind.unavailable",
        FaultKind::Internal => "fault.kind.internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_its_language_in_many_ways() {
        for (tag, lang) in [
            ("fr", Lang::Fr),
            ("fr_CH.UTF-8", Lang::Fr),
            ("FR-fr", Lang::Fr),
            ("fro", Lang::En),
            ("de_DE", Lang::En),
            ("C.UTF-8", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::of(tag), lang, "{tag}");
        }
    }

    #[test]
    fn a_fault_speaks_the_language() {
        let known = Fault::new(FaultKind::NotFound, "model.chosen_gone", "The chosen model {x} is gone.")
            .with("model", "{model}")
            .hint("Put it back.");
        assert_eq!(Lang::En.fault(&known), known);
        let french = Lang::Fr.fault(&known);
        assert!(french.message.contains("{model}") && french.hint.is_some() && french.code == known.code, "{french}");
        let unknown = Fault::new(FaultKind::Busy, "no.such_code", "Raw words.").hint("Do this.");
        assert_eq!(Lang::En.fault(&unknown), unknown);
        let french = Lang::Fr.fault(&unknown);
        assert!(french.message.ends_with("Raw words. Do this.") && french.hint.is_none(), "{french}");
    }

    #[test]
    fn every_key_exists_in_every_language() {
        let mut keys = 0;
        for source in [include_str!("words.rs"), include_str!("told.rs"), include_str!("export.rs")] {
            let code = source.split("#[cfg(test)]").next().unwrap();
            let is_key = |text: &&str| {
                ["answer.", "prose.", "made.", "cite.", "unit.", "outbound.", "fault.kind."]
                    .iter()
                    .any(|start| text.starts_with(start))
            };
            for key in code.split('"').filter(is_key) {
                keys += 1;
                for lang in [Lang::En, Lang::Fr] {
                    assert!(lang.text(key, &[]).is_some(), "{lang:?} lacks {key}");
                }
            }
        }
        assert!(keys > 20, "{keys}");
        assert_eq!((Lang::En.bytes(3_714), Lang::Fr.number(4.25, 1)), ("3.7\u{a0}KB".into(), "4,2".into()));
    }
}
