//! A chat.

use leptos::prelude::*;
use protocol::ChatId;

/// The approval's id on the page.
pub const APPROVAL_ID: &str = "approval";

/// Scrolls to the newest message.
pub fn to_newest() {}

/// The chat.
#[component]
pub fn Chat(
    /// Which.
    chat: ChatId,
) -> impl IntoView {
    let _ = chat;
}
