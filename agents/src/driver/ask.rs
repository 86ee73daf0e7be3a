//! How does a question become a turn? It is in the log before it is in the queue.

use super::{
    Driver, Inner,
    lanes::{Controls, Entrant, LANE, Told},
    run,
};
use crate::{AgentError, title_of};
use futures::FutureExt;
use protocol::{
    Actor, AgentId, ChatId, ChatView, DocumentId, Event, ItemId, ItemKind, ItemStatus, ItemView, MemberId, TurnId,
    TurnState,
};
use std::{panic::AssertUnwindSafe, sync::Arc};
use store::{Change, StoreError, Tx};
use tokio::sync::mpsc;

/// The longest question, in chars.
const QUESTION: usize = 100_000;
/// The most documents attached to a question.
const ATTACHED: usize = 64;
/// Decisions that may be under way to one turn; it waits for one at a time.
const DECISIONS: usize = 4;

/// What a turn is about.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub turn: TurnId,
    pub chat: ChatId,
    pub question: ItemId,
    pub answer: ItemId,
    pub agent: AgentId,
    pub member: MemberId,
    /// The text to go on from.
    pub so_far: String,
}

impl Brief {
    /// The agent, on behalf of the person who asked.
    pub fn actor(&self) -> Actor {
        Actor::Agent { agent: self.agent, member: self.member }
    }
    fn started(&self) -> Change {
        Change::AnswerStarted {
            item: self.answer,
            chat: self.chat,
            parent: self.question,
            agent: self.agent,
            turn: self.turn,
        }
    }
}

impl Driver {
    /// Adds a question at the end of the chosen branch and starts the turn that answers it; it waits
    /// while another turn of the chat runs.
    ///
    /// # Errors
    /// The question is empty or too long, the chat is unknown, or too many turns wait.
    pub async fn ask(
        &self,
        actor: &Actor,
        chat: ChatId,
        text: String,
        attached: Vec<DocumentId>,
    ) -> Result<TurnId, AgentError> {
        let inner = &self.0;
        check_question(&text, &attached)?;
        let _order = inner.entrance.lock().await;
        let view = inner.may_ask(chat).await?;
        let brief = inner.brief(actor, &view, ItemId::new());
        let tip = inner.store.leaf(chat).await?;
        let mut changes = Vec::new();
        if view.title.trim().is_empty() {
            changes.push(Change::ChatRenamed { chat, title: title_of(&text) });
        }
        changes.push(inner.message(&brief, tip, text, attached).await?);
        changes.push(brief.started());
        inner.write(actor, changes).await?;
        inner.launch(brief, true).await
    }

    /// Asks again with other words: a new branch beside `item`, a question.
    ///
    /// # Errors
    /// As `ask`; or the item is no question.
    pub async fn edit(&self, actor: &Actor, item: ItemId, text: String) -> Result<TurnId, AgentError> {
        let inner = &self.0;
        let old = inner.store.item(item).await?;
        if old.kind != ItemKind::Question {
            return Err(AgentError::WrongItem { item, reason: "is not a question" });
        }
        check_question(&text, &old.attached)?;
        let _order = inner.entrance.lock().await;
        let view = inner.may_ask(old.chat).await?;
        let brief = inner.brief(actor, &view, ItemId::new());
        let message = inner.message(&brief, old.parent, text, old.attached).await?;
        let shown = Change::BranchChosen { chat: brief.chat, item: brief.answer };
        inner.write(actor, vec![message, brief.started(), shown]).await?;
        inner.launch(brief, true).await
    }

    /// Answers the same question again: a new branch beside the answer `item`.
    ///
    /// # Errors
    /// The item is no answer, or is being written.
    pub async fn regenerate(&self, actor: &Actor, item: ItemId) -> Result<TurnId, AgentError> {
        let inner = &self.0;
        let old = inner.store.item(item).await?;
        let question = inner.question_of(&old)?;
        let _order = inner.entrance.lock().await;
        let view = inner.may_ask(old.chat).await?;
        let brief = inner.brief(actor, &view, question);
        let shown = Change::BranchChosen { chat: brief.chat, item: brief.answer };
        inner.write(actor, vec![brief.started(), shown]).await?;
        inner.launch(brief, false).await
    }

    /// Goes on writing an answer that was stopped, interrupted or cut short: the same item, whose
    /// earlier end stays in the log.
    ///
    /// # Errors
    /// The item is no answer, is being written, or is finished.
    pub async fn continue_answer(&self, actor: &Actor, item: ItemId) -> Result<TurnId, AgentError> {
        let inner = &self.0;
        let _order = inner.entrance.lock().await;
        let old = inner.store.item(item).await?;
        let question = inner.question_of(&old)?;
        match old.status {
            ItemStatus::Stopped | ItemStatus::Interrupted | ItemStatus::CutShort => {}
            ItemStatus::Complete | ItemStatus::Writing | ItemStatus::Failed { .. } => {
                return Err(AgentError::WrongItem { item, reason: "is not an answer that can be continued" });
            }
        }
        let view = inner.may_ask(old.chat).await?;
        let brief = Brief { answer: item, so_far: old.text, ..inner.brief(actor, &view, question) };
        inner.write(actor, vec![brief.started()]).await?;
        inner.launch(brief, false).await
    }
}

fn check_question(text: &str, attached: &[DocumentId]) -> Result<(), AgentError> {
    if text.trim().is_empty() {
        return Err(AgentError::Empty);
    }
    if text.chars().count() > QUESTION {
        return Err(AgentError::TooMuch { what: "The characters of a question", limit: QUESTION });
    }
    if attached.len() > ATTACHED {
        return Err(AgentError::TooMuch { what: "Documents attached to a question", limit: ATTACHED });
    }
    Ok(())
}

impl Inner {
    async fn may_ask(&self, chat: ChatId) -> Result<ChatView, AgentError> {
        if self.closing.is_cancelled() {
            return Err(AgentError::Closing);
        }
        let waiting = self.lanes().waiting(chat);
        if waiting >= LANE {
            return Err(AgentError::QueueFull { waiting });
        }
        Ok(self.store.chat(chat).await?)
    }

    fn brief(&self, actor: &Actor, chat: &ChatView, question: ItemId) -> Brief {
        let member = match actor {
            Actor::Person { member } | Actor::Agent { member, .. } => *member,
            Actor::System => self.store.home().member,
        };
        let (turn, answer) = (TurnId::new(), ItemId::new());
        Brief { turn, chat: chat.id, question, answer, agent: chat.agent, member, so_far: String::new() }
    }

    async fn message(
        &self,
        brief: &Brief,
        parent: Option<ItemId>,
        text: String,
        attached: Vec<DocumentId>,
    ) -> Result<Change, AgentError> {
        let name = self.store.settings().await?.name;
        let author = if name.trim().is_empty() { self.store.home().member_name.clone() } else { name };
        Ok(Change::MessageAdded { item: brief.question, chat: brief.chat, parent, author, text, attached })
    }

    /// The question that an ended answer belongs to.
    fn question_of(&self, answer: &ItemView) -> Result<ItemId, AgentError> {
        let wrong = |reason| AgentError::WrongItem { item: answer.id, reason };
        if answer.kind != ItemKind::Answer {
            return Err(wrong("is not an answer"));
        }
        if self.lanes().writes(answer.id) {
            return Err(wrong("is being written"));
        }
        answer.parent.ok_or_else(|| wrong("follows no question"))
    }

    /// One transaction holds the question and the start of its answer: a crash leaves both or none.
    async fn write(&self, actor: &Actor, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store
            .write(actor, async |tx: &mut Tx| {
                for change in changes {
                    tx.record(change).await?;
                }
                Ok(())
            })
            .await
    }

    /// Tells the clients what is new and starts the turn's task.
    async fn launch(self: &Arc<Self>, brief: Brief, asked: bool) -> Result<TurnId, AgentError> {
        let turn = brief.turn;
        if asked {
            self.tell(Event::ItemAdded(self.store.item(brief.question).await?));
        }
        let answer = self.store.item(brief.answer).await?;
        let told = Told { text: brief.so_far.clone(), steps: answer.steps.clone() };
        let answer = if brief.so_far.is_empty() {
            Event::ItemAdded(answer)
        } else {
            Event::ItemChanged(ItemView { text: brief.so_far.clone(), ..answer })
        };
        self.tell(answer);
        self.tell(Event::ChatChanged(self.store.chat(brief.chat).await?));
        let (send, decisions) = mpsc::channel(DECISIONS);
        let controls = Controls::default();
        let ahead =
            self.lanes().enter(turn, Entrant { chat: brief.chat, item: brief.answer, told }, controls.clone(), send);
        if ahead > 0 {
            let (chat, item) = (brief.chat, Some(brief.answer));
            self.tell(Event::TurnMoved { chat, turn, item, state: TurnState::Queued { ahead } });
        }
        let inner = self.clone();
        self.tasks.spawn(async move {
            let running = run::run(inner.clone(), brief.clone(), controls, decisions);
            // Whatever breaks in a turn, its chat goes on.
            if AssertUnwindSafe(running).catch_unwind().await.is_err() {
                inner.clean_up(&brief).await;
            }
        });
        Ok(turn)
    }
}
