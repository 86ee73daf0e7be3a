//! The messages: newest at the bottom, older ones read as the view comes near them, and the view
//! follows new text only while it is at the bottom.

use super::{
    ChatScreen, THREAD_ID,
    answer::Answer,
    question::Question,
    strip::{Strip, fits, question_above},
    to_newest,
};
use crate::{
    client::{Client, next_frame, use_client},
    dom,
    fold::News,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::{html, prelude::*};
use protocol::{ItemId, ItemKind};
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit, ResizeObserver};

/// Older items are read while the upper end is nearer than this.
const AHEAD: i32 = 800;
/// This near to the bottom counts as at the bottom.
const NEAR: i32 = 24;

/// The transcript.
#[component]
pub fn Transcript(here: ChatScreen) -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let thread = NodeRef::<html::Div>::new();
    let inner = NodeRef::<html::Div>::new();
    let top = NodeRef::<html::Div>::new();
    let last_top = StoredValue::new(0_i32);
    let reading = RwSignal::new(false);
    let asked = RwSignal::new(None::<ItemId>);

    let at_end = move || {
        let Some(thread) = thread.try_get_untracked().flatten() else { return true };
        let at_end = thread.scroll_height() - thread.scroll_top() - thread.client_height() <= NEAR;
        if here.at_end.try_get_untracked() != Some(at_end) {
            here.at_end.try_set(at_end);
        }
        at_end
    };
    let read_older = move || {
        if reading.get_untracked() || !store.older().get_untracked() {
            return;
        }
        reading.set(true);
        spawn_local(async move {
            // Until the upper end is out of sight again, or there is nothing older.
            while let Ok(true) = read_page(client, thread).await {}
            reading.try_set(false);
        });
    };
    let scrolled = move || {
        let Some(thread) = thread.get_untracked() else { return };
        let now = thread.scroll_top();
        let at_end = at_end();
        let up = now < last_top.get_value();
        last_top.set_value(now);
        let follow = at_end || (here.following.get_untracked() && !up);
        if follow != here.following.get_untracked() {
            here.following.set(follow);
        }
        let above = if fits() { question_above(&thread) } else { None };
        if asked.with_untracked(|asked| *asked != above) {
            asked.set(above);
        }
        // The observer is told late where rows out of sight are not laid out: WebKit needs this.
        if now < AHEAD {
            read_older();
        }
    };
    let let_go = move || {
        if here.following.get_untracked() {
            let Some(thread) = thread.get_untracked() else { return };
            let scrolls = thread.scroll_height() > thread.client_height();
            here.following.set(!scrolls);
        }
    };
    let ids = move || store.items().into_iter().map(|item| item.key()).collect::<Vec<ItemId>>();
    let observers = StoredValue::new_local(None::<Observers>);
    let thread_now = thread;
    Effect::new(move || {
        if let (Some(thread), Some(inner), Some(top)) = (thread.get(), inner.get(), top.get()) {
            let follow = move || {
                let Some(thread) = thread_now.try_get_untracked().flatten() else { return };
                // Someone may have scrolled up since the last scroll event was told: that lets go.
                let up = last_top.try_get_value().is_some_and(|last| thread.scroll_top() < last);
                if here.following.try_get_untracked() == Some(true) && !up {
                    to_newest();
                    last_top.try_set_value(thread.scroll_top());
                }
                at_end();
            };
            observers.set_value(Observers::start(&thread, &inner, &top, follow, read_older));
        }
    });
    view! {
        <div class="thread-frame">
            <Strip asked/>
            <div
                class="thread"
                id=THREAD_ID
                node_ref=thread
                role="log"
                aria-live="off"
                aria-label=t!("chat.messages")
                tabindex="0"
                on:scroll=move |_| scrolled()
                on:selectstart=move |_| let_go()
                on:focusin=move |_| let_go()
            >
                <div class="thread-in" node_ref=inner>
                    <div node_ref=top class="thread-top">
                        {move || reading.get().then(|| view! { <span class="spin" role="img" aria-label=t!("chat.reading_older")></span> })}
                    </div>
                    <For each=ids key=|id| *id let:id>
                        <Row here id/>
                    </For>
                </div>
            </div>
        </div>
    }
}

/// Reads a page of older items and keeps the view where it is. Whether the next one is wanted too.
async fn read_page(client: Client, thread: NodeRef<html::Div>) -> Result<bool, ()> {
    let page = match client.older().await {
        Ok(Some(page)) => page,
        Ok(None) => return Ok(false),
        Err(fault) => {
            client.screen.fault.set(Some(fault));
            return Err(());
        }
    };
    let height = thread.try_get_untracked().flatten().map(|thread| thread.scroll_height()).ok_or(())?;
    client.fold(News::Older(Box::new(page)));
    next_frame().await;
    let thread = thread.try_get_untracked().flatten().ok_or(())?;
    thread.set_scroll_top(thread.scroll_top() + thread.scroll_height() - height);
    Ok(thread.scroll_top() < AHEAD)
}

/// One item.
#[component]
fn Row(here: ChatScreen, id: ItemId) -> impl IntoView {
    let kind = use_client().store.items().at_key(id).try_read_untracked().map(|item| item.kind);
    match kind {
        Some(ItemKind::Question) => view! { <Question here id/> }.into_any(),
        Some(ItemKind::Answer) => view! { <Answer here id/> }.into_any(),
        None => ().into_any(),
    }
}

/// The way back to where text is being written.
#[component]
pub fn StillWriting(here: ChatScreen) -> impl IntoView {
    let store = use_client().store;
    let writes = Memo::new(move |_| store.turns().read().iter().any(|turn| turn.chat == here.chat));
    view! {
        <Show when=move || !here.following.get() && !here.at_end.get()>
            <button
                class="jump"
                on:click=move |_| {
                    here.following.set(true);
                    to_newest();
                    dom::focus_soon(super::MESSAGE_ID);
                }
            >
                <Glyph icon=Icon::ArrowDown size=14/>
                {move || if writes.get() { t!("chat.still_writing") } else { t!("chat.to_newest") }}
            </button>
        </Show>
    }
}

/// What watches the transcript's size and its upper end. Dropping it stops the watching.
struct Observers {
    size: ResizeObserver,
    near: IntersectionObserver,
    _grown: Closure<dyn FnMut()>,
    _seen: Closure<dyn FnMut(js_sys::Array)>,
}

impl Observers {
    fn start(
        thread: &web_sys::Element,
        inner: &web_sys::Element,
        top: &web_sys::Element,
        follow: impl Fn() + 'static,
        older: impl Fn() + 'static,
    ) -> Option<Self> {
        let grown = Closure::<dyn FnMut()>::new(follow);
        let size = ResizeObserver::new(grown.as_ref().unchecked_ref()).ok()?;
        size.observe(inner);
        // The dock below grows with what is written in it, and takes from the transcript.
        size.observe(thread);
        // The first report comes at once, before the view has been put at the bottom.
        let first = Cell::new(true);
        let seen = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let visible = entries
                .iter()
                .filter_map(|entry| entry.dyn_into::<IntersectionObserverEntry>().ok())
                .any(|entry| entry.is_intersecting());
            if !first.replace(false) && visible {
                older();
            }
        });
        let options = IntersectionObserverInit::new();
        options.set_root(Some(thread));
        options.set_root_margin(&format!("{AHEAD}px 0px 0px 0px"));
        let near = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options).ok()?;
        near.observe(top);
        Some(Self { size, near, _grown: grown, _seen: seen })
    }
}

impl Drop for Observers {
    fn drop(&mut self) {
        self.size.disconnect();
        self.near.disconnect();
    }
}
