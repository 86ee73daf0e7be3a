//! The models screen.

use crate::parts::bar::Head;
use leptos::prelude::*;

/// The screen.
#[component]
pub fn Models() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.models")/>
        </section>
    }
}
