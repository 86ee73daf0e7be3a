//! The messages: newest at the bottom, older ones read as the view comes near them, and the view
//! follows new text only while it is at the bottom.

use super::{
    ChatScreen, THREAD_ID,
    answer::Answer,
    question::Question,
    rows::{Rows, row_of},
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
use leptos::prelude::*;
use protocol::{ItemId, ItemKind};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::ResizeObserver;

/// How many older items are read at once while someone scrolls. Few of them are drawn.
const OLDER: u32 = 60;
/// How many on the way to the beginning: as many as the backend gives.
const ALL: u32 = 500;
/// Older items are read while the upper end is nearer than this.
const AHEAD: i32 = 1_600;
/// This near to the bottom counts as at the bottom.
const NEAR: i32 = 24;

/// The transcript.
#[component]
pub fn Transcript(here: ChatScreen) -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let ids = Memo::new(move |_| store.items().into_iter().map(|item| item.key()).collect::<Vec<ItemId>>());
    let view = View {
        here,
        client,
        rows: Rows::new(ids),
        last_top: StoredValue::new(0),
        read: StoredValue::new(None),
        width: StoredValue::new(0),
        reading: RwSignal::new(false),
        asked: RwSignal::new(None),
    };
    let (thread, list, drawn) = (view.rows.thread, view.rows.list, view.rows.drawn);
    let watch = StoredValue::new_local(None::<Sizes>);
    Effect::new(move || {
        if let (Some(thread), Some(list)) = (thread.get(), list.get()) {
            watch.set_value(Sizes::watch(&thread, &list, move || view.resized()));
        }
    });
    // Other items are here now: new ones, older ones, or those of another branch.
    Effect::new(move || {
        ids.track();
        view.resized();
    });
    // A question that is edited must be there to be written in.
    Effect::new(move || {
        if let Some(id) = here.editing.get() {
            view.show(id);
        }
    });
    view! {
        <div class="thread-frame">
            <Strip asked=view.asked to=move |id| view.reveal(id)/>
            <div
                class="thread"
                id=THREAD_ID
                node_ref=thread
                role="log"
                aria-live="off"
                aria-label=t!("chat.messages")
                tabindex="0"
                on:scroll=move |_| view.scrolled()
                on:keydown=move |event| {
                    if event.key() == "Home" && dom::matches(event.target(), ".thread") {
                        event.prevent_default();
                        view.to_beginning();
                    }
                }
                on:selectstart=move |_| view.let_go()
                on:focusin=move |_| view.let_go()
            >
                <div class="thread-in">
                    <div class="thread-top">
                        {move || {
                            view.reading
                                .get()
                                .then(|| view! { <span class="spin" role="img" aria-label=t!("chat.reading_older")></span> })
                        }}
                    </div>
                    <div
                        node_ref=list
                        style=move || drawn.with(|drawn| format!("padding-block:{}px {}px", drawn.above, drawn.below))
                    >
                        <For each=move || drawn.with(|drawn| drawn.ids.clone()) key=|id| *id let:id>
                            <Row here id/>
                        </For>
                    </div>
                </div>
            </div>
        </div>
    }
}

/// What moves the view, and what moves with it.
#[derive(Clone, Copy)]
struct View {
    here: ChatScreen,
    client: Client,
    rows: Rows,
    /// Where the view was when it was last looked at.
    last_top: StoredValue<i32>,
    /// What is read, and how wide the view was then: where lines break elsewhere it is held.
    read: StoredValue<Option<(ItemId, f64)>>,
    width: StoredValue<i32>,
    reading: RwSignal<bool>,
    /// The question whose answer is read.
    asked: RwSignal<Option<ItemId>>,
}

impl View {
    /// Notes whether the end is in sight.
    fn at_end(self) -> bool {
        let Some(thread) = self.rows.thread.try_get_untracked().flatten() else { return true };
        let at_end = thread.scroll_height() - thread.scroll_top() - thread.client_height() <= NEAR;
        if self.here.at_end.try_get_untracked() != Some(at_end) {
            self.here.at_end.try_set(at_end);
        }
        at_end
    }

    fn scrolled(self) {
        let Some(thread) = self.rows.thread.get_untracked() else { return };
        let now = thread.scroll_top();
        let at_end = self.at_end();
        let up = now < self.last_top.get_value();
        self.last_top.set_value(now);
        let follow = at_end || (self.here.following.get_untracked() && !up);
        if follow != self.here.following.get_untracked() {
            self.here.following.set(follow);
        }
        self.draw();
        self.note_read();
        self.ask();
        if now < AHEAD {
            self.read_older();
        }
    }

    /// Notes what is read.
    fn note_read(self) {
        self.read.try_set_value(self.rows.read());
    }

    /// Notes whose answer is read.
    fn ask(self) {
        let Some(thread) = self.rows.thread.try_get_untracked().flatten() else { return };
        let above = if fits() { question_above(self.client, &thread) } else { None };
        if self.asked.try_get_untracked() != Some(above) {
            self.asked.try_set(above);
        }
    }

    /// Goes to a row.
    fn reveal(self, id: ItemId) {
        self.here.following.set(false);
        self.rows.reveal(id, move || self.drawn());
    }

    /// Goes to a row that is not on the page.
    fn show(self, id: ItemId) {
        if row_of(id).is_none() {
            self.reveal(id);
        }
    }

    fn draw(self) {
        self.rows.draw(move || self.drawn());
    }

    /// The rows have moved in the page and not in the view, unless it follows the end.
    fn drawn(self) {
        let Some(thread) = self.rows.thread.try_get_untracked().flatten() else { return };
        if self.here.following.try_get_untracked() == Some(true) {
            to_newest();
        }
        self.last_top.try_set_value(thread.scroll_top());
        self.at_end();
        self.note_read();
        self.ask();
        // Rows that were drawn for the first time may be lower than was estimated.
        request_animation_frame(move || self.draw());
    }

    /// The view, or what is in it, has another size.
    fn resized(self) {
        let Some(thread) = self.rows.thread.try_get_untracked().flatten() else { return };
        // Someone may have scrolled up since the last scroll event was told: that lets go.
        let up = self.last_top.try_get_value().is_some_and(|last| thread.scroll_top() < last);
        let at_end = self.at_end();
        if self.here.following.try_get_untracked() == Some(true) {
            if up && !at_end {
                self.here.following.try_set(false);
            } else {
                to_newest();
                self.last_top.try_set_value(thread.scroll_top());
                self.at_end();
            }
        } else if self.width.try_get_value() != Some(thread.client_width()) {
            self.width.try_set_value(thread.client_width());
            return self.rows.put_back(self.read.try_get_value().flatten(), move || self.draw());
        }
        self.width.try_set_value(thread.client_width());
        self.draw();
    }

    /// A person has put the hand on something: new text does not take it away.
    fn let_go(self) {
        if self.here.following.get_untracked() && !self.rows.moves_focus() {
            let Some(thread) = self.rows.thread.get_untracked() else { return };
            let scrolls = thread.scroll_height() > thread.client_height();
            self.here.following.set(!scrolls);
        }
    }

    /// Reads older items until the upper end is far again, or there is nothing older.
    fn read_older(self) {
        if self.reading.get_untracked() || !self.client.store.older().get_untracked() {
            return;
        }
        self.reading.set(true);
        spawn_local(async move {
            while let Ok(true) = self.read_page(OLDER).await {}
            self.reading.try_set(false);
        });
    }

    /// Goes to the first item of the chat, whatever has to be read for that.
    fn to_beginning(self) {
        self.here.following.set(false);
        if self.reading.get_untracked() {
            return;
        }
        self.reading.set(true);
        spawn_local(async move {
            while self.client.store.older().try_get_untracked() == Some(true) && self.read_page(ALL).await.is_ok() {}
            self.reading.try_set(false);
            if let Some(thread) = self.rows.thread.try_get_untracked().flatten() {
                thread.set_scroll_top(0);
            }
        });
    }

    /// Reads a page of older items. Whether the next one is wanted too.
    async fn read_page(self, limit: u32) -> Result<bool, ()> {
        let page = match self.client.older(limit).await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(false),
            Err(fault) => {
                self.client.screen.fault.set(Some(fault));
                return Err(());
            }
        };
        self.client.fold(News::Older(Box::new(page)));
        next_frame().await;
        let thread = self.rows.thread.try_get_untracked().flatten().ok_or(())?;
        Ok(thread.scroll_top() < AHEAD)
    }
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

/// What watches the transcript's size and that of what is in it. Dropping it stops the watching.
struct Sizes {
    observer: ResizeObserver,
    _changed: Closure<dyn FnMut()>,
}

impl Sizes {
    fn watch(thread: &web_sys::Element, list: &web_sys::Element, changed: impl Fn() + 'static) -> Option<Self> {
        let changed = Closure::<dyn FnMut()>::new(changed);
        let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        observer.observe(list);
        // The dock below grows with what is written in it, and takes from the transcript.
        observer.observe(thread);
        Some(Self { observer, _changed: changed })
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
