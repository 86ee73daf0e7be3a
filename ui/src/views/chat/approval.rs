//! A tool call that waits for a person, docked on the composer so that scrolling cannot lose it.

use super::{APPROVAL_ID, ChatScreen, MESSAGE_ID};
use crate::{
    client::use_client,
    dom,
    keys::{self, Action},
    parts::{
        icon::{Glyph, Icon},
        rich::bold,
    },
    state::WorkspaceStoreFields,
    told,
};
use leptos::prelude::*;
use protocol::*;

/// A press or key that was meant for the composer must not decide anything.
const DEAF_MS: i64 = 500;

/// The approvals of this chat: one at a time, the others counted.
#[component]
pub fn Approvals(here: ChatScreen) -> impl IntoView {
    let store = use_client().store;
    let waiting = Memo::new(move |_| {
        store.approvals().read().iter().filter(|asked| asked.chat == here.chat).cloned().collect::<Vec<_>>()
    });
    let first = Memo::new(move |_| waiting.with(|all| all.first().cloned()));
    let count = Signal::derive(move || waiting.with(Vec::len));
    view! { {move || first.get().map(|asked| view! { <Approval asked count/> })} }
}

#[component]
fn Approval(asked: ApprovalView, count: Signal<usize>) -> impl IntoView {
    let client = use_client();
    let appeared = dom::now();
    let sending = RwSignal::new(false);
    let reviewed = RwSignal::new(false);
    let id = asked.asked;
    let may_always = asked.may_always;
    let decide = move |decision: Decision| {
        if sending.get_untracked() || dom::now() - appeared < DEAF_MS {
            return;
        }
        sending.set(true);
        dom::focus_soon(MESSAGE_ID);
        leptos::task::spawn_local(async move {
            if let Err(fault) = client.call(Decide { asked: id, decision }).await {
                sending.try_set(false);
                client.screen.fault.set(Some(fault));
            }
        });
    };
    let icon = match asked.reach {
        Reach::Read => Icon::Eye,
        Reach::Write => Icon::Pencil,
        Reach::Machine => Icon::Laptop,
        Reach::Outside => Icon::Globe,
    };
    let reach = match asked.reach {
        Reach::Read => t!("approval.reads"),
        Reach::Write => t!("approval.writes"),
        Reach::Machine => t!("approval.machine"),
        Reach::Outside => t!("approval.outside"),
    };
    let (agent, tool) = (asked.agent.clone(), asked.tool.clone());
    let asks =
        move || bold(key!("approval.wants"), &[("agent", agent.as_str().into()), ("tool", tool.as_str().into())]);
    let asks_again = asks.clone();
    let shortcut = keys::hint(Action::Question, dom::is_mac());
    view! {
        <section
            class="approval"
            class:reviewed=move || reviewed.get()
            id=APPROVAL_ID
            tabindex="-1"
            aria-label=t!("approval.name")
            aria-busy=move || sending.get().to_string()
            on:keydown=move |event| {
                if event.ctrl_key() || event.meta_key() || event.alt_key() {
                    return;
                }
                let decision = match event.key().to_lowercase().as_str() {
                    "a" => Decision::AllowOnce,
                    "w" if may_always => Decision::AllowAlways,
                    "d" => Decision::Deny,
                    _ => return,
                };
                event.prevent_default();
                event.stop_propagation();
                decide(decision);
            }
        >
            <div class="approval-mini">
                <Glyph icon size=15/>
                <span class="grow cut">{asks()}</span>
                <button type="button" class="btn sm primary" on:click=move |_| reviewed.set(true)>
                    {t!("approval.review")}
                </button>
            </div>
            <div class="approval-head">
                <Glyph icon size=15/>
                <span class="grow cut">{asks_again()}</span>
                <span class="small dim">{reach}</span>
                {move || {
                    (count.get() > 1)
                        .then(|| view! { <span class="tag blue num">{t!("approval.one_of", n = count.get())}</span> })
                }}
                <kbd class="kbd" title=t!("keys.question")>{shortcut}</kbd>
            </div>
            <div class="approval-what" tabindex="0">{told::summary(&asked.summary)}</div>
            <div class="approval-foot">
                <button type="button" class="btn ghost" on:click=move |_| decide(Decision::Deny)>
                    {t!("approval.deny")} <kbd class="kbd">"D"</kbd>
                </button>
                <span class="grow"></span>
                {may_always
                    .then(|| {
                        view! {
                            <button type="button" class="btn" on:click=move |_| decide(Decision::AllowAlways)>
                                {t!("approval.always")} <kbd class="kbd">"W"</kbd>
                            </button>
                        }
                    })}
                <button type="button" class="btn primary" on:click=move |_| decide(Decision::AllowOnce)>
                    {move || if sending.get() { t!("approval.sending") } else { t!("approval.once") }}
                    <kbd class="kbd">"A"</kbd>
                </button>
            </div>
        </section>
    }
}
