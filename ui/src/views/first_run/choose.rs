//! Which model answers: those on this disk, what each needs of the memory, and how a file gets in.

use crate::{
    client::use_client,
    fold::News,
    i18n,
    parts::fit::{Fit, Legend, loaded, need},
    state::WorkspaceStoreFields,
    views::models::{AddFile, Downloads, Offers},
};
use leptos::prelude::*;
use protocol::{ChooseModel, ListModels, ModelUse, ModelView, ModelsView};

/// From so many tokens a second on text comes faster than it is read, and as fast.
const FASTER: f32 = 25.0;
const AS_FAST: f32 = 10.0;

/// The models of this disk as a choice, and the way for another one.
#[component]
pub(super) fn Choose() -> impl IntoView {
    let client = use_client();
    let models = Memo::new(move |_| client.store.models().get());
    client.ask(ListModels {}, move |view| client.fold(News::Models(Box::new(view))));
    let offers = RwSignal::new(false);
    let ids = Memo::new(move |_| {
        let models = models.read();
        let chat = models.models.iter().filter(|model| model.purpose == ModelUse::Chat);
        chat.map(|model| model.id.clone()).collect::<Vec<_>>()
    });
    let free = move || t!("first.memory_free", free = i18n::bytes(models.read().memory_free));
    view! {
        <h2 class="h1 fr-choose">{t!("first.choose")}</h2>
        <Show
            when=move || !ids.read().is_empty()
            fallback=|| view! { <p class="dim">{t!("first.get_model")}</p> }
        >
            <p class="dim">{free}</p>
            <div class="row legends fr-legends">
                <Legend class="sys" words=t!("first.in_use")/>
                <Legend class="mdl" words=t!("first.model")/>
                <Legend class="ctx" words=t!("first.working")/>
            </div>
            <div class="card fr-models" role="radiogroup" aria-label=t!("first.choose")>
                <For each=move || ids.get() key=String::clone let:id>
                    <Line id models/>
                </For>
            </div>
        </Show>
        <Downloads/>
        <p class="fr-get">
            <button class="link" on:click=move |_| offers.set(true)>{t!("first.catalogue")}</button>
            " "
            <span class="small dim">{t!("first.catalogue_about")}</span>
        </p>
        <Offers open=offers/>
        <details class="fr-file" prop:open=move || ids.read().is_empty()>
            <summary class="link">{t!("first.model_file")}</summary>
            <p class="small dim">{t!("first.model_file_about")}</p>
            <AddFile/>
        </details>
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
    let chosen = Memo::new(move |_| model.read().as_ref().is_some_and(|model| model.chosen));
    // What cannot be used now is there to be seen, with the reason.
    let usable = Memo::new(move |_| {
        model.read().as_ref().is_some_and(|model| model.fault.is_none() && (model.fits || model.chosen))
    });
    let cell = move |part: fn(&ModelView) -> String| model.read().as_ref().map(part).unwrap_or_default();
    let bar = move || {
        let (models, engine) = (models.read(), client.store.engine().get());
        let model = models.models.iter().find(|model| id.with_value(|id| *id == model.id))?;
        let inside = loaded(&models, &engine).is_some_and(|loaded| loaded.id == model.id);
        let (tone, words) = fits(&models, model, inside);
        let parts = need(&models, model, inside);
        Some(view! {
            <Fit parts said=words.clone() chosen/>
            <span class=tone>{words}</span>
        })
    };
    view! {
        <label class="model-row" class:off=move || !usable.get() data-testid="first-model">
            <input
                class="vh"
                type="radio"
                name="first-model"
                prop:checked=chosen
                disabled=move || !usable.get()
                on:change=move |_| client.tell(ChooseModel { model: id.get_value() })
            />
            <span class="radio" class:is-on=chosen aria-hidden="true"></span>
            <span>
                <span class="t">{move || cell(|model| model.name.clone())}</span>
                <span class="u">{move || cell(about)}</span>
            </span>
            <span class="fr-fit">{bar}</span>
            <span class="num">
                {move || {
                    let (rate, than) = speed(model.read().as_ref().and_then(|model| model.tokens_per_second));
                    view! {
                        <span class="med">{rate}</span>
                        <span class="u">{than}</span>
                    }
                }}
            </span>
        </label>
    }
}

fn about(model: &ModelView) -> String {
    let parts = [Some(model.quantisation.clone()), Some(i18n::bytes(model.bytes)), model.licence.clone()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Whether a model fits, in words and their tone.
fn fits(models: &ModelsView, model: &ModelView, inside: bool) -> (&'static str, String) {
    if let Some(fault) = &model.fault {
        return ("u bad", crate::faults::words(fault).message);
    }
    let (need, free) = (i18n::bytes(model.memory), i18n::bytes(models.memory_free));
    if inside {
        ("u", t!("models.loaded"))
    } else if model.fits {
        ("u", t!("first.fits", need = need))
    } else {
        ("u bad", t!("models.too_large", need = need, free = free))
    }
}

/// A speed that was measured here, and what it means to a reader.
fn speed(tokens_per_second: Option<f32>) -> (String, String) {
    match tokens_per_second {
        None => (t!("models.not_measured"), String::new()),
        Some(rate) => {
            let than = match rate {
                rate if rate >= FASTER => t!("first.faster"),
                rate if rate >= AS_FAST => t!("first.as_fast"),
                _ => t!("first.slower"),
            };
            (i18n::rate(rate), than)
        }
    }
}
