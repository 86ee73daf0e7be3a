//! The models on this disk: what each needs, whether it fits, and which one answers.

use crate::{
    client::use_client,
    faults, i18n,
    parts::icon::{Glyph, Icon},
};
use leptos::prelude::*;
use protocol::{ChooseModel, ModelUse, ModelView, VerifyModel};

/// The table.
#[component]
pub(super) fn Here(models: Vec<ModelView>) -> impl IntoView {
    if models.is_empty() {
        return view! { <p class="section dim">{t!("models.none")}</p> }.into_any();
    }
    view! {
        <div class="table-scroll section">
            <table class="grid tall flush">
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
                <tbody>{models.into_iter().map(|model| view! { <Line model/> }).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Line(model: ModelView) -> impl IntoView {
    let client = use_client();
    let about = [
        Some(model.quantisation.clone()),
        Some(t!("models.context", n = f64::from(model.context))),
        model.licence.clone(),
    ];
    let about = about.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let purpose = match model.purpose {
        ModelUse::Chat => t!("models.for_chat"),
        ModelUse::Embedding => t!("models.for_search"),
    };
    let (to_choose, to_verify) = (model.id.clone(), model.id.clone());
    let choosable = model.purpose == ModelUse::Chat && !model.chosen && model.fault.is_none();
    let busy = RwSignal::new(false);
    let verify = move |_| {
        let model = to_verify.clone();
        busy.set(true);
        leptos::task::spawn_local(async move {
            match client.call(VerifyModel { model }).await {
                Ok(model) if model.fault.is_none() => {
                    client.screen.toast(t!("models.verified", name = model.name), None)
                }
                Ok(_) => {}
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
            busy.set(false);
        });
    };
    view! {
        <tr data-testid="model">
            <td>
                <span class="med">{model.name.clone()}</span>
                <span class="sub">{about}</span>
                <span class="sub mono" title=model.sha256.clone()>{fingerprint(&model.sha256)}</span>
            </td>
            <td class="dim">{purpose}</td>
            <td class="r">{i18n::bytes(model.bytes)}</td>
            <td class="r">{i18n::bytes(model.memory)}</td>
            <td class="num">{model.tokens_per_second.map_or_else(|| t!("models.not_measured"), i18n::rate)}</td>
            <td>{state(&model)}</td>
            <td class="r">
                <span class="btn-group">
                    {choosable
                        .then(|| {
                            view! {
                                <button
                                    class="btn sm"
                                    on:click=move |_| client.tell(ChooseModel { model: to_choose.clone() })
                                >
                                    {t!("models.choose")}
                                </button>
                            }
                        })}
                    <button class="btn ghost sm" aria-busy=move || busy.get().to_string() on:click=verify>
                        {move || if busy.get() { t!("models.verifying") } else { t!("models.verify") }}
                    </button>
                </span>
            </td>
        </tr>
    }
}

fn state(model: &ModelView) -> AnyView {
    if let Some(fault) = &model.fault {
        let words = faults::words(fault);
        let hint = words.hint.map(|hint| view! { <span class="sub">{hint}</span> });
        return view! {
            <span class="status bad">
                <Glyph icon=Icon::FileX size=14/>
                <span>{words.message} {hint}</span>
            </span>
        }
        .into_any();
    }
    if !model.fits {
        return view! {
            <span class="status warn">
                <Glyph icon=Icon::MemoryStick size=14/>
                {t!("models.too_large")}
            </span>
        }
        .into_any();
    }
    let words = match (model.purpose, model.chosen) {
        (ModelUse::Chat, true) | (ModelUse::Embedding, _) => t!("models.in_use"),
        (ModelUse::Chat, false) => t!("models.ready"),
    };
    view! {
        <span class="status ok">
            <Glyph icon=Icon::Check size=14/>
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
