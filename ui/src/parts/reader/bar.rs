//! The bar over the pages: which page, how large, what is looked for.

use super::{column::Zoom, finding::Finding, picked::PickedActions, state::Reading};
use crate::{
    dom, i18n,
    parts::{
        icon::{Glyph, Icon},
        reveal::ShowInFolder,
    },
};
use leptos::prelude::*;
use web_sys::KeyboardEvent;

/// The field for words to look for.
pub const FIND_ID: &str = "reader-find";
/// What scrolls.
pub const SCROLL_ID: &str = "reader-scroll";
/// How far an arrow key scrolls, in CSS pixels, and how far a page key, as a share of what is in sight.
const LINE: f64 = 40.0;
const SCREEN: f64 = 0.9;

/// The bar.
#[component]
pub fn Bar(
    /// What is read.
    reading: Reading,
    /// Closes the reader.
    close: Callback<()>,
) -> impl IntoView {
    let several = move || reading.count() > 1;
    let larger = move |_| reading.zoom.set(Zoom::larger(reading.percent.get_untracked()));
    let smaller = move |_| reading.zoom.set(Zoom::smaller(reading.percent.get_untracked()));
    view! {
        <div class="row reader-bar">
            <Show when=several>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("viewer.rail")
                    title=t!("viewer.rail")
                    aria-pressed=move || reading.rail.get().to_string()
                    on:click=move |_| reading.rail.update(|rail| *rail = !*rail)
                >
                    <Glyph icon=Icon::PanelLeft size=14/>
                </button>
                <PageField reading/>
            </Show>
            <div class="row reader-zoom" role="group" aria-label=t!("viewer.zoom")>
                <button class="btn icon ghost sm" aria-label=t!("viewer.smaller") title=t!("viewer.smaller") on:click=smaller>
                    <Glyph icon=Icon::Minus size=14/>
                </button>
                <span class="num" aria-live="polite">
                    {move || i18n::share(f64::from(reading.percent.get()) / 100.0)}
                </span>
                <button class="btn icon ghost sm" aria-label=t!("viewer.larger") title=t!("viewer.larger") on:click=larger>
                    <Glyph icon=Icon::Plus size=14/>
                </button>
                <button
                    class="btn ghost sm"
                    aria-pressed=move || (reading.zoom.get() == Zoom::Fit).to_string()
                    on:click=move |_| reading.zoom.set(Zoom::Fit)
                >
                    {t!("viewer.fit")}
                </button>
            </div>
            <ShowInFolder client=reading.client document=Signal::derive(move || Some(reading.document))/>
            <PickedActions reading close/>
            <span class="grow"></span>
            <Finding reading/>
        </div>
    }
}

/// The page in sight, to go to another by its number.
#[component]
fn PageField(reading: Reading) -> impl IntoView {
    view! {
        <div class="row reader-page-field">
            <button
                class="btn icon ghost sm"
                aria-label=t!("viewer.previous")
                title=t!("viewer.previous")
                aria-disabled=move || (reading.page.get() <= 1).to_string()
                on:click=move |_| reading.turn(-1)
            >
                <Glyph icon=Icon::ArrowLeft size=14/>
            </button>
            <input
                class="input sm num"
                inputmode="numeric"
                autocomplete="off"
                aria-label=t!("viewer.name")
                prop:value=move || reading.page.get().to_string()
                on:change=move |event| {
                    match event_target_value(&event).trim().parse() {
                        Ok(page) => reading.go(page, None),
                        // What is no number becomes the page in sight again.
                        Err(_) => reading.page.notify(),
                    }
                }
            />
            <span class="dim num">{move || t!("viewer.of", pages = reading.count())}</span>
            <button
                class="btn icon ghost sm"
                aria-label=t!("viewer.next")
                title=t!("viewer.next")
                aria-disabled=move || (reading.page.get() >= reading.count()).to_string()
                on:click=move |_| reading.turn(1)
            >
                <Glyph icon=Icon::ArrowRight size=14/>
            </button>
        </div>
    }
}

/// What keys do anywhere in the reader.
pub fn keydown(reading: Reading, event: &KeyboardEvent) {
    let command = event.ctrl_key() || event.meta_key();
    let typing = dom::inside(event.target(), "input");
    let free = !typing && !command && !event.alt_key();
    match event.key().as_str() {
        "f" if command => dom::focus_soon(FIND_ID),
        "+" | "=" if command || free => reading.zoom.set(Zoom::larger(reading.percent.get_untracked())),
        "-" if command || free => reading.zoom.set(Zoom::smaller(reading.percent.get_untracked())),
        "0" if command || free => reading.zoom.set(Zoom::Fit),
        "ArrowRight" if free => reading.turn(1),
        "ArrowLeft" if free => reading.turn(-1),
        "ArrowDown" if free => scroll(reading, LINE, 0.0),
        "ArrowUp" if free => scroll(reading, -LINE, 0.0),
        "PageDown" if !command => scroll(reading, 0.0, SCREEN),
        "PageUp" if !command => scroll(reading, 0.0, -SCREEN),
        "F3" => reading.step(if event.shift_key() { -1 } else { 1 }),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

/// Scrolls what is read, wherever the focus is, by pixels and by a share of what is in sight. Where a page
/// stands alone its end leads to the next one, and its beginning to the one before.
fn scroll(reading: Reading, pixels: f64, share: f64) {
    let Some(area) = dom::by_id(SCROLL_ID) else { return };
    let before = area.scroll_top();
    area.scroll_by_with_x_and_y(0.0, pixels + share * f64::from(area.client_height()));
    if area.scroll_top() == before && share != 0.0 && !untrack(move || reading.in_column()) {
        let by = if share > 0.0 { 1 } else { -1 };
        let page = reading.page.get_untracked();
        reading.turn(by);
        if reading.page.get_untracked() != page {
            area.set_scroll_top(0);
        }
    }
}
