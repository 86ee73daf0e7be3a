//! The question whose answer is being read, in one line over the transcript once it has scrolled away.

use super::THREAD_ID;
use crate::{
    client::use_client,
    dom,
    parts::icon::{Avatar, Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::ItemId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// The strip covers this much of the transcript, in CSS pixels: what is read begins below it.
const HEIGHT: f64 = 36.0;

/// The strip; the width of the window decides in CSS whether it shows.
#[component]
pub fn Strip(asked: RwSignal<Option<ItemId>>) -> impl IntoView {
    let store = use_client().store;
    let said = Memo::new(move |_| {
        let id = asked.get()?;
        store.items().at_key(id).try_read().map(|item| (crate::i18n::own(&item.author), item.text.clone()))
    });
    let back = move |_| {
        let Some(id) = asked.get_untracked() else { return };
        let found = document().query_selector(&format!("#{THREAD_ID} [data-item='{id}']"));
        if let Ok(Some(question)) = found {
            question.scroll_into_view();
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
pub fn question_above(thread: &HtmlElement) -> Option<ItemId> {
    let frame = thread.get_bounding_client_rect();
    let middle = frame.left() + frame.width() / 2.0;
    // Between two messages is a gap, so one point is not enough.
    let row = [2.0, 14.0, 26.0].iter().find_map(|below| {
        let at = document().element_from_point(middle as f32, (frame.top() + HEIGHT + below) as f32)?;
        at.closest(".msg").ok().flatten()
    })?;
    let mut above = Some(row);
    while let Some(row) = above {
        if row.class_list().contains("question") {
            let hidden = row.get_bounding_client_rect().bottom() <= frame.top() + HEIGHT;
            return hidden.then(|| item(&row)).flatten();
        }
        above = row.previous_element_sibling();
    }
    None
}

fn item(row: &Element) -> Option<ItemId> {
    row.dyn_ref::<HtmlElement>()?.dataset().get("item")?.parse().ok()
}

/// Whether the strip could show at this width of the window.
pub fn fits() -> bool {
    dom::narrower_than(960)
}
