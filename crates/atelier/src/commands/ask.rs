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
    /// Whether the documents support what in the answer's own words answers the question.
    supported: bool,
    /// How: `yes`, `quoted`, `no`, `unchecked`; null where the documents were not asked.
    support: Option<Support>,
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
    // How much of the answer was printed, and whether without a gap.
    let (mut heard, mut whole) = (0, true);
    while let Some(envelope) = events.next().await {
        if out.json() && ask.stream {
            out.json_line(&envelope.event);
        }
        match envelope.event {
            Event::TurnMoved { turn: moved, state, .. } if moved == turn => note_state(&state, out),
            Event::Delta { chat: of, at, text, .. } if of == chat => {
                whole &= at == heard;
                heard = at + text.chars().count() as u64;
                out.stream(&text);
            }
            Event::ItemChanged(item) | Event::ItemAdded(item) if item.chat == chat && item.kind == ItemKind::Answer => {
                last = Some(item);
            }
            Event::ApprovalAsked(asked) if asked.chat == chat => {
                refuse(door, &asked, out).await?;
            }
            Event::TurnEnded { turn: ended, .. } if ended == turn => break,
            // This terminal was too slow for the events: what they said is read instead.
            Event::Resync => {
                let opened = door.call(Open {}).await?;
                for asked in opened.approvals.iter().filter(|asked| asked.chat == chat) {
                    refuse(door, asked, out).await?;
                }
                if !opened.turns.iter().any(|running| running.turn == turn) {
                    last = newest(door, chat).await?;
                    break;
                }
            }
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
    if !whole || heard != item.text.chars().count() as u64 {
        out.stream(&format!("\n\n{}", item.text));
    }
    let answer = answer(item);
    out.value(&answer, text);
    Ok(ExitCode::SUCCESS)
}

/// Nobody can see and answer it here; a refusal is the safe side.
async fn refuse(door: &Door, asked: &ApprovalView, out: &Out) -> Result<(), Fault> {
    out.note(&format!("{} asks: {} — refused, since this terminal cannot show it", asked.agent, asked.summary));
    door.call(Decide { asked: asked.asked, decision: Decision::Deny }).await
}

/// The newest answer of the branch that a chat shows.
async fn newest(door: &Door, chat: ChatId) -> Result<Option<ItemView>, Fault> {
    let mut page = door.call(ReadChat { chat, before: None, limit: 2 }).await?;
    Ok(page.items.pop().filter(|item| item.kind == ItemKind::Answer))
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
        supported: match item.supported {
            Some(Support::Yes) => true,
            Some(Support::Quoted | Support::No | Support::Unchecked) | None => false,
        },
        support: item.supported,
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
    text.push_str(match answer.support {
        Some(Support::Yes) | None => "",
        Some(Support::Quoted) => {
            "\nThe documents do not support the model's own words; their closest sentence is quoted under them.\n"
        }
        Some(Support::No) => "\nThe documents do not support this answer.\n",
        Some(Support::Unchecked) => "\nThis answer was not checked against the documents.\n",
    });
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
