//! How an answer came about: model, settings, passages, the exact prompt; and the same again.

use super::ChatScreen;
use crate::{
    client::use_client,
    parts::{dialog::Dialog, notice::FaultNotice},
};
use leptos::prelude::*;
use protocol::{Explain as ExplainCall, Explanation, Fault, ItemId, Replay, ReplayReport};
use wasm_bindgen_futures::spawn_local;

/// The dialog.
#[component]
pub fn Explain(here: ChatScreen) -> impl IntoView {
    let open = Signal::derive(move || here.explaining.with(Option::is_some));
    view! {
        <Dialog
            open
            close=move |()| here.explaining.set(None)
            class="wide"
            title=Signal::derive(|| t!("answer.explain"))
        >
            {move || here.explaining.get().map(|item| view! { <Story item/> })}
            <div class="dialog-foot">
                <span class="grow"></span>
                <button class="btn primary" autofocus on:click=move |_| here.explaining.set(None)>
                    {t!("act.close")}
                </button>
            </div>
        </Dialog>
    }
}

/// The explanation of one answer.
#[component]
fn Story(item: ItemId) -> impl IntoView {
    let client = use_client();
    let story = RwSignal::new(None::<Result<Explanation, Fault>>);
    spawn_local(async move {
        let reply = client.call(ExplainCall { item }).await;
        story.try_set(Some(reply));
    });
    view! {
        <div class="dialog-body explain" tabindex="0">
            {move || match story.get() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(Err(fault)) => view! { <FaultNotice fault/> }.into_any(),
                Some(Ok(story)) => view! { <Told story/> <Again item/> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Told(story: Explanation) -> impl IntoView {
    let hash = groups(&story.model_hash);
    view! {
        <dl class="kv">
            <dt>{t!("explain.model")}</dt>
            <dd>{story.model}</dd>
            <dt>{t!("explain.file")}</dt>
            <dd class="mono">{hash}</dd>
            <dt>{t!("explain.engine")}</dt>
            <dd>{story.engine}</dd>
            <dt>{t!("explain.sampling")}</dt>
            <dd class="num">
                {t!(
                    "explain.sampling_line",
                    temperature = story.temperature,
                    top_p = story.top_p,
                    seed = story.seed.to_string(),
                    most = story.max_tokens
                )}
            </dd>
        </dl>
        <h3 class="h3">{t!("explain.passages", n = story.passages.len())}</h3>
        <ul class="explain-passages">
            {story
                .passages
                .into_iter()
                .map(|passage| {
                    let name = if passage.name.is_empty() { t!("cite.erased") } else { passage.name };
                    view! {
                        <li>
                            <span class="cut">{name}</span>
                            <span class="faint num">{t!("cite.page", page = passage.page)}</span>
                            <span class="mono faint">{groups(passage.hash.get(..16).unwrap_or(&passage.hash))}</span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
        {(!story.left_out.is_empty())
            .then(|| {
                view! {
                    <h3 class="h3">{t!("explain.left_out")}</h3>
                    <ul class="explain-left">
                        {story.left_out.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}
                    </ul>
                }
            })}
        <details>
            <summary>{t!("explain.prompt")}</summary>
            {story
                .prompt
                .into_iter()
                .map(|(role, content)| {
                    view! {
                        <div class="code">
                            <div class="code-head">{role}</div>
                            <pre tabindex="0">{content}</pre>
                        </div>
                    }
                })
                .collect_view()}
        </details>
    }
}

/// Asks the same model the same again and says what differs.
#[component]
fn Again(item: ItemId) -> impl IntoView {
    let client = use_client();
    let busy = RwSignal::new(false);
    let report = RwSignal::new(None::<Result<ReplayReport, Fault>>);
    let replay = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let reply = client.call(Replay { item }).await;
            report.try_set(Some(reply));
            busy.try_set(false);
        });
    };
    view! {
        <div class="explain-again">
            <button class="btn" aria-busy=move || busy.get().to_string() on:click=replay>
                {move || if busy.get() { t!("explain.repeating") } else { t!("explain.repeat") }}
            </button>
            {move || {
                report
                    .get()
                    .map(|report| match report {
                        Ok(report) if report.same => {
                            view! { <p class="notice ok" role="status">{t!("explain.same")}</p> }.into_any()
                        }
                        Ok(report) => {
                            view! {
                                <div class="notice warn" role="status">
                                    <div class="grow">
                                        <b>{t!("explain.differs")}</b>
                                        <ul>
                                            {report
                                                .differences
                                                .into_iter()
                                                .map(|words| view! { <li>{words}</li> })
                                                .collect_view()}
                                        </ul>
                                    </div>
                                </div>
                            }
                                .into_any()
                        }
                        Err(fault) => view! { <FaultNotice fault/> }.into_any(),
                    })
            }}
        </div>
    }
}

/// A fingerprint in groups of four.
fn groups(hash: &str) -> String {
    let chars: Vec<char> = hash.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_come_in_groups() {
        assert_eq!(groups("0123456789"), "0123 4567 89");
        assert_eq!(groups(""), "");
    }
}
