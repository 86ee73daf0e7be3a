//! What becomes of a turn whose task broke? Its answer ends in the log, and its chat goes on.

use super::{Inner, ask::Brief};
use protocol::{Event, Fault, FaultKind, ItemStatus, ItemView, TurnState};
use store::{Change, StoreError};

impl Inner {
    /// Ends an answer whose turn broke with what was saved of it, and lets the next turn go.
    pub(super) async fn clean_up(&self, brief: &Brief) {
        tracing::error!(turn = %brief.turn, "a turn broke");
        let asked = self.lanes().asked_by(brief.turn);
        if let Some(call) = asked {
            self.expire(call).await;
        }
        match self.end_broken(brief).await {
            Ok(item) => self.tell(Event::ItemChanged(item)),
            // The next start ends it.
            Err(error) => self.tell(Event::Notice(error.fault())),
        }
        let moved = self.lanes().leave(brief.turn);
        let chat = brief.chat;
        self.tell(Event::TurnEnded { chat, turn: brief.turn });
        for moved in moved {
            let state = TurnState::Queued { ahead: moved.ahead };
            self.tell(Event::TurnMoved { chat, turn: moved.turn, item: Some(moved.item), state });
        }
    }

    async fn end_broken(&self, brief: &Brief) -> Result<ItemView, StoreError> {
        let item = self.store.item(brief.answer).await?;
        if item.status != ItemStatus::Writing {
            return Ok(item);
        }
        let status = match item.text.is_empty() {
            true => ItemStatus::Failed { fault: broke() },
            false => ItemStatus::Interrupted,
        };
        let change = Change::AnswerEnded {
            item: brief.answer,
            text: item.text,
            status,
            steps: item.steps,
            citations: item.citations,
            unsupported: item.unsupported,
            supported: item.supported,
            made: item.made,
            explanation: None,
        };
        self.store.record(&brief.actor(), change).await?;
        self.store.item(brief.answer).await
    }
}

fn broke() -> Fault {
    Fault::new(FaultKind::Internal, "turn.broke", "Something in Atelier broke while this was being answered.")
        .safe("Your question is safe.")
        .hint("Answer again.")
}
