//! The settings screen: every change holds at once and is kept in the log like any other.

mod neighbours;

use crate::{
    client::{Client, use_client},
    dom,
    fold::News,
    i18n::{self, Lang},
    parts::bar::Head,
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ChangeSettings, KeyPlace, Settings as Kept, Theme};
use wasm_bindgen_futures::spawn_local;

/// The smallest and largest text, in percent.
const TEXT_SIZE: (u32, u32) = (90, 200);

/// The screen.
#[component]
pub fn Settings() -> impl IntoView {
    view! {
        <section class="pane">
            <Head title=t!("side.settings")/>
            <div class="scroll">
                <div class="set">
                    <You/>
                    <Appearance/>
                    <Answers/>
                    <neighbours::Neighbours/>
                    <Machine/>
                </div>
            </div>
        </section>
    }
}

/// Changes one setting and keeps the others. It holds here at once, so that the next change starts
/// from it; if it is refused, what was before comes back.
pub(crate) fn change(client: Client, edit: impl FnOnce(&mut Kept)) {
    let before = client.store.settings().get_untracked();
    let mut settings = before.clone();
    edit(&mut settings);
    if settings == before {
        return;
    }
    client.fold(News::Settings(settings.clone()));
    spawn_local(async move {
        if let Err(fault) = client.call(ChangeSettings { settings: settings.clone() }).await {
            // A later change carries this one with it, and its own reply decides on both.
            if client.store.settings().get_untracked() == settings {
                client.fold(News::Settings(before));
            }
            client.screen.fault.set(Some(fault));
        }
    });
}

/// A setting: its name, what it means, and the control as children.
#[component]
fn Row(
    /// Its name.
    name: String,
    /// What it means.
    #[prop(default = String::new())]
    about: String,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="set-row">
            <div>
                <b>{name}</b>
                {(!about.is_empty()).then(|| view! { <small>{about}</small> })}
            </div>
            {children()}
        </div>
    }
}

/// One of a few values, by arrow keys or click.
#[component]
fn Choice<T: Clone + PartialEq + Send + Sync + 'static>(
    /// Its name.
    name: String,
    /// The values and their words.
    values: Vec<(T, String)>,
    /// The value in force.
    #[prop(into)]
    now: Signal<T>,
    /// Puts a value in force.
    #[prop(into)]
    choose: Callback<T>,
) -> impl IntoView {
    let group = format!("set-{}", name.replace(' ', "-"));
    view! {
        <div class="segs" role="radiogroup" aria-label=name>
            {values
                .into_iter()
                .map(|(value, words)| {
                    let (mine, chosen) = (value.clone(), value);
                    let on = Memo::new(move |_| now.get() == mine);
                    view! {
                        <label class="seg-choice">
                            <input
                                class="vh"
                                type="radio"
                                name=group.clone()
                                prop:checked=on
                                on:change=move |_| choose.run(chosen.clone())
                            />
                            <span>{words}</span>
                        </label>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// The person's name.
#[component]
fn You() -> impl IntoView {
    let client = use_client();
    let name = move || client.store.settings().read().name.clone();
    let known = move || {
        let home = client.store.home();
        home.read().as_ref().map(|home| crate::i18n::own(&home.member_name)).unwrap_or_default()
    };
    view! {
        <h2 class="h2">{t!("settings.you")}</h2>
        <Row name=t!("settings.name") about=t!("settings.name_about")>
            <input
                class="input set-field"
                aria-label=t!("settings.name")
                maxlength="80"
                placeholder=known
                prop:value=name
                on:change=move |event| {
                    let name = event_target_value(&event).trim().to_owned();
                    change(client, |settings| settings.name = name);
                }
            />
        </Row>
    }
}

/// Theme, language, text size.
#[component]
fn Appearance() -> impl IntoView {
    let client = use_client();
    let settings = client.store.settings();
    let themes = vec![
        (Theme::Light, t!("settings.light")),
        (Theme::Dark, t!("settings.dark")),
        (Theme::System, t!("settings.system")),
    ];
    let languages = std::iter::once(("system".to_owned(), t!("settings.system")))
        .chain(Lang::ALL.map(|lang| (lang.code().to_owned(), lang.name().to_owned())))
        .collect::<Vec<_>>();
    let size = Memo::new(move |_| settings.read().text_size);
    view! {
        <h2 class="h2">{t!("settings.appearance")}</h2>
        <Row name=t!("settings.theme")>
            <Choice
                name=t!("settings.theme")
                values=themes
                now=Signal::derive(move || settings.read().theme)
                choose=move |theme| change(client, |settings| settings.theme = theme)
            />
        </Row>
        <Row name=t!("settings.language") about=t!("settings.language_about")>
            <Choice
                name=t!("settings.language")
                values=languages
                now=Signal::derive(move || settings.read().language.clone())
                choose=move |language| change(client, |settings| settings.language = language)
            />
        </Row>
        <Row name=t!("settings.text_size") about=t!("settings.text_size_about")>
            <div class="row set-slider">
                <input
                    type="range"
                    aria-label=t!("settings.text_size")
                    min=TEXT_SIZE.0
                    max=TEXT_SIZE.1
                    step="10"
                    prop:value=move || size.get().to_string()
                    on:change=move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            change(client, |settings| settings.text_size = size);
                        }
                    }
                />
                <span class="num dim">{move || i18n::share(f64::from(size.get()) / 100.0)}</span>
            </div>
        </Row>
    }
}

/// Who answers, how freely, how long, and when memory is given back.
#[component]
fn Answers() -> impl IntoView {
    let client = use_client();
    let settings = client.store.settings();
    let roles = client
        .store
        .agents()
        .read_untracked()
        .iter()
        .map(|agent| (agent.role.clone(), crate::i18n::own(&agent.name)))
        .collect::<Vec<_>>();
    view! {
        <h2 class="h2">{t!("settings.answers")}</h2>
        <Row name=t!("settings.role") about=t!("settings.role_about")>
            <Choice
                name=t!("settings.role")
                values=roles
                now=Signal::derive(move || settings.read().role.clone())
                choose=move |role| change(client, |settings| settings.role = role)
            />
        </Row>
        <Row name=t!("settings.temperature") about=t!("settings.temperature_about")>
            <Choice
                name=t!("settings.temperature")
                values=vec![
                    (0, t!("settings.exact")),
                    (4, t!("settings.balanced")),
                    (8, t!("settings.free")),
                ]
                now=Signal::derive(move || (settings.read().temperature * 10.0).round() as i32)
                choose=move |tenths: i32| change(client, |settings| settings.temperature = tenths as f32 / 10.0)
            />
        </Row>
        <Row name=t!("settings.max_tokens") about=t!("settings.max_tokens_about")>
            <Count
                name=t!("settings.max_tokens")
                range=(16, 32_768)
                now=Signal::derive(move || settings.read().max_tokens)
                set=move |count| change(client, |settings| settings.max_tokens = count)
            />
        </Row>
        <Row name=t!("settings.rerank") about=t!("settings.rerank_about")>
            <Choice
                name=t!("settings.rerank")
                values=vec![(true, t!("settings.rerank_on")), (false, t!("settings.rerank_off"))]
                now=Signal::derive(move || settings.read().rerank)
                choose=move |wanted: bool| change(client, |settings| settings.rerank = wanted)
            />
        </Row>
        <Row name=t!("settings.unload") about=t!("settings.unload_about")>
            <Count
                name=t!("settings.unload")
                range=(0, 1_440)
                now=Signal::derive(move || settings.read().unload_after_min)
                set=move |count| change(client, |settings| settings.unload_after_min = count)
            />
        </Row>
    }
}

/// A whole number between two others.
#[component]
fn Count(
    name: String,
    range: (u32, u32),
    #[prop(into)] now: Signal<u32>,
    #[prop(into)] set: Callback<u32>,
) -> impl IntoView {
    view! {
        <input
            class="input set-number num"
            type="number"
            aria-label=name
            min=range.0
            max=range.1
            prop:value=move || now.get().to_string()
            on:change=move |event| {
                if let Ok(count) = event_target_value(&event).parse::<u32>() {
                    set.run(count.clamp(range.0, range.1));
                }
            }
        />
    }
}

/// Where the data and the key are, and which Atelier this is.
#[component]
fn Machine() -> impl IntoView {
    let client = use_client();
    let copied = RwSignal::new(false);
    let home = Memo::new(move |_| client.store.home().get());
    let folder = move || home.get().map(|home| home.data_dir).unwrap_or_default();
    let key = move || match home.get().map(|home| home.key_place) {
        Some(KeyPlace::Keychain) => t!("settings.key_keychain"),
        Some(KeyPlace::File) => t!("settings.key_file"),
        Some(KeyPlace::Memory) | None => t!("settings.key_memory"),
    };
    view! {
        <h2 class="h2">{t!("settings.machine")}</h2>
        <Row name=t!("settings.folder") about=t!("settings.folder_about")>
            <div class="row">
                <span class="mono set-path">{folder}</span>
                <button
                    class="btn sm"
                    on:click=move |_| {
                        spawn_local(async move {
                            copied.set(dom::copy(&folder()).await);
                        });
                    }
                >
                    {move || if copied.get() { t!("act.copied") } else { t!("settings.copy") }}
                </button>
            </div>
        </Row>
        <Row name=t!("settings.hub") about=t!("settings.hub_about")>
            <input
                class="input mono"
                inputmode="url"
                aria-label=t!("settings.hub")
                placeholder="https://"
                autocomplete="off"
                spellcheck="false"
                prop:value=move || client.store.settings().read().model_hub.clone().unwrap_or_default()
                on:change=move |event| {
                    let hub = event_target_value(&event).trim().to_owned();
                    change(client, |settings| settings.model_hub = (!hub.is_empty()).then_some(hub));
                }
            />
        </Row>
        <Row name=t!("removed.title") about=t!("removed.line")>
            <a class="btn sm" href=Route::Removed.href()>{t!("removed.show")}</a>
        </Row>
        <Row name=t!("settings.key") about=t!("settings.key_about")>
            <span class="dim">{key}</span>
        </Row>
        <Row name=t!("settings.version")>
            <span class="num dim">{move || client.store.version().get()}</span>
        </Row>
    }
}
