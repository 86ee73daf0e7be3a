//! The bar over a chat: its title, the sources, and what can be done with the whole chat.

use super::{ChatScreen, missing::restore};
use crate::{
    client::use_client,
    dom,
    keys::{self, Action},
    parts::{
        bar::Bar,
        dialog::Dialog,
        icon::{Glyph, Icon},
        menu::{Menu, MenuItem},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::*;
use wasm_bindgen_futures::spawn_local;

/// The bar.
#[component]
pub fn ChatBar(here: ChatScreen) -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let chat = store.chats().at_key(here.chat);
    let title = Memo::new(move |_| {
        let title = chat.try_read().map(|chat| chat.title.clone()).unwrap_or_default();
        if title.is_empty() { t!("chat.untitled") } else { title }
    });
    let renaming = RwSignal::new(false);
    let exported = RwSignal::new(None::<String>);
    let items = Signal::derive(move || {
        vec![
            MenuItem::new(Icon::Pencil, t!("chat.rename"), move || renaming.set(true)),
            MenuItem::new(Icon::Download, t!("chat.export"), move || {
                client.ask(ExportChat { chat: here.chat }, move |text| exported.set(Some(text)));
            }),
            MenuItem::new(Icon::Trash2, t!("chat.remove"), move || remove(client, here.chat)),
        ]
    });
    let mac = dom::is_mac();
    let sources = super::sources::count(client);
    view! {
        <Bar title>
            <span class="grow"></span>
            <Menu name=t!("chat.menu") class="btn icon ghost" end=true items>
                <Glyph icon=Icon::Ellipsis/>
            </Menu>
            <button
                class="btn icon ghost sources-button"
                title=format!("{} {}", t!("sources.toggle"), keys::hint(Action::Sources, mac))
                aria-pressed=move || screen.sources.get().to_string()
                on:click=move |_| screen.sources.update(|open| *open = !*open)
            >
                <Glyph icon=Icon::PanelRight/>
                <span class="vh">{t!("sources.toggle")} " "</span>
                // Where the panel lies over the chat, what is in it is said without opening it.
                {move || (screen.narrow.get() && sources.get() > 0).then(|| view! { <span class="num">{sources}</span> })}
            </button>
        </Bar>
        <Rename here title renaming/>
        <Export title exported/>
    }
}

/// Removes a chat at once, with the way back in a toast.
fn remove(client: crate::client::Client, chat: ChatId) {
    client.screen.go(Route::NewChat);
    client.ask(RemoveChat { chat }, move |()| {
        let undo = Callback::new(move |()| restore(client, chat));
        client.screen.toast(t!("chat.removed"), Some((t!("act.undo"), undo)));
    });
}

#[component]
fn Rename(here: ChatScreen, title: Memo<String>, renaming: RwSignal<bool>) -> impl IntoView {
    let client = use_client();
    let close = move || renaming.set(false);
    let send = move || {
        let title = dom::by_id("chat-title")
            .and_then(|field| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlInputElement>(field).ok())
            .map(|field| field.value().trim().to_owned())
            .filter(|title| !title.is_empty());
        if let Some(title) = title {
            client.tell(RenameChat { chat: here.chat, title });
            close();
        }
    };
    view! {
        <Dialog open=renaming close=move |()| close() title=Signal::derive(|| t!("chat.rename"))>
            <form
                on:submit=move |event| {
                    event.prevent_default();
                    send();
                }
            >
                <div class="dialog-body">
                    <label class="field">
                        <span class="label">{t!("chat.title")}</span>
                        <input class="input" id="chat-title" maxlength="120" autofocus value=title.get_untracked()/>
                    </label>
                </div>
                <div class="dialog-foot">
                    <button type="button" class="btn" on:click=move |_| close()>
                        {t!("act.cancel")}
                    </button>
                    <span class="grow"></span>
                    <button type="submit" class="btn primary">
                        {t!("chat.rename")}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// The chat as Markdown: to read, copy or keep.
#[component]
fn Export(title: Memo<String>, exported: RwSignal<Option<String>>) -> impl IntoView {
    let copied = RwSignal::new(false);
    let close = move || exported.set(None);
    let open = Signal::derive(move || exported.with(Option::is_some));
    let text = move || exported.get_untracked().unwrap_or_default();
    let copy = move |_| {
        spawn_local(async move {
            copied.set(dom::copy(&text()).await);
            dom::sleep(1_500).await;
            copied.try_set(false);
        });
    };
    view! {
        <Dialog open close=move |()| close() class="wide" title=Signal::derive(|| t!("chat.export"))>
            <div class="dialog-body">
                <pre class="export" tabindex="0">{move || exported.get()}</pre>
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| close()>
                    {t!("act.close")}
                </button>
                <span class="grow"></span>
                <button
                    class="btn"
                    on:click=move |_| {
                        dom::save_file(&format!("{}.md", file_name(&title.get_untracked())), &text());
                    }
                >
                    {t!("chat.save_file")}
                </button>
                <button class="btn primary" on:click=copy>
                    {move || if copied.get() { t!("act.copied") } else { t!("chat.copy_text") }}
                </button>
            </div>
        </Dialog>
    }
}

/// A title without what file systems refuse.
fn file_name(title: &str) -> String {
    let clean: String =
        title.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c }).take(80).collect();
    let clean = clean.trim().trim_matches('.').to_owned();
    if clean.is_empty() { "chat".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_file_names() {
        for (title, name) in [("Norvane: notice", "Norvane- notice"), ("..", "chat"), ("a/b\n", "a-b-")] {
            assert_eq!(file_name(title), name);
        }
    }
}
