//! The first run: this machine, a model, the first documents. Nothing here is asked twice.

mod choose;
mod steps;

use crate::{
    client::{Client, use_client},
    files::{self, Wanted},
    i18n,
    parts::{
        icon::{Glyph, Icon, Logo, PlaceMark},
        notice::Notice,
    },
    route::Route,
    shell::{boundary::Boundary, log, toasts::Toasts},
    state::WorkspaceStoreFields,
    views::{
        documents::{LeftOut, PathLine},
        drop, settings,
    },
};
use leptos::prelude::*;
use protocol::{ModelUse, ModelView, Place};
use wasm_bindgen_futures::spawn_local;

/// The screen.
#[component]
pub fn FirstRun() -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let documents = Memo::new(move |_| store.documents().read().len());
    let importing = Memo::new(move |_| {
        let import = store.import();
        let import = import.read();
        import.done < import.total
    });
    let finish = move || {
        client.screen.go(if documents.get_untracked() > 0 { Route::NewChat } else { Route::Documents });
        leave(client);
    };
    view! {
        <div class="app first" data-testid="first-run">
            <aside class="fr-side" aria-label=t!("first.steps")>
                <div class="fr-intro">
                    <span class="ws-mark fr-mark">
                        <Logo size=22/>
                    </span>
                    <h1 class="display">{t!("first.title")}</h1>
                    <p class="dim">{t!("first.about")}</p>
                    <steps::Steps/>
                </div>
            </aside>
            <main class="sheet" id="main">
                <section class="pane">
                    <div class="scroll">
                        <div class="fr-body">
                            <Ready/>
                            <choose::Choose/>
                            <h2 class="h1 fr-import">{t!("first.import")}</h2>
                            <p class="dim">{t!("first.import_about")}</p>
                            <div class="row fr-ways">
                                {client
                                    .in_window()
                                    .then(|| {
                                        view! {
                                            <button
                                                class="btn lg"
                                                on:click=move |_| files::choose_and_import(client, Wanted::Folder)
                                            >
                                                <Glyph icon=Icon::FolderOpen/>
                                                {t!("documents.import_folder")}
                                            </button>
                                        }
                                    })}
                                <button
                                    class="btn lg"
                                    on:click=move |_| files::choose_and_import(client, Wanted::Documents)
                                >
                                    <Glyph icon=Icon::Plus/>
                                    {t!("documents.add_files")}
                                </button>
                            </div>
                            <PathLine/>
                            <LeftOut/>
                            <Show when=move || documents.get() != 0>
                                <p class="fr-count" data-testid="first-count">
                                    {move || t!("first.here", n = documents.get() as f64)}
                                    " "
                                    {move || importing.get().then(|| t!("first.reading"))}
                                </p>
                            </Show>
                        </div>
                    </div>
                    <footer class="fr-foot">
                        <button
                            class="btn lg ghost"
                            data-testid="first-skip"
                            class:hidden=move || documents.get() != 0
                            on:click=move |_| finish()
                        >
                            {t!("first.skip")}
                        </button>
                        <span class="grow"></span>
                        <Show when=move || documents.get() != 0>
                            <button class="btn lg primary" data-testid="first-done" on:click=move |_| finish()>
                                {t!("first.done")}
                            </button>
                        </Show>
                    </footer>
                </section>
                <Toasts/>
                <drop::Layer/>
            </main>
            <Boundary/>
        </div>
    }
}

/// What is ready, each line checked and none promised.
#[component]
fn Ready() -> impl IntoView {
    let client = use_client();
    let models = Memo::new(move |_| client.store.models().get());
    let chat = move || find(&models.read().models, ModelUse::Chat);
    let search = move || find(&models.read().models, ModelUse::Embedding);
    let words = move || match (chat(), search()) {
        (Some(_), Some(_)) => t!("first.ready"),
        (None, _) => t!("first.no_model"),
        (Some(_), None) => t!("first.words_only"),
    };
    spawn_local(async move {
        if let Err(fault) = log::check(client).await {
            client.screen.fault.set(Some(fault));
        }
    });
    let checked = move || {
        let report = client.screen.log.read();
        report.as_ref().filter(|report| report.intact).map(|report| t!("first.log", n = report.records as f64))
    };
    let check = |words: String| {
        view! {
            <li class="row small">
                <span class="fr-ok"><Glyph icon=Icon::Check size=14/></span>
                {words}
            </li>
        }
    };
    view! {
        <div class="row fr-ready">
            <span class="seal">
                <PlaceMark place=Place::Here size=22/>
            </span>
            <div class="grow">
                <h2 class="h2">{words}</h2>
                <ul class="fr-checks">
                    {move || chat().map(|model| check(t!("first.model_whole", name = model.name)))}
                    {move || search().map(|model| check(t!("first.search_whole", name = model.name)))}
                    {move || checked().map(check)}
                </ul>
            </div>
        </div>
        <Show when=move || chat().is_some_and(|model| model.starter)>
            <Notice tone="warn" icon=Icon::Info title=t!("models.starter")>
                <div class="dim">{t!("models.starter_about")}</div>
            </Notice>
        </Show>
    }
}

/// The model of a kind that is whole: the chosen one first.
fn find(models: &[ModelView], purpose: ModelUse) -> Option<ModelView> {
    let mut whole = models.iter().filter(|model| model.purpose == purpose && model.fault.is_none());
    whole.clone().find(|model| model.chosen).or_else(|| whole.next()).cloned()
}

/// Leaves the first run for the screen that the address names by the next frame.
fn leave(client: Client) {
    request_animation_frame(move || settings::change(client, |settings| settings.welcomed = true));
}

/// Memory and disk in one line.
fn machine(models: &protocol::ModelsView) -> String {
    t!("first.machine_is", memory = i18n::bytes(models.memory_total), disk = i18n::bytes(models.disk_free))
}
