//! The search screen.

use crate::parts::bar::Head;
use leptos::prelude::*;

/// The screen.
#[component]
pub fn Search() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.search")/>
        </section>
    }
}
