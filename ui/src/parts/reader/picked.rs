//! What can be done with words that are selected in a document: copied with where they stand, or asked about.

use super::{layer, state::Reading};
use crate::{
    dom,
    parts::{
        icon::{Glyph, Icon},
        place::place,
    },
    route::Route,
};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Node};

/// The longest quote that is put into a question, in chars.
const LONGEST: usize = 2_000;

/// Words that are selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The page, from 1.
    pub page: u32,
    /// The words.
    pub quote: String,
}

/// What is selected in the reader now.
pub fn picked(reading: Reading) -> Option<Picked> {
    let selection = window().get_selection().ok()??;
    if selection.is_collapsed() {
        return None;
    }
    let start = selection.get_range_at(0).ok()?.start_container().ok()?;
    let element = start.dyn_ref::<Element>().cloned().or_else(|| Node::parent_element(&start))?;
    let page = element.closest("[data-page]").ok()??.get_attribute("data-page")?.parse().ok()?;
    let quote = String::from(selection.to_string());
    let quote = reading.texts.with_value(|texts| layer::selected(texts.get(&page)?)).unwrap_or(quote).trim().to_owned();
    (!quote.is_empty()).then_some(Picked { page, quote })
}

/// The buttons; there while words are selected.
#[component]
pub fn PickedActions(
    /// What is read.
    reading: Reading,
    /// Closes the reader.
    close: Callback<()>,
) -> impl IntoView {
    let cited = move |picked: &Picked| {
        let place = place(reading.label(picked.page).as_deref(), picked.page);
        let quote = picked.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        t!("viewer.cited", quote = quote, document = reading.name.get_untracked(), place = place)
    };
    let copy = move |_| {
        let Some(text) = reading.picked.with_untracked(|picked| picked.as_ref().map(cited)) else { return };
        spawn_local(async move {
            let said = if dom::copy(&text).await { t!("act.copied") } else { t!("viewer.not_copied") };
            reading.client.screen.toast(said, None);
        });
    };
    let ask = move |_| {
        let Some(picked) = reading.picked.get_untracked() else { return };
        let quote: String = picked.quote.chars().take(LONGEST).collect();
        let screen = reading.client.screen;
        close.run(());
        screen.attach.set(vec![reading.document]);
        screen.draft.set(t!("viewer.asked", quote = quote.split_whitespace().collect::<Vec<_>>().join(" ")));
        screen.go(Route::NewChat);
    };
    view! {
        <Show when=move || reading.picked.with(Option::is_some)>
            <div class="row reader-picked" role="group" aria-label=t!("viewer.picked")>
                <button class="btn sm" data-testid="copy-cited" on:click=copy>
                    <Glyph icon=Icon::TextQuote size=14/>
                    {t!("viewer.copy_cited")}
                </button>
                <button class="btn sm" data-testid="ask-picked" on:click=ask>
                    <Glyph icon=Icon::MessageSquareText size=14/>
                    {t!("viewer.ask")}
                </button>
            </div>
        </Show>
    }
}
