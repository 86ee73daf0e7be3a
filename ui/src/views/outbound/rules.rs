//! Which hosts may be reached. Nothing may, unless a rule allows it.

use crate::{
    client::use_client,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{AddRule, ListRules, RemoveRule, RuleSubject, RuleView, Verdict};

/// The rules, and a line to add one.
#[component]
pub(super) fn Rules() -> impl IntoView {
    let client = use_client();
    let rules = RwSignal::new(Vec::<RuleView>::new());
    Effect::new(move || {
        client.store.rules().track();
        client.ask(ListRules {}, move |read| rules.set(read));
    });
    let host = RwSignal::new(String::new());
    let add = move |verdict| {
        let named = host.get_untracked().trim().to_owned();
        if !named.is_empty() {
            client
                .ask(AddRule { subject: RuleSubject::Host { host: named }, verdict }, move |_| host.set(String::new()));
        }
    };
    view! {
        <section class="body section">
            <div class="section-head">
                <h2 class="h3">{t!("outbound.rules")}</h2>
            </div>
            <p class="dim">{t!("outbound.rules_about")}</p>
            <ul class="rules">
                <For each=move || rules.get() key=|rule| rule.id let:rule>
                    <OneRule rule/>
                </For>
            </ul>
            <form
                class="row rule-add"
                on:submit=move |event| {
                    event.prevent_default();
                    add(Verdict::Deny);
                }
            >
                <input
                    class="input"
                    aria-label=t!("outbound.host")
                    placeholder=t!("outbound.host_example")
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || host.get()
                    on:input=move |event| host.set(event_target_value(&event))
                />
                // Enter denies: the key that is pressed without looking must be the safe one.
                <button class="btn" type="submit">{t!("outbound.deny")}</button>
                <button class="btn warn-fill" type="button" on:click=move |_| add(Verdict::Allow)>
                    {t!("outbound.allow")}
                </button>
            </form>
        </section>
    }
}

#[component]
fn OneRule(rule: RuleView) -> impl IntoView {
    let client = use_client();
    let RuleView { id, subject, verdict, .. } = rule;
    let named = match subject {
        RuleSubject::Host { host } => host,
        RuleSubject::Tool { name } => t!("outbound.tool", name = name),
    };
    let (tone, words) = match verdict {
        Verdict::Allow => ("tag warn", t!("outbound.rule_allow")),
        Verdict::Ask => ("tag", t!("outbound.rule_ask")),
        Verdict::Deny => ("tag", t!("outbound.rule_deny")),
    };
    view! {
        <li class="row">
            <span class=tone>{words}</span>
            <span class="mono grow cut">{named.clone()}</span>
            <button
                class="btn icon ghost sm"
                aria-label=t!("outbound.rule_remove", name = named)
                on:click=move |_| client.tell(RemoveRule { rule: id })
            >
                <Glyph icon=Icon::X size=14/>
            </button>
        </li>
    }
}
