//! How documents get in when there are none yet, and by typing a path.

use super::{AddButtons, left_out::reason};
use crate::{
    client::use_client,
    files,
    parts::{
        icon::{Glyph, Icon},
        path_field::PathField,
    },
};
use leptos::prelude::*;
use protocol::{Fault, ImportPlan, PassedOver, PlanImport};
use wasm_bindgen_futures::spawn_local;

/// No documents: what this place is for, and the ways in.
#[component]
pub(super) fn Empty() -> impl IntoView {
    view! {
        <div class="docs-empty">
            <div class="empty">
                <span class="empty-ill"><Glyph icon=Icon::Files size=20/></span>
                <h2 class="h2">{t!("documents.empty")}</h2>
                <p>{t!("documents.empty_about")}</p>
                <div class="btn-group">
                    <AddButtons/>
                </div>
                <small>{t!("documents.formats")}</small>
            </div>
            <PathLine/>
        </div>
    }
}

/// Imports a path of this machine; what it holds is shown before anything is done.
#[component]
pub(crate) fn PathLine() -> impl IntoView {
    let client = use_client();
    let path = RwSignal::new(String::new());
    let plan = RwSignal::new(None::<(String, ImportPlan)>);
    let wrong = RwSignal::new(None::<Fault>);
    let look = move || {
        let typed = path.get_untracked().trim().to_owned();
        if typed.is_empty() {
            return;
        }
        spawn_local(async move {
            let made = client.call(PlanImport { paths: vec![typed.clone()] }).await;
            // Another path was typed meanwhile, or the screen is gone.
            if path.try_get_untracked().is_none_or(|now| now.trim() != typed) {
                return;
            }
            match made {
                Ok(made) => match only_fault(&made) {
                    Some(fault) => wrong.set(Some(fault)),
                    None => plan.set(Some((typed, made))),
                },
                Err(fault) => wrong.set(Some(fault)),
            }
        });
    };
    view! {
        <PathField
            name=t!("documents.path")
            act=t!("documents.look")
            field_id="import-path"
            button_id="import-look"
            error_id="import-path-error"
            path
            wrong
            changed=Callback::new(move |()| plan.set(None))
            go=move |()| look()
        />
        {move || plan.get().map(|(path_looked_at, made)| {
            view! {
                <Plan
                    plan=made
                    import=move |()| {
                        files::import_paths(client, vec![path_looked_at.clone()]);
                        plan.set(None);
                        path.set(String::new());
                    }
                />
            }
        })}
    }
}

/// Where the path itself is what cannot be imported: why.
fn only_fault(plan: &ImportPlan) -> Option<Fault> {
    let alone = plan.files == 0 && plan.known == 0 && plan.left_out.len() == 1;
    plan.left_out.first().filter(|_| alone).map(|file| file.fault.clone())
}

/// What is passed over in folders, a sentence for each kind that there is.
pub(crate) fn passed_over_words(PassedOver { hidden, links, system, ignored }: PassedOver) -> Vec<String> {
    let some = |count: u32| (count > 0).then_some(f64::from(count));
    [
        some(hidden).map(|n| t!("import.passed_hidden", n = n)),
        some(links).map(|n| t!("import.passed_links", n = n)),
        some(system).map(|n| t!("import.passed_system", n = n)),
        some(ignored).map(|n| t!("import.passed_ignored", n = n)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What an import would do: files by format, and what is left out with the reason.
#[component]
pub(crate) fn Plan(
    /// What was found.
    plan: ImportPlan,
    /// Begins the import.
    #[prop(into)]
    import: Callback<()>,
) -> impl IntoView {
    let all_left_out = f64::from(plan.all_left_out());
    let ImportPlan { files, bytes, formats, known, left_out, more_left_out, passed_over, .. } = plan;
    let passed_over = passed_over_words(passed_over);
    let all: u32 = formats.iter().map(|format| format.count).sum();
    view! {
        <div class="card pad plan" data-testid="import-plan">
            <div class="row">
                <b class="h2">{t!("import.files", n = f64::from(files))}</b>
                <span class="dim num">{crate::i18n::bytes(bytes)}</span>
                {(known > 0).then(|| view! { <span class="dim">{t!("import.known", n = f64::from(known))}</span> })}
            </div>
            <div class="mix" aria-hidden="true">
                {formats
                    .iter()
                    .map(|format| {
                        let share = f64::from(format.count) / f64::from(all.max(1)) * 100.0;
                        view! { <i style=format!("flex-basis:{share:.1}%")></i> }
                    })
                    .collect_view()}
            </div>
            <div class="row small plan-formats">
                {formats
                    .iter()
                    .enumerate()
                    .map(|(at, format)| {
                        view! {
                            <span class=format!("mixk k{}", (at + 1).min(4))>
                                {format.format.to_uppercase()}
                                " "
                                <span class="num dim">{crate::i18n::number(format.count)}</span>
                            </span>
                        }
                    })
                    .collect_view()}
            </div>
            {(!left_out.is_empty())
                .then(|| {
                    view! {
                        <details class="plan-out">
                            <summary>{t!("import.left_out", n = all_left_out)}</summary>
                            <ul>
                                {left_out
                                    .into_iter()
                                    .map(|file| {
                                        let why = reason(&file.fault);
                                        view! { <li><span class="mono">{file.path}</span> " " <span class="dim">{why}</span></li> }
                                    })
                                    .collect_view()}
                                {(more_left_out > 0)
                                    .then(|| view! { <li class="dim">{t!("import.left_out_more", n = f64::from(more_left_out))}</li> })}
                            </ul>
                        </details>
                    }
                })}
            {(!passed_over.is_empty())
                .then(|| view! { <p class="small dim" data-testid="passed-over">{passed_over.join(" ")}</p> })}
            {(files > 0)
                .then(|| {
                    view! {
                        <button
                            class="btn primary"
                            data-testid="import-go"
                            on:click=move |_| import.run(())
                        >
                            {t!("import.go", n = f64::from(files))}
                        </button>
                    }
                })}
        </div>
    }
}
