//! The outbound screen: what left this machine, who let it, and the log that proves it.

mod ledger;
mod log;
mod rules;

use crate::{
    client::{use_client, use_space},
    i18n,
    parts::{
        bar::Head,
        icon::{Glyph, Icon, PlaceMark},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{Place, Seal};

/// The screen.
#[component]
pub fn Outbound() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.outbound") line=Signal::derive(|| t!("outbound.line"))>
                <SealButton/>
            </Head>
            <div class="scroll">
                <Statement/>
                <ledger::Ledger/>
                <rules::Rules/>
                <log::Log/>
            </div>
        </section>
    }
}

/// Seals the workspace or takes the seal off; both can be undone by the same button.
#[component]
fn SealButton() -> impl IntoView {
    let client = use_client();
    let sealed = Memo::new(move |_| client.store.egress().read().sealed);
    view! {
        <button
            class="btn"
            aria-pressed=move || sealed.get().to_string()
            title=t!("outbound.seal_about")
            on:click=move |_| client.tell(Seal { sealed: !sealed.get_untracked() })
        >
            <Glyph icon=Icon::Lock/>
            {move || if sealed.get() { t!("outbound.unseal") } else { t!("outbound.seal") }}
        </button>
    }
}

/// The one sentence that matters.
#[component]
fn Statement() -> impl IntoView {
    let store = use_space();
    let egress = Memo::new(move |_| store.egress().get());
    let out = move || egress.read().sent_today > 0;
    view! {
        <div class="statement" class:out=out>
            <span class="seal">
                {move || {
                    let place = if out() { Place::Outside } else { Place::Here };
                    view! { <PlaceMark place size=30/> }
                }}
            </span>
            <div class="grow">
                <h2 class="display">
                    {move || match egress.get() {
                        now if now.sent_today > 0 => t!("outbound.sent", amount = i18n::bytes(now.sent_today)),
                        now if now.sealed => t!("outbound.sealed"),
                        _ => t!("outbound.nothing"),
                    }}
                </h2>
                <p class="dim">
                    {move || {
                        let now = egress.get();
                        t!(
                            "outbound.counted",
                            received = i18n::bytes(now.received_today),
                            n = i18n::number(now.refused_today as f64)
                        )
                    }}
                </p>
            </div>
        </div>
    }
}
