//! How far the import is: counts, an honest estimate, and pause.

use crate::{client::use_client, i18n, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{ImportProgress, PauseImport};

/// The line over the table, while there is an import.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let client = use_client();
    let now = Memo::new(move |_| client.store.import().get());
    let runs = Memo::new(move |_| now.with(|now| now.done < now.total));
    let paused = Memo::new(move |_| now.read().paused);
    view! {
        <Show when=move || runs.get()>
            <div class="ingest" data-testid="import-progress">
                <Show when=move || !paused.get()>
                    <span class="spin"></span>
                </Show>
                <b class="num">{move || words(&now.get())}</b>
                <span class="progress ingest-bar" role="img" aria-label=move || words(&now.get())>
                    <i style=move || now.with(|now| format!("inline-size:{:.1}%", share(now)))></i>
                </span>
                <span class="dim num cut">{move || now.with(left)}</span>
                <span class="grow"></span>
                {move || {
                    let failed = now.read().failed;
                    (failed > 0)
                        .then(|| view! { <span class="status bad">{t!("documents.attention", n = f64::from(failed))}</span> })
                }}
                <button
                    class="btn ghost sm"
                    on:click=move |_| client.tell(PauseImport { paused: !paused.get_untracked() })
                >
                    {move || if paused.get() { t!("documents.resume") } else { t!("documents.pause") }}
                </button>
            </div>
        </Show>
    }
}

fn words(now: &ImportProgress) -> String {
    if now.paused {
        t!("boundary.import_paused", done = now.done, total = now.total)
    } else {
        t!("boundary.indexing", done = now.done, total = now.total)
    }
}

fn share(now: &ImportProgress) -> f64 {
    f64::from(now.done) / f64::from(now.total.max(1)) * 100.0
}

/// How long the rest may take, where that is known, else what is being read.
fn left(now: &ImportProgress) -> String {
    match (now.left_ms, &now.current) {
        (Some(ms), _) => t!("documents.left", time = i18n::milliseconds(ms)),
        (None, Some(current)) => current.clone(),
        (None, None) => String::new(),
    }
}
