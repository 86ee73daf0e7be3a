//! The small number after a sentence: what it cites on hover or focus, its page on a click.

use super::place::{place as called, short_place};
use crate::{client::use_client, dom, screen::Cited, state::WorkspaceStoreFields};
use leptos::{html, leptos_dom::helpers::TimeoutHandle, portal::Portal, prelude::*};
use protocol::{CitationView, ItemId, SourceNow};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// Before a preview appears under the pointer.
const BEFORE: Duration = Duration::from_millis(150);
/// Before it goes, so that the pointer can move into it.
const AFTER: Duration = Duration::from_millis(200);
/// The width of a preview, as in the style sheet.
const WIDTH: f64 = 348.0;

/// A citation's number.
#[component]
pub fn Cite(
    /// The answer.
    item: ItemId,
    /// The number.
    number: u32,
) -> impl IntoView {
    let client = use_client();
    let screen = client.screen;
    let row = client.store.items().at_key(item);
    let found = move || row.try_read_untracked().and_then(|item| numbered(&item.citations, number).cloned());
    let Some(cite) = found() else {
        return view! { <span class="cite unverified" title=t!("cite.unverified")>{number}</span> }.into_any();
    };
    let me = Cited { item, number };
    let here = NodeRef::<html::A>::new();
    let shown = RwSignal::new(false);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let later = move |show: bool, after: Duration| {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
        let handle = set_timeout_with_handle(
            move || {
                shown.try_set(show);
            },
            after,
        );
        timer.set_value(handle.ok());
    };
    on_cleanup(move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    });
    let open = move || {
        screen.cited.set(Some(me));
        screen.sources.set(true);
        // The page itself is there now: a preview of it that is on its way would cover it.
        shown.set(false);
        later(false, AFTER);
    };
    let keydown = move |event: KeyboardEvent| {
        match event.key().as_str() {
            " " | "Enter" => open(),
            "Escape" if shown.get_untracked() => shown.set(false),
            "ArrowRight" => step(&event, 1),
            "ArrowLeft" => step(&event, -1),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let name =
        t!("cite.name", number = number, document = cited(&cite), place = called(cite.place.as_deref(), cite.page));
    let preview = StoredValue::new(cite);
    view! {
        <span class="cite-root" on:pointerenter=move |_| later(true, BEFORE) on:pointerleave=move |_| later(false, AFTER)>
            <a
                node_ref=here
                class="cite"
                href="#"
                aria-label=name
                aria-current=move || (screen.sources.get() && screen.cited.get() == Some(me)).then_some("true")
                on:click=move |event| {
                    event.prevent_default();
                    open();
                }
                on:keydown=keydown
                on:focus=move |_| later(true, BEFORE)
                on:blur=move |_| later(false, AFTER)
            >
                {number}
            </a>
            <Show when=move || shown.get()>
                // Over all, whatever clips the transcript and what lies in it.
                {dom::by_id("main")
                    .map(|mount| {
                        view! {
                            <Portal mount=web_sys::Element::from(mount)>
                                <span
                                    on:pointerenter=move |_| later(true, BEFORE)
                                    on:pointerleave=move |_| later(false, AFTER)
                                >
                                    <Preview
                                        cite=preview.get_value()
                                        place=place(here.get_untracked().as_deref())
                                    />
                                </span>
                            </Portal>
                        }
                    })}
            </Show>
        </span>
    }
    .into_any()
}

/// The citation under a number: one number is one quote.
fn numbered(citations: &[CitationView], number: u32) -> Option<&CitationView> {
    citations.iter().find(|cite| cite.number == number)
}

/// The name of the document that is cited; an erased one has none.
pub fn cited(cite: &CitationView) -> String {
    if cite.name.is_empty() { t!("cite.erased") } else { cite.name.clone() }
}

/// What became of its source since, where it is not as it was cited. An erased document says so in its name.
pub fn since(cite: &CitationView) -> Option<String> {
    match cite.now {
        SourceNow::Removed if cite.name.is_empty() => None,
        SourceNow::AsCited => cite.now_called.as_ref().map(|name| t!("cite.now_called", name = name.clone())),
        SourceNow::Changed => Some(t!("cite.changed")),
        SourceNow::Removed => Some(t!("cite.removed")),
    }
}

/// The passage, in the face of documents. It never covers the number it belongs to.
#[component]
fn Preview(cite: CitationView, place: String) -> impl IntoView {
    let document_name = cited(&cite);
    let since = since(&cite);
    let format = cite.name.rsplit_once('.').map(|(_, ext)| ext.to_uppercase()).unwrap_or_default();
    view! {
        <span class="pop citepop" role="tooltip" style=place>
            <span class="row">
                <span class="fmt">{format}</span>
                <b class="cut">{document_name}</b>
                <span class="faint nowrap">{short_place(cite.place.as_deref(), cite.page)}</span>
            </span>
            <span class="serif citepop-quote">
                <mark>{cite.quote}</mark>
            </span>
            {since.map(|since| view! { <span class="src-since small">{since}</span> })}
            <span class="row small faint">
                <kbd class="kbd">{t!("cap.space")}</kbd>
                {t!("cite.open_page")}
            </span>
        </span>
    }
}

/// Below the number, or above it in the lower half of the window; inside the window's edges.
fn place(at: Option<&HtmlElement>) -> String {
    let Some(at) = at else { return String::new() };
    let rect = at.get_bounding_client_rect();
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|v| v.as_f64()).unwrap_or_default();
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let left = (rect.left() - 40.0).clamp(8.0, (width - WIDTH - 8.0).max(8.0));
    if rect.top() > height / 2.0 {
        format!("left:{left}px;bottom:{}px", height - rect.top() + 6.0)
    } else {
        format!("left:{left}px;top:{}px", rect.bottom() + 6.0)
    }
}

/// To the next or the previous citation of the transcript.
fn step(event: &KeyboardEvent, by: i32) {
    let Ok(all) = document().query_selector_all(".thread a.cite") else { return };
    let all: Vec<HtmlElement> = (0..all.length()).filter_map(|at| all.item(at)?.dyn_into().ok()).collect();
    let from = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()).or_else(dom::focused);
    let Some(at) = all.iter().position(|cite| Some(cite) == from.as_ref()) else { return };
    let next = (at as i32 + by).clamp(0, all.len() as i32 - 1) as usize;
    let _ = all[next].focus();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_its_own_quote() {
        let cite = |number: u32, at: u32| CitationView {
            number,
            at,
            document: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: "lease.pdf".into(),
            page: 1,
            start: number,
            end: number + 1,
            quote: format!("quote {number}"),
            page_hash: String::new(),
            place: None,
            now: Default::default(),
            now_called: None,
        };
        // Two sentences of one passage, the first of them cited twice.
        let all = [cite(1, 10), cite(2, 20), cite(1, 30)];
        for (number, quote) in [(1, Some("quote 1")), (2, Some("quote 2")), (3, None)] {
            assert_eq!(numbered(&all, number).map(|cite| cite.quote.as_str()), quote);
        }
    }
}
