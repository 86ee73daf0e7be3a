//! The settings screen.

use crate::parts::bar::Head;
use leptos::prelude::*;

/// The screen.
#[component]
pub fn Settings() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.settings")/>
        </section>
    }
}
