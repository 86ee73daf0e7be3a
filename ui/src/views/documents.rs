//! The documents screen.

use crate::parts::bar::Head;
use leptos::prelude::*;

/// The screen.
#[component]
pub fn Documents() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.documents")/>
        </section>
    }
}
