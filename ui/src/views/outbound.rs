//! The outbound screen.

use crate::parts::bar::Head;
use leptos::prelude::*;

/// The screen.
#[component]
pub fn Outbound() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.outbound")/>
        </section>
    }
}
