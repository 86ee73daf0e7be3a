//! The boundary bar: where things are, and what has left this machine today.

use crate::{
    client::{use_client, use_space},
    faults, i18n,
    parts::{
        icon::{Glyph, Icon, PlaceMark},
        import::import_words,
    },
    route::Route,
    state::{Link, WorkspaceStoreFields},
};
use leptos::prelude::*;
use protocol::{EgressTotals, EngineState, ModelUse, Place};

/// What the place part says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlaceState {
    Normal,
    SentEarlier,
    Connected,
    /// The process that owns the connections does not answer: what it counted last is no measure.
    Unknown,
}

fn place_state(egress: &EgressTotals, lost: bool) -> PlaceState {
    match (lost, egress.open, egress.sent_today) {
        (true, _, _) => PlaceState::Unknown,
        (false, 1.., _) => PlaceState::Connected,
        (false, 0, 1..) => PlaceState::SentEarlier,
        (false, 0, 0) => PlaceState::Normal,
    }
}

/// The bar along the bottom. Nothing ever covers it.
#[component]
pub fn Boundary() -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let egress = Memo::new(move |_| store.egress().get());
    let lost = Memo::new(move |_| *store.link().read() == Link::Lost);
    let state = Memo::new(move |_| egress.with(|egress| place_state(egress, lost.get())));
    let broken = Memo::new(move |_| {
        let log = screen.log.read();
        let report = log.as_ref().filter(|report| !report.intact)?;
        Some(match &report.first_bad {
            Some(bad) => t!("boundary.log_broken_at", seq = bad.seq as f64),
            None => t!("boundary.log_broken"),
        })
    });
    view! {
        <footer
            class="boundary"
            class:out=move || state.get() == PlaceState::Connected
            class:broken=move || broken.read().is_some()
            aria-label=t!("boundary.name")
        >
            <a class="where" href=Route::Outbound.href() title=t!("boundary.open")>
                <span class="where-words" role="status">{move || egress.with(|egress| place_words(state.get(), egress))}</span>
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
            {move || {
                broken
                    .get()
                    .map(|words| {
                        view! {
                            <a class="seg bad" role="alert" href=Route::Outbound.href()>
                                <Glyph icon=Icon::FileX size=13/>
                                <span class="cut">{words}</span>
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

fn place_words(state: PlaceState, egress: &EgressTotals) -> AnyView {
    let sent = i18n::bytes(egress.sent_today);
    match state {
        PlaceState::Unknown => view! {
            <Glyph icon=Icon::CircleAlert size=13/>
            <b>{t!("boundary.unmeasured")}</b>
        }
        .into_any(),
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
    // Answers come from a server elsewhere: its name, never the model that lies idle here.
    let endpoint =
        Memo::new(move |_| store.settings().read().chat_model.as_deref()?.strip_prefix("endpoint:").map(str::to_owned));
    let words = move || {
        if let Some(endpoint) = endpoint.get() {
            return view! {
                <a class="seg" href=Route::Models.href()>
                    <PlaceMark place=Place::Outside size=12/>
                    <span class="cut">{endpoint}</span>
                </a>
            }
            .into_any();
        }
        let engine = store.engine().get();
        store.models().track();
        // The model that finds passages may be the only one in memory: it is not the one that answers.
        let finds = |name: &str| {
            store.with_untracked(|space| {
                space.models.models.iter().any(|model| model.name == name && model.purpose == ModelUse::Embedding)
            })
        };
        let (model, state) = match &engine {
            EngineState::Off => (None, String::new()),
            EngineState::Loading { model, .. } | EngineState::Ready { model, .. } if finds(model) => {
                (None, String::new())
            }
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
            EngineState::Refused { fault } => (None, faults::words(fault).message),
        };
        let model = model.or_else(|| store.with_untracked(|space| space.chat_model().map(|model| model.name.clone())));
        view! {
            <a class="seg" href=Route::Models.href()>
                <Glyph icon=Icon::Gauge size=13/>
                <span class="cut">{model.unwrap_or_else(|| t!("boundary.no_model"))}</span>
                <span class="num">{state}</span>
            </a>
        }
        .into_any()
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
            (totals(0, 0), false, PlaceState::Normal),
            (totals(0, 3_700), false, PlaceState::SentEarlier),
            (totals(1, 0), false, PlaceState::Connected),
            (totals(0, 0), true, PlaceState::Unknown),
            (totals(1, 3_700), true, PlaceState::Unknown),
        ];
        for (totals, lost, expected) in table {
            assert_eq!(place_state(&totals, lost), expected, "{totals:?}, {lost}");
        }
    }
}
