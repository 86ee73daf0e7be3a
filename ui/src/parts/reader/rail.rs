//! The rail beside the pages: a small picture of each, or its name where it has no fixed layout. Only what is
//! in sight of the rail is drawn.

use super::state::Reading;
use crate::parts::place::place;
use leptos::{html, prelude::*};
use protocol::{PageEntry, ReadPage};
use std::{collections::HashMap, ops::Range, time::Duration};
use wasm_bindgen_futures::spawn_local;

/// The height of an entry with a picture and of one without, in CSS pixels.
const PICTURE: f64 = 168.0;
const NAME: f64 = 34.0;
/// The width that a small picture is asked for, in pixels.
const WIDTH: u32 = 200;
/// An entry that is in sight for so long is drawn.
const PAUSE: Duration = Duration::from_millis(120);
/// The height that is assumed until it is known.
const HEIGHT: f64 = 800.0;

/// The rail.
#[component]
pub fn Rail(
    /// What is read.
    reading: Reading,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let top = RwSignal::new(0.0);
    let pictures = StoredValue::new(HashMap::<u32, String>::new());
    let fixed = Memo::new(move |_| {
        reading.pages.with(|pages| matches!(pages, Some(Ok(pages)) if pages.iter().any(|page| page.width > 0.0)))
    });
    let high = move || if fixed.get() { PICTURE } else { NAME };
    let height = move || node.get().map_or(HEIGHT, |node| f64::from(node.client_height()).max(1.0));
    let seen = Memo::new(move |_| in_sight(top.get(), height(), high(), reading.count() as usize));
    // The page in sight is in sight here too.
    Effect::new(move || {
        let at = f64::from(reading.page.get().saturating_sub(1)) * high();
        let Some(node) = node.get() else { return };
        let (now, height) = (f64::from(node.scroll_top()), f64::from(node.client_height()));
        if at < now || at + high() > now + height {
            node.set_scroll_top((at - height / 2.0 + high() / 2.0).max(0.0) as i32);
        }
    });
    let entry =
        move |index: usize| reading.pages.with_untracked(|pages| pages.as_ref()?.as_ref().ok()?.get(index).cloned());
    view! {
        <div
            node_ref=node
            class="reader-rail"
            role="navigation"
            aria-label=t!("viewer.rail")
            on:scroll=move |_| {
                if let Some(node) = node.get_untracked() {
                    top.set(f64::from(node.scroll_top()));
                }
            }
        >
            <div class="reader-column" style=move || format!("height:{:.0}px", f64::from(reading.count()) * high())>
                <For each=move || seen.get() key=|index| *index let:index>
                    {entry(index)
                        .map(|entry| {
                            let style = format!("top:{:.0}px;height:{:.0}px", index as f64 * high(), high());
                            view! { <Entry reading entry style pictures/> }
                        })}
                </For>
            </div>
        </div>
    }
}

/// Which entries are in sight, and two more at each side.
fn in_sight(top: f64, height: f64, each: f64, count: usize) -> Range<usize> {
    let first = ((top / each).floor().max(0.0) as usize).saturating_sub(2).min(count);
    let last = ((top + height) / each).ceil().max(0.0) as usize + 2;
    first..last.min(count)
}

#[component]
fn Entry(
    reading: Reading,
    entry: PageEntry,
    style: String,
    pictures: StoredValue<HashMap<u32, String>>,
) -> impl IntoView {
    let PageEntry { page, label, width, height } = entry;
    let name = place(label.as_deref(), page);
    let picture = RwSignal::new(pictures.with_value(|pictures| pictures.get(&page).cloned()));
    let gone = StoredValue::new(false);
    on_cleanup(move || gone.set_value(true));
    if width > 0.0 && picture.with_untracked(Option::is_none) {
        let ask = move || {
            if gone.try_get_value() != Some(false) {
                return;
            }
            spawn_local(async move {
                let call = ReadPage { document: reading.document, page, passage: None, width: WIDTH };
                // A page that cannot be drawn says so where it is read.
                if let Ok(page_view) = reading.client.call(call).await
                    && let Some(drawn) = page_view.picture
                {
                    pictures.try_update_value(|pictures| drop(pictures.insert(page, drawn.clone())));
                    picture.try_set(Some(drawn));
                }
            });
        };
        set_timeout(ask, PAUSE);
    }
    view! {
        <button
            class="reader-entry"
            style=style
            aria-label=name.clone()
            aria-current=move || (reading.page.get() == page).then_some("page")
            on:click=move |_| reading.go(page, None)
        >
            {(width > 0.0)
                .then(|| {
                    view! {
                        <span class="reader-thumb page" style=format!("aspect-ratio:{width}/{height}")>
                            {move || {
                                picture
                                    .get()
                                    .map(|picture| view! { <img src=format!("data:image/png;base64,{picture}") alt=""/> })
                            }}
                        </span>
                    }
                })}
            <span class="cut">{if width > 0.0 { crate::i18n::number(f64::from(page)) } else { name.clone() }}</span>
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_in_sight_of_the_rail() {
        for (top, height, count, expected) in
            [(0.0, 500.0, 1_000, 0..7), (1_000.0, 500.0, 1_000, 8..17), (0.0, 500.0, 3, 0..3), (9e6, 500.0, 10, 10..10)]
        {
            assert_eq!(in_sight(top, height, 100.0, count), expected, "{top}");
        }
    }
}
