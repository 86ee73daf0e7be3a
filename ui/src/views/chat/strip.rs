//! The question whose answer is being read, in one line over the transcript once it has scrolled away.

use super::rows;
use crate::{
    client::{Client, use_client},
    dom,
    parts::icon::{Avatar, Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ItemId, ItemKind};
use web_sys::HtmlElement;

/// The strip covers this much of the transcript, in CSS pixels: what is read begins below it.
const HEIGHT: f64 = 36.0;

/// The strip; the width of the window decides in CSS whether it shows.
#[component]
pub fn Strip(
    /// The question.
    asked: RwSignal<Option<ItemId>>,
    /// Goes back to it.
    to: impl Fn(ItemId) + Copy + Send + 'static,
) -> impl IntoView {
    let store = use_client().store;
    let said = Memo::new(move |_| {
        let id = asked.get()?;
        store.items().at_key(id).try_read().map(|item| (crate::i18n::own(&item.author), item.text.clone()))
    });
    let back = move |_| {
        if let Some(id) = asked.get_untracked() {
            to(id);
        }
    };
    view! {
        {move || {
            said.get()
                .map(|(author, text)| {
                    view! {
                        <button type="button" class="strip" title=t!("question.back") on:click=back>
                            <Avatar name=author/>
                            <span class="vh">{t!("question.back")}</span>
                            <span class="cut grow">{text}</span>
                            <Glyph icon=Icon::ArrowUp size=14/>
                        </button>
                    }
                })
        }}
    }
}

/// The question of the answer at the upper edge of the transcript, if the question itself is out of sight.
pub fn question_above(client: Client, thread: &HtmlElement) -> Option<ItemId> {
    let frame = thread.get_bounding_client_rect();
    let middle = frame.left() + frame.width() / 2.0;
    // Between two messages is a gap, so one point is not enough.
    let row = [2.0, 14.0, 26.0].iter().find_map(|below| {
        let at = document().element_from_point(middle as f32, (frame.top() + HEIGHT + below) as f32)?;
        at.closest(".msg").ok().flatten()
    })?;
    let row = rows::item(&row)?;
    let question = client.store.items().with_untracked(|items| {
        let upto = items.iter().position(|item| item.id == row)?;
        items[..=upto].iter().rev().find(|item| item.kind == ItemKind::Question).map(|item| item.id)
    })?;
    // One that is far above is not on the page at all.
    let hidden =
        rows::row_of(question).is_none_or(|row| row.get_bounding_client_rect().bottom() <= frame.top() + HEIGHT);
    hidden.then_some(question)
}

/// Whether the strip could show at this width of the window.
pub fn fits() -> bool {
    dom::narrower_than(960)
}
