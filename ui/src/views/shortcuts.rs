//! The shortcut sheet: the table that the page listens by, printed.

use crate::{
    client::use_screen,
    dom, i18n,
    keys::{self, Group, SHORTCUTS, Shortcut},
    parts::dialog::Dialog,
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let open = use_screen().shortcuts;
    view! {
        <Dialog open close=move |()| open.set(false) title=Signal::derive(|| t!("keys.shortcuts")) class="wide" cross=true>
            <div class="keys">
                <Column group=Group::Window name=t!("keys.group_window")/>
                <Column group=Group::Chat name=t!("keys.group_chat")/>
                <Column group=Group::Lists name=t!("keys.group_lists")/>
            </div>
        </Dialog>
    }
}

#[component]
fn Column(group: Group, name: String) -> impl IntoView {
    view! {
        <section>
            <h3>{name}</h3>
            <dl>
                {SHORTCUTS
                    .iter()
                    .filter(|shortcut| shortcut.group == group)
                    .map(|shortcut| view! { <Line shortcut/> })
                    .collect_view()}
            </dl>
        </section>
    }
}

#[component]
fn Line(shortcut: &'static Shortcut) -> impl IntoView {
    let mac = dom::is_mac();
    let caps: Vec<String> = keys::presses(shortcut, mac).iter().flat_map(|press| keys::caps(press, mac)).collect();
    view! {
        <dt>{i18n::text(shortcut.words, &[])}</dt>
        <dd>{caps.into_iter().map(|cap| view! { <kbd class="kbd">{cap}</kbd> }).collect_view()}</dd>
    }
}
