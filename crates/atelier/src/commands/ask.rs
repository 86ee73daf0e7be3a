//! `atelier ask`: a question in, an answer with its evidence out.

use super::{documents::Imported, listen};
use crate::{
    cli::Ask,
    door::{Door, id},
    out::{EXIT_PARTIAL, Out},
};
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
    /// Parts of the answer that no passage supports.
    unsupported: Vec<Unsupported>,
    /// How it ended: `complete`, `stopped`, `interrupted`, `cut_short`.
    status: &'static str,
    model: String,
    prompt_tokens: u32,
    completion_tokens: u32,
    ttft_ms: u64,
    tokens_per_second: f32,
    egress_bytes: u64,
    chat: ChatId,
    item: ItemId,
    /// What a person should know, such as that another model answered than usual.
    notices: Vec<Fault>,
    /// What `--import` did.
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<Imported>,
}

#[derive(Serialize)]
struct Unsupported {
    start: u32,
    end: u32,
    text: String,
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
    let import = match &ask.import[..] {
        [] => None,
        paths => Some(super::documents::import_and_wait(door, paths, out).await?),
    };
    if let Some(import) = import.as_ref().filter(|import| import.in_part()) {
        out.note(&import.text());
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
    let events = door.app.events(&door.person, after);
    let turn = door.call(SendMessage { chat, text: ask.question, attached: Vec::new() }).await?;
    let mut shown = Shown { chat, turn, chars: 0, whole: true, every: ask.stream, notices: Vec::new() };
    let item = listen::answer(door, events, chat, turn, out, |event| shown.hear(event, out)).await?;
    if let ItemStatus::Failed { fault } = &item.status {
        out.stream("\n");
        return Ok(out.fault(fault));
    }
    if !shown.whole {
        // Some of it never came here; the whole text stands in the record.
        out.stream(&format!("\n\n{}", item.text));
    }
    let in_part = import.as_ref().is_some_and(Imported::in_part) || item.status == ItemStatus::Interrupted;
    out.value(&answer(item, shown.notices, import), text);
    Ok(if in_part { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

/// What was shown of an answer that is being written.
struct Shown {
    chat: ChatId,
    turn: TurnId,
    /// How much of it.
    chars: u64,
    /// Whether nothing was missed in between.
    whole: bool,
    /// Whether every event is printed, for programs.
    every: bool,
    /// What a person was told meanwhile.
    notices: Vec<Fault>,
}

impl Shown {
    fn hear(&mut self, event: &Event, out: &Out) {
        if out.json() && self.every {
            out.json_line(event);
        }
        if let Event::TurnMoved { turn, state, .. } = event
            && *turn == self.turn
        {
            note_state(state, out);
        }
        if let Event::Notice(fault) = event {
            out.note(&format!("note: {fault}"));
            self.notices.push(fault.clone());
        }
        if let Event::Delta { chat, at, text, .. } = event
            && *chat == self.chat
        {
            self.whole &= *at == self.chars;
            if self.whole {
                out.stream(text);
                self.chars += text.chars().count() as u64;
            }
        }
    }
}

fn answer(item: ItemView, notices: Vec<Fault>, import: Option<Imported>) -> Answer {
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
        status: status(&item.status),
        unsupported: item
            .unsupported
            .iter()
            .map(|span| Unsupported { start: span.start, end: span.end, text: slice(&item.text, *span) })
            .collect(),
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
        notices,
        import,
    }
}

/// How an answer ended, in a word for programs.
fn status(status: &ItemStatus) -> &'static str {
    match status {
        ItemStatus::Complete => "complete",
        ItemStatus::Writing => "writing",
        ItemStatus::Stopped => "stopped",
        ItemStatus::Interrupted => "interrupted",
        ItemStatus::CutShort => "cut_short",
        ItemStatus::Failed { .. } => "failed",
    }
}

fn slice(text: &str, span: Span) -> String {
    text.chars().skip(span.start as usize).take(span.end.saturating_sub(span.start) as usize).collect()
}

/// The answer has streamed already; what follows is its evidence.
fn text(answer: &Answer) -> String {
    let mut text = String::from("\n");
    text.push_str(match answer.status {
        "interrupted" => "\nThe answer was interrupted; what was written is kept.\n",
        "stopped" => "\nThe answer was stopped; what was written is kept.\n",
        "cut_short" => "\nThe answer reached the longest length that is set.\n",
        _ => "",
    });
    text.push_str(match answer.support {
        Some(Support::Yes) | None => "",
        Some(Support::Quoted) => {
            "\nThe documents do not support the model's own words; their closest sentence is quoted under them.\n"
        }
        Some(Support::No) => "\nThe documents do not support this answer.\n",
        Some(Support::Unchecked) => "\nThis answer was not checked against the documents.\n",
    });
    for part in &answer.unsupported {
        text.push_str(&format!("\nNo passage supports: “{}”\n", part.text));
    }
    let mut listed = Vec::new();
    for cited in &answer.citations {
        if listed.contains(&cited.number) {
            continue;
        }
        listed.push(cited.number);
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    #[test]
    fn what_ask_prints_for_programs_stays_what_it_is() {
        let item = serde_json::json!({
            "id": ID, "chat": ID, "parent": ID, "kind": "answer", "author": "Researcher", "at": 1,
            "text": "The rent is 900 euros.", "status": { "is": "complete" }, "attached": [], "steps": [],
            "citations": [{
                "number": 1, "at": 22, "document": ID, "name": "lease.pdf", "page": 1, "start": 2, "end": 3,
                "quote": "900 euros", "page_hash": "00ff",
            }],
            "unsupported": [{ "start": 4, "end": 8 }], "supported": true,
            "made": {
                "model": "A", "place": "here", "prompt_tokens": 1, "completion_tokens": 2, "ttft_ms": 3,
                "tokens_per_second": 4.5, "egress_bytes": 5,
            },
            "branches": [ID],
        });
        let item: ItemView = serde_json::from_value(item).unwrap();
        let import =
            Imported { files: 2, known: 0, failed: 1, documents: Vec::new(), left_out: Vec::new(), more_left_out: 0 };
        let bare = ItemView { made: None, supported: None, citations: Vec::new(), ..item.clone() };
        let notice = Fault::new(FaultKind::Unavailable, "model.passed_over", "B cannot be used, so A answers instead.");
        let printed = [answer(item, vec![notice], None), answer(bare, Vec::new(), Some(import))];
        let printed = printed.map(|answer| serde_json::to_string_pretty(&answer).unwrap()).join("\n");
        insta::assert_snapshot!("ask", printed);
    }
}
