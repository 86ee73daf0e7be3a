//! What news change in the chat that this screen shows: its items, oldest first.
//!
//! A page that was read and the events that came meanwhile have no order of their own. So events are
//! kept from the moment a page is asked for, and played again over it: what the page knows already
//! changes nothing, and nothing is missed.

use super::{
    Folded::{self, Reread, Touched},
    Touch, upsert_chat,
};
use crate::state::{Missing, Shown, Workspace};
use protocol::*;

/// At most so many events are kept while a page is read; then it is read again.
const MEANWHILE: usize = 4_096;
/// At most so many items of other branches are remembered.
const ELSEWHERE: usize = 64;

/// The newest items of a chat are asked for: it is the one that this screen shows.
pub(super) fn asked(space: &mut Workspace, chat: ChatId) -> Folded {
    if space.shown.chat == Some(chat) {
        space.shown.meanwhile.get_or_insert_default();
        return Touched(vec![]);
    }
    space.shown = Shown { chat: Some(chat), meanwhile: Some(Vec::new()), ..Shown::default() };
    Touched(close(space))
}

/// They were read.
pub(super) fn newest(space: &mut Workspace, page: ChatPage) -> Folded {
    let id = page.chat.id;
    if space.shown.chat != Some(id) {
        return Touched(vec![]);
    }
    // Nothing is asked for any more where the chat was removed meanwhile.
    let Some(meanwhile) = space.shown.meanwhile.take() else { return Touched(vec![]) };
    let mut known = std::mem::take(&mut space.items);
    let kept = if space.open == Some(id) { earlier(&known, &page.items) } else { 0 };
    if kept == 0 {
        space.older = page.more;
    }
    known.truncate(kept);
    known.extend(page.items);
    space.items = known;
    space.open = Some(id);
    space.shown.missing = None;

    let mut touched = upsert_chat(space, page.chat);
    touched.extend([Touch::Open, Touch::Items]);
    touched.extend(space.items[kept..].iter().map(|item| Touch::Item(item.id)));
    let mut again = false;
    for event in meanwhile {
        match place(space, event) {
            Touched(more) => touched.extend(more),
            Reread(more) => {
                again = true;
                touched.extend(more);
            }
            Folded::Reopen => return Folded::Reopen,
        }
    }
    if again { Reread(touched) } else { Touched(touched) }
}

/// How many of the known items come before a page: those that a person has scrolled to stay.
fn earlier(known: &[ItemView], page: &[ItemView]) -> usize {
    let Some(first) = page.first() else { return 0 };
    let at = |id: ItemId| known.iter().position(|item| item.id == id);
    at(first.id).or_else(|| first.parent.and_then(at).map(|at| at + 1)).unwrap_or(0)
}

/// They could not be read.
pub(super) fn unread(space: &mut Workspace, chat: ChatId, fault: Fault) -> Folded {
    if space.shown.chat != Some(chat) || space.shown.meanwhile.take().is_none() {
        return Touched(vec![]);
    }
    if space.open == Some(chat) && fault.kind != FaultKind::NotFound {
        // What is here stays; the next event that does not fit asks again.
        return Touched(vec![]);
    }
    let mut touched = close(space);
    space.shown.missing = Some(Missing::Unread(fault));
    touched.push(Touch::Open);
    Touched(touched)
}

/// Items before those here were read.
pub(super) fn older(space: &mut Workspace, page: ChatPage) -> Folded {
    if space.open != Some(page.chat.id) {
        return Touched(vec![]);
    }
    let known: std::collections::HashSet<ItemId> = space.items.iter().map(|item| item.id).collect();
    let fresh: Vec<_> = page.items.into_iter().filter(|item| !known.contains(&item.id)).collect();
    let follows = space.items.first().and_then(|item| item.parent);
    if fresh.last().map(|item| item.id) != follows {
        // Another branch was chosen while they were read.
        return Touched(vec![]);
    }
    space.older = page.more;
    space.items.splice(0..0, fresh);
    Touched(vec![Touch::Open, Touch::Items])
}

/// A chat was removed, with what belongs to it.
pub(super) fn removed(space: &mut Workspace, id: ChatId) -> Folded {
    space.chats.retain(|chat| chat.id != id);
    space.approvals.retain(|approval| approval.chat != id);
    space.turns.retain(|turn| turn.chat != id);
    let mut touched = vec![Touch::Chats, Touch::Approvals, Touch::Turns];
    if space.shown.chat == Some(id) {
        touched.extend(close(space));
        space.shown = Shown { chat: Some(id), missing: Some(Missing::Removed), ..Shown::default() };
    }
    Touched(touched)
}

/// No item is here any more.
fn close(space: &mut Workspace) -> Vec<Touch> {
    space.open = None;
    space.older = false;
    space.items.clear();
    vec![Touch::Open, Touch::Items]
}

/// Something happened in a chat.
pub(super) fn happened(space: &mut Workspace, chat: ChatId, event: Event) -> Folded {
    if space.shown.chat != Some(chat) {
        return place(space, event);
    }
    let back = space.shown.missing == Some(Missing::Removed) && matches!(event, Event::ChatChanged(_));
    let Some(meanwhile) = &mut space.shown.meanwhile else {
        return match place(space, event) {
            Touched(touched) if back => Reread(touched),
            placed => placed,
        };
    };
    if meanwhile.len() >= MEANWHILE {
        return Reread(vec![]);
    }
    meanwhile.push(event.clone());
    // What does not fit now will fit over the page that is on its way.
    match place(space, event) {
        Reread(touched) => Touched(touched),
        placed @ (Touched(_) | Folded::Reopen) => placed,
    }
}

fn place(space: &mut Workspace, event: Event) -> Folded {
    match event {
        Event::ChatChanged(chat) => Touched(upsert_chat(space, chat)),
        Event::ItemAdded(item) => item_added(space, item),
        Event::ItemChanged(item) => change(space, item.chat, item.id, |known| {
            *known = item;
            true
        }),
        Event::Delta { chat, item, at, text } => change(space, chat, item, |known| {
            let have = known.text.chars().count() as u64;
            if have >= at && known.status == ItemStatus::Writing {
                // A page that was read meanwhile may hold some of this text already.
                known.text.extend(text.chars().skip((have - at) as usize));
            }
            have >= at
        }),
        Event::StepChanged { chat, item, index, step } => change(space, chat, item, |known| {
            let index = index as usize;
            if index == known.steps.len() {
                known.steps.push(step);
            } else if let Some(old) = known.steps.get_mut(index) {
                *old = step;
            } else {
                return false;
            }
            true
        }),
        Event::Resync
        | Event::ChatRemoved(_)
        | Event::TurnMoved { .. }
        | Event::TurnEnded { .. }
        | Event::ApprovalAsked(_)
        | Event::ApprovalSettled { .. }
        | Event::DocumentChanged(_)
        | Event::DocumentRemoved(_)
        | Event::FolderChanged(_)
        | Event::FolderRemoved(_)
        | Event::NeighboursChanged(_)
        | Event::ImportMoved(_)
        | Event::ModelsChanged(_)
        | Event::DownloadsMoved(_)
        | Event::EngineMoved(_)
        | Event::EgressMoved(_)
        | Event::SettingsChanged(_)
        | Event::RulesChanged(_)
        | Event::Notice(_) => Touched(vec![]),
    }
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
        return Reread(vec![]);
    }
    space.items.push(item);
    Touched(vec![Touch::Items])
}

/// Changes an item of the open chat. `fits` says whether the change could be made.
fn change(space: &mut Workspace, chat: ChatId, id: ItemId, fits: impl FnOnce(&mut ItemView) -> bool) -> Folded {
    if space.open != Some(chat) {
        return Touched(vec![]);
    }
    if let Some(known) = find(&mut space.items, id) {
        return if fits(known) { Touched(vec![Touch::Item(id)]) } else { Reread(vec![]) };
    }
    // It was missed, or is on another branch; which of the two is found out once.
    if space.shown.elsewhere.contains(&id) {
        return Touched(vec![]);
    }
    if space.shown.elsewhere.len() == ELSEWHERE {
        space.shown.elsewhere.remove(0);
    }
    space.shown.elsewhere.push(id);
    Reread(vec![])
}

/// Looks from the end, where the item that is being written is.
fn find(items: &mut [ItemView], id: ItemId) -> Option<&mut ItemView> {
    items.iter_mut().rev().find(|item| item.id == id)
}
