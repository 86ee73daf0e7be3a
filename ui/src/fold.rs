//! What an event changes: pure, no clock, no IO. Everything on the screen that the backend knows
//! has come through here.

mod chat;

use crate::state::{Link, Missing, Workspace};
use protocol::*;

/// At most so many notices are kept, and so many that were read are known; older ones give way.
const NOTICES: usize = 20;

/// What reached this client.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The first screen's data, again after a gap.
    Opened(Box<Snapshot>),
    /// The connection changed.
    Link(Link),
    /// Something happened.
    Event(Box<Event>),
    /// The newest items of a chat are asked for; it is the one that this screen shows.
    Asked(ChatId),
    /// They were read.
    Newest(Box<ChatPage>),
    /// They could not be read.
    Unread(ChatId, Fault),
    /// Items before those here.
    Older(Box<ChatPage>),
    /// A chat was added by a call of this client.
    Chat(ChatView),
    /// A document was added by a call of this client.
    Document(Box<DocumentView>),
    /// The models, as read by a call of this client.
    Models(Box<ModelsView>),
    /// The settings, as this client has just set them; the backend's event follows.
    Settings(Settings),
    /// The rules, as read by a call of this client.
    Rules(Vec<RuleView>),
    /// A person has read a notice.
    Read(String),
}

/// A part of the workspace whose readers must look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the field of that name
pub enum Touch {
    Everything,
    Link,
    Chats,
    Chat(ChatId),
    Documents,
    Document(DocumentId),
    Folders,
    Neighbours,
    Import,
    Models,
    Engine,
    Egress,
    Approvals,
    Turns,
    Settings,
    Rules,
    Notices,
    Open,
    Items,
    Item(ItemId),
}

/// Whether the news fitted, and what they touched.
#[derive(Clone, Debug, PartialEq)]
pub enum Folded {
    /// Applied.
    Touched(Vec<Touch>),
    /// What fitted was applied, and something is missing: the shown chat must be read again.
    Reread(Vec<Touch>),
    /// Something is missing: the workspace must be opened again.
    Reopen,
}

use Folded::Touched;

/// Applies the news.
pub fn fold(space: &mut Workspace, news: News) -> Folded {
    match news {
        News::Opened(snapshot) => opened(space, *snapshot),
        News::Link(link) => {
            space.link = link;
            Touched(vec![Touch::Link])
        }
        News::Event(event) => event_into(space, *event),
        News::Asked(chat) => chat::asked(space, chat),
        News::Newest(page) => chat::newest(space, *page),
        News::Unread(chat, fault) => chat::unread(space, chat, fault),
        News::Older(page) => chat::older(space, *page),
        News::Chat(chat) => Touched(upsert_chat(space, chat)),
        News::Document(document) => Touched(upsert_document(space, *document)),
        News::Models(models) => {
            space.models = *models;
            Touched(vec![Touch::Models])
        }
        News::Settings(settings) => {
            space.settings = settings;
            Touched(vec![Touch::Settings])
        }
        News::Rules(rules) => {
            space.rules = rules;
            Touched(vec![Touch::Rules])
        }
        News::Read(code) => {
            let (read, unread) = std::mem::take(&mut space.notices).into_iter().partition(|one| one.code == code);
            space.notices = unread;
            space.read.extend::<Vec<Fault>>(read);
            newest_only(&mut space.read);
            Touched(vec![Touch::Notices])
        }
    }
}

fn opened(space: &mut Workspace, snapshot: Snapshot) -> Folded {
    let Snapshot {
        seq,
        version,
        workspace,
        agents,
        chats,
        documents,
        folders,
        neighbours,
        import,
        models,
        engine,
        egress,
        approvals,
        turns,
        settings,
        notices,
    } = snapshot;
    let before = std::mem::take(space);
    *space = Workspace {
        link: Link::Live,
        seq,
        version,
        home: Some(workspace),
        agents,
        chats,
        documents,
        folders,
        neighbours,
        import,
        models,
        engine,
        egress,
        approvals,
        turns,
        settings,
        rules: before.rules,
        notices: unread(notices, &before.read, before.notices),
        read: before.read,
        shown: before.shown,
        open: before.open,
        older: before.older,
        items: before.items,
    };
    let shown = space.shown.chat.is_some() && space.shown.missing != Some(Missing::Removed);
    if shown { Folded::Reread(vec![Touch::Everything]) } else { Touched(vec![Touch::Everything]) }
}

/// What a person has not read yet: the notices of the start, then those told since.
fn unread(of_start: Vec<Fault>, read: &[Fault], told: Vec<Fault>) -> Vec<Fault> {
    let fresh = |notice: &Fault| !read.contains(notice) && told.iter().all(|known| known.code != notice.code);
    let mut notices: Vec<Fault> = of_start.into_iter().filter(fresh).collect();
    notices.extend(told);
    newest_only(&mut notices);
    notices
}

/// Keeps a list within its limit; older ones give way.
fn newest_only<T>(list: &mut Vec<T>) {
    list.drain(..list.len().saturating_sub(NOTICES));
}

fn event_into(space: &mut Workspace, event: Event) -> Folded {
    Touched(match event {
        Event::Resync => return Folded::Reopen,
        Event::ChatRemoved(id) => return chat::removed(space, id),
        Event::ChatChanged(ChatView { id: chat, .. })
        | Event::ItemAdded(ItemView { chat, .. })
        | Event::ItemChanged(ItemView { chat, .. })
        | Event::Delta { chat, .. }
        | Event::StepChanged { chat, .. } => return chat::happened(space, chat, event),
        Event::TurnMoved { chat, turn, item, state } => {
            match space.turns.iter_mut().find(|running| running.turn == turn) {
                Some(running) => {
                    running.state = state;
                    running.item = item.or(running.item);
                }
                None => space.turns.push(RunningTurn { turn, chat, item, state }),
            }
            vec![Touch::Turns]
        }
        Event::TurnEnded { chat: _, turn } => {
            space.turns.retain(|running| running.turn != turn);
            vec![Touch::Turns]
        }
        Event::ApprovalAsked(approval) => {
            space.approvals.retain(|known| known.asked != approval.asked);
            space.approvals.push(approval);
            vec![Touch::Approvals]
        }
        Event::ApprovalSettled { asked, decision: _ } => {
            space.approvals.retain(|approval| approval.asked != asked);
            vec![Touch::Approvals]
        }
        Event::DocumentChanged(document) => upsert_document(space, document),
        Event::DocumentRemoved(id) => {
            space.documents.retain(|document| document.id != id);
            vec![Touch::Documents]
        }
        Event::FolderChanged(folder) => {
            match space.folders.iter_mut().find(|known| known.id == folder.id) {
                Some(known) => *known = folder,
                None => space.folders.push(folder),
            }
            vec![Touch::Folders]
        }
        Event::FolderRemoved(id) => {
            space.folders.retain(|folder| folder.id != id);
            vec![Touch::Folders]
        }
        Event::NeighboursChanged(neighbours) => {
            space.neighbours = neighbours;
            vec![Touch::Neighbours]
        }
        Event::ImportMoved(progress) => {
            space.import = progress;
            vec![Touch::Import]
        }
        Event::ModelsChanged(models) => {
            space.models = models;
            vec![Touch::Models]
        }
        Event::DownloadsMoved(downloads) => {
            space.models.downloads = downloads;
            vec![Touch::Models]
        }
        Event::EngineMoved(engine) => {
            space.engine = engine;
            vec![Touch::Engine]
        }
        Event::EgressMoved(totals) => {
            space.egress = totals;
            vec![Touch::Egress]
        }
        Event::SettingsChanged(settings) => {
            space.settings = settings;
            vec![Touch::Settings]
        }
        Event::RulesChanged(rules) => {
            space.rules = rules;
            vec![Touch::Rules]
        }
        Event::Notice(fault) => {
            space.notices.retain(|known| known.code != fault.code);
            space.notices.push(fault);
            newest_only(&mut space.notices);
            vec![Touch::Notices]
        }
    })
}

/// Keeps the chats newest first.
fn upsert_chat(space: &mut Workspace, chat: ChatView) -> Vec<Touch> {
    let id = chat.id;
    if let Some(at) = space.chats.iter().position(|known| known.id == id) {
        if space.chats[at].changed_at == chat.changed_at {
            space.chats[at] = chat;
            return vec![Touch::Chat(id), Touch::Chats];
        }
        space.chats.remove(at);
    }
    let at = space.chats.partition_point(|known| known.changed_at > chat.changed_at);
    space.chats.insert(at, chat);
    vec![Touch::Chats, Touch::Chat(id)]
}

/// Keeps the documents newest first.
fn upsert_document(space: &mut Workspace, document: DocumentView) -> Vec<Touch> {
    let id = document.id;
    if let Some(known) = space.documents.iter_mut().find(|known| known.id == id) {
        // What the list as a list is filtered and counted by; all else is the row's own.
        let failed = |document: &DocumentView| matches!(document.state, DocumentState::Failed { .. });
        let listed =
            known.labels != document.labels || known.earlier != document.earlier || failed(known) != failed(&document);
        *known = document;
        return if listed { vec![Touch::Document(id), Touch::Documents] } else { vec![Touch::Document(id)] };
    }
    let at = space.documents.partition_point(|known| known.added_at > document.added_at);
    space.documents.insert(at, document);
    vec![Touch::Documents]
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
