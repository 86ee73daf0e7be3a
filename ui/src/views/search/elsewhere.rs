//! What other workspaces on this machine have: their best passages under those of this one, and the way there.

use super::{BACK_ID, asking::Asking, found::Asked};
use crate::{
    dom,
    parts::{
        icon::{Glyph, Icon},
        marked::marked,
        place::short_place,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{
    NeighbourFound, NeighbourOutcome, NeighbourView, SearchHit, SearchMode, SearchNeighbours, SearchReply, WorkspaceId,
};

/// The passages of other workspaces.
const ELSEWHERE_ID: &str = "search-elsewhere";
/// What is asked for, how, and where.
type Wanted = (String, SearchMode, Vec<WorkspaceId>);

/// So many passages of each are shown.
const SHOWN: u32 = 3;

/// That another workspace is searched, and the way back.
#[component]
pub(super) fn Within(
    /// The search.
    asking: Asking,
) -> impl IntoView {
    move || {
        asking.within.get().map(|there| {
            view! {
                <div class="row search-like" data-testid="search-within">
                    <span class="cut med" role="status" title=there.folder.clone()>
                        {t!("search.in_workspace", name = there.name)}
                    </span>
                    <button class="btn sm" id=BACK_ID on:click=move |_| asking.come_home()>
                        <Glyph icon=Icon::ArrowLeft size=14/>
                        {t!("search.home")}
                    </button>
                </div>
            }
        })
    }
}

/// In which other workspaces there are passages, beside the count of those here: the list of them may be far below.
#[component]
pub(super) fn Also(
    /// The search.
    asking: Asking,
) -> impl IntoView {
    let has = |one: &&NeighbourFound| matches!(&one.outcome, NeighbourOutcome::Found(reply) if !reply.hits.is_empty());
    let names = move || {
        asking.elsewhere.with(|all| all.iter().filter(has).map(|one| one.name.clone()).collect::<Vec<_>>().join(", "))
    };
    move || {
        let names = names();
        (!names.is_empty()).then(|| {
            view! {
                <button class="link small cut" data-testid="search-also" on:click=move |_| dom::show_soon(ELSEWHERE_ID)>
                    {t!("search.also_in", names = names)}
                </button>
            }
        })
    }
}

/// What is found elsewhere, while this workspace is searched and others may be.
#[component]
pub(super) fn Elsewhere(
    /// The search.
    asking: Asking,
) -> impl IntoView {
    let client = asking.client;
    let found = asking.elsewhere;
    let before = StoredValue::new(None::<Wanted>);
    // Asked for when this workspace has answered, so that its own passages never wait.
    let asked = Memo::new(move |_| {
        let neighbours = client.store.neighbours();
        let known: Vec<WorkspaceId> = neighbours.read().iter().map(|known| known.workspace).collect();
        if known.is_empty() {
            return None;
        }
        asking.reply.with(|reply| match &reply.as_ref()?.asked {
            Asked::Query { text, mode, within: None } => {
                let mode = if *mode == SearchMode::Reranked { SearchMode::Hybrid } else { *mode };
                Some((text.clone(), mode, known.clone()))
            }
            Asked::Query { .. } | Asked::Like { .. } => None,
        })
    });
    Effect::new(move || {
        let wanted = asked.get();
        let same_words = |before: &Option<Wanted>| matches!((before, &wanted), (Some(before), Some(now)) if before.0 == now.0 && before.2 == now.2);
        // What other words found is not what these find.
        if !before.with_value(same_words) {
            found.set(Vec::new());
        }
        before.set_value(wanted.clone());
        let Some((query, mode, _)) = wanted.clone() else { return };
        leptos::task::spawn_local(async move {
            let call = SearchNeighbours { query, mode, limit: SHOWN };
            let reply = client.call(call).await;
            if asked.try_get_untracked() != Some(wanted) {
                return;
            }
            match reply {
                Ok(reply) => found.set(reply),
                Err(fault) => {
                    found.set(Vec::new());
                    client.screen.fault.set(Some(fault));
                }
            }
        });
    });
    move || {
        let all = found.get();
        (!all.is_empty()).then(|| {
            view! {
                <section class="elsewhere" id=ELSEWHERE_ID aria-label=t!("search.elsewhere") data-testid="elsewhere">
                    <h2 class="small dim">{t!("search.elsewhere")}</h2>
                    {all.into_iter().map(|one| view! { <One asking one/> }).collect_view()}
                </section>
            }
        })
    }
}

/// One other workspace: its best passages, or why it could not be searched.
#[component]
fn One(asking: Asking, one: NeighbourFound) -> impl IntoView {
    let NeighbourFound { workspace, name, outcome } = one;
    let there = move || {
        let known = asking.client.store.neighbours();
        let known = known.read_untracked();
        known.iter().find(|known| known.workspace == workspace).cloned()
    };
    let body = match outcome {
        NeighbourOutcome::Failed(fault) => {
            let words = crate::faults::words(&fault);
            let said: Vec<String> = [Some(words.message), words.hint].into_iter().flatten().collect();
            view! { <p class="small dim" role="status">{said.join(" ")}</p> }.into_any()
        }
        NeighbourOutcome::Found(reply) if reply.hits.is_empty() => {
            view! { <p class="small dim">{t!("search.nothing")}</p> }.into_any()
        }
        NeighbourOutcome::Found(reply) => {
            view! { <Passages asking reply there=Callback::new(move |()| there())/> }.into_any()
        }
    };
    view! {
        <div class="elsewhere-one" data-testid="elsewhere-one">
            <h3 class="med cut">{name}</h3>
            {body}
        </div>
    }
}

/// The best passages of another workspace, and the way to all of them.
#[component]
fn Passages(asking: Asking, reply: SearchReply, there: Callback<(), Option<NeighbourView>>) -> impl IntoView {
    let go = move |passage: Option<SearchHit>| {
        if let Some(there) = there.run(()) {
            asking.go_to(there, passage);
        }
    };
    let passage = move |hit: SearchHit| {
        let place = (!hit.unread).then(|| short_place(hit.place.as_deref(), hit.page));
        let (name, snippet) = (hit.name.clone(), marked(&hit.snippet, &hit.marks));
        let lang = hit.language.clone();
        view! {
            <li>
                <button class="elsewhere-hit" on:click=move |_| go(Some(hit.clone()))>
                    <span class="hit-top">
                        <span class="med cut">{name}</span>
                        {place.map(|place| view! { <span class="dim small cut">{place}</span> })}
                    </span>
                    <span class="snip" lang=lang>{snippet}</span>
                </button>
            </li>
        }
    };
    view! {
        <ul>{reply.hits.into_iter().map(passage).collect_view()}</ul>
        <button class="btn ghost sm" data-testid="elsewhere-all" on:click=move |_| go(None)>
            {t!("search.show_there")}
        </button>
    }
}
