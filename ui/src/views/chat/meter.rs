//! How much of what the model can read at once this chat fills.

use super::ChatScreen;
use crate::{client::use_client, i18n, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{ItemKind, TurnState};

/// From here on the meter is amber and says what will happen.
const NEARLY_FULL: f64 = 0.85;

/// The meter; nothing where the model or its limit is not known.
#[component]
pub fn Meter(here: ChatScreen) -> impl IntoView {
    let store = use_client().store;
    let limit = Memo::new(move |_| {
        store.models().track();
        store.settings().track();
        store.with_untracked(|space| {
            let elsewhere = space.settings.chat_model.as_deref().is_some_and(|id| id.starts_with("endpoint:"));
            space.chat_model().filter(|_| !elsewhere).map(|model| model.context).filter(|context| *context > 0)
        })
    });
    // A prompt that is being read says how long it is; before that, the last answer with its prompt.
    let reading = Memo::new(move |_| {
        store.turns().read().iter().find(|turn| turn.chat == here.chat).and_then(|turn| match turn.state {
            TurnState::Reading { total, .. } => Some(total),
            TurnState::Queued { .. }
            | TurnState::Searching
            | TurnState::Loading { .. }
            | TurnState::Writing
            | TurnState::Working
            | TurnState::Asking
            | TurnState::Checking
            | TurnState::Stopping => None,
        })
    });
    let last = Memo::new(move |_| {
        let rows: Vec<_> = store.items().into_iter().collect();
        rows.into_iter().rev().find_map(|row| {
            let item = row.try_read()?;
            (item.kind == ItemKind::Answer).then_some(())?;
            item.made
                .as_ref()
                .filter(|made| made.prompt_tokens > 0)
                .map(|made| made.prompt_tokens + made.completion_tokens)
        })
    });
    let shown = Memo::new(move |_| Some((reading.get().or(last.get())?, limit.get()?)));
    view! {
        {move || {
            shown
                .get()
                .map(|(used, limit)| {
                    let part = (f64::from(used) / f64::from(limit)).clamp(0.0, 1.0);
                    let full = part >= NEARLY_FULL;
                    let exact = t!("meter.exact", used = used, limit = limit);
                    let says = if full { t!("meter.full", exact = &exact) } else { exact };
                    view! {
                        <span class="meter num nowrap" class:warn=full title=says.clone()>
                            <span class="progress" class:ink=!full class:warn=full aria-hidden="true">
                                <i style=format!("width:{:.0}%", part * 100.0)></i>
                            </span>
                            <span aria-hidden="true">
                                {t!("meter.of", used = i18n::thousands(used), limit = i18n::thousands(limit))}
                            </span>
                            <span class="vh">{says.clone()}</span>
                        </span>
                    }
                })
        }}
    }
}
