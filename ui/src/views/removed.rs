//! The screen of what was removed: bring it back, or erase it for good.

use crate::{
    client::{Client, use_client},
    i18n,
    parts::{bar::Head, dialog::Dialog},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{
    ListRemoved, PurgeChat, PurgeDocument, Removed as Things, RemovedChat, RemovedDocument, RestoreChat,
    RestoreDocument,
};

/// What is about to be erased.
#[derive(Clone, Debug, PartialEq)]
enum Doomed {
    Chat(RemovedChat),
    Document(RemovedDocument),
}

/// The screen.
#[component]
pub fn Removed() -> impl IntoView {
    let client = use_client();
    let things = RwSignal::new(Things::default());
    let doomed = RwSignal::new(None::<Doomed>);
    // Whatever comes into or goes out of sight changes this list too.
    Effect::new(move || {
        client.store.chats().track();
        client.store.documents().track();
        look(client, things);
    });
    let none = move || things.with(|things| things.chats.is_empty() && things.documents.is_empty());
    view! {
        <section class="pane" data-testid="removed">
            <Head title=t!("removed.title") line=Signal::derive(|| t!("removed.line"))/>
            <div class="scroll">
                <div class="set">
                    <Show when=none>
                        <p class="dim">{t!("removed.none")}</p>
                    </Show>
                    {move || {
                        let chats = things.get().chats;
                        (!chats.is_empty()).then(|| view! { <h2 class="h2">{t!("removed.chats")}</h2> })
                    }}
                    <For each=move || things.get().chats key=|chat| chat.chat children=move |chat| {
                        let id = chat.chat;
                        let about = t!("removed.chat", n = f64::from(chat.items), day = i18n::date(chat.removed_at));
                        let name = titled(&chat.title);
                        let restore = move || client.ask(RestoreChat { chat: id }, move |_| look(client, things));
                        let erase = move || doomed.set(Some(Doomed::Chat(chat.clone())));
                        view! { <Thing name about restore=Callback::new(move |()| restore()) erase=Callback::new(move |()| erase())/> }
                    }/>
                    {move || {
                        let documents = things.get().documents;
                        (!documents.is_empty()).then(|| view! { <h2 class="h2">{t!("side.documents")}</h2> })
                    }}
                    <For each=move || things.get().documents key=|document| document.document children=move |document| {
                        let id = document.document;
                        let about = t!(
                            "removed.document",
                            size = i18n::bytes(document.bytes),
                            day = i18n::date(document.removed_at)
                        );
                        let name = document.name.clone();
                        let restore = move || client.ask(RestoreDocument { document: id }, move |()| look(client, things));
                        let erase = move || doomed.set(Some(Doomed::Document(document.clone())));
                        view! { <Thing name about restore=Callback::new(move |()| restore()) erase=Callback::new(move |()| erase())/> }
                    }/>
                </div>
            </div>
        </section>
        <Ask doomed things/>
    }
}

/// Reads what was removed.
fn look(client: Client, things: RwSignal<Things>) {
    client.ask(ListRemoved {}, move |now| {
        // The screen may be gone by now.
        things.try_set(now);
    });
}

fn titled(title: &str) -> String {
    if title.is_empty() { t!("removed.untitled") } else { title.to_owned() }
}

/// One removed thing and what can become of it.
#[component]
fn Thing(name: String, about: String, restore: Callback<()>, erase: Callback<()>) -> impl IntoView {
    let (back, gone) = (t!("removed.restore_name", name = &name), t!("removed.erase_name", name = &name));
    view! {
        <div class="set-row">
            <div>
                <b>{name}</b>
                <small>{about}</small>
            </div>
            <div class="row">
                <button class="btn sm" aria-label=back on:click=move |_| restore.run(())>
                    {t!("removed.restore")}
                </button>
                <button class="btn sm danger" aria-label=gone on:click=move |_| erase.run(())>
                    {t!("removed.erase")}
                </button>
            </div>
        </div>
    }
}

/// Asks before something is erased, and names what goes.
#[component]
fn Ask(doomed: RwSignal<Option<Doomed>>, things: RwSignal<Things>) -> impl IntoView {
    let client = use_client();
    let answers = RwSignal::new(false);
    let close = move || {
        answers.set(false);
        doomed.set(None);
    };
    let title = move || match doomed.get() {
        Some(Doomed::Chat(chat)) => t!("removed.ask", name = titled(&chat.title)),
        Some(Doomed::Document(document)) => t!("removed.ask", name = document.name),
        None => String::new(),
    };
    let body = move || match doomed.get() {
        Some(Doomed::Chat(chat)) => t!("removed.chat_goes", n = f64::from(chat.items)),
        Some(Doomed::Document(document)) => t!("removed.document_goes", n = f64::from(document.answers)),
        None => String::new(),
    };
    let is_document = move || matches!(doomed.get(), Some(Doomed::Document(_)));
    let act = move || match doomed.get() {
        Some(Doomed::Chat(_)) => t!("removed.erase_chat"),
        Some(Doomed::Document(_)) if answers.get() => t!("removed.erase_both"),
        Some(Doomed::Document(_)) | None => t!("removed.erase_document"),
    };
    let erase = move || {
        match doomed.get_untracked() {
            Some(Doomed::Chat(chat)) => client.ask(PurgeChat { chat: chat.chat }, move |()| look(client, things)),
            Some(Doomed::Document(document)) => client
                .ask(PurgeDocument { document: document.document, answers: answers.get_untracked() }, move |()| {
                    look(client, things)
                }),
            None => {}
        }
        close();
    };
    view! {
        <Dialog
            open=Signal::derive(move || doomed.with(Option::is_some))
            close=move |()| close()
            title=Signal::derive(title)
        >
            <div class="dialog-body">
                <p>{body}</p>
                <Show when=is_document>
                    <p>{t!("removed.own_words")}</p>
                    <label class="row">
                        <input
                            type="checkbox"
                            prop:checked=move || answers.get()
                            on:change=move |event| answers.set(event_target_checked(&event))
                        />
                        {t!("removed.with_answers")}
                    </label>
                </Show>
                <p>{t!("removed.no_way_back")}</p>
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| close()>
                    {t!("removed.keep")}
                </button>
                <span class="grow"></span>
                <button class="btn danger-fill" on:click=move |_| erase()>
                    {act}
                </button>
            </div>
        </Dialog>
    }
}
