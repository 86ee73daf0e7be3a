//! What must be known before a turn begins: its role, its model, its settings, what was said before.

use super::{Inner, ask::Brief};
use crate::{
    AgentError, Language, Retrieval, Role, language_of,
    prompt::QUESTION_AGAIN,
    role,
    turn::{Limits, Phrases, Setup},
};
use models::{ChatModel, ModelCard, ModelError, Sampling};
use protocol::{DocumentId, Fault, ItemKind, ItemStatus, ItemView};
use std::sync::Arc;

/// A turn's surroundings, as they are when it begins.
pub(super) struct Prepared {
    pub setup: Setup,
    pub role: &'static Role,
    pub agent: String,
    /// None where there is no model: the fault is told when the model would be asked, since an
    /// answer that the documents do not have needs none.
    pub model: Result<Arc<dyn ChatModel>, Fault>,
    pub sampling: Sampling,
    pub language: Language,
    pub earlier: Vec<(String, String)>,
    pub attached: Vec<DocumentId>,
}

impl Inner {
    pub(super) async fn prepare(&self, brief: &Brief) -> Result<Prepared, AgentError> {
        let mut lineage = self.store.lineage(brief.question).await?;
        let question = lineage.pop().ok_or(AgentError::WrongItem { item: brief.question, reason: "is not there" })?;
        let agents = self.store.agents().await?;
        let agent = agents.iter().find(|agent| agent.id == brief.agent);
        let key = agent.map(|agent| agent.role.clone()).unwrap_or_default();
        let role = role(&key).ok_or(AgentError::UnknownRole(key))?;
        let settings = self.store.settings().await?;
        let model = self.models.chosen().await;
        let language = language_of(&question.text);
        // An answer that is continued goes on from its words, so no tool may come between.
        let tools = brief.so_far.is_empty() && model.as_ref().is_ok_and(|model| model.card().tools);
        let retrieve = role.documents_only
            || !question.attached.is_empty()
            || match role.retrieval {
                Retrieval::Always => !tools,
                Retrieval::WhenAttached => false,
            };
        let temperature = role.temperature.unwrap_or(settings.temperature).clamp(0.0, 2.0);
        let drawn = temperature > 0.0;
        let sampling = Sampling {
            temperature,
            top_p: drawn.then_some(0.95),
            // A drawn answer is repeatable by its seed; the turn's random bits are as good as any.
            seed: drawn.then(|| u64::from(brief.turn.0.as_u128() as u32)),
            stop: if retrieve { vec![QUESTION_AGAIN.to_owned()] } else { Vec::new() },
            max_tokens: self.longest().unwrap_or(settings.max_tokens).max(1),
            ..Sampling::default()
        };
        Ok(Prepared {
            setup: Setup {
                turn: brief.turn,
                chat: brief.chat,
                item: brief.answer,
                question: question.text.clone(),
                retrieve,
                documents_only: role.documents_only,
                tools,
                phrases: phrases(language),
                quotes_first: model.as_ref().is_ok_and(|model| is_small(model.card())),
                so_far: brief.so_far.clone(),
                limits: Limits::default(),
            },
            role,
            agent: agent.map(|agent| agent.name.clone()).unwrap_or_default(),
            model: model.map_err(|error: ModelError| error.fault()),
            sampling,
            language,
            earlier: exchanges(&lineage),
            attached: question.attached,
        })
    }
}

/// A model of fewer parameters is very small: it loses the thread, and invents.
const SMALL: u64 = 1_000_000_000;

/// Whether a model is known to be very small.
pub(super) fn is_small(card: &ModelCard) -> bool {
    (1..SMALL).contains(&card.parameters)
}

fn phrases(language: Language) -> Phrases {
    Phrases {
        nothing_found: language.nothing_found().to_owned(),
        comes_closest: language.comes_closest().to_owned(),
        documents_say: language.documents_say().to_owned(),
        model_says: language.model_says().to_owned(),
    }
}

/// A setup for a turn that ends before it can be prepared.
pub(super) fn bare_setup(brief: &Brief) -> Setup {
    Setup {
        turn: brief.turn,
        chat: brief.chat,
        item: brief.answer,
        question: String::new(),
        retrieve: false,
        documents_only: false,
        tools: false,
        phrases: Phrases::default(),
        quotes_first: false,
        so_far: brief.so_far.clone(),
        limits: Limits::default(),
    }
}

/// Questions with their answers, oldest first. What has no words teaches a model nothing.
fn exchanges(lineage: &[ItemView]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut asked: Option<&ItemView> = None;
    for item in lineage {
        match item.kind {
            ItemKind::Question => asked = Some(item),
            ItemKind::Answer => {
                let failed = matches!(item.status, ItemStatus::Failed { .. });
                if let Some(question) = asked.take()
                    && !failed
                    && !item.text.trim().is_empty()
                {
                    pairs.push((question.text.clone(), item.text.clone()));
                }
            }
        }
    }
    pairs
}
