//! What do passages and a model's words become for a turn?

use crate::turn::{Ending, Heard, ToolCall, Usage};
use library::Passage;
use models::{Delta, Finish};
use protocol::CallId;

/// Adds a passage to those that the model has seen, once.
pub(super) fn see(seen: &mut Vec<Passage>, passage: Passage) {
    let same = |other: &Passage| {
        (other.document, other.page, other.start, other.end)
            == (passage.document, passage.page, passage.start, passage.end)
    };
    if !seen.iter().any(same) {
        seen.push(passage);
    }
}

/// What the model said, as the turn hears it.
pub(super) fn heard(delta: Delta) -> Heard {
    match delta {
        Delta::Loading { done, total } => Heard::Loading { done, total },
        Delta::Reading { done, total } => Heard::Reading { done, total },
        Delta::Reasoning(text) => Heard::Reasoning(text),
        Delta::Text(text) => Heard::Text(text),
        Delta::ToolCall { id, name, arguments } => {
            let call = CallId::new();
            let id = if id.is_empty() { call.to_string() } else { id };
            Heard::Call(ToolCall { call, id, name, arguments })
        }
        Delta::Done { finish, prompt_tokens, completion_tokens, tokens_per_second, .. } => Heard::Done {
            ending: match finish {
                Finish::Stop | Finish::ToolCalls => Ending::Done,
                Finish::Length => Ending::Length,
                Finish::Cancelled => Ending::Cancelled,
            },
            usage: Usage { prompt_tokens, completion_tokens, tokens_per_second: tokens_per_second.unwrap_or_default() },
        },
    }
}
