//! How an answer came about: model, settings, passages, the exact prompt; and the same again.

use super::ChatScreen;
use crate::{
    client::use_client,
    i18n,
    parts::{dialog::Dialog, notice::FaultNotice, place::short_place, reader::PageLink, viewer::Shown},
    told,
};
use leptos::prelude::*;
use protocol::{Evidence, Explain as ExplainCall, Explanation, Fault, ItemId, PassageView, Replay, ReplayReport, Span};
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
    if story.model.is_empty() {
        return view! {
            <p class="dim">{t!("explain.no_model")}</p>
            {story.evidence.map(|evidence| view! { <Search evidence/> })}
        }
        .into_any();
    }
    let hash = groups(&story.model_hash);
    let more = more_sampling(&story);
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
                {(!more.is_empty()).then(|| view! { <br/> {more} })}
            </dd>
        </dl>
        {story.evidence.map(|evidence| view! { <Search evidence/> })}
        <h3 class="h3">{t!("explain.passages", n = story.passages.len())}</h3>
        <ul class="explain-passages">
            {story
                .passages
                .into_iter()
                .map(|passage| {
                    let hash = groups(passage.hash.get(..16).unwrap_or(&passage.hash));
                    view! {
                        <li>
                            <Name passage=passage.clone()/>
                            <span class="faint num">{short_place(passage.place.as_deref(), passage.page)}</span>
                            <span class="mono faint">{hash}</span>
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
                        {story.left_out.into_iter().map(|left| view! { <li>{told::left_out(&left)}</li> }).collect_view()}
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
    .into_any()
}

/// What the search before the answer found, and whether that was enough.
#[component]
fn Search(evidence: Evidence) -> impl IntoView {
    let Evidence { query, score, threshold, candidates } = evidence;
    let (enough, score, threshold) = (score >= threshold, percent(score), percent(threshold));
    view! {
        <h3 class="h3">{t!("explain.found", n = candidates.len(), query = query)}</h3>
        <p class="dim num">
            {if enough {
                t!("explain.enough", score = score, threshold = threshold)
            } else {
                t!("explain.not_enough", score = score, threshold = threshold)
            }}
        </p>
        <ul class="explain-passages">
            {candidates
                .into_iter()
                .map(|passage| {
                    let score = scored(&passage);
                    view! {
                        <li>
                            <Name passage=passage.clone()/>
                            <span class="faint num">{short_place(passage.place.as_deref(), passage.page)}</span>
                            <span class="faint num nowrap">{score}</span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

/// The document of a passage: its page is a click away, unless it was erased.
#[component]
fn Name(passage: PassageView) -> impl IntoView {
    if passage.name.is_empty() {
        return view! { <span class="cut">{t!("cite.erased")}</span> }.into_any();
    }
    let PassageView { document, name, page, start, end, .. } = passage;
    let shown =
        Shown { document, page, passage: Some(Span { start, end }), page_hash: None, quote: None, words: Vec::new() };
    view! { <PageLink name shown/> }.into_any()
}

/// How near a passage comes to the question, by words and, where it was computed, by meaning.
fn scored(passage: &PassageView) -> String {
    let words = percent(passage.words);
    match passage.meaning {
        Some(meaning) => t!("explain.score_meaning", words = words, meaning = percent(meaning)),
        None => t!("explain.score", words = words),
    }
}

fn percent(share: f32) -> String {
    i18n::share(f64::from(share))
}

/// The settings of sampling that most answers are made without.
fn more_sampling(story: &Explanation) -> String {
    let top_k = story.top_k.map(|k| t!("explain.top_k", k = k));
    let min_p = story.min_p.map(|p| t!("explain.min_p", p = p));
    let stop = (!story.stop.is_empty()).then(|| t!("explain.stop", texts = story.stop.join(" · ")));
    [top_k, min_p, stop].into_iter().flatten().collect::<Vec<_>>().join(", ")
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
                                                .map(|differs| view! { <li>{told::difference(&differs)}</li> })
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
