//! What was found, document by document.

use super::{
    groups::{Group, groups},
    hit::Hit,
};
use leptos::prelude::*;
use protocol::{DocumentId, SearchHit};
use std::collections::BTreeSet;

/// The passages, those of one document under its best one.
#[component]
pub(super) fn Hits(
    /// What was found, best first.
    hits: Vec<SearchHit>,
    /// Documents of which every passage is shown.
    unfolded: RwSignal<BTreeSet<DocumentId>>,
    /// Which hit is chosen.
    current: RwSignal<usize>,
    /// Shows a hit's page.
    show: Callback<usize>,
    /// Looks for passages like a hit.
    like: Callback<usize>,
) -> impl IntoView {
    let all = groups(&hits);
    let row = move |at: usize, found: SearchHit, of_shown: bool| {
        view! { <Hit at found of_shown current show like/> }
    };
    let group = move |group: Group| {
        let document = group.document;
        let mut own = group.hits.into_iter().filter_map(|at| Some((at, hits.get(at).cloned()?)));
        let best = own.next().map(|(at, found)| row(at, found, false));
        let more: Vec<(usize, SearchHit)> = own.collect();
        let count = more.len() as f64;
        let open = Memo::new(move |_| unfolded.with(|open| open.contains(&document)));
        let toggle = move |_| {
            unfolded.update(|open| {
                if !open.remove(&document) {
                    open.insert(document);
                }
            });
        };
        let label = move || if open.get() { t!("search.fewer") } else { t!("search.more_in", n = count) };
        view! {
            <li class="hit-group">
                <ol class="hits">
                    {best}
                    {move || {
                        let shown = if open.get() { more.clone() } else { Vec::new() };
                        shown.into_iter().map(|(at, found)| row(at, found, true)).collect_view()
                    }}
                </ol>
                {(count > 0.0)
                    .then(|| {
                        view! {
                            <button
                                class="btn ghost sm hit-more"
                                data-testid="hit-more"
                                aria-expanded=move || open.get().to_string()
                                on:click=toggle
                            >
                                {label}
                            </button>
                        }
                    })}
            </li>
        }
    };
    view! {
        <ol class="hits" aria-label=t!("search.results")>
            {all.into_iter().map(group).collect_view()}
        </ol>
    }
}
