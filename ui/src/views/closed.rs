//! Before the workspace is open: waiting for it, or what is in the way.

use crate::parts::{icon::Logo, notice::FaultNotice};
use leptos::prelude::*;
use protocol::Fault;
use std::time::Duration;

/// The first snapshot is on its way. Nothing is shown at once, words after a second.
#[component]
pub fn Opening() -> impl IntoView {
    let slow = RwSignal::new(false);
    let timer = set_timeout_with_handle(move || slow.set(true), Duration::from_secs(1)).ok();
    on_cleanup(move || {
        if let Some(timer) = timer {
            timer.clear();
        }
    });
    view! {
        <main class="closed" aria-busy="true">
            <h1 class="vh">"Atelier"</h1>
            <Show when=move || slow.get()>
                <p class="row dim">
                    <span class="spin"></span>
                    {t!("closed.opening")}
                </p>
            </Show>
        </main>
    }
}

/// The workspace cannot be opened.
#[component]
pub fn Closed(
    /// Why.
    fault: Fault,
) -> impl IntoView {
    view! {
        <main class="closed">
            <div class="closed-in">
                <span class="ws-mark">
                    <Logo/>
                </span>
                <h1 class="h1">{t!("closed.title")}</h1>
                <FaultNotice fault stopped=true>
                    <button class="btn sm" on:click=move |_| { let _ = window().location().reload(); }>
                        {t!("closed.retry")}
                    </button>
                </FaultNotice>
            </div>
        </main>
    }
}
