//! What was found, document by document.

use super::{
    RESULTS_ID,
    asking::Asking,
    found::Found,
    groups::{Group, groups},
    hit::Hit,
};
use leptos::prelude::*;
use protocol::SearchHit;

/// The passages, those of one document under its best one. A grid: the arrow keys of the field move over its
/// rows, and a row has buttons in it.
#[component]
pub(super) fn Hits(
    /// What was found.
    found: Found,
    /// The search.
    asking: Asking,
    /// Puts the keys on the page of the marked passage.
    open: Callback<()>,
) -> impl IntoView {
    let (more, cut, count) = (found.next_limit().is_some(), found.is_cut(), found.reply.hits.len());
    let hits = found.reply.hits;
    let all = groups(&hits);
    let row = move |at: usize, found: SearchHit, of_shown: bool| {
        view! { <Hit at found of_shown asking open/> }
    };
    let unfolded = asking.unfolded;
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
            <div class="hit-group" role="rowgroup">
                {best}
                {move || {
                    let shown = if open.get() { more.clone() } else { Vec::new() };
                    shown.into_iter().map(|(at, found)| row(at, found, true)).collect_view()
                }}
                {(count > 0.0)
                    .then(|| {
                        view! {
                            <div role="row">
                                <div role="gridcell">
                                    <button
                                        class="btn ghost sm hit-more"
                                        data-testid="hit-more"
                                        aria-expanded=move || open.get().to_string()
                                        on:click=toggle
                                    >
                                        {label}
                                    </button>
                                </div>
                            </div>
                        }
                    })}
            </div>
        }
    };
    view! {
        <div class="hits" role="grid" id=RESULTS_ID aria-label=t!("search.results")>
            {all.into_iter().map(group).collect_view()}
        </div>
        {more
            .then(|| {
                view! {
                    <div class="hits-end">
                        <button
                            class="btn"
                            data-testid="hits-more"
                            aria-busy=move || asking.busy.get().to_string()
                            on:click=move |_| asking.more()
                        >
                            {move || asking.busy.get().then(|| view! { <span class="spin"></span> })}
                            {t!("search.show_more")}
                        </button>
                    </div>
                }
            })}
        {(cut && !more)
            .then(|| view! { <p class="hits-end small dim">{t!("search.most", n = count)}</p> })}
    }
}
