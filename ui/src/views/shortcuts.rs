//! The shortcuts layer.

use leptos::prelude::*;

/// The layer.
#[component]
pub fn Shortcuts() -> impl IntoView {}
