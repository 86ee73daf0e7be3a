//! The models on this disk: what each needs, whether it fits, and which one answers.

use super::{add, row_menu};
use crate::{
    client::use_client,
    dom, faults, i18n,
    parts::{
        fit::loaded,
        icon::{Glyph, Icon},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ChooseModel, EngineState, ModelUse, ModelView, ModelsView};

/// The table.
#[component]
pub(super) fn Here(
    /// What is known of all models.
    models: Memo<ModelsView>,
) -> impl IntoView {
    let ids = Memo::new(move |_| models.read().models.iter().map(|model| model.id.clone()).collect::<Vec<_>>());
    view! {
        <Show
            when=move || !ids.read().is_empty()
            fallback=|| view! { <p class="section dim">{t!("models.none")}</p> }
        >
            <div class="table-scroll section">
                <table class="grid tall flush models">
                    <thead>
                        <tr>
                            <th scope="col">{t!("models.here")}</th>
                            <th scope="col">{t!("models.use")}</th>
                            <th scope="col" class="r">{t!("models.on_disk")}</th>
                            <th scope="col" class="r">{t!("models.in_memory")}</th>
                            <th scope="col">{t!("models.speed")}</th>
                            <th scope="col">{t!("models.state")}</th>
                            <th scope="col"><span class="vh">{t!("models.actions")}</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || ids.get() key=String::clone let:id>
                            <Line id models/>
                        </For>
                    </tbody>
                </table>
            </div>
        </Show>
    }
}

#[component]
fn Line(id: String, models: Memo<ModelsView>) -> impl IntoView {
    let client = use_client();
    let id = StoredValue::new(id);
    let model = Memo::new(move |_| {
        let models = models.read();
        models.models.iter().find(|model| id.with_value(|id| *id == model.id)).cloned()
    });
    let choosable = Memo::new(move |_| {
        let elsewhere =
            client.store.settings().read().chat_model.as_deref().is_some_and(|id| id.starts_with("endpoint:"));
        model.read().as_ref().is_some_and(|model| {
            model.purpose == ModelUse::Chat && (!model.chosen || elsewhere) && model.fault.is_none()
        })
    });
    let damaged = Memo::new(move |_| model.read().as_ref().is_some_and(|model| model.fault.is_some()));
    let cell = move |part: fn(&ModelView) -> String| model.read().as_ref().map(part).unwrap_or_default();
    let state = Memo::new(move |_| {
        let models = models.read();
        let model = models.models.iter().find(|model| id.with_value(|id| *id == model.id))?;
        Some(state_of(&models, model, &client.store.engine().read(), choosable.get()))
    });
    view! {
        <tr data-testid="model">
            <td>
                <span class="med">{move || cell(|model| model.name.clone())}</span>
                <span class="sub">{move || cell(about)}</span>
                <span class="sub mono" title=move || cell(|model| model.sha256.clone())>
                    {move || cell(|model| fingerprint(&model.sha256))}
                </span>
            </td>
            <td class="dim">
                {move || {
                    cell(|model| match model.purpose {
                        ModelUse::Chat => t!("models.for_chat"),
                        ModelUse::Embedding => t!("models.for_search"),
                        ModelUse::Reranking => t!("models.for_order"),
                    })
                }}
            </td>
            <td class="r">{move || cell(|model| i18n::bytes(model.bytes))}</td>
            <td class="r">{move || cell(|model| i18n::bytes(model.memory))}</td>
            <td class="num">
                {move || cell(speed)}
            </td>
            <td class="wrap">{move || state.get().map(|state| view! { <Told state/> })}</td>
            <td class="r">
                <span class="btn-group">
                    <Show when=move || choosable.get()>
                        <button
                            class="btn sm"
                            on:click=move |_| client.tell(ChooseModel { model: id.get_value() })
                        >
                            {t!("models.choose")}
                        </button>
                    </Show>
                    <Show when=move || damaged.get()>
                        <button class="btn sm" on:click=move |_| dom::focus_soon(add::PATH_ID)>
                            {t!("models.add_again")}
                        </button>
                    </Show>
                    <row_menu::RowMenu model/>
                </span>
            </td>
        </tr>
    }
}

/// How fast it was here; else how fast it is likely to be.
fn speed(model: &ModelView) -> String {
    match (model.tokens_per_second, model.expected_per_second) {
        (Some(rate), _) => i18n::rate(rate),
        (None, Some(rate)) => t!("offers.about_rate", rate = i18n::rate(rate)),
        (None, None) => t!("models.not_measured"),
    }
}

fn about(model: &ModelView) -> String {
    let about = [
        Some(model.quantisation.clone()),
        Some(t!("models.context", n = f64::from(model.context))),
        model.licence.clone(),
    ];
    about.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// How a model is, in the order of what matters most.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Damaged { message: String, hint: Option<String> },
    Loading { done: u64, total: u64 },
    Loaded,
    TooLarge { need: u64, free: u64 },
    InUse,
    Ready,
}

fn state_of(models: &ModelsView, model: &ModelView, engine: &EngineState, choosable: bool) -> State {
    if let Some(fault) = &model.fault {
        let words = faults::words(fault);
        return State::Damaged { message: words.message, hint: words.hint };
    }
    if let EngineState::Loading { model: name, done, total } = engine
        && *name == model.name
    {
        return State::Loading { done: *done, total: *total };
    }
    if loaded(models, engine).is_some_and(|loaded| loaded.id == model.id) {
        return State::Loaded;
    }
    if !model.fits {
        return State::TooLarge { need: model.memory, free: models.memory_free };
    }
    match (model.purpose, choosable) {
        (ModelUse::Chat, false) | (ModelUse::Embedding | ModelUse::Reranking, _) => State::InUse,
        (ModelUse::Chat, true) => State::Ready,
    }
}

#[component]
fn Told(state: State) -> impl IntoView {
    let (tone, mark, words) = match state {
        State::Damaged { message, hint } => {
            return view! {
                <span class="status bad">
                    <Glyph icon=Icon::FileX size=14/>
                    <span>{message} {hint.map(|hint| view! { <span class="sub">{hint}</span> })}</span>
                </span>
            }
            .into_any();
        }
        State::Loading { done, total } => {
            let words = t!("boundary.loading_of", done = i18n::bytes(done), total = i18n::bytes(total));
            ("status run num", view! { <span class="spin"></span> }.into_any(), words)
        }
        State::Loaded => ("status run", view! { <span class="here-dot"></span> }.into_any(), t!("models.loaded")),
        State::TooLarge { need, free } => {
            let words = t!("models.too_large", need = i18n::bytes(need), free = i18n::bytes(free));
            ("status warn", view! { <Glyph icon=Icon::MemoryStick size=14/> }.into_any(), words)
        }
        State::InUse => ("status ok", view! { <Glyph icon=Icon::Check size=14/> }.into_any(), t!("models.in_use")),
        State::Ready => ("status ok", view! { <Glyph icon=Icon::Check size=14/> }.into_any(), t!("models.ready")),
    };
    view! {
        <span class=tone>
            {mark}
            {words}
        </span>
    }
    .into_any()
}

/// The first groups of four of a hash: enough to compare by eye.
fn fingerprint(hash: &str) -> String {
    hash.chars()
        .take(16)
        .collect::<Vec<_>>()
        .chunks(4)
        .map(|four| four.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_groups_of_four() {
        assert_eq!(fingerprint("c1d847a0ffee0123456789"), "c1d8 47a0 ffee 0123");
        assert_eq!(fingerprint(""), "");
    }
}
