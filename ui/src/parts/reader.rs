//! A document opened wide, to be read: its pages in one column as large as a person wants them, with the
//! words to select, a rail of pages, and a search in it.

mod bar;
mod column;
mod finding;
pub(super) mod layer;
mod picked;
mod rail;
mod sheets;
mod state;

use super::{
    dialog::Dialog,
    icon::{Glyph, Icon},
    notice::FaultNotice,
    unread::{UnreadNotice, why_of},
    viewer::Shown,
};
use crate::state::WorkspaceStoreFields;
use bar::Bar;
use leptos::prelude::*;
use rail::Rail;
use sheets::{Column, TextSheet};
use state::Reading;
use web_sys::KeyboardEvent;

/// The button that opens the document wide, and the dialog that it opens.
#[component]
pub fn Wide(
    /// What is shown, and the page that was turned to.
    #[prop(into)]
    wanted: Signal<Option<(Shown, u32)>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <button
            class="btn icon ghost sm"
            aria-label=t!("viewer.wide")
            title=t!("viewer.wide")
            aria-haspopup="dialog"
            data-testid="page-wide"
            on:click=move |_| open.set(true)
        >
            <Glyph icon=Icon::Maximize2 size=14/>
        </button>
        <Reader open wanted/>
    }
}

/// A document's name that opens it at a page with a passage marked.
#[component]
pub fn PageLink(
    /// The name.
    name: String,
    /// The page and the passage.
    shown: Shown,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let wanted = Signal::derive(move || Some((shown.clone(), shown.page)));
    view! {
        <button type="button" class="link cut" aria-haspopup="dialog" on:click=move |_| open.set(true)>
            {name}
        </button>
        <Reader open wanted/>
    }
}

/// The dialog.
#[component]
fn Reader(open: RwSignal<bool>, wanted: Signal<Option<(Shown, u32)>>) -> impl IntoView {
    let title = RwSignal::new(t!("viewer.name"));
    // The keys are heard by the dialog: its close button stands outside of what is read.
    let read = StoredValue::new(None::<Reading>);
    let keys = move |event: KeyboardEvent| {
        if let Some(reading) = read.get_value().filter(|_| open.get_untracked()) {
            bar::keydown(reading, &event);
        }
    };
    view! {
        <Dialog open close=move |()| open.set(false) title class="reader" cross=true keys=keys>
            {move || {
                // What it was opened with stays until it is closed.
                let (shown, page) = wanted.get_untracked()?;
                Some(view! { <Inside shown page title open read/> })
            }}
        </Dialog>
    }
}

#[component]
fn Inside(
    shown: Shown,
    page: u32,
    title: RwSignal<String>,
    open: RwSignal<bool>,
    read: StoredValue<Option<Reading>>,
) -> impl IntoView {
    let document = shown.document;
    let reading = Reading::open(shown, page, title);
    // A document whose text is not read has nothing to turn, to size or to look for.
    let unread = untrack(move || why_of(reading.client, document));
    read.set_value(Some(reading));
    on_cleanup(move || {
        let _ = read.try_set_value(None);
    });
    let close = Callback::new(move |()| open.set(false));
    if let Some(fault) = unread {
        let known = reading.client.store.documents();
        if let Some(known) = known.read_untracked().iter().find(|known| known.id == document) {
            title.set(known.name.clone());
        }
        let client = reading.client;
        return view! {
            <div class="reader-in" data-testid="reader" tabindex="-1" autofocus>
                <UnreadNotice client document fault/>
            </div>
        }
        .into_any();
    }
    let body = move || match reading.pages.get() {
        None => view! { <div class="page page-waiting" aria-busy="true"></div> }.into_any(),
        Some(Err(fault)) => view! { <FaultNotice fault/> }.into_any(),
        Some(Ok(pages)) if pages.iter().any(|page| page.width > 0.0) => view! { <Column reading/> }.into_any(),
        Some(Ok(_)) => view! { <TextSheet reading/> }.into_any(),
    };
    view! {
        // The focus begins here, not on Close, and goes on to the pages as soon as they are there.
        <div class="reader-in" data-testid="reader" tabindex="-1" autofocus>
            <Bar reading close/>
            <div class="reader-body">
                <Show when=move || reading.rail.get() && reading.count() != 1>
                    <Rail reading/>
                </Show>
                {body}
            </div>
        </div>
    }
    .into_any()
}
