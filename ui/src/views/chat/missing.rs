//! A chat that is not here: it could not be read, or it was removed; and what to do then.

use crate::{
    client::{Client, use_client},
    fold::News,
    parts::{
        icon::Icon,
        notice::{FaultNotice, Notice},
    },
    route::Route,
    state::Missing,
};
use leptos::prelude::*;
use protocol::{ChatId, RestoreChat};

/// Why the chat is not here.
#[component]
pub fn MissingChat(chat: ChatId, why: Missing) -> impl IntoView {
    let client = use_client();
    let new_chat = || {
        view! {
            <a class="btn sm" href=Route::NewChat.href()>
                {t!("side.new_chat")}
            </a>
        }
    };
    view! {
        <div class="thread">
            <div class="thread-in">
                {match why {
                    Missing::Unread(fault) => {
                        view! {
                            <FaultNotice fault stopped=true>
                                <button class="btn sm primary" on:click=move |_| client.open_chat(chat)>
                                    {t!("act.try_again")}
                                </button>
                                {new_chat()}
                            </FaultNotice>
                        }
                            .into_any()
                    }
                    Missing::Removed => {
                        view! {
                            <Notice icon=Icon::Trash2 title=t!("chat.was_removed")>
                                <div class="notice-acts">
                                    <button class="btn sm primary" on:click=move |_| restore(client, chat)>
                                        {t!("act.undo")}
                                    </button>
                                    {new_chat()}
                                </div>
                            </Notice>
                        }
                            .into_any()
                    }
                }}
            </div>
        </div>
    }
}

/// Brings a removed chat back and goes to it.
pub(super) fn restore(client: Client, chat: ChatId) {
    client.ask(RestoreChat { chat }, move |view| {
        client.fold(News::Chat(view));
        client.screen.go(Route::Chat(chat));
        client.open_chat(chat);
    });
}
