//! Before the first word, and between words: what is happening, with amounts, never bare dots.

use crate::{
    client::use_client,
    dom, i18n,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ItemId, StopTurn, TurnState};
use std::time::Duration;

/// The row of the turn that writes an answer.
#[component]
pub fn TurnRow(id: ItemId) -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let row = store.items().at_key(id);
    let running = Memo::new(move |_| store.turns().read().iter().find(|turn| turn.item == Some(id)).cloned());
    let empty = Memo::new(move |_| row.try_read().is_some_and(|item| item.text.is_empty()));
    let state = move || running.get().map(|turn| turn.state).filter(|state| shown(state, empty.get()));
    // One that waits can be withdrawn; one that runs is stopped from the composer.
    let waits =
        Memo::new(move |_| running.with(|turn| turn.as_ref().filter(|turn| waits(&turn.state)).map(|t| t.turn)));
    let busy = RwSignal::new(false);
    view! {
        <StateRow state=Signal::derive(state)>
            {move || {
                waits
                    .get()
                    .map(|turn| {
                        view! {
                            <button
                                type="button"
                                class="btn sm ghost withdraw"
                                aria-busy=move || busy.get().to_string()
                                on:click=move |_| client.once(busy, StopTurn { turn, now: true }, |()| ())
                            >
                                {t!("act.cancel")}
                            </button>
                        }
                    })
            }}
        </StateRow>
    }
}

/// Once words come they are sign enough; searching has its own row among the steps.
fn shown(state: &TurnState, empty: bool) -> bool {
    match state {
        TurnState::Writing => empty,
        TurnState::Searching => false,
        TurnState::Queued { .. }
        | TurnState::Loading { .. }
        | TurnState::Reading { .. }
        | TurnState::Working
        | TurnState::Asking
        | TurnState::Checking
        | TurnState::Stopping => true,
    }
}

/// Whether a turn waits for others.
fn waits(state: &TurnState) -> bool {
    matches!(state, TurnState::Queued { .. })
}

/// A state in words.
#[component]
fn StateRow(state: Signal<Option<TurnState>>, children: ChildrenFn) -> impl IntoView {
    let store = use_client().store;
    let kind = Memo::new(move |_| state.with(|state| state.as_ref().map(std::mem::discriminant)));
    let words = move || {
        let model =
            store.with_untracked(|space| space.chat_model().map(|model| model.name.clone())).unwrap_or_default();
        state.with(|state| state.as_ref().map(|state| words(state, &model)))
    };
    view! {
        {move || {
            kind.get()?;
            let more = children();
            Some(view! {
                <div class="work">
                    <div class="work-row">
                        {move || words().map(|(words, amount, share)| view! {
                            {match share {
                                Some(_) => view! { <Glyph icon=Icon::Gauge size=14/> }.into_any(),
                                None => view! { <span class="spin"></span> }.into_any(),
                            }}
                            <b class="cut">{words}</b>
                            <span class="num nowrap">{amount}</span>
                            {share.map(|share| view! {
                                <span class="progress">
                                    <i style=format!("width:{:.0}%", share * 100.0)></i>
                                </span>
                            })}
                        })}
                        <Elapsed/>
                        {more}
                    </div>
                </div>
            })
        }}
    }
}

/// What is happening, how much of it is done, and the share where it is known.
fn words(state: &TurnState, model: &str) -> (String, String, Option<f64>) {
    let part = |done: f64, total: f64| (total > 0.0).then(|| (done / total).clamp(0.0, 1.0));
    match state {
        TurnState::Queued { ahead } => (t!("turn.queued"), t!("turn.ahead", n = *ahead), None),
        TurnState::Searching => (t!("work.searching"), String::new(), None),
        TurnState::Loading { done, total } => {
            let amount = match *total {
                0 => String::new(),
                total => t!("turn.of", done = i18n::bytes(*done), total = i18n::bytes(total)),
            };
            (t!("turn.loading", model = model), amount, part(*done as f64, *total as f64))
        }
        TurnState::Reading { done, total } => (
            t!("turn.reading"),
            t!("turn.tokens", done = *done, total = *total),
            part(f64::from(*done), f64::from(*total)),
        ),
        TurnState::Writing => (t!("turn.writing"), String::new(), None),
        TurnState::Working => (t!("turn.working"), String::new(), None),
        TurnState::Asking => (t!("turn.asking"), String::new(), None),
        TurnState::Checking => (t!("work.checking"), String::new(), None),
        TurnState::Stopping => (t!("turn.stopping"), String::new(), None),
    }
}

/// Seconds since this row appeared, from the first whole one on.
#[component]
fn Elapsed() -> impl IntoView {
    let began = dom::now();
    let seconds = RwSignal::new(0_u32);
    let timer = set_interval_with_handle(
        move || {
            seconds.try_set(((dom::now() - began) / 1_000) as u32);
        },
        Duration::from_secs(1),
    )
    .ok();
    on_cleanup(move || {
        if let Some(timer) = timer {
            timer.clear();
        }
    });
    view! {
        <span class="num elapsed">
            {move || match seconds.get() {
                0 => String::new(),
                seconds => t!("unit.s", n = seconds),
            }}
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_before_the_first_word() {
        let table = [
            (TurnState::Loading { done: 1, total: 4 }, Some(0.25)),
            (TurnState::Loading { done: 1, total: 0 }, None),
            (TurnState::Reading { done: 9, total: 3 }, Some(1.0)),
            (TurnState::Checking, None),
        ];
        for (state, share) in table {
            let (said, _, measured) = words(&state, "Model");
            assert!(!said.is_empty());
            assert_eq!(measured, share);
        }
    }

    #[test]
    fn words_are_sign_enough() {
        assert!(shown(&TurnState::Writing, true) && !shown(&TurnState::Writing, false));
        assert!(shown(&TurnState::Checking, false));
    }
}
