//! How far the import is: counts, an honest estimate, and pause.

use crate::{client::use_client, faults, i18n, parts::import::import_words, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{ImportProgress, PauseImport};

/// The code of the fault that work waits for power.
const LOW_BATTERY: &str = "library.low_battery";

/// The line over the table, while there is an import.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let client = use_client();
    let now = Memo::new(move |_| client.store.import().get());
    let shown = Memo::new(move |_| now.with(import_words));
    let words = move || shown.get().map(|(words, _)| words);
    let share = move || shown.get().map_or(0.0, |(_, share)| share);
    // A battery that runs low pauses it too; a person may still say to go on.
    let paused = Memo::new(move |_| {
        let now = now.read();
        now.paused || now.stopped.as_ref().is_some_and(|fault| fault.code == LOW_BATTERY)
    });
    view! {
        <Show when=move || shown.read().is_some()>
            <div class="ingest" data-testid="import-progress">
                <Show when=move || !paused.get() && now.read().stopped.is_none()>
                    <span class="spin"></span>
                </Show>
                <b class="num">{words}</b>
                <span class="progress ingest-bar" role="img" aria-label=words>
                    <i style=move || format!("inline-size:{:.1}%", share())></i>
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

/// Why nothing goes on, how long the rest may take where that is known, else what is being read.
fn left(now: &ImportProgress) -> String {
    match (&now.stopped, now.left_ms, &now.current) {
        (Some(fault), _, _) => faults::words(fault).message,
        (None, Some(ms), _) => t!("documents.left", time = i18n::milliseconds(ms)),
        (None, None, Some(current)) => current.clone(),
        (None, None, None) => String::new(),
    }
}
