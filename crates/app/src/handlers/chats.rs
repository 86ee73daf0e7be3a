//! Chats: start, name, remove, bring back, read, choose a branch, export.

use crate::{App, Lang, export as markdown};
use protocol::*;
use store::Change;

/// The most items that one page may hold.
const MAX_PAGE: u32 = 500;

pub(crate) async fn start(app: &App, actor: &Actor, StartChat { agent }: StartChat) -> Result<ChatView, Fault> {
    let known = app.store().agents().await?;
    if !known.iter().any(|known| known.id == agent) {
        return Err(Fault::new(FaultKind::NotFound, "agent.unknown", "There is no such agent in this workspace."));
    }
    let chat = ChatId::new();
    app.record(actor, Change::ChatStarted { chat, agent, title: String::new() }).await?;
    changed(app, chat).await
}

pub(crate) async fn rename(app: &App, actor: &Actor, RenameChat { chat, title }: RenameChat) -> Result<(), Fault> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > 200 {
        return Err(Fault::new(FaultKind::Invalid, "chat.title", "A title has 1 to 200 characters."));
    }
    known(app, chat).await?;
    app.record(actor, Change::ChatRenamed { chat, title: title.to_owned() }).await?;
    changed(app, chat).await.map(drop)
}

pub(crate) async fn remove(app: &App, actor: &Actor, RemoveChat { chat }: RemoveChat) -> Result<(), Fault> {
    known(app, chat).await?;
    for running in app.driver().running().iter().filter(|running| running.chat == chat) {
        app.driver().stop(running.turn, true);
    }
    app.record(actor, Change::ChatRemoved { chat }).await?;
    app.bus().send(Event::ChatRemoved(chat));
    Ok(())
}

pub(crate) async fn restore(app: &App, actor: &Actor, RestoreChat { chat }: RestoreChat) -> Result<ChatView, Fault> {
    app.record(actor, Change::ChatRestored { chat }).await?;
    changed(app, chat).await
}

pub(crate) async fn purge(app: &App, actor: &Actor, PurgeChat { chat }: PurgeChat) -> Result<(), Fault> {
    app.store().purge_chat(actor, chat).await?;
    app.bus().forget();
    app.models().forget().await;
    app.store().erase().await.map_err(Fault::from)
}

pub(crate) async fn read(app: &App, _: &Actor, ReadChat { chat, before, limit }: ReadChat) -> Result<ChatPage, Fault> {
    page(app, chat, before, limit.clamp(1, MAX_PAGE)).await
}

pub(crate) async fn choose_branch(
    app: &App,
    actor: &Actor,
    ChooseBranch { item }: ChooseBranch,
) -> Result<ChatPage, Fault> {
    let chat = app.store().item(item).await?.chat;
    app.record(actor, Change::BranchChosen { chat, item }).await?;
    page(app, chat, None, CHAT_PAGE).await
}

/// A page with what is being written as far as the clients were told of it: what comes next fits.
async fn page(app: &App, chat: ChatId, before: Option<ItemId>, limit: u32) -> Result<ChatPage, Fault> {
    let mut page = app.store().chat_page(chat, before, limit).await?;
    // After the page was read: what is told from here on the client folds in itself.
    app.driver().catch_up(&mut page.items);
    look_up(app, &mut page.items).await?;
    Ok(page)
}

pub(crate) async fn export(app: &App, _: &Actor, ExportChat { chat }: ExportChat) -> Result<String, Fault> {
    let mut items = Vec::new();
    let mut before = None;
    let chat = loop {
        let mut page = app.store().chat_page(chat, before, MAX_PAGE).await?;
        before = page.items.first().map(|item| item.id);
        page.items.append(&mut items);
        items = page.items;
        if !page.more || before.is_none() {
            break page.chat;
        }
    };
    look_up(app, &mut items).await?;
    let lang = Lang::choose(&app.store().settings().await?.language);
    Ok(markdown::chat(&chat, &items, lang))
}

/// Says of each source whether it is still what was cited.
async fn look_up(app: &App, items: &mut [ItemView]) -> Result<(), Fault> {
    let citations: Vec<&mut CitationView> = items.iter_mut().flat_map(|item| &mut item.citations).collect();
    app.library().look_up(citations).await.map_err(Fault::from)
}

/// Tells every client how a chat looks now.
pub(crate) async fn changed(app: &App, chat: ChatId) -> Result<ChatView, Fault> {
    let view = known(app, chat).await?;
    app.bus().send(Event::ChatChanged(view.clone()));
    Ok(view)
}

async fn known(app: &App, chat: ChatId) -> Result<ChatView, Fault> {
    app.store().chat(chat).await.map_err(Fault::from)
}
