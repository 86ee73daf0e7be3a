//! What the agent did before and while it answered: one row a step, folded.

use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ItemId, StepKind, StepState, StepView};

/// The rows of an answer.
#[component]
pub fn Work(id: ItemId) -> impl IntoView {
    let row = use_client().store.items().at_key(id);
    let steps = Memo::new(move |_| row.try_read().map(|item| item.steps.clone()).unwrap_or_default());
    let count = Memo::new(move |_| steps.with(Vec::len));
    view! {
        <Show when=move || count.get() != 0>
            <div class="work">
                <For each=move || 0..count.get() key=|at| *at let:at>
                    <Step at id step=Signal::derive(move || steps.with(|steps| steps.get(at).cloned()))/>
                </For>
            </div>
        </Show>
    }
}

/// One step.
#[component]
fn Step(at: usize, id: ItemId, #[prop(into)] step: Signal<Option<StepView>>) -> impl IntoView {
    let open = RwSignal::new(false);
    let body = format!("step-{id}-{at}");
    let has_detail = move || step.with(|step| step.as_ref().is_some_and(|step| !step.detail.is_empty()));
    let mono = move || {
        step.with(|step| {
            step.as_ref().is_some_and(|step| matches!(step.kind, StepKind::Searched | StepKind::Tool { .. }))
        })
    };
    view! {
        <button
            type="button"
            aria-expanded=move || open.get().to_string()
            aria-controls=body.clone()
            on:click=move |_| open.update(|open| *open = !*open)
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
                    step.with(|step| step.as_ref().map(|step| step.detail.clone()).unwrap_or_default())
                } else {
                    t!("work.no_detail")
                }
            }}
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
