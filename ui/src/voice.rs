//! What is said aloud, politely, when something happens: an answer begins, asks, ends.

use crate::state::Workspace;
use protocol::*;

/// The words for an event, judged by what was known before it.
pub fn words(space: &Workspace, event: &Event) -> Option<String> {
    match event {
        Event::TurnMoved { chat, turn, item: Some(item), state: TurnState::Writing } if space.open == Some(*chat) => {
            let before = space.turns.iter().find(|running| running.turn == *turn).map(|running| &running.state);
            let author =
                space.items.iter().rev().find(|known| known.id == *item).map(|item| crate::i18n::own(&item.author));
            (before != Some(&TurnState::Writing)).then(|| t!("voice.answering", agent = author.unwrap_or_default()))
        }
        Event::ApprovalAsked(asked) => {
            Some(t!("voice.asks", agent = crate::i18n::own(&asked.agent), tool = &asked.tool))
        }
        Event::ItemChanged(item) if space.open == Some(item.chat) && item.kind == ItemKind::Answer => {
            let before = space.items.iter().rev().find(|known| known.id == item.id)?;
            if before.status != ItemStatus::Writing {
                return None;
            }
            match item.status {
                ItemStatus::Complete => {
                    let sources = item.citations.iter().map(|cite| cite.number).max().unwrap_or(0);
                    Some(t!("voice.finished", n = sources))
                }
                ItemStatus::Stopped | ItemStatus::Interrupted | ItemStatus::CutShort => Some(t!("voice.stopped")),
                ItemStatus::Failed { .. } => Some(t!("voice.failed")),
                ItemStatus::Writing => None,
            }
        }
        Event::TurnMoved { .. }
        | Event::ItemChanged(_)
        | Event::Resync
        | Event::ChatChanged(_)
        | Event::ChatRemoved(_)
        | Event::ItemAdded(_)
        | Event::Delta { .. }
        | Event::StepChanged { .. }
        | Event::TurnEnded { .. }
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
        | Event::Notice(_) => None,
    }
}
