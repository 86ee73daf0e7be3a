//! A sentence in which some values are drawn as something else than plain text.

use crate::i18n::{self, Arg, Piece};
use leptos::prelude::*;

/// The message with each value drawn by `draw(name, text)`; `rich("key", …)` is checked as `t!` is.
pub fn rich(key: &'static str, args: &[(&str, Arg)], draw: impl Fn(&str, String) -> AnyView) -> AnyView {
    i18n::pieces(key, args)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.into_any(),
            Piece::Value(name, text) => draw(&name, text),
        })
        .collect_view()
        .into_any()
}

/// The message with each value in bold.
pub fn bold(key: &'static str, args: &[(&str, Arg)]) -> AnyView {
    rich(key, args, |_, text| view! { <b>{text}</b> }.into_any())
}
