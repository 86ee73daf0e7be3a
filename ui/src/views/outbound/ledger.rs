//! Every attempt to go outside: who, why, where, how much, and what was decided.

use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon, PlaceMark},
    state::WorkspaceStoreFields,
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use protocol::{EntryId, GateVerdict, ItemId, LedgerEntry, Place, ReadLedger};
use std::{collections::BTreeMap, time::Duration};

/// How many lines are read at once.
const PAGE: u32 = 100;
/// The most that are kept here.
const KEPT: usize = 5_000;
/// The pause in what goes out after which the ledger is read again.
const PAUSE: Duration = Duration::from_millis(400);

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

/// The lines that are here with a page that was read: each once, newest first, as read last.
fn merged(known: Vec<LedgerEntry>, page: Vec<LedgerEntry>) -> Vec<LedgerEntry> {
    let mut all: BTreeMap<EntryId, LedgerEntry> = known.into_iter().map(|entry| (entry.id, entry)).collect();
    all.extend(page.into_iter().map(|entry| (entry.id, entry)));
    all.into_values().rev().take(KEPT).collect()
}

/// The ledger, newest first, read again when something went out.
#[component]
pub(super) fn Ledger() -> impl IntoView {
    let client = use_client();
    let entries = RwSignal::new(None::<Vec<LedgerEntry>>);
    let more = RwSignal::new(false);
    let filter = RwSignal::new(Filter::All);
    let read = move |before| {
        client.ask(ReadLedger { before, limit: PAGE }, move |page: Vec<LedgerEntry>| {
            // Only a page that goes further back says whether there is more behind it.
            let furthest = before.is_some() || entries.try_with_untracked(Option::is_none) == Some(true);
            let full = page.len() == PAGE as usize;
            let count = entries.try_update(|entries| {
                let all = merged(entries.take().unwrap_or_default(), page);
                entries.insert(all).len()
            });
            if furthest {
                more.try_set(full && count.is_some_and(|count| count < KEPT));
            }
        });
    };
    read(None);
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = waiting.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);
    Effect::new(move |first: Option<()>| {
        client.store.egress().track();
        if first.is_some() {
            // While bytes flow there are many events; one reading follows a pause in them.
            stop();
            waiting.set_value(set_timeout_with_handle(move || read(None), PAUSE).ok());
        }
    });
    let shown = move || {
        let filter = filter.get();
        entries.get().map(|entries| {
            let any = !entries.is_empty();
            (any, entries.into_iter().filter(|entry| filter.shows(entry)).collect::<Vec<_>>())
        })
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
            Some((false, _)) => {
                view! { <p class="body dim" data-testid="ledger-empty">{t!("outbound.empty")}</p> }.into_any()
            }
            Some((true, entries)) if entries.is_empty() => {
                view! {
                    <p class="body dim">
                        {t!("outbound.none_fit")} " "
                        <button class="link" on:click=move |_| filter.set(Filter::All)>{t!("outbound.show_all")}</button>
                    </p>
                }
                    .into_any()
            }
            Some((true, entries)) => view! { <Table entries/> }.into_any(),
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
            <table class="grid ledger">
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
    // A line that has not ended counts at least these bytes.
    let open = entry.open.then(|| view! { <span class="sub">{t!("outbound.not_ended")}</span> });
    view! {
        <tr>
            <td class="num">{i18n::date_time(entry.at)}</td>
            <td>{i18n::own(&entry.who)}</td>
            <td>{why(&entry.why)}</td>
            <td class="mono">{entry.host}</td>
            <td class="r">{i18n::bytes(entry.sent)}</td>
            <td class="r">{i18n::bytes(entry.received)}</td>
            <td>{decision} {open}</td>
        </tr>
    }
}

/// What for. An answer is known by its id, which says nothing to a person.
fn why(written: &str) -> String {
    match written.strip_prefix("Answer ").map(str::parse::<ItemId>) {
        Some(Ok(_)) => t!("outbound.for_answer"),
        Some(Err(_)) | None => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_named_and_other_reasons_stand_as_written() {
        assert_eq!(why("Answer 00000000-0000-7000-8000-000000000001"), "To answer a question");
        assert_eq!(why("Answer me"), "Answer me");
        assert_eq!(why("Download"), "Download");
    }

    #[test]
    fn a_page_that_is_read_again_keeps_the_older_lines() {
        let entry = |n: u8, sent: u64| LedgerEntry {
            id: format!("00000000-0000-7000-8000-0000000000{n:02x}").parse().unwrap(),
            at: i64::from(n),
            who: String::new(),
            why: String::new(),
            host: String::new(),
            sent,
            received: 0,
            open: false,
            verdict: GateVerdict::Allowed,
        };
        let known = vec![entry(3, 1), entry(2, 1), entry(1, 1)];
        let all = merged(known, vec![entry(4, 1), entry(3, 9)]);
        let told: Vec<(i64, u64)> = all.iter().map(|entry| (entry.at, entry.sent)).collect();
        assert_eq!(told, [(4, 1), (3, 9), (2, 1), (1, 1)]);
    }
}
