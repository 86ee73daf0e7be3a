//! What an event changes: pure, no clock, no IO. Everything on the screen that the backend knows
//! has come through here.

use crate::state::{Link, Workspace};
use protocol::*;

/// At most so many notices are kept; older ones give way.
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
    /// The newest items of a chat that is now the open one.
    Newest(Box<ChatPage>),
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
    /// No chat is open any more.
    Closed,
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
    /// Something is missing: the open chat must be read again.
    Reread,
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
        News::Newest(page) => {
            space.open = Some(page.chat.id);
            space.older = page.more;
            let known = std::mem::replace(&mut space.items, page.items);
            for item in &mut space.items {
                if let Some(later) = known.iter().find(|known| known.id == item.id && is_later(known, item)) {
                    item.clone_from(later);
                }
            }
            let mut touched = upsert_chat(space, page.chat);
            touched.extend([Touch::Open, Touch::Items]);
            touched.extend(space.items.iter().map(|item| Touch::Item(item.id)));
            Touched(touched)
        }
        News::Older(page) => {
            if space.open != Some(page.chat.id) {
                return Touched(vec![]);
            }
            space.older = page.more;
            let known: std::collections::HashSet<ItemId> = space.items.iter().map(|item| item.id).collect();
            let fresh = page.items.into_iter().filter(|item| !known.contains(&item.id));
            space.items.splice(0..0, fresh);
            Touched(vec![Touch::Open, Touch::Items])
        }
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
        News::Closed => {
            space.open = None;
            space.older = false;
            space.items.clear();
            Touched(vec![Touch::Open, Touch::Items])
        }
        News::Read(code) => {
            space.notices.retain(|notice| notice.code != code);
            Touched(vec![Touch::Notices])
        }
    }
}

fn opened(space: &mut Workspace, snapshot: Snapshot) -> Folded {
    let kept = (space.open.take(), space.older, std::mem::take(&mut space.items), std::mem::take(&mut space.rules));
    let Snapshot {
        seq,
        version,
        workspace,
        agents,
        chats,
        documents,
        import,
        models,
        engine,
        egress,
        approvals,
        turns,
        settings,
        notices,
    } = snapshot;
    let reread = kept.0.is_some();
    *space = Workspace {
        link: Link::Live,
        seq,
        version,
        home: Some(workspace),
        agents,
        chats,
        documents,
        import,
        models,
        engine,
        egress,
        approvals,
        turns,
        settings,
        rules: kept.3,
        notices,
        open: kept.0,
        older: kept.1,
        items: kept.2,
    };
    if reread { Folded::Reread } else { Touched(vec![Touch::Everything]) }
}

fn event_into(space: &mut Workspace, event: Event) -> Folded {
    Touched(match event {
        Event::Resync => return Folded::Reopen,
        Event::ChatChanged(chat) => upsert_chat(space, chat),
        Event::ChatRemoved(id) => {
            space.chats.retain(|chat| chat.id != id);
            space.approvals.retain(|approval| approval.chat != id);
            space.turns.retain(|turn| turn.chat != id);
            let mut touched = vec![Touch::Chats, Touch::Approvals, Touch::Turns];
            if space.open == Some(id) {
                space.open = None;
                space.items.clear();
                touched.extend([Touch::Open, Touch::Items]);
            }
            touched
        }
        Event::ItemAdded(item) => return item_added(space, item),
        Event::ItemChanged(item) => match find(&mut space.items, item.id) {
            Some(old) => {
                let touched = vec![Touch::Item(item.id)];
                *old = item;
                touched
            }
            None => vec![],
        },
        Event::Delta { chat: _, item, at, text } => match find(&mut space.items, item) {
            Some(old) => {
                let have = old.text.chars().count() as u64;
                if have < at {
                    return Folded::Reread;
                }
                // A page that was read meanwhile may hold some of this text already.
                let fresh = text.chars().skip((have - at) as usize);
                old.text.extend(fresh);
                vec![Touch::Item(item)]
            }
            None => vec![],
        },
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
        Event::StepChanged { chat: _, item, index, step } => match find(&mut space.items, item) {
            Some(old) => {
                let index = index as usize;
                if index > old.steps.len() {
                    return Folded::Reread;
                }
                if index == old.steps.len() {
                    old.steps.push(step);
                } else {
                    old.steps[index] = step;
                }
                vec![Touch::Item(item)]
            }
            None => vec![],
        },
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
        Event::ImportMoved(progress) => {
            space.import = progress;
            vec![Touch::Import]
        }
        Event::ModelsChanged(models) => {
            space.models = models;
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
            let excess = space.notices.len().saturating_sub(NOTICES);
            space.notices.drain(..excess);
            vec![Touch::Notices]
        }
    })
}

/// An item belongs at the end if it follows the last one here; an edited question or another
/// answer follows an earlier one, and then the branch shown is another: it is read again.
fn item_added(space: &mut Workspace, item: ItemView) -> Folded {
    if space.open != Some(item.chat) {
        return Touched(vec![]);
    }
    if let Some(known) = find(&mut space.items, item.id) {
        let id = item.id;
        *known = item;
        return Touched(vec![Touch::Item(id)]);
    }
    if space.items.last().map(|last| last.id) != item.parent {
        return Folded::Reread;
    }
    space.items.push(item);
    Touched(vec![Touch::Items])
}

/// Looks from the end, where the item that is being written is.
fn find(items: &mut [ItemView], id: ItemId) -> Option<&mut ItemView> {
    items.iter_mut().rev().find(|item| item.id == id)
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
        *known = document;
        return vec![Touch::Document(id)];
    }
    let at = space.documents.partition_point(|known| known.added_at > document.added_at);
    space.documents.insert(at, document);
    vec![Touch::Documents]
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;

/// Whether what is known of an item is later than a page that was read: events overtake replies, and
/// an answer that has ended is not being written any more.
fn is_later(known: &ItemView, read: &ItemView) -> bool {
    read.status == ItemStatus::Writing
        && (known.status != ItemStatus::Writing || known.text.len() > read.text.len())
        && known.text.starts_with(&read.text)
}
