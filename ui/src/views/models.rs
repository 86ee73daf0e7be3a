//! The models screen: what is on this disk, whether it fits, which one answers, and what is elsewhere.

mod elsewhere;
mod here;

use crate::{
    client::use_client,
    files, i18n,
    parts::{
        bar::Head,
        icon::{Glyph, Icon},
        notice::Notice,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{AddModel, ModelsView};

/// The screen.
#[component]
pub fn Models() -> impl IntoView {
    let client = use_client();
    let models = Memo::new(move |_| client.store.models().get());
    // Free memory changes without an event.
    client.ask(protocol::ListModels {}, move |view| {
        client.fold(crate::fold::News::Event(Box::new(protocol::Event::ModelsChanged(view))))
    });
    view! {
        <section class="pane">
            <Head title=t!("side.models") line=Signal::derive(|| t!("models.line"))/>
            <div class="scroll">
                <div class="body">
                    {move || view! { <Gauges models=models.get()/> }}
                    <Show when=move || models.read().models.iter().any(|model| model.starter && model.chosen)>
                        <div class="section">
                            <Notice tone="warn" icon=Icon::Info title=t!("models.starter")>
                                <div class="dim">{t!("models.starter_about")}</div>
                            </Notice>
                        </div>
                    </Show>
                    {move || view! { <here::Here models=models.get().models/> }}
                    <AddFile/>
                    {move || view! { <elsewhere::Elsewhere endpoints=models.get().endpoints/> }}
                </div>
            </div>
        </section>
    }
}

/// Memory and disk as bars that are also sentences.
#[component]
fn Gauges(models: ModelsView) -> impl IntoView {
    let used = models.memory_total.saturating_sub(models.memory_free);
    let part = used as f64 / models.memory_total.max(1) as f64;
    let held: u64 = models.models.iter().map(|model| model.bytes).sum();
    let memory = t!("models.memory_used", used = i18n::bytes(used), total = i18n::bytes(models.memory_total));
    let disk = t!("models.disk_free", free = i18n::bytes(models.disk_free));
    view! {
        <div class="gauges">
            <div>
                <div class="row small">
                    <b class="med">{t!("models.memory")}</b>
                    <span class="grow"></span>
                    <span class="faint num">{memory.clone()}</span>
                </div>
                <div class="fit tall-fit" role="img" aria-label=memory>
                    <i class="sys" style=format!("inline-size:{:.1}%", part * 100.0)></i>
                </div>
            </div>
            <div>
                <div class="row small">
                    <b class="med">{t!("models.disk")}</b>
                    <span class="grow"></span>
                    <span class="faint num">{disk}</span>
                </div>
                <p class="small faint">{t!("models.held", size = i18n::bytes(held), folder = models.folder)}</p>
            </div>
        </div>
    }
}

/// Adds a model file from this disk.
#[component]
fn AddFile() -> impl IntoView {
    let client = use_client();
    let path = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let add = move |chosen: String| {
        let chosen = chosen.trim().to_owned();
        if chosen.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            match client.call(AddModel { path: chosen }).await {
                Ok(model) => {
                    path.set(String::new());
                    client.screen.toast(t!("models.added", name = model.name), None);
                }
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
            busy.set(false);
        });
    };
    view! {
        <form
            class="row add-line"
            on:submit=move |event| {
                event.prevent_default();
                add(path.get_untracked());
            }
        >
            <input
                class="input"
                aria-label=t!("models.path")
                placeholder=t!("models.path")
                autocomplete="off"
                spellcheck="false"
                prop:value=move || path.get()
                on:input=move |event| path.set(event_target_value(&event))
            />
            {client
                .in_window()
                .then(|| {
                    view! {
                        <button
                            class="btn"
                            type="button"
                            on:click=move |_| {
                                leptos::task::spawn_local(async move {
                                    if let Some(chosen) = files::choose(files::Wanted::Model).await.into_iter().next() {
                                        add(chosen);
                                    }
                                });
                            }
                        >
                            <Glyph icon=Icon::FolderInput/>
                            {t!("models.choose_file")}
                        </button>
                    }
                })}
            <button class="btn primary" type="submit" aria-busy=move || busy.get().to_string()>
                {move || if busy.get() { t!("models.adding") } else { t!("models.add") }}
            </button>
        </form>
    }
}
