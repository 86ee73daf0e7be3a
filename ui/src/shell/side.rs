//! The sidebar: the workspace, search, places to go, and the chats by day. In a narrow window it
//! becomes a rail, and lies over the sheet when it is opened.

use crate::{
    app::perform,
    client::use_client,
    dom, i18n,
    keys::{self, Action},
    parts::icon::{Glyph, Icon, Logo},
    route::Route,
    screen::Screen,
    state::WorkspaceStoreFields,
};
use leptos::{ev, prelude::*};
use protocol::{ChatId, ChatView};
use web_sys::HtmlElement;

/// So many chats are listed; older ones are found by the search.
const LISTED: usize = 200;

/// The button in the sidebar that shows and hides it.
const TOGGLE_ID: &str = "side-toggle";

/// The sidebar.
#[component]
pub fn Side() -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let mac = dom::is_mac();
    let name = Memo::new(move |_| store.home().read().as_ref().map(|home| i18n::own(&home.name)).unwrap_or_default());
    let person = move || {
        let name = store.settings().read().name.clone();
        match name.is_empty() {
            true => store.home().read().as_ref().map(|home| i18n::own(&home.member_name)).unwrap_or_default(),
            false => name,
        }
    };
    let documents = move || {
        let count = store.documents().read().len();
        (count > 0).then(|| i18n::number(count as u32))
    };
    let palette_keys = keys::hint(Action::Palette, mac);
    lies_over(screen);
    view! {
        <aside class="side" aria-label=t!("side.name")>
            <div class="side-top">
                <span class="grow"></span>
                <button
                    class="btn icon ghost sm"
                    id=TOGGLE_ID
                    aria-label=t!("side.toggle")
                    aria-expanded=move || screen.side_shown().to_string()
                    title=format!("{} {}", t!("side.toggle"), keys::hint(Action::Sidebar, mac))
                    on:click=move |_| perform(client, Action::Sidebar)
                >
                    <Glyph icon=Icon::PanelLeft/>
                </button>
            </div>
            <a class="ws" href=Route::Settings.href() title=name>
                <span class="ws-mark">
                    <Logo/>
                </span>
                <span class="grow label">
                    <span class="ws-name cut">{name}</span>
                    <span class="ws-org cut">{person}</span>
                </span>
            </a>
            <button class="find" title=t!("side.find") on:click=move |_| screen.palette.set(true)>
                <Glyph icon=Icon::Search size=14/>
                <span class="grow label">{t!("side.find")}</span>
                <kbd class="kbd">{palette_keys}</kbd>
            </button>
            <nav class="nav" aria-label=t!("side.places")>
                <Entry route=Route::NewChat icon=Icon::SquarePen words=t!("side.new_chat")/>
                <Entry route=Route::Documents icon=Icon::Files words=t!("side.documents") count=Signal::derive(documents)/>
            </nav>
            <div class="side-scroll">
                <Chats/>
            </div>
            <nav class="nav side-foot" aria-label=t!("side.more")>
                <Entry route=Route::Models icon=Icon::Gauge words=t!("side.models")/>
                <Entry route=Route::Outbound icon=Icon::ShieldCheck words=t!("side.outbound")/>
                <Entry route=Route::Settings icon=Icon::SunMoon words=t!("side.settings")/>
            </nav>
        </aside>
    }
}

/// While the sidebar lies over the sheet it is a layer: the focus goes in, Esc and a press outside
/// close it, and the focus goes back to what opened it.
fn lies_over(screen: Screen) {
    let opener = StoredValue::new_local(None::<HtmlElement>);
    Effect::new(move |was: Option<bool>| {
        let over = screen.side.get() == Some(true) && screen.railed.get();
        match (was.unwrap_or(false), over) {
            (false, true) => {
                opener.set_value(dom::focused());
                dom::focus_soon(TOGGLE_ID);
            }
            (true, false) => {
                // Only where the focus would be lost with the layer, not where it has gone elsewhere.
                let lost = dom::focused().is_none_or(|now| now.matches("body, .side *").unwrap_or(true));
                if let Some(opener) = opener.try_update_value(Option::take).flatten().filter(|_| lost) {
                    request_animation_frame(move || drop(opener.focus()));
                }
            }
            (true, true) | (false, false) => {}
        }
        over
    });
    let escape = window_event_listener(ev::keydown, move |event| {
        if event.key() == "Escape"
            && !event.default_prevented()
            && screen.side_over()
            && !dom::inside(event.target(), "dialog")
        {
            event.prevent_default();
            screen.side.set(None);
        }
    });
    let press = window_event_listener(ev::pointerdown, move |event| {
        if screen.side_over() && !dom::inside(event.target(), ".side, .side-button, dialog") {
            screen.side.set(None);
        }
    });
    on_cleanup(move || {
        escape.remove();
        press.remove();
    });
}

/// A place to go.
#[component]
fn Entry(
    route: Route,
    icon: Icon,
    words: String,
    #[prop(optional, into)] count: Option<Signal<Option<String>>>,
) -> impl IntoView {
    let screen = use_client().screen;
    view! {
        <a
            href=route.href()
            title=words.clone()
            aria-current=move || (screen.route.get() == route).then_some("page")
        >
            <Glyph icon/>
            <span class="label cut">{words.clone()}</span>
            {count.map(|count| view! { <span class="n">{count}</span> })}
        </a>
    }
}

/// A row of the list: the name of a day, or a chat of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Row {
    Day(String),
    Chat(ChatId),
}

/// The chats by day, newest first.
#[component]
fn Chats() -> impl IntoView {
    let store = use_client().store;
    let rows = Memo::new(move |_| by_day(&store.chats().read(), dom::now()));
    view! {
        <Show
            when=move || !rows.with(Vec::is_empty)
            fallback=move || view! { <p class="small faint side-empty">{t!("side.no_chats")}</p> }
        >
            <nav class="nav chats" aria-label=t!("side.chats")>
                <For each=move || rows.get() key=Row::clone let:row>
                    {match row {
                        Row::Day(day) => view! { <h2 class="day">{day}</h2> }.into_any(),
                        Row::Chat(id) => view! { <ChatLink id/> }.into_any(),
                    }}
                </For>
            </nav>
        </Show>
    }
}

/// The chats, each stretch of days after its name.
fn by_day(chats: &[ChatView], now: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut last = String::new();
    for chat in chats.iter().take(LISTED) {
        let day = i18n::relative_day(chat.changed_at, now);
        if day != last {
            last.clone_from(&day);
            rows.push(Row::Day(day));
        }
        rows.push(Row::Chat(chat.id));
    }
    rows
}

#[component]
fn ChatLink(id: ChatId) -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let chat = store.chats().at_key(id);
    let title = Memo::new(move |_| {
        let title = chat.try_read().map(|chat| chat.title.clone()).unwrap_or_default();
        if title.is_empty() { t!("chat.untitled") } else { title }
    });
    let running = Memo::new(move |_| store.turns().read().iter().any(|turn| turn.chat == id));
    let asks = Memo::new(move |_| store.approvals().read().iter().any(|approval| approval.chat == id));
    view! {
        <a
            href=Route::Chat(id).href()
            title=title
            aria-current=move || (screen.route.get() == Route::Chat(id)).then_some("page")
        >
            <span class="cut">{title}</span>
            {move || match (asks.get(), running.get()) {
                (true, _) => view! { <span class="tag blue row-end">{t!("side.asks")}</span> }.into_any(),
                (false, true) => {
                    view! { <span class="run-dot row-end" role="img" aria-label=t!("side.running")></span> }.into_any()
                }
                (false, false) => ().into_any(),
            }}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_of_a_day_stand_together() {
        const DAY: i64 = 86_400_000;
        let id = |n: u8| format!("00000000-0000-7000-8000-0000000000{n:02x}");
        let chat = |n: u8, days_ago: i64| ChatView {
            id: id(n).parse().unwrap(),
            agent: id(99).parse().unwrap(),
            title: String::new(),
            started_at: 0,
            changed_at: (100 - days_ago) * DAY + 5,
            items: 0,
        };
        let chats = [chat(1, 0), chat(2, 0), chat(3, 1), chat(4, 40)];
        let kinds: String = by_day(&chats, 100 * DAY + 10)
            .iter()
            .map(|row| match row {
                Row::Day(_) => '-',
                Row::Chat(_) => 'c',
            })
            .collect();
        assert_eq!(kinds, "-cc-c-c");
    }
}
