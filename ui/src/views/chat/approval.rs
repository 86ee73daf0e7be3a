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
/// In a window that is not higher than this, an approval is one row until it is reviewed (`chat.css`).
const LOW: u32 = 520;

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

/// How things stand when a button or a letter is pressed.
struct Press {
    /// What would be decided is not on the screen.
    hidden: bool,
    /// How long it has been there.
    seen_ms: i64,
    /// A decision is under way.
    sending: bool,
}

/// What a press does.
#[derive(Debug, PartialEq)]
enum Does {
    Nothing,
    Review,
    Decide,
}

impl Press {
    /// Nobody decides on what they cannot see, or have not had the time to see.
    fn does(&self) -> Does {
        if self.hidden {
            Does::Review
        } else if self.sending || self.seen_ms < DEAF_MS {
            Does::Nothing
        } else {
            Does::Decide
        }
    }
}

#[component]
fn Approval(asked: ApprovalView, count: Signal<usize>) -> impl IntoView {
    let client = use_client();
    let seen_at = StoredValue::new(dom::now());
    let sending = RwSignal::new(false);
    let reviewed = RwSignal::new(false);
    let review = move || {
        seen_at.set_value(dom::now());
        reviewed.set(true);
    };
    let id = asked.asked;
    let may_always = asked.may_always;
    let decide = move |decision: Decision| {
        let press = Press {
            hidden: dom::not_higher_than(LOW) && !reviewed.get_untracked(),
            seen_ms: dom::now() - seen_at.get_value(),
            sending: sending.get_untracked(),
        };
        match press.does() {
            Does::Nothing => return,
            Does::Review => return review(),
            Does::Decide => {}
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
    let (agent, tool) = (crate::i18n::own(&asked.agent), asked.tool.clone());
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
                if event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat() {
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
                <button type="button" class="btn sm primary" on:click=move |_| review()>
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_decides_on_what_they_have_not_seen() {
        let table = [
            (true, 9_000, false, Does::Review),
            (true, 0, false, Does::Review),
            (false, 0, false, Does::Nothing),
            (false, DEAF_MS - 1, false, Does::Nothing),
            (false, DEAF_MS, false, Does::Decide),
            (false, DEAF_MS, true, Does::Nothing),
        ];
        for (hidden, seen_ms, sending, does) in table {
            assert_eq!(Press { hidden, seen_ms, sending }.does(), does, "{hidden} {seen_ms} {sending}");
        }
    }
}
