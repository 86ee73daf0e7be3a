//! The three steps at the side, and which of them is done.

use super::{find, machine};
use crate::{
    client::use_space,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::ModelUse;

/// The steps.
#[component]
pub(super) fn Steps() -> impl IntoView {
    let store = use_space();
    let models = Memo::new(move |_| store.models().get());
    let model = move || find(&models.get().models, ModelUse::Chat);
    let count = move || store.documents().read().len();
    // The first one that is not done; none when all are.
    let now = Memo::new(move |_| match (model().is_some(), count() > 0) {
        (false, _) => 2,
        (true, false) => 3,
        (true, true) => 0,
    });
    view! {
        <ol class="fr-steps">
            <Step number=1 now done=Signal::derive(|| true) name=t!("first.machine") state=Signal::derive(move || machine(&models.get()))/>
            <Step
                number=2
                now
                done=Signal::derive(move || model().is_some())
                name=t!("first.model")
                state=Signal::derive(move || model().map_or_else(|| t!("first.model_missing"), |model| model.name))
            />
            <Step
                number=3
                now
                done=Signal::derive(move || count() > 0)
                name=t!("first.documents")
                state=Signal::derive(move || match count() {
                    0 => t!("first.documents_none"),
                    count => t!("first.here", n = count as f64),
                })
            />
        </ol>
    }
}

#[component]
fn Step(number: u8, now: Memo<u8>, done: Signal<bool>, name: String, state: Signal<String>) -> impl IntoView {
    let here = move || now.get() == number;
    view! {
        <li class:done=done class:now=here aria-current=move || here().then_some("step")>
            <span class="m">
                {move || {
                    if done.get() { view! { <Glyph icon=Icon::Check size=14/> }.into_any() } else { number.into_any() }
                }}
            </span>
            <span>
                {name}
                <small>{state}</small>
            </span>
        </li>
    }
}
