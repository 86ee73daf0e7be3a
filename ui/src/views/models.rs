//! The models screen: what is on this disk, whether it fits, which one answers, and what is elsewhere.

mod add;
mod downloads;
mod elsewhere;
mod here;
mod offers;
mod row_menu;

pub(crate) use add::AddFile;
pub(crate) use downloads::Downloads;
pub(crate) use offers::Offers;

use crate::{
    client::use_client,
    fold::News,
    i18n,
    parts::{
        bar::Head,
        fit::{Fit, Legend, loaded},
        icon::{Glyph, Icon},
        notice::{FaultNotice, Notice},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{EngineState, ListModels, ModelsView};

/// The screen.
#[component]
pub fn Models() -> impl IntoView {
    let client = use_client();
    let models = Memo::new(move |_| client.store.models().get());
    let running = Memo::new(move |_| matches!(*client.store.engine().read(), EngineState::Ready { .. }));
    Effect::new(move || {
        // Free memory changes without an event, most of all when a model comes or goes.
        running.track();
        client.ask(ListModels {}, move |view| client.fold(News::Models(Box::new(view))));
    });
    let offers = RwSignal::new(false);
    view! {
        <section class="pane">
            <Head title=t!("side.models") line=Signal::derive(|| t!("models.line"))>
                <button class="btn primary" on:click=move |_| offers.set(true)>
                    <Glyph icon=Icon::Download/>
                    {t!("models.get")}
                </button>
            </Head>
            <div class="scroll">
                <div class="body">
                    {move || view! { <Gauges models=models.get() engine=client.store.engine().get()/> }}
                    // Why nothing is loaded: what the models below do not say.
                    {move || match client.store.engine().get() {
                        EngineState::Refused { fault } => {
                            view! { <div class="section"><FaultNotice fault/></div> }.into_any()
                        }
                        EngineState::Off
                        | EngineState::Loading { .. }
                        | EngineState::Ready { .. }
                        | EngineState::Crashed { .. } => ().into_any(),
                    }}
                    <Show when=move || models.read().models.iter().any(|model| model.starter && model.chosen)>
                        <div class="section">
                            <Notice tone="warn" icon=Icon::Info title=t!("models.starter")>
                                <div class="dim">{t!("models.starter_about")}</div>
                            </Notice>
                        </div>
                    </Show>
                    <Downloads/>
                    <here::Here models/>
                    <AddFile/>
                    <elsewhere::Elsewhere models/>
                </div>
            </div>
            <Offers open=offers/>
        </section>
    }
}

/// Memory and disk as bars that are also sentences, with the numbers under them.
#[component]
fn Gauges(models: ModelsView, engine: EngineState) -> impl IntoView {
    let used = models.memory_total.saturating_sub(models.memory_free);
    let inside = loaded(&models, &engine);
    let mine = inside.map_or(0, |model| model.memory.min(used));
    let held: u64 = models.models.iter().map(|model| model.bytes).sum();
    let of = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let memory = t!("models.memory_used", used = i18n::bytes(used), total = i18n::bytes(models.memory_total));
    let disk = t!("models.disk_free", free = i18n::bytes(models.disk_free));
    let on_disk = t!("models.held", size = i18n::bytes(held), folder = &models.folder);
    let memory_parts = vec![("sys", of(used - mine, models.memory_total)), ("on", of(mine, models.memory_total))];
    let disk_parts = vec![("on", of(held, held + models.disk_free))];
    view! {
        <div class="gauges">
            <div>
                <div class="row small">
                    <b class="med">{t!("models.memory")}</b>
                    <span class="grow"></span>
                    <span class="faint num">{memory.clone()}</span>
                </div>
                <Fit tall=true parts=memory_parts said=memory/>
                <div class="row legends">
                    <Legend class="sys" words=t!("models.others", size = i18n::bytes(used - mine))/>
                    {inside
                        .map(|model| {
                            let words = t!("models.loaded_about", name = &model.name, size = i18n::bytes(mine));
                            view! { <Legend class="on" words/> }
                        })}
                </div>
            </div>
            <div>
                <div class="row small">
                    <b class="med">{t!("models.disk")}</b>
                    <span class="grow"></span>
                    <span class="faint num">{disk.clone()}</span>
                </div>
                <Fit tall=true parts=disk_parts said=format!("{disk}. {on_disk}")/>
                <div class="row legends">
                    <Legend class="on" words=on_disk/>
                </div>
            </div>
        </div>
    }
}
