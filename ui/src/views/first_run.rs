//! The first run: this machine, a model, the first documents. Nothing here is asked twice.

mod steps;

use crate::{
    client::use_client,
    files::{self, Wanted},
    i18n,
    parts::{
        icon::{Glyph, Icon, Logo, PlaceMark},
        notice::Notice,
    },
    route::Route,
    shell::boundary::Boundary,
    state::WorkspaceStoreFields,
    views::documents::PathLine,
};
use leptos::prelude::*;
use protocol::{ChangeSettings, ModelUse, ModelView, Place};

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
        let mut settings = store.settings().get_untracked();
        settings.welcomed = true;
        // At once: where the person goes next must not be undone by a reply that comes later.
        client.screen.go(if documents.get_untracked() > 0 { Route::NewChat } else { Route::Documents });
        client.tell(ChangeSettings { settings });
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
    let chat = move || find(&models.get().models, ModelUse::Chat);
    let search = move || find(&models.get().models, ModelUse::Embedding);
    let words = move || match (chat(), search()) {
        (Some(_), Some(_)) => t!("first.ready"),
        (None, _) => t!("first.no_model"),
        (Some(_), None) => t!("first.words_only"),
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
                    {check(t!("first.log"))}
                </ul>
            </div>
        </div>
        <Show when=move || chat().is_some_and(|model| model.starter)>
            <Notice tone="warn" icon=Icon::Info title=t!("models.starter")>
                <div class="dim">{t!("models.starter_about")}</div>
            </Notice>
        </Show>
        <Show when=move || chat().is_none()>
            <p class="dim">
                {t!("first.get_model")} " "
                <a class="link" href=Route::Models.href() on:click=move |_| leave(client)>{t!("first.to_models")}</a>
            </p>
        </Show>
    }
}

/// The model of a kind that is whole: the chosen one first.
fn find(models: &[ModelView], purpose: ModelUse) -> Option<ModelView> {
    let mut whole = models.iter().filter(|model| model.purpose == purpose && model.fault.is_none());
    whole.clone().find(|model| model.chosen).or_else(|| whole.next()).cloned()
}

/// Leaves the first run for another screen.
fn leave(client: crate::client::Client) {
    let mut settings = client.store.settings().get_untracked();
    settings.welcomed = true;
    client.tell(ChangeSettings { settings });
}

/// Memory and disk in one line.
fn machine(models: &protocol::ModelsView) -> String {
    t!("first.machine_is", memory = i18n::bytes(models.memory_total), disk = i18n::bytes(models.disk_free))
}
