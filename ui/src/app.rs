//! The whole window: contexts, the tree, the address, the keyboard.

use crate::{
    client::Client,
    dom, i18n,
    i18n::Lang,
    keys::{self, Action, Pressed},
    parts::dialog::AskLink,
    route::Route,
    screen::Screen,
    shell::{areas, boundary::Boundary, log, side::Side, toasts::Toasts},
    state::{Link, Workspace, WorkspaceStoreFields},
    transport, views,
};
use leptos::{ev, prelude::*};
use protocol::{Settings, Theme};
use reactive_stores::Store;
use wasm_bindgen_futures::spawn_local;

/// The root.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::new(Workspace::default());
    let screen = Screen::new(Route::parse(&window().location().hash().unwrap_or_default()));
    let client = Client::new(store, screen);
    provide_context(client);
    spawn_local(client.run());
    screen.follow_width();
    views::drop::follow(client);

    window_event_listener(ev::hashchange, move |_| {
        let hash = window().location().hash().unwrap_or_default();
        if transport::lets_in(&hash) {
            // A fresh address, opened in a tab that is here already: it is traded at the start.
            let _ = window().location().reload();
            return;
        }
        screen.route.set(Route::parse(&hash));
        if screen.side_over() {
            screen.side.set(None);
        }
    });
    let mac = dom::is_mac();
    window_event_listener(ev::keydown, move |event| {
        let Some(action) = keys::action(&Pressed::of(&event, mac), mac) else { return };
        // Before the first run is over there is nothing to go to.
        let there = untrack(|| stage(client)) == Stage::Open;
        if there && (keys::over_dialogs(action) || !dom::has_dialog()) && !event.repeat() {
            event.prevent_default();
            perform(client, action);
        }
    });

    let settings = Memo::new(move |_| store.settings().get());
    let lang = RwSignal::new(use_lang(Lang::choose("system", &dom::system_language())));
    Effect::new(move || {
        settings.with(|settings| show_settings(settings, client.in_window()));
        let chosen = settings.with(|settings| Lang::choose(&settings.language, &dom::system_language()));
        if chosen.code() != lang.get_untracked() {
            // In a moment of its own: what waits for the settings in the old tree must be over before
            // the tree goes.
            request_animation_frame(move || lang.set(use_lang(chosen)));
        }
    });

    view! {
        {move || {
            lang.track();
            view! { <Tree/> }
        }}
    }
}

/// Everything with words in it; drawn again when the language changes.
#[component]
fn Tree() -> impl IntoView {
    let client = crate::client::use_client();
    let screen = client.screen;
    let stage = Memo::new(move |_| stage(client));
    view! {
        {move || match stage.get() {
            Stage::Failed(fault) => view! { <views::closed::Closed fault/> }.into_any(),
            Stage::Opening => view! { <views::closed::Opening/> }.into_any(),
            Stage::First => view! { <views::first_run::FirstRun/> }.into_any(),
            Stage::Open => view! { <Desk/> }.into_any(),
        }}
        <AskLink/>
        <p class="vh" role="status" aria-live="polite">{move || screen.said.get()}</p>
    }
}

/// How far this page is. Reads what it depends on.
fn stage(client: Client) -> Stage {
    let store = client.store;
    let link = store.link();
    match &*link.read() {
        Link::Failed(fault) => return Stage::Failed(fault.clone()),
        Link::Opening | Link::Live | Link::Lost => {}
    }
    if store.home().read().is_none() {
        Stage::Opening
    } else if first_run(client) {
        Stage::First
    } else {
        Stage::Open
    }
}

/// Whether the first run is on the screen: where it was asked for, or in a workspace that was empty
/// when this page opened it, until it is finished or skipped. Reads what it depends on.
pub fn first_run(Client { store, screen, .. }: Client) -> bool {
    let empty = || store.documents().read_untracked().is_empty() && store.chats().read_untracked().is_empty();
    // Decided once: what is imported in the first run must not end it, nor may removing the last
    // document of a workspace begin it.
    let greets = screen.greets.try_get_value().flatten().unwrap_or_else(empty);
    screen.greets.try_set_value(Some(greets));
    greeted(screen.route.get() == Route::FirstRun, store.settings().read().welcomed, greets)
}

fn greeted(asked_for: bool, welcomed: bool, began_empty: bool) -> bool {
    asked_for || (!welcomed && began_empty)
}

#[derive(Clone, PartialEq)]
enum Stage {
    Opening,
    First,
    Open,
    Failed(protocol::Fault),
}

/// The window once the workspace is open.
#[component]
fn Desk() -> impl IntoView {
    let client = crate::client::use_client();
    let screen = client.screen;
    log::check_later(client);
    // Whoever went away from where the focus was lands on the heading of where they are now.
    Effect::new(move |before: Option<()>| {
        screen.route.track();
        if before.is_some() {
            dom::land_soon();
        }
    });
    view! {
        <div
            class="app"
            class:side-shown=move || screen.side.get() == Some(true)
            class:side-hidden=move || screen.side.get() == Some(false)
        >
            <Side/>
            <main class="sheet" id="main">
                {move || match screen.route.get() {
                    Route::Chat(chat) => view! { <views::chat::Chat chat/> }.into_any(),
                    Route::NewChat | Route::FirstRun => view! { <views::new_chat::NewChat/> }.into_any(),
                    Route::Documents => view! { <views::documents::Documents/> }.into_any(),
                    Route::Search => view! { <views::search::Search/> }.into_any(),
                    Route::Models => view! { <views::models::Models/> }.into_any(),
                    Route::Outbound => view! { <views::outbound::Outbound/> }.into_any(),
                    Route::Settings => view! { <views::settings::Settings/> }.into_any(),
                    Route::Removed => view! { <views::removed::Removed/> }.into_any(),
                    Route::Folders => view! { <views::folders::Folders/> }.into_any(),
                }}
                <Toasts/>
                <views::drop::Layer/>
            </main>
            <Boundary/>
        </div>
        <views::palette::Palette/>
        <views::shortcuts::Shortcuts/>
    }
}

/// Does what a shortcut or a command of the palette says.
pub fn perform(client: Client, action: Action) {
    let screen = client.screen;
    match action {
        Action::Palette => screen.palette.update(|open| *open = !*open),
        Action::Shortcuts => screen.shortcuts.update(|open| *open = !*open),
        Action::NewChat => screen.go(Route::NewChat),
        Action::SearchDocuments => screen.go(Route::Search),
        Action::Outbound => screen.go(Route::Outbound),
        Action::Settings => screen.go(Route::Settings),
        Action::Sidebar => screen.side.set(Some(!untrack(move || screen.side_shown()))),
        Action::Sources => screen.sources.update(|open| *open = !*open),
        Action::NextArea => areas::step(true),
        Action::PreviousArea => areas::step(false),
        Action::Newest => views::chat::to_newest(),
        Action::Question => dom::focus_soon(views::chat::APPROVAL_ID),
        Action::Undo => screen.undo(),
    }
}

/// Uses a language from now on, on the page itself and for the next start; returns its code.
fn use_lang(lang: Lang) -> &'static str {
    i18n::set_lang(lang);
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", lang.code());
    }
    dom::remember("atelier.language", lang.code());
    lang.code()
}

/// Theme and text size, on the page itself and for the next start. The desktop window zooms the web
/// view itself; a browser's zoom is the browser's, so there the page does it.
fn show_settings(settings: &Settings, in_window: bool) {
    let Some(root) = document().document_element() else { return };
    let theme = match settings.theme {
        Theme::System => "",
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    // For one frame nothing fades from one theme to the other.
    let _ = root.set_attribute("data-switching", "");
    let _ = match theme {
        "" => root.remove_attribute("data-theme"),
        theme => root.set_attribute("data-theme", theme),
    };
    request_animation_frame(move || {
        if let Some(root) = document().document_element() {
            let _ = root.remove_attribute("data-switching");
        }
    });
    dom::remember("atelier.theme", theme);
    let zoom = if in_window { 1.0 } else { f64::from(settings.text_size.clamp(90, 200)) / 100.0 };
    let _ = root.set_attribute("style", &format!("--zoom:{zoom}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_greets_only_who_has_nothing_yet() {
        for (asked_for, welcomed, began_empty, expected) in [
            (false, false, true, true),
            (false, false, false, false),
            (false, true, true, false),
            (false, true, false, false),
            (true, true, false, true),
        ] {
            let shown = greeted(asked_for, welcomed, began_empty);
            assert_eq!(shown, expected, "asked for {asked_for}, welcomed {welcomed}, empty {began_empty}");
        }
    }
}
