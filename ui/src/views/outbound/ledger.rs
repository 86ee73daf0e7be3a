//! Every attempt to go outside: who, why, where, how much, and what was decided.

use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon, PlaceMark},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{GateVerdict, LedgerEntry, Place, ReadLedger};

/// How many lines are read at once.
const PAGE: u32 = 100;

/// Which lines are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Allowed,
    Refused,
}

impl Filter {
    fn shows(self, entry: &LedgerEntry) -> bool {
        match self {
            Filter::All => true,
            Filter::Allowed => entry.verdict == GateVerdict::Allowed,
            Filter::Refused => entry.verdict != GateVerdict::Allowed,
        }
    }
}

/// The ledger, newest first, read again whenever something went out.
#[component]
pub(super) fn Ledger() -> impl IntoView {
    let client = use_client();
    let entries = RwSignal::new(None::<Vec<LedgerEntry>>);
    let more = RwSignal::new(false);
    let filter = RwSignal::new(Filter::All);
    let read = move |before| {
        client.ask(ReadLedger { before, limit: PAGE }, move |page: Vec<LedgerEntry>| {
            more.set(page.len() == PAGE as usize);
            entries.update(|entries| match (before, entries) {
                (Some(_), Some(entries)) => entries.extend(page),
                (_, entries) => *entries = Some(page),
            });
        });
    };
    Effect::new(move || {
        client.store.egress().track();
        read(None);
    });
    let shown = move || {
        let filter = filter.get();
        entries.get().map(|entries| entries.into_iter().filter(|entry| filter.shows(entry)).collect::<Vec<_>>())
    };
    view! {
        <div class="filters">
            <h2 class="h3">{t!("outbound.requests")}</h2>
            <span class="grow"></span>
            <div class="btn-group" role="group" aria-label=t!("outbound.filter")>
                {[
                    (Filter::All, t!("outbound.all")),
                    (Filter::Allowed, t!("outbound.allowed")),
                    (Filter::Refused, t!("outbound.refused")),
                ]
                    .into_iter()
                    .map(|(value, words)| {
                        view! {
                            <button
                                class="filter"
                                class:on=move || filter.get() == value
                                aria-pressed=move || (filter.get() == value).to_string()
                                on:click=move |_| filter.set(value)
                            >
                                {words}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </div>
        {move || match shown() {
            None => ().into_any(),
            Some(entries) if entries.is_empty() => {
                view! { <p class="body dim" data-testid="ledger-empty">{t!("outbound.empty")}</p> }.into_any()
            }
            Some(entries) => view! { <Table entries/> }.into_any(),
        }}
        <Show when=move || more.get()>
            <div class="body">
                <button
                    class="btn sm"
                    on:click=move |_| {
                        let last = entries.with_untracked(|entries| entries.as_ref()?.last().map(|entry| entry.id));
                        if last.is_some() {
                            read(last);
                        }
                    }
                >
                    {t!("outbound.older")}
                </button>
            </div>
        </Show>
    }
}

#[component]
fn Table(entries: Vec<LedgerEntry>) -> impl IntoView {
    view! {
        <div class="table-scroll">
            <table class="grid">
                <thead>
                    <tr>
                        <th scope="col">{t!("outbound.when")}</th>
                        <th scope="col">{t!("outbound.who")}</th>
                        <th scope="col">{t!("outbound.why")}</th>
                        <th scope="col">{t!("outbound.where")}</th>
                        <th scope="col" class="r">{t!("outbound.out")}</th>
                        <th scope="col" class="r">{t!("outbound.in")}</th>
                        <th scope="col">{t!("outbound.decision")}</th>
                    </tr>
                </thead>
                <tbody>{entries.into_iter().map(|entry| view! { <Line entry/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Line(entry: LedgerEntry) -> impl IntoView {
    let decision = match entry.verdict {
        GateVerdict::Allowed => view! {
            <span class="status warn">
                <PlaceMark place=Place::Outside size=13/>
                {t!("outbound.allowed_by_rule")}
            </span>
        }
        .into_any(),
        GateVerdict::Denied => view! {
            <span class="status">
                <Glyph icon=Icon::Ban size=14/>
                {t!("outbound.stopped")}
            </span>
        }
        .into_any(),
        GateVerdict::Sealed => view! {
            <span class="status">
                <Glyph icon=Icon::Lock size=14/>
                {t!("outbound.stopped_sealed")}
            </span>
        }
        .into_any(),
    };
    view! {
        <tr>
            <td class="num">{i18n::date_time(entry.at)}</td>
            <td>{entry.who}</td>
            <td>{entry.why}</td>
            <td class="mono">{entry.host}</td>
            <td class="r">{i18n::bytes(entry.sent)}</td>
            <td class="r">{i18n::bytes(entry.received)}</td>
            <td>{decision}</td>
        </tr>
    }
}
