//! A chat: the transcript, the composer with approvals docked on it, the sources beside it.

mod answer;
mod approval;
mod attach;
mod composer;
mod draft;
mod explain;
mod feet;
mod head;
mod meter;
mod missing;
mod picks;
mod question;
mod rows;
mod sources;
mod status;
mod stretch;
mod strip;
mod transcript;
mod work;

pub use composer::Composer;
pub use draft::forget as forget_draft;

use crate::{client::use_client, dom, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{ChatId, ItemId};
use std::{collections::HashSet, time::Duration};

/// The approval's id on the page.
pub const APPROVAL_ID: &str = "approval";
/// The transcript's id on the page.
pub const THREAD_ID: &str = "thread";
/// The message field's id on the page.
pub const MESSAGE_ID: &str = "message";

/// What only this chat's screen knows. Copied freely.
#[derive(Clone, Copy)]
pub struct ChatScreen {
    /// The chat.
    pub chat: ChatId,
    /// The question being edited.
    pub editing: RwSignal<Option<ItemId>>,
    /// Its words so far: they stay while its row is not on the page.
    pub edited: RwSignal<String>,
    /// Whether the field for that is to take the focus when it appears.
    pub takes_focus: RwSignal<bool>,
    /// The steps that are unfolded, by their answer and place.
    pub unfolded: RwSignal<HashSet<(ItemId, usize)>>,
    /// Whether the view follows new text.
    pub following: RwSignal<bool>,
    /// Whether the end of the transcript is in sight.
    pub at_end: RwSignal<bool>,
    /// The answer whose making is explained.
    pub explaining: RwSignal<Option<ItemId>>,
}

impl ChatScreen {
    /// Begins to edit a question that has these words.
    pub fn edit(self, id: ItemId, text: String) {
        self.edited.set(text);
        self.takes_focus.set(true);
        self.editing.set(Some(id));
    }
}

/// The chat.
#[component]
pub fn Chat(
    /// Which.
    chat: ChatId,
) -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let here = ChatScreen {
        chat,
        editing: RwSignal::new(None),
        edited: RwSignal::default(),
        takes_focus: RwSignal::default(),
        unfolded: RwSignal::default(),
        following: RwSignal::new(true),
        at_end: RwSignal::new(true),
        explaining: RwSignal::new(None),
    };
    screen.cited.set(None);
    client.open_chat(chat);
    dom::focus_soon(MESSAGE_ID);
    let open = Memo::new(move |_| store.open().get() == Some(chat));
    let missing = Memo::new(move |_| {
        let shown = store.shown().read();
        shown.missing.clone().filter(|_| shown.chat == Some(chat))
    });
    view! {
        <section
            class="pane"
            aria-label=t!("chat.name")
            aria-busy=move || (!open.get() && missing.with(Option::is_none)).to_string()
        >
            <head::ChatBar here/>
            {move || missing.get().map(|why| view! { <missing::MissingChat chat why/> })}
            <Show when=move || missing.with(Option::is_none)>
                <Show when=move || open.get() fallback=|| view! { <Loading/> }>
                    <transcript::Transcript here/>
                </Show>
                <div class="dock">
                    <transcript::StillWriting here/>
                    <approval::Approvals here/>
                    <Composer chat=Some(here)/>
                </div>
            </Show>
        </section>
        <Show when=move || screen.sources.get()>
            <sources::Sources here/>
        </Show>
        <explain::Explain here/>
    }
}

/// The shape of a transcript that is on its way, after a moment.
#[component]
fn Loading() -> impl IntoView {
    let slow = RwSignal::new(false);
    set_timeout(
        move || {
            slow.try_set(true);
        },
        Duration::from_millis(120),
    );
    view! {
        <div class="thread">
            <Show when=move || slow.get()>
                {[60, 92, 84, 40].map(|width| view! { <span class="skel" style=format!("width:{width}%")></span> })}
            </Show>
        </div>
    }
}

/// Scrolls to the newest message.
pub fn to_newest() {
    if let Some(thread) = dom::by_id(THREAD_ID) {
        thread.set_scroll_top(thread.scroll_height());
    }
}
