//! The palette layer.

use leptos::prelude::*;

/// The layer.
#[component]
pub fn Palette() -> impl IntoView {}
