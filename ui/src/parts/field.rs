//! What is wrong with a field, in words under it and tied to it.

use super::icon::{Glyph, Icon};
use leptos::prelude::*;
use protocol::Fault;

/// The words under a field; nothing where nothing is wrong. The field names `id` as its description.
#[component]
pub fn FieldError(
    /// Its id.
    id: &'static str,
    /// What is wrong.
    fault: RwSignal<Option<Fault>>,
) -> impl IntoView {
    view! {
        <p class="hint bad" id=id role="status" hidden=move || fault.read().is_none()>
            {move || {
                fault
                    .get()
                    .map(|fault| {
                        let words = crate::faults::words(&fault);
                        let all = [Some(words.message), words.original, words.safe, words.hint];
                        view! {
                            <Glyph icon=Icon::CircleAlert size=14/>
                            <span>{all.into_iter().flatten().collect::<Vec<_>>().join(" ")}</span>
                        }
                    })
            }}
        </p>
    }
}
