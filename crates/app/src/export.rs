//! A chat as Markdown: what was asked, what was answered, the evidence for it, and what has none.

use crate::{Lang, Told};
use protocol::{ChatView, ItemKind, ItemView};
use std::fmt::Write;

/// The chosen branch of a chat, oldest item first. Citations become footnotes.
pub(crate) fn chat(chat: &ChatView, items: &[ItemView], lang: Lang) -> String {
    let title = if chat.title.is_empty() { "Chat" } else { &chat.title };
    let mut text = format!("# {title}\n");
    let mut notes = 0;
    for item in items {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}\n\n", item.author);
        match item.kind {
            ItemKind::Question => text.push_str(&item.text),
            ItemKind::Answer => text.push_str(&with_marks(item, notes, lang)),
        }
        text.push('\n');
        let told = Told::of(item, lang);
        for remark in [told.ended, told.support].into_iter().flatten() {
            let _ = write!(text, "\n*{remark}*\n");
        }
        for (number, line) in &told.sources {
            let _ = write!(text, "\n[^{}]: {line}\n", notes + number);
        }
        notes += told.sources.iter().map(|(number, _)| *number).max().unwrap_or(0);
        if let Some(made) = told.made {
            let _ = write!(text, "\n*{made}*\n");
        }
    }
    text
}

/// The answer with a footnote mark after each supported sentence, and with words after each part that
/// no passage supports.
fn with_marks(item: &ItemView, notes: u32, lang: Lang) -> String {
    let aside = lang.word("prose.unsupported_aside", &[]);
    let cited = item.citations.iter().map(|cited| (cited.at, format!("[^{}]", notes + cited.number)));
    let bare = item.unsupported.iter().map(|span| (span.end, format!(" *{}*", aside.trim())));
    let mut marks: Vec<(u32, String)> = cited.chain(bare).collect();
    // By their places alone: marks at one place keep their order.
    marks.sort_by_key(|(at, _)| *at);
    let mut marks = marks.into_iter().peekable();
    let mut text = String::with_capacity(item.text.len() + 16);
    for (position, letter) in item.text.chars().enumerate() {
        while let Some((_, mark)) = marks.next_if(|(at, _)| *at as usize <= position) {
            text.push_str(&mark);
        }
        text.push(letter);
    }
    marks.for_each(|(_, mark)| text.push_str(&mark));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::tests::{cited, item};
    use protocol::*;

    fn view() -> ChatView {
        ChatView {
            id: ChatId::new(),
            agent: AgentId::new(),
            title: "Rent".into(),
            started_at: 0,
            changed_at: 0,
            items: 4,
        }
    }

    #[test]
    fn citations_become_footnotes_numbered_through_the_chat() {
        let items = [
            item(ItemKind::Question, "How much?", vec![]),
            item(ItemKind::Answer, "It is 900. Monthly.", vec![cited(1, 10), cited(2, 19)]),
            item(ItemKind::Question, "Since when?", vec![]),
            item(ItemKind::Answer, "Since May.", vec![cited(1, 10)]),
        ];
        let text = chat(&view(), &items, Lang::En);
        assert!(text.starts_with("# Rent\n\n## Clara\n\nHow much?\n"));
        assert!(text.contains("It is 900.[^1] Monthly.[^2]"));
        assert!(text.contains("[^2]: Lease.pdf, page 3: “paid monthly”"));
        assert!(text.contains("[^1]: Lease.pdf, page 3: “the rent is 900”"));
        assert!(text.contains("Since May.[^3]"));
        assert!(text.contains("[^3]: Lease.pdf"));
    }

    #[test]
    fn what_has_no_support_no_end_or_no_words_is_marked() {
        let answer = item(ItemKind::Answer, "It is 900. The roof leaks. And", vec![cited(1, 10)]);
        let unsupported = vec![Span { start: 11, end: 26 }];
        let broken = ItemView { unsupported, status: ItemStatus::Interrupted, ..answer.clone() };
        let gone = CitationView { name: String::new(), quote: String::new(), ..cited(1, 10) };
        let purged = ItemView { citations: vec![gone], text: "It is 900.".into(), ..answer.clone() };
        let erased = ItemView { citations: vec![], text: String::new(), ..answer };
        let since = |now| item(ItemKind::Answer, "It is 900.", vec![CitationView { now, ..cited(1, 10) }]);
        let (changed, removed) = (since(SourceNow::Changed), since(SourceNow::Removed));
        let mut renamed = since(SourceNow::AsCited);
        renamed.citations[0].now_called = Some("Lease, final.pdf".into());
        let text = chat(&view(), &[broken, purged, erased, changed, removed, renamed], Lang::En);
        for words in [
            "[^3]: Lease.pdf, page 3: “the rent is 900” (the page no longer says this)\n",
            "[^4]: Lease.pdf, page 3: “the rent is 900” (the document was removed since)\n",
            "[^5]: Lease.pdf, page 3: “the rent is 900” (now called Lease, final.pdf)\n",
            "It is 900.[^1] The roof leaks. *(not found in the documents)* And\n",
            "\n*Interrupted before it was finished. What was written is kept.*\n",
            "It is 900.[^2]\n\n[^2]: an erased document\n",
            "\n*(erased)*\n",
        ] {
            assert!(text.contains(words), "{words:?} is not in {text}");
        }
        let french = chat(&view(), &[item(ItemKind::Answer, "", vec![])], Lang::Fr);
        assert!(french.contains("*(effacé)*"), "{french}");
    }
}
