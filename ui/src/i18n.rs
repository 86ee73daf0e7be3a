//! Which words a person reads: whole sentences with named values and plural rules.
//!
//! A message is a string with `{name}` places, or, where a number decides, an object
//! `{"n": {"one": "…", "other": "…"}}` by the plural categories of the language; where two numbers
//! decide, a form is such an object again. Both catalogues are compiled in; the tree is drawn again when the language changes, so `t!` is a plain call.

/// `t!("key", name = value, …)`: the message in the language in use.
#[macro_export]
macro_rules! t {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::i18n::text($key, &[$((stringify!($name), $crate::i18n::Arg::from($value))),*])
    };
}

/// A key that is looked up later; named so that the tests find it.
#[macro_export]
macro_rules! key {
    ($key:literal) => {
        $key
    };
}

mod folded;
mod intl;
mod message;
mod own;
mod sweep;

pub use folded::{begun, folded, found};
pub use intl::{
    bytes, country, date, date_time, day, language, milliseconds, number, rate, relative_day, share, thousands, time,
};
pub use message::{Arg, Catalogue, Piece};
pub use own::own;

use std::cell::{Cell, OnceCell};

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English, British spelling.
    #[default]
    En,
    /// French.
    Fr,
}

impl Lang {
    /// Every language there is.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Fr];

    /// The tag for `lang` and for `Intl`.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en-GB",
            Lang::Fr => "fr-FR",
        }
    }
    /// The code in the settings.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }
    /// Its name in itself.
    pub const fn name(self) -> &'static str {
        match self {
            Lang::En => "English",
            Lang::Fr => "Français",
        }
    }
    /// From a setting (`system`, `en`, `fr`) and the system's own language.
    pub fn choose(setting: &str, system: &str) -> Self {
        let wanted = if setting == "system" { system } else { setting };
        let wanted = wanted.get(..2).unwrap_or_default();
        Self::ALL.into_iter().find(|lang| wanted.eq_ignore_ascii_case(lang.code())).unwrap_or_default()
    }
    const fn source(self) -> &'static str {
        match self {
            Lang::En => include_str!("../locales/en.json"),
            Lang::Fr => include_str!("../locales/fr.json"),
        }
    }
}

thread_local! {
    static LANG: Cell<Lang> = const { Cell::new(Lang::En) };
    static EN: OnceCell<Catalogue> = const { OnceCell::new() };
    static FR: OnceCell<Catalogue> = const { OnceCell::new() };
}

/// The language in use.
pub fn lang() -> Lang {
    LANG.get()
}

/// Uses a language from now on; the caller draws the tree again.
pub fn set_lang(lang: Lang) {
    LANG.set(lang);
}

fn with_catalogue<R>(lang: Lang, use_it: impl FnOnce(&Catalogue) -> R) -> R {
    let slot = match lang {
        Lang::En => &EN,
        Lang::Fr => &FR,
    };
    // A catalogue that does not parse fails the tests; here its keys would be shown.
    slot.with(|slot| use_it(slot.get_or_init(|| Catalogue::parse(lang.source()).unwrap_or_default())))
}

/// The message with its values. Use `t!`, which the tests check.
pub fn text(key: &str, args: &[(&str, Arg)]) -> String {
    let lang = lang();
    with_catalogue(lang, |catalogue| catalogue.text(lang, key, args)).unwrap_or_else(|| key.to_owned())
}

/// The message in pieces, so that values can be drawn as something else than text.
pub fn pieces(key: &str, args: &[(&str, Arg)]) -> Vec<Piece> {
    let lang = lang();
    with_catalogue(lang, |catalogue| catalogue.pieces(lang, key, args))
}

/// The message of a key that may not exist, such as a fault's.
pub fn try_text(key: &str, args: &[(&str, Arg)]) -> Option<String> {
    let lang = lang();
    with_catalogue(lang, |catalogue| catalogue.text(lang, key, args))
}
