//! Looking for words in the document: how often they are there, and each place in turn.

use super::{bar::FIND_ID, state::Reading};
use crate::parts::icon::{Glyph, Icon};
use leptos::prelude::*;

/// The field and its buttons.
#[component]
pub fn Finding(
    /// What is read.
    reading: Reading,
) -> impl IntoView {
    let said = move || {
        reading.found.with(|found| {
            let found = found.as_ref()?;
            Some(match found.total {
                0 => t!("viewer.found_none"),
                total => t!("viewer.found", at = reading.at.get() + 1, n = total),
            })
        })
    };
    let none = move || reading.found.with(|found| found.as_ref().is_none_or(|found| found.finds.len() < 2));
    view! {
        <div class="row reader-find" role="search">
            <div class="input sm">
                <Glyph icon=Icon::Search size=14/>
                <input
                    id=FIND_ID
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=t!("viewer.find")
                    placeholder=t!("viewer.find")
                    prop:value=move || reading.sought.get()
                    on:input=move |event| reading.seek(event_target_value(&event))
                    on:keydown=move |event| {
                        match event.key().as_str() {
                            "Enter" => reading.step(if event.shift_key() { -1 } else { 1 }),
                            // The first Esc takes the words away, the second closes the reader.
                            "Escape" if !reading.sought.get_untracked().is_empty() => reading.seek(String::new()),
                            _ => return,
                        }
                        event.prevent_default();
                        event.stop_propagation();
                    }
                />
                <span class="dim num" role="status">{said}</span>
            </div>
            <button
                class="btn icon ghost sm"
                aria-label=t!("viewer.find_previous")
                title=t!("viewer.find_previous")
                aria-disabled=move || none().to_string()
                on:click=move |_| reading.step(-1)
            >
                <Glyph icon=Icon::ArrowUp size=14/>
            </button>
            <button
                class="btn icon ghost sm"
                aria-label=t!("viewer.find_next")
                title=t!("viewer.find_next")
                aria-disabled=move || none().to_string()
                on:click=move |_| reading.step(1)
            >
                <Glyph icon=Icon::ArrowDown size=14/>
            </button>
        </div>
    }
}
