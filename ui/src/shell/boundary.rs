//! The boundary bar: where things are, and what has left this machine today.

use crate::{
    client::use_space,
    i18n,
    parts::{
        icon::{Glyph, Icon, PlaceMark},
        import::import_words,
    },
    route::Route,
    state::{Link, WorkspaceStoreFields},
};
use leptos::prelude::*;
use protocol::{EgressTotals, EngineState, Place};

/// What the place part says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaceState {
    Normal,
    SentEarlier,
    Connected,
}

fn place_state(egress: &EgressTotals) -> PlaceState {
    match (egress.open, egress.sent_today) {
        (1.., _) => PlaceState::Connected,
        (0, 1..) => PlaceState::SentEarlier,
        (0, 0) => PlaceState::Normal,
    }
}

/// The bar along the bottom. Nothing ever covers it.
#[component]
pub fn Boundary() -> impl IntoView {
    let store = use_space();
    let egress = Memo::new(move |_| store.egress().get());
    let state = Memo::new(move |_| egress.with(place_state));
    let lost = Memo::new(move |_| *store.link().read() == Link::Lost);
    view! {
        <footer
            class="boundary"
            class:out=move || state.get() == PlaceState::Connected
            aria-label=t!("boundary.name")
        >
            <a class="where" href=Route::Outbound.href() title=t!("boundary.open")>
                <span class="where-words" role="status">{move || egress.with(place_words)}</span>
            </a>
            {move || {
                egress.get().sealed.then(|| {
                    view! {
                        <a class="seg" href=Route::Outbound.href()>
                            <Glyph icon=Icon::Lock size=13/>
                            {t!("boundary.sealed")}
                        </a>
                    }
                })
            }}
            <span class="grow"></span>
            {move || lost.get().then(|| view! { <span class="seg"><span class="spin"></span>{t!("boundary.lost")}</span> })}
            <ImportPart/>
            <ModelPart/>
        </footer>
    }
}

fn place_words(egress: &EgressTotals) -> AnyView {
    let sent = i18n::bytes(egress.sent_today);
    match place_state(egress) {
        PlaceState::Normal => view! {
            <PlaceMark place=Place::Here size=13/>
            <b>{t!("boundary.here")}</b>
            <span class="num">{t!("boundary.outside", amount = sent)}</span>
        }
        .into_any(),
        PlaceState::SentEarlier => view! {
            <PlaceMark place=Place::Here size=13/>
            <b>{t!("boundary.here")}</b>
            <span class="num sent">
                <PlaceMark place=Place::Outside size=12/>
                {t!("boundary.outside", amount = sent)}
            </span>
        }
        .into_any(),
        PlaceState::Connected => {
            let received = i18n::bytes(egress.received_today);
            view! {
                <PlaceMark place=Place::Outside size=13/>
                <b>{t!("boundary.connected", n = egress.open)}</b>
                <span class="num">{t!("boundary.traffic", sent = sent, received = received)}</span>
            }
            .into_any()
        }
    }
}

/// How far the import is, while there is one.
#[component]
fn ImportPart() -> impl IntoView {
    let store = use_space();
    let words = move || {
        let now = store.import().get();
        import_words(&now).map(|(words, _)| {
            view! {
                <a class="seg" href=Route::Documents.href()>
                    {(!now.paused && now.stopped.is_none()).then(|| view! { <span class="spin"></span> })}
                    <span class="num">{words}</span>
                </a>
            }
        })
    };
    view! { {words} }
}

/// The model, and how fast it wrote last or how far it is loaded.
#[component]
fn ModelPart() -> impl IntoView {
    let store = use_space();
    let words = move || {
        let (model, state) = match &*store.engine().read() {
            EngineState::Off => (None, String::new()),
            EngineState::Loading { model, done, total } => {
                let state = match *total {
                    0 => t!("boundary.loading"),
                    total => {
                        t!("boundary.loading_of", done = i18n::bytes(*done), total = i18n::bytes(total))
                    }
                };
                (Some(model.clone()), state)
            }
            EngineState::Ready { model, tokens_per_second } => {
                (Some(model.clone()), tokens_per_second.map(i18n::rate).unwrap_or_default())
            }
            EngineState::Crashed { .. } => (None, t!("boundary.crashed")),
        };
        let model = model.or_else(|| {
            store.models().track();
            store.with_untracked(|space| space.chat_model().map(|model| model.name.clone()))
        });
        view! {
            <a class="seg" href=Route::Models.href()>
                <Glyph icon=Icon::Gauge size=13/>
                <span class="cut">{model.unwrap_or_else(|| t!("boundary.no_model"))}</span>
                <span class="num">{state}</span>
            </a>
        }
    };
    view! { {words} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_amber_only_while_something_is_open() {
        let totals = |open, sent_today| EgressTotals { open, sent_today, ..EgressTotals::default() };
        let table = [
            (totals(0, 0), PlaceState::Normal),
            (totals(0, 3_700), PlaceState::SentEarlier),
            (totals(1, 0), PlaceState::Connected),
        ];
        for (totals, expected) in table {
            assert_eq!(place_state(&totals), expected);
        }
    }
}
