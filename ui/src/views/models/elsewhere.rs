//! OpenAI-compatible servers elsewhere. Configured here, reached only when a rule allows the host.

mod form;

use crate::{
    client::use_client,
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon, PlaceMark},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ChooseModel, EndpointView, ModelsView, Place, RemoveEndpoint, Verdict};

/// The endpoints, and a form to add one.
#[component]
pub(super) fn Elsewhere(
    /// What is known of all models.
    models: Memo<ModelsView>,
) -> impl IntoView {
    let names =
        Memo::new(move |_| models.read().endpoints.iter().map(|endpoint| endpoint.name.clone()).collect::<Vec<_>>());
    view! {
        <section class="section">
            <div class="section-head">
                <h2 class="h3">{t!("models.elsewhere")}</h2>
            </div>
            <p class="dim">
                {t!("models.elsewhere_about")}
                " "
                <a class="link" href=Route::Outbound.href()>{t!("models.to_rules")}</a>
            </p>
            <ul class="rules">
                <For each=move || names.get() key=String::clone let:name>
                    <Line name models/>
                </For>
            </ul>
            <form::NewEndpoint/>
        </section>
    }
}

#[component]
fn Line(name: String, models: Memo<ModelsView>) -> impl IntoView {
    let client = use_client();
    let name = StoredValue::new(name);
    let endpoint = Memo::new(move |_| {
        let models = models.read();
        models.endpoints.iter().find(|endpoint| name.with_value(|name| *name == endpoint.name)).cloned()
    });
    let id = move || format!("endpoint:{}", name.get_value());
    let used = Memo::new(move |_| client.store.settings().read().chat_model == Some(id()));
    let asking = RwSignal::new(false);
    let said = move |part: fn(EndpointView) -> String| endpoint.get().map(part).unwrap_or_default();
    view! {
        <li class="row endpoint" data-testid="endpoint">
            <PlaceMark place=Place::Outside size=14/>
            <span class="grow">
                <span class="med">{move || name.get_value()}</span>
                <span class="sub">
                    {move || said(|endpoint| endpoint.model)} " "
                    <span class="mono">{move || said(|endpoint| endpoint.url)}</span>
                </span>
            </span>
            {move || {
                endpoint
                    .get()
                    .is_some_and(|endpoint| endpoint.has_key)
                    .then(|| view! { <span class="tag line">{t!("models.has_key")}</span> })
            }}
            {move || {
                let (tone, words) = match endpoint.get().map(|endpoint| endpoint.verdict) {
                    Some(Verdict::Allow) => ("tag warn", t!("outbound.rule_allow")),
                    Some(Verdict::Ask) => ("tag", t!("outbound.rule_ask")),
                    Some(Verdict::Deny) | None => ("tag", t!("models.not_allowed")),
                };
                view! { <span class=tone>{words}</span> }
            }}
            {move || {
                if used.get() {
                    view! {
                        <span class="status warn">
                            <Glyph icon=Icon::Check size=14/>
                            {t!("models.in_use")}
                        </span>
                    }
                        .into_any()
                } else {
                    view! {
                        <button class="btn sm" on:click=move |_| client.tell(ChooseModel { model: id() })>
                            {t!("models.choose")}
                        </button>
                    }
                        .into_any()
                }
            }}
            <button
                class="btn icon ghost sm"
                aria-label=t!("models.endpoint_remove", name = name.get_value())
                title=t!("models.endpoint_remove", name = name.get_value())
                on:click=move |_| asking.set(true)
            >
                <Glyph icon=Icon::X size=14/>
            </button>
            <AskRemove name asking used/>
        </li>
    }
}

/// The key of a server cannot be brought back, so removing one asks first.
#[component]
fn AskRemove(name: StoredValue<String>, asking: RwSignal<bool>, used: Memo<bool>) -> impl IntoView {
    let client = use_client();
    let title = Signal::derive(move || t!("models.endpoint_ask", name = name.get_value()));
    view! {
        <Dialog open=asking close=move |()| asking.set(false) title>
            <div class="dialog-body">
                <p>{t!("models.endpoint_ask_about")}</p>
                {move || used.get().then(|| view! { <p>{t!("models.endpoint_ask_used")}</p> })}
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| asking.set(false)>
                    {t!("models.endpoint_keep")}
                </button>
                <span class="grow"></span>
                <button
                    class="btn danger-fill"
                    on:click=move |_| {
                        asking.set(false);
                        client.tell(RemoveEndpoint { name: name.get_value() });
                    }
                >
                    {t!("models.endpoint_erase")}
                </button>
            </div>
        </Dialog>
    }
}
