//! What the agent did before and while it answered: one row a step, folded.

use super::ChatScreen;
use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
    told,
};
use leptos::prelude::*;
use protocol::{ChatId, ChatView, Decision, Detail, ItemId, RenameChat, StepKind, StepState, StepView, Undo};

/// The rows of an answer.
#[component]
pub fn Work(here: ChatScreen, id: ItemId) -> impl IntoView {
    let row = use_client().store.items().at_key(id);
    let steps = Memo::new(move |_| row.try_read().map(|item| item.steps.clone()).unwrap_or_default());
    let count = Memo::new(move |_| steps.with(Vec::len));
    view! {
        <Show when=move || count.get() != 0>
            <div class="work">
                <For each=move || 0..count.get() key=|at| *at let:at>
                    {
                        let step = Memo::new(move |_| steps.with(|steps| steps.get(at).cloned()));
                        let decided = Memo::new(move |_| step.with(|step| step.as_ref().and_then(|step| step.decided)));
                        move || match decided.get() {
                            Some(decision) => view! { <Decided decision id step/> }.into_any(),
                            None => view! { <Step here at id step/> }.into_any(),
                        }
                    }
                </For>
            </div>
        </Show>
    }
}

/// What a person was asked and has decided, in place of the card that asked; and the way back.
#[component]
fn Decided(decision: Decision, id: ItemId, #[prop(into)] step: Signal<Option<StepView>>) -> impl IntoView {
    let client = use_client();
    let what = Memo::new(move |_| step.with(|step| step.as_ref().map(what).unwrap_or_default()));
    let icon = match decision {
        Decision::AllowOnce | Decision::AllowAlways => Icon::ShieldCheck,
        Decision::Deny => Icon::Ban,
        Decision::Expired => Icon::Clock,
    };
    let chat = client.store.items().at_key(id).try_read_untracked().map(|item| item.chat);
    // Only while nobody has changed it again: Undo takes back what the agent did, and nothing else.
    let undo = Memo::new(move |_| {
        let undo = step.with(|step| step.as_ref().and_then(|step| step.undo.clone()))?;
        let chat = client.store.chats().at_key(chat?).try_read()?.clone();
        is_standing(&undo, &chat).then_some((chat.id, undo))
    });
    view! {
        <div class="work-row decided">
            <Glyph icon size=14/>
            <b class="cut">{move || told::decided(decision, &what.get())}</b>
            {move || {
                undo.get()
                    .map(|(chat, undo)| {
                        view! {
                            <button
                                type="button"
                                class="btn ghost sm work-undo"
                                aria-label=move || t!("work.undo_name", what = what.get())
                                on:click=move |_| client.tell(taken_back(chat, &undo))
                            >
                                {t!("work.undo")}
                            </button>
                        }
                    })
            }}
        </div>
    }
}

/// What a decided step is about.
fn what(step: &StepView) -> String {
    match (&step.detail, &step.kind) {
        (Detail::Text(words), StepKind::Tool { name }) if words.is_empty() => name.clone(),
        (detail, _) => told::detail(detail),
    }
}

/// Whether what can be taken back is still as the tool left it.
fn is_standing(undo: &Undo, chat: &ChatView) -> bool {
    match undo {
        Undo::RenameChat { to, .. } => chat.title == *to,
    }
}

/// The call that takes it back.
fn taken_back(chat: ChatId, undo: &Undo) -> RenameChat {
    match undo {
        Undo::RenameChat { from, .. } => RenameChat { chat, title: from.clone() },
    }
}

/// One step.
#[component]
fn Step(here: ChatScreen, at: usize, id: ItemId, #[prop(into)] step: Signal<Option<StepView>>) -> impl IntoView {
    let open = Memo::new(move |_| here.unfolded.with(|all| all.contains(&(id, at))));
    let body = format!("step-{id}-{at}");
    let has_detail = move || step.with(|step| step.as_ref().is_some_and(|step| step.detail != Detail::default()));
    let has_passages = move || {
        step.with(|step| {
            step.as_ref().is_some_and(|step| {
                step.state == StepState::Done && matches!(step.kind, StepKind::Searched | StepKind::Checked)
            })
        })
    };
    let mono = move || {
        step.with(|step| {
            step.as_ref().is_some_and(|step| {
                matches!((&step.kind, &step.detail), (StepKind::Searched | StepKind::Tool { .. }, Detail::Text(_)))
            })
        })
    };
    view! {
        <button
            type="button"
            aria-expanded=move || open.get().to_string()
            aria-controls=body.clone()
            on:click=move |_| {
                here.unfolded.update(|all| {
                    if !all.remove(&(id, at)) {
                        all.insert((id, at));
                    }
                });
            }
        >
            {move || step.get().map(|step| view! { <StepLine step/> })}
            <span class="chev">
                {move || {
                    view! { <Glyph icon=if open.get() { Icon::ChevronDown } else { Icon::ChevronRight } size=14/> }
                }}
            </span>
        </button>
        <div class="work-body" id=body hidden=move || !open.get() class:mono=mono>
            {move || {
                if has_detail() {
                    step.with(|step| step.as_ref().map(|step| told::detail(&step.detail)).unwrap_or_default())
                } else if has_passages() {
                    String::new()
                } else {
                    t!("work.no_detail")
                }
            }}
            <Show when=has_passages>
                <button type="button" class="link" on:click=move |_| here.explaining.set(Some(id))>
                    {t!("work.see_passages")}
                </button>
            </Show>
        </div>
    }
}

#[component]
fn StepLine(step: StepView) -> impl IntoView {
    let amount = amount(&step);
    let words = words(&step);
    let lead = match step.state {
        StepState::Running => view! { <span class="spin"></span> }.into_any(),
        StepState::Failed => view! { <Glyph icon=Icon::CircleAlert size=14/> }.into_any(),
        StepState::Refused => view! { <Glyph icon=Icon::Ban size=14/> }.into_any(),
        StepState::Done => {
            let icon = match step.kind {
                StepKind::Searched => Icon::Search,
                StepKind::Reasoned => Icon::ListTree,
                StepKind::Tool { .. } => Icon::Terminal,
                StepKind::LeftOut => Icon::ListFilter,
                StepKind::Checked => Icon::ShieldCheck,
            };
            view! { <Glyph icon size=14/> }.into_any()
        }
    };
    view! {
        {lead}
        <b class="cut">{words}</b>
        <span class="num nowrap">{amount}</span>
    }
}

/// What the row says.
fn words(step: &StepView) -> String {
    match (&step.kind, step.state) {
        (StepKind::Searched, StepState::Running) => t!("work.searching"),
        (StepKind::Searched, StepState::Done) => t!("work.searched"),
        (StepKind::Searched, StepState::Failed | StepState::Refused) => t!("work.search_failed"),
        (StepKind::Reasoned, StepState::Running) => t!("work.reasoning"),
        (StepKind::Reasoned, StepState::Done | StepState::Failed | StepState::Refused) => t!("work.reasoned"),
        (StepKind::Tool { name }, StepState::Running) => t!("work.tool_running", name = name),
        (StepKind::Tool { name }, StepState::Done) => t!("work.tool_done", name = name),
        (StepKind::Tool { name }, StepState::Failed) => t!("work.tool_failed", name = name),
        (StepKind::Tool { name }, StepState::Refused) => t!("work.tool_refused", name = name),
        (StepKind::LeftOut, _) => t!("work.left_out"),
        (StepKind::Checked, StepState::Running) => t!("work.checking"),
        (StepKind::Checked, StepState::Done | StepState::Failed | StepState::Refused) => t!("work.checked"),
    }
}

/// How much, and how long.
fn amount(step: &StepView) -> String {
    let time = step.ms.map(i18n::milliseconds);
    match (&step.kind, step.count, time) {
        (StepKind::Searched | StepKind::Tool { .. }, Some(n), Some(time)) => {
            t!("work.passages_in", n = n, time = time)
        }
        (StepKind::Searched | StepKind::Tool { .. }, Some(n), None) => t!("work.passages", n = n),
        (StepKind::LeftOut, Some(n), _) => t!("work.parts", n = n),
        (StepKind::Checked, Some(n), _) => t!("work.citations", n = n),
        (_, _, Some(time)) => time,
        (_, _, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(title: &str) -> ChatView {
        ChatView {
            id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            agent: "00000000-0000-7000-8000-000000000002".parse().unwrap(),
            title: title.into(),
            started_at: 0,
            changed_at: 0,
            items: 2,
        }
    }

    #[test]
    fn a_rename_is_taken_back_while_the_title_is_still_the_new_one() {
        let undo = Undo::RenameChat { from: "Old".into(), to: "Lease".into() };
        for (title, standing) in [("Lease", true), ("Old", false), ("Rent", false)] {
            assert_eq!(is_standing(&undo, &chat(title)), standing, "{title}");
        }
        let back = taken_back(chat("Lease").id, &undo);
        assert_eq!((back.chat, back.title.as_str()), (chat("Lease").id, "Old"));
    }
}
