//! The form for a server elsewhere. What is wrong is said at its field when the field is left.

use crate::{client::use_client, parts::field::FieldError};
use leptos::prelude::*;
use protocol::{AddEndpoint, Fault, FaultKind};
use wasm_bindgen_futures::spawn_local;

const NAME_ERROR: &str = "endpoint-name-error";
const URL_ERROR: &str = "endpoint-url-error";

/// The form, folded until it is wanted.
#[component]
pub(super) fn NewEndpoint() -> impl IntoView {
    let client = use_client();
    let fields: [RwSignal<String>; 4] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [name, url, model, key] = fields;
    let (bad_name, bad_url) = (RwSignal::new(None::<Fault>), RwSignal::new(None::<Fault>));
    let text = |value: RwSignal<String>| value.get_untracked().trim().to_owned();
    let check_name = move || bad_name.set(name_fault(&text(name)));
    let check_url = move || bad_url.set(url_fault(&text(url)));
    let send = move || {
        check_name();
        check_url();
        if bad_name.read_untracked().is_some() || bad_url.read_untracked().is_some() {
            return;
        }
        let secret = text(key);
        let call = AddEndpoint {
            name: text(name),
            url: text(url),
            model: text(model),
            key: (!secret.is_empty()).then_some(secret),
        };
        spawn_local(async move {
            match client.call(call).await {
                Ok(_) => fields.iter().for_each(|field| drop(field.try_set(String::new()))),
                Err(fault) if fault.code == "endpoint.name" => drop(bad_name.try_set(Some(fault))),
                Err(fault) if fault.code == "endpoint.url" => drop(bad_url.try_set(Some(fault))),
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
        });
    };
    view! {
        <details class="endpoint-new">
            <summary>{t!("models.endpoint_new")}</summary>
            <form
                class="endpoint-form"
                on:submit=move |event| {
                    event.prevent_default();
                    send();
                }
            >
                <div class="field">
                    <label class="label" for="endpoint-name">{t!("models.endpoint_name")}</label>
                    <input
                        class="input"
                        class:bad=move || bad_name.read().is_some()
                        id="endpoint-name"
                        required
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby=NAME_ERROR
                        aria-invalid=move || bad_name.read().is_some().to_string()
                        prop:value=move || name.get()
                        on:input=move |event| {
                            bad_name.set(None);
                            name.set(event_target_value(&event));
                        }
                        on:change=move |_| check_name()
                    />
                    <FieldError id=NAME_ERROR fault=bad_name/>
                </div>
                <div class="field">
                    <label class="label" for="endpoint-url">{t!("models.endpoint_url")}</label>
                    <input
                        class="input mono"
                        class:bad=move || bad_url.read().is_some()
                        id="endpoint-url"
                        inputmode="url"
                        required
                        placeholder="https://llm.example.eu/v1"
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby=URL_ERROR
                        aria-invalid=move || bad_url.read().is_some().to_string()
                        prop:value=move || url.get()
                        on:input=move |event| {
                            bad_url.set(None);
                            url.set(event_target_value(&event));
                        }
                        on:change=move |_| check_url()
                    />
                    <FieldError id=URL_ERROR fault=bad_url/>
                </div>
                <label class="field">
                    <span class="label">{t!("models.endpoint_model")}</span>
                    <input
                        class="input"
                        required
                        autocomplete="off"
                        spellcheck="false"
                        prop:value=move || model.get()
                        on:input=move |event| model.set(event_target_value(&event))
                    />
                </label>
                <label class="field">
                    <span class="label">{t!("models.endpoint_key")}</span>
                    <input
                        class="input"
                        type="password"
                        autocomplete="off"
                        prop:value=move || key.get()
                        on:input=move |event| key.set(event_target_value(&event))
                    />
                </label>
                <button class="btn" type="submit">{t!("models.endpoint_add")}</button>
            </form>
        </details>
    }
}

/// What is wrong with a name; one that is not there yet is not wrong.
fn name_fault(name: &str) -> Option<Fault> {
    name.contains(|letter: char| letter.is_whitespace() || letter == ':')
        .then(|| Fault::new(FaultKind::Invalid, "endpoint.name", "An endpoint's name is one word without a colon."))
}

/// What is wrong with an address: it must name a host over http or https.
fn url_fault(url: &str) -> Option<Fault> {
    let host = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let whole =
        host.is_some_and(|host| !host.starts_with('/') && !host.is_empty() && !host.contains(char::is_whitespace));
    (!url.is_empty() && !whole)
        .then(|| Fault::new(FaultKind::Invalid, "endpoint.url", format!("“{url}” is not an http or https address.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_host() {
        let table = [
            ("", true),
            ("https://llm.example.eu/v1", true),
            ("http://127.0.0.1:8080", true),
            ("llm.example.eu", false),
            ("ftp://llm.example.eu", false),
            ("https://", false),
            ("https:///v1", false),
            ("https://two words", false),
        ];
        for (url, good) in table {
            assert_eq!(url_fault(url).is_none(), good, "{url}");
        }
        for (name, good) in [("", true), ("office", true), ("the office", false), ("a:b", false)] {
            assert_eq!(name_fault(name).is_none(), good, "{name}");
        }
    }
}
