//! What a fault says in the language in use: by its code where a catalogue has it.

use crate::i18n::{self, Arg, Lang};
use protocol::{Fault, FaultKind};

/// A fault in words: what happened, what is safe, what to do, and the original where it is in
/// another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub message: String,
    /// What is safe.
    pub safe: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The fault's own English words, where these are not they.
    pub original: Option<String>,
    /// Whether these words are only a general sentence for its kind.
    pub general: bool,
}

/// The words of a fault.
pub fn words(fault: &Fault) -> Words {
    let args: Vec<(&str, Arg)> =
        fault.values.iter().map(|(name, value)| (name.as_str(), Arg::Text(value.clone()))).collect();
    let part = |suffix: &str| i18n::try_text(&format!("fault.{}{suffix}", fault.code), &args);
    if let Some(message) = part("") {
        let original = (i18n::lang() != Lang::En).then(|| fault.to_string());
        return Words { message, safe: part(".safe"), hint: part(".hint"), original, general: false };
    }
    match i18n::lang() {
        Lang::En => Words {
            message: fault.message.clone(),
            safe: fault.safe.clone(),
            hint: fault.hint.clone(),
            original: None,
            general: false,
        },
        Lang::Fr => {
            let original = Some(fault.to_string());
            Words { message: kind(fault.kind), safe: None, hint: None, original, general: true }
        }
    }
}

/// A general sentence for a kind of fault.
fn kind(kind: FaultKind) -> String {
    match kind {
        FaultKind::Invalid => t!("fault.kind.invalid"),
        FaultKind::NotFound => t!("fault.kind.not_found"),
        FaultKind::Refused => t!("fault.kind.refused"),
        FaultKind::Busy => t!("fault.kind.busy"),
        FaultKind::Damaged => t!("fault.kind.damaged"),
        FaultKind::Unavailable => t!("fault.kind.unavailable"),
        FaultKind::Internal => t!("fault.kind.internal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_speaks_the_language_in_use() {
        let known = Fault::new(FaultKind::Unavailable, "client.unreachable", "raw");
        let unknown = Fault::new(FaultKind::Busy, "no.such_code", "Raw words.").hint("Do this.");
        assert_ne!(words(&known).message, "raw");
        assert_eq!(words(&unknown).message, "Raw words.");
        i18n::set_lang(Lang::Fr);
        let french = words(&unknown);
        assert_ne!(french.message, "Raw words.");
        assert_eq!(french.original.as_deref(), Some("Raw words. Do this."));
        i18n::set_lang(Lang::En);
    }
}
