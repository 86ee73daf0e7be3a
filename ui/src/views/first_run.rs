//! The first_run layer.

use leptos::prelude::*;

/// The layer.
#[component]
pub fn FirstRun() -> impl IntoView {}
