//! A new chat.

use leptos::prelude::*;

/// The screen.
#[component]
pub fn NewChat() -> impl IntoView {}
