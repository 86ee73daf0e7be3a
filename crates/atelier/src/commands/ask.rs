//! `atelier ask`: a question in, an answer with its evidence out.

use crate::{
    cli::Ask,
    door::{Door, id},
    out::{Out, exit_code},
};
use futures::StreamExt;
use protocol::*;
use serde::Serialize;
use std::process::ExitCode;

/// What `ask --json` prints.
#[derive(Serialize)]
struct Answer {
    answer: String,
    supported: bool,
    citations: Vec<Cited>,
    model: String,
    prompt_tokens: u32,
    completion_tokens: u32,
    ttft_ms: u64,
    tokens_per_second: f32,
    egress_bytes: u64,
    chat: ChatId,
    item: ItemId,
}

#[derive(Serialize)]
struct Cited {
    document: String,
    document_id: DocumentId,
    number: u32,
    page: u32,
    start: u32,
    end: u32,
    quote: String,
}

pub(super) async fn ask(door: &Door, ask: Ask, out: &Out) -> Result<ExitCode, Fault> {
    if !ask.import.is_empty() {
        super::documents::import_and_wait(door, &ask.import, out).await?;
    }
    let chat = match &ask.chat {
        Some(chat) => id::<ChatId>(chat, "chat")?,
        None => {
            let opened = door.call(Open {}).await?;
            let agent = opened.agents.iter().find(|agent| agent.role == ask.role).ok_or_else(|| {
                let roles: Vec<_> = opened.agents.iter().map(|agent| agent.role.as_str()).collect();
                Fault::new(FaultKind::NotFound, "cli.unknown_role", format!("There is no role “{}”.", ask.role))
                    .hint(format!("Choose one of: {}.", roles.join(", ")))
            })?;
            door.call(StartChat { agent: agent.id }).await?.id
        }
    };
    // Listen before asking, so that no event is missed.
    let after = door.call(Open {}).await?.seq;
    let mut events = door.app.events(&door.person, after);
    let turn = door.call(SendMessage { chat, text: ask.question, attached: Vec::new() }).await?;
    let mut last = None;
    while let Some(envelope) = events.next().await {
        if out.json() && ask.stream {
            out.json_line(&envelope.event);
        }
        match envelope.event {
            Event::TurnMoved { turn: moved, state, .. } if moved == turn => note_state(&state, out),
            Event::Delta { chat: of, text, .. } if of == chat => out.stream(&text),
            Event::ItemChanged(item) | Event::ItemAdded(item) if item.chat == chat && item.kind == ItemKind::Answer => {
                last = Some(item);
            }
            Event::ApprovalAsked(asked) if asked.chat == chat => {
                // Nobody can see and answer it here; a refusal is the safe side.
                out.note(&format!(
                    "{} asks: {} — refused, since this terminal cannot show it",
                    asked.agent, asked.summary
                ));
                door.call(Decide { asked: asked.asked, decision: Decision::Deny }).await?;
            }
            Event::TurnEnded { turn: ended, .. } if ended == turn => break,
            _ => {}
        }
    }
    let item =
        last.ok_or_else(|| Fault::new(FaultKind::Internal, "ask.no_answer", "The turn ended without an answer."))?;
    if let ItemStatus::Failed { fault } = &item.status {
        out.stream("\n");
        out.fault(fault);
        return Ok(ExitCode::from(exit_code(fault.kind)));
    }
    let answer = answer(item);
    out.value(&answer, text);
    Ok(ExitCode::SUCCESS)
}

fn answer(item: ItemView) -> Answer {
    let made = item.made.unwrap_or(Made {
        model: String::new(),
        place: Place::Here,
        prompt_tokens: 0,
        completion_tokens: 0,
        ttft_ms: 0,
        tokens_per_second: 0.0,
        egress_bytes: 0,
    });
    Answer {
        supported: item.supported.unwrap_or(!item.citations.is_empty()),
        citations: item
            .citations
            .into_iter()
            .map(|cited| Cited {
                document: cited.name,
                document_id: cited.document,
                number: cited.number,
                page: cited.page,
                start: cited.start,
                end: cited.end,
                quote: cited.quote,
            })
            .collect(),
        answer: item.text,
        model: made.model,
        prompt_tokens: made.prompt_tokens,
        completion_tokens: made.completion_tokens,
        ttft_ms: made.ttft_ms,
        tokens_per_second: made.tokens_per_second,
        egress_bytes: made.egress_bytes,
        chat: item.chat,
        item: item.id,
    }
}

/// The answer has streamed already; what follows is its evidence.
fn text(answer: &Answer) -> String {
    let mut text = String::from("\n");
    if !answer.supported {
        text.push_str("\nThe documents do not support this answer.\n");
    }
    for cited in &answer.citations {
        let quote = cited.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("\n[{}] {}, page {}\n    “{quote}”\n", cited.number, cited.document, cited.page));
    }
    text.push_str(&format!(
        "\n{}, {:.1} tokens/s, first word after {:.1} s, {} sent outside\nchat {}  answer {}",
        if answer.model.is_empty() { "no model needed" } else { &answer.model },
        answer.tokens_per_second,
        answer.ttft_ms as f64 / 1000.0,
        crate::out::bytes(answer.egress_bytes),
        answer.chat,
        answer.item,
    ));
    text
}

fn note_state(state: &TurnState, out: &Out) {
    match state {
        TurnState::Loading { done, total } if *total > 0 && done == total => out.note("model loaded"),
        TurnState::Searching => out.note("searching the documents …"),
        TurnState::Reading { done: 0, total } => out.note(&format!("reading {total} tokens …")),
        TurnState::Queued { ahead } => out.note(&format!("waiting for {ahead} other turns …")),
        TurnState::Loading { .. }
        | TurnState::Reading { .. }
        | TurnState::Writing
        | TurnState::Working
        | TurnState::Asking
        | TurnState::Checking
        | TurnState::Stopping => {}
    }
}
