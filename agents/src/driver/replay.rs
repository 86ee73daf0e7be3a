//! Does the same question to the same model give the same answer? A greedy answer is repeated and compared.

use super::{Driver, Inner};
use crate::{
    AgentError, Language,
    prompt::unspoken,
    turn::{answer::repeats_itself, lead::quoted},
};
use egress::Errand;
use futures::TryStreamExt;
use models::{Delta, Message, ModelError, Prompt, Role, Sampling, ToolDef};
use protocol::{Difference, Explanation, ItemId, ItemKind, ItemStatus, ItemView, PassageView, ReplayReport};
use tokio_util::sync::CancellationToken;

/// The longest text that is repeated, in chars.
const LONGEST: usize = 100_000;

impl Driver {
    /// Repeats a greedy answer from its stored prompt and says what differs: the model's file, the
    /// engine, the passages, the text. Nothing is written.
    ///
    /// # Errors
    /// The item is no finished greedy answer that a model wrote, or its model is not here.
    pub async fn replay(&self, item: ItemId) -> Result<ReplayReport, AgentError> {
        let inner = &self.0;
        let view = inner.store.item(item).await?;
        if view.kind != ItemKind::Answer {
            return Err(AgentError::WrongItem { item, reason: "is not an answer" });
        }
        match view.status {
            ItemStatus::Complete | ItemStatus::CutShort => {}
            ItemStatus::Writing | ItemStatus::Stopped | ItemStatus::Interrupted | ItemStatus::Failed { .. } => {
                return Err(AgentError::NoReplay("it was not written to its end"));
            }
        }
        let told = inner.store.explanation(item).await?;
        let told = told.filter(|told| view.made.is_some() && !told.prompt.is_empty());
        let told = told.ok_or(AgentError::NoReplay("no model wrote it"))?;
        if told.temperature > 0.0 {
            return Err(AgentError::NoReplay("it was drawn at random; only an answer at temperature 0 is repeatable"));
        }
        let messages = unspoken(&told.prompt).ok_or(AgentError::NoReplay("its prompt cannot be read"))?;
        let model = inner.models.same(&told.model_hash, &told.model).await?;
        let model = model.ok_or(AgentError::NoReplay("its model is not on this machine"))?;

        let mut differences = Vec::new();
        let card = model.card();
        if card.sha256 != told.model_hash {
            differences.push(Difference::ModelFile { then: told.model_hash.clone(), now: card.sha256.clone() });
        }
        if card.engine != told.engine {
            differences.push(Difference::Engine { then: told.engine.clone(), now: card.engine.clone() });
        }
        for passage in &told.passages {
            if let Some(difference) = inner.changed(passage).await {
                differences.push(difference);
            }
        }
        let before = written_before(&messages);
        let prompt = Prompt {
            messages,
            tools: tools(&told),
            sampling: sampling(&told),
            errand: Errand::new("Atelier", format!("Replay {item}")),
        };
        // Closing the app ends it; so does dropping this future.
        let stop = inner.closing.child_token();
        let _ends = stop.clone().drop_guard();
        let again = written(model.chat(prompt, stop.clone()).await?, &stop).await?;
        let (then, now) = (without_quote(&view, last_part(&view, &before)), again.trim());
        if then != now {
            differences.push(first_difference(then, now));
        }
        Ok(ReplayReport { item, same: then == now, differences, text: again })
    }
}

impl Inner {
    /// How a passage differs from what the model saw; None where it does not.
    async fn changed(&self, passage: &PassageView) -> Option<Difference> {
        let PassageView { document, name, page, start, end, hash, .. } = passage;
        match self.library.passage_hash(*document, *page, *start, *end).await {
            Ok(Some(now)) if now == *hash => None,
            Ok(Some(_)) => Some(Difference::PassageChanged { document: name.clone(), page: *page }),
            Ok(None) | Err(_) => Some(Difference::PassageGone { document: name.clone(), page: *page }),
        }
    }
}

async fn written(
    deltas: futures::stream::BoxStream<'static, Result<Delta, ModelError>>,
    stop: &CancellationToken,
) -> Result<String, ModelError> {
    let mut deltas = deltas;
    let mut text = String::new();
    let mut chars = 0;
    while let Some(delta) = deltas.try_next().await? {
        match delta {
            Delta::Text(more) => {
                chars += more.chars().count();
                text.push_str(&more);
                if chars > LONGEST || repeats_itself(&text) {
                    stop.cancel();
                    break;
                }
            }
            Delta::Done { .. } => break,
            Delta::Loading { .. } | Delta::Reading { .. } | Delta::Reasoning(_) | Delta::ToolCall { .. } => {}
        }
    }
    Ok(text)
}

fn sampling(told: &Explanation) -> Sampling {
    Sampling {
        temperature: told.temperature,
        top_k: told.top_k,
        min_p: told.min_p,
        max_tokens: told.max_tokens,
        stop: told.stop.clone(),
        ..Sampling::default()
    }
}

fn tools(told: &Explanation) -> Vec<ToolDef> {
    let tools = told.prompt.iter().find(|(role, _)| role == "tools");
    tools.and_then(|(_, tools)| serde_json::from_str(tools).ok()).unwrap_or_default()
}

/// What the model had written of this answer before its last run: earlier rounds, or the text so far.
fn written_before(messages: &[Message]) -> String {
    let asked = messages.iter().rposition(|message| message.role == Role::User).map_or(0, |place| place + 1);
    let parts: Vec<&str> = messages[asked..]
        .iter()
        .filter(|message| message.role == Role::Assistant && !message.content.is_empty())
        .map(|message| message.content.as_str())
        .collect();
    parts.join("\n\n")
}

/// What the last run added to the answer.
fn last_part<'a>(view: &'a ItemView, before: &str) -> &'a str {
    view.text.trim().strip_prefix(before.trim()).unwrap_or(view.text.as_str()).trim()
}

/// What the model wrote of an answer that code opened or ended with a sentence of the documents.
fn without_quote<'a>(view: &ItemView, text: &'a str) -> &'a str {
    let (Some(first), Some(last)) = (view.citations.first(), view.citations.last()) else { return text };
    for language in [Language::English, Language::French, Language::German] {
        if let Some(own) = text.strip_prefix(&quoted(language.documents_say(), first)) {
            let own = own.trim_start();
            return own.strip_prefix(language.model_says()).unwrap_or(own).trim();
        }
        if let Some(own) = text.strip_suffix(&quoted(language.documents_say(), last)) {
            return own.trim_end();
        }
    }
    text
}

fn first_difference(then: &str, now: &str) -> Difference {
    let place = then.chars().zip(now.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String { text.chars().skip(place.saturating_sub(20)).take(60).collect() };
    Difference::Text { at: place as u64 + 1, then: around(then), now: around(now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown_with_its_place() {
        assert_eq!(
            first_difference("Anna pays the rent.", "Anna paid the rent."),
            Difference::Text { at: 8, then: "Anna pays the rent.".into(), now: "Anna paid the rent.".into() }
        );
    }

    #[test]
    fn earlier_rounds_are_not_repeated() {
        let message = |role, text: &str| Message::new(role, text);
        let messages = [
            message(Role::System, "s"),
            message(Role::User, "earlier"),
            message(Role::Assistant, "earlier answer"),
            message(Role::User, "q"),
            message(Role::Assistant, "I look."),
            message(Role::Tool, "found"),
            message(Role::Assistant, ""),
        ];
        assert_eq!(written_before(&messages), "I look.");
    }
}
