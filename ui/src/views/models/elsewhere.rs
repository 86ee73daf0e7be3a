//! OpenAI-compatible servers elsewhere. Configured here, reached only when a rule allows the host.

use crate::{
    client::use_client,
    parts::icon::{Glyph, Icon, PlaceMark},
    route::Route,
};
use leptos::prelude::*;
use protocol::{AddEndpoint, ChooseModel, EndpointView, Place, RemoveEndpoint, Verdict};

/// The endpoints, and a form to add one.
#[component]
pub(super) fn Elsewhere(endpoints: Vec<EndpointView>) -> impl IntoView {
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
            <ul class="rules">{endpoints.into_iter().map(|endpoint| view! { <Line endpoint/> }).collect_view()}</ul>
            <details class="endpoint-new">
                <summary>{t!("models.endpoint_new")}</summary>
                <NewEndpoint/>
            </details>
        </section>
    }
}

#[component]
fn Line(endpoint: EndpointView) -> impl IntoView {
    let client = use_client();
    let EndpointView { name, url, model, has_key, verdict } = endpoint;
    let (tone, words) = match verdict {
        Verdict::Allow => ("tag warn", t!("outbound.rule_allow")),
        Verdict::Ask => ("tag", t!("outbound.rule_ask")),
        Verdict::Deny => ("tag", t!("models.not_allowed")),
    };
    let (to_choose, to_remove) = (format!("endpoint:{name}"), name.clone());
    view! {
        <li class="row endpoint">
            <PlaceMark place=Place::Outside size=14/>
            <span class="grow">
                <span class="med">{name.clone()}</span>
                <span class="sub">{model} " " <span class="mono">{url}</span></span>
            </span>
            {has_key.then(|| view! { <span class="tag line">{t!("models.has_key")}</span> })}
            <span class=tone>{words}</span>
            <button class="btn sm" on:click=move |_| client.tell(ChooseModel { model: to_choose.clone() })>
                {t!("models.choose")}
            </button>
            <button
                class="btn icon ghost sm"
                aria-label=t!("models.endpoint_remove", name = name)
                on:click=move |_| client.tell(RemoveEndpoint { name: to_remove.clone() })
            >
                <Glyph icon=Icon::X size=14/>
            </button>
        </li>
    }
}

#[component]
fn NewEndpoint() -> impl IntoView {
    let client = use_client();
    let fields: [RwSignal<String>; 4] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [name, url, model, key] = fields;
    let field = move |words: String, kind: &'static str, value: RwSignal<String>| {
        view! {
            <label class="field">
                <span class="label">{words}</span>
                <input
                    class="input"
                    type=kind
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </label>
        }
    };
    view! {
        <form
            class="endpoint-form"
            on:submit=move |event| {
                event.prevent_default();
                let text = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
                let secret = text(key);
                let call = AddEndpoint {
                    name: text(name),
                    url: text(url),
                    model: text(model),
                    key: (!secret.is_empty()).then_some(secret),
                };
                client.ask(call, move |_| fields.iter().for_each(|field| field.set(String::new())));
            }
        >
            {field(t!("models.endpoint_name"), "text", name)}
            {field(t!("models.endpoint_url"), "url", url)}
            {field(t!("models.endpoint_model"), "text", model)}
            {field(t!("models.endpoint_key"), "password", key)}
            <button class="btn" type="submit">{t!("models.endpoint_add")}</button>
        </form>
    }
}
