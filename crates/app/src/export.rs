//! A chat as Markdown: what was asked, what was answered, and the evidence for it.

use protocol::{ChatView, ItemKind, ItemView, Support};
use std::fmt::Write;

/// The chosen branch of a chat, oldest item first. Citations become footnotes.
pub(crate) fn chat(chat: &ChatView, items: &[ItemView]) -> String {
    let title = if chat.title.is_empty() { "Chat" } else { &chat.title };
    let mut text = format!("# {title}\n");
    let mut notes = 0;
    for item in items {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}\n\n", item.author);
        match item.kind {
            ItemKind::Question => text.push_str(&item.text),
            ItemKind::Answer => text.push_str(&with_marks(item, notes)),
        }
        text.push('\n');
        if let Some(remark) = item.supported.and_then(remark) {
            let _ = write!(text, "\n*{remark}*\n");
        }
        let mut written = 0;
        for cited in &item.citations {
            if cited.number <= written {
                continue;
            }
            written = cited.number;
            let quote = cited.quote.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = write!(text, "\n[^{}]: {}, page {}: “{quote}”\n", notes + cited.number, cited.name, cited.page);
        }
        notes += written;
        if let Some(made) = &item.made {
            let _ = write!(text, "\n*{}, {} bytes sent outside*\n", made.model, made.egress_bytes);
        }
    }
    text
}

/// What a reader must know about the evidence for an answer.
fn remark(supported: Support) -> Option<&'static str> {
    match supported {
        Support::Yes => None,
        Support::Quoted => {
            Some("The documents do not support the answer’s own words; their closest sentence is quoted at its end.")
        }
        Support::No => Some("The documents do not support this answer."),
        Support::Unchecked => Some("This answer was not checked against the documents."),
    }
}

/// The answer with a footnote mark after each supported sentence.
fn with_marks(item: &ItemView, notes: u32) -> String {
    let mut marks: Vec<(usize, u32)> = item.citations.iter().map(|cited| (cited.at as usize, cited.number)).collect();
    marks.sort_unstable();
    let mut marks = marks.into_iter().peekable();
    let mut text = String::with_capacity(item.text.len() + 16);
    for (position, letter) in item.text.chars().enumerate() {
        while let Some((_, number)) = marks.next_if(|(at, _)| *at <= position) {
            let _ = write!(text, "[^{}]", notes + number);
        }
        text.push(letter);
    }
    for (_, number) in marks {
        let _ = write!(text, "[^{}]", notes + number);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::*;

    fn item(kind: ItemKind, text: &str, citations: Vec<CitationView>) -> ItemView {
        ItemView {
            id: ItemId::new(),
            chat: ChatId::new(),
            parent: None,
            kind,
            author: if kind == ItemKind::Question { "Clara" } else { "Researcher" }.into(),
            at: 0,
            text: text.into(),
            status: ItemStatus::Complete,
            attached: vec![],
            steps: vec![],
            citations,
            unsupported: vec![],
            supported: None,
            made: None,
            branches: vec![],
        }
    }

    #[test]
    fn citations_become_footnotes_numbered_through_the_chat() {
        let cited = |number, at| CitationView {
            number,
            at,
            document: DocumentId::new(),
            name: "Lease.pdf".into(),
            page: 3,
            start: 0,
            end: 9,
            quote: if number == 1 { "the rent\nis 900" } else { "paid monthly" }.into(),
            page_hash: String::new(),
        };
        let view = ChatView {
            id: ChatId::new(),
            agent: AgentId::new(),
            title: "Rent".into(),
            started_at: 0,
            changed_at: 0,
            items: 4,
        };
        let items = [
            item(ItemKind::Question, "How much?", vec![]),
            item(ItemKind::Answer, "It is 900. Monthly.", vec![cited(1, 10), cited(2, 19)]),
            item(ItemKind::Question, "Since when?", vec![]),
            item(ItemKind::Answer, "Since May.", vec![cited(1, 10)]),
        ];
        let text = chat(&view, &items);
        assert!(text.starts_with("# Rent\n\n## Clara\n\nHow much?\n"));
        assert!(text.contains("It is 900.[^1] Monthly.[^2]"));
        assert!(text.contains("[^2]: Lease.pdf, page 3: “paid monthly”"));
        assert!(text.contains("[^1]: Lease.pdf, page 3: “the rent is 900”"));
        assert!(text.contains("Since May.[^3]"));
        assert!(text.contains("[^3]: Lease.pdf"));
    }
}
