//! What a reader must know of an answer beside its text: how it ended, what stands behind it and what
//! does not. For terminals and files; the window says the same on its screen.

use crate::Lang;
use protocol::{CitationView, ItemKind, ItemStatus, ItemView, Made, Place, SourceNow, Span, Support};

/// What is told of an answer, each in a line of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How it ended, where that was not as it should; or that its text was erased.
    pub ended: Option<String>,
    /// Whether the documents support it.
    pub support: Option<String>,
    /// Each part that no passage supports.
    pub unsupported: Vec<String>,
    /// Each quote once: its number, and where it stands with its words.
    pub sources: Vec<(u32, String)>,
    /// Who made it and what it cost.
    pub made: Option<String>,
}

impl Told {
    /// What is to be told of an item in this language; nothing of a question.
    pub fn of(item: &ItemView, lang: Lang) -> Self {
        match item.kind {
            ItemKind::Question => Self::default(),
            ItemKind::Answer => Self {
                ended: ended(item, lang),
                support: item.supported.and_then(|support| support_of(item, support, lang)),
                unsupported: item.unsupported.iter().map(|span| no_passage(&slice(&item.text, *span), lang)).collect(),
                sources: sources(item, lang),
                made: item.made.as_ref().map(|made| made_by(made, lang)),
            },
        }
    }
}

/// Whether an answer can be gone on with.
pub fn can_go_on(status: &ItemStatus) -> bool {
    match status {
        ItemStatus::Stopped | ItemStatus::Interrupted | ItemStatus::CutShort => true,
        ItemStatus::Complete | ItemStatus::Writing | ItemStatus::Failed { .. } => false,
    }
}

/// The text in a span.
pub fn slice(text: &str, span: Span) -> String {
    text.chars().skip(span.start as usize).take(span.end.saturating_sub(span.start) as usize).collect()
}

fn ended(item: &ItemView, lang: Lang) -> Option<String> {
    match &item.status {
        // A complete answer has words, unless they were erased with a document.
        ItemStatus::Complete if item.text.is_empty() => Some(format!("({})", lang.word("outbound.erased", &[]))),
        ItemStatus::Complete | ItemStatus::Writing => None,
        ItemStatus::Stopped => Some(lang.word("answer.stopped", &[])),
        ItemStatus::Interrupted => Some(lang.word("answer.interrupted", &[])),
        ItemStatus::CutShort => Some(lang.word("answer.cut_short", &[])),
        ItemStatus::Failed { fault } => Some(lang.fault(fault).to_string()),
    }
}

fn support_of(item: &ItemView, support: Support, lang: Lang) -> Option<String> {
    let asked_model = item.made.as_ref().is_some_and(|made| !made.model.is_empty());
    let key = match support {
        Support::Yes => return None,
        // No model was asked: what is shown is near, and no answer.
        Support::Quoted if !asked_model => "answer.not_in_documents_more",
        Support::Quoted => "answer.quoted",
        // What is not finished was not to say it yet.
        Support::No if !matches!(item.status, ItemStatus::Complete | ItemStatus::CutShort) => return None,
        Support::No if asked_model => "answer.not_supported",
        Support::No => "answer.not_in_documents_more",
        Support::Unchecked => "answer.unchecked",
    };
    Some(lang.word(key, &[]))
}

fn no_passage(part: &str, lang: Lang) -> String {
    let words = lang.word("prose.unsupported", &[]);
    let part = single_spaced(part);
    match lang {
        Lang::En => format!("{words}: “{part}”"),
        Lang::Fr => format!("{words}\u{a0}: «\u{a0}{part}\u{a0}»"),
    }
}

fn sources(item: &ItemView, lang: Lang) -> Vec<(u32, String)> {
    let mut listed: Vec<(u32, String)> = Vec::new();
    for cited in &item.citations {
        if listed.iter().any(|(number, _)| *number == cited.number) {
            continue;
        }
        let number = cited.number.to_string();
        // An erased document leaves its place in the answer and nothing of its words.
        let line = if cited.name.is_empty() {
            lang.word("cite.erased", &[])
        } else {
            let (place, quote) = (place(cited, lang), single_spaced(&cited.quote));
            let values = [("number", &*number), ("document", &*cited.name), ("place", &*place), ("quote", &*quote)];
            let line = lang.word("answer.source_line", &values);
            let line = line.strip_prefix(&format!("[{number}] ")).map(str::to_owned).unwrap_or(line);
            match cited.now {
                SourceNow::AsCited => match &cited.now_called {
                    Some(name) => format!("{line} ({})", lang.word("cite.now_called", &[("name", name)])),
                    None => line,
                },
                SourceNow::Changed => format!("{line} ({})", lang.word("cite.changed", &[])),
                SourceNow::Removed => format!("{line} ({})", lang.word("cite.removed", &[])),
            }
        };
        listed.push((cited.number, line));
    }
    listed
}

/// What people call the place of a quote: the window says the same.
fn place(cited: &CitationView, lang: Lang) -> String {
    match &cited.place {
        None => lang.word("cite.on_page", &[("page", &cited.page.to_string())]),
        Some(place) => match place.strip_prefix("Slide ").filter(|number| number.parse::<u32>().is_ok()) {
            Some(number) => lang.word("cite.slide", &[("slide", number)]),
            None => place.clone(),
        },
    }
}

fn made_by(made: &Made, lang: Lang) -> String {
    let outside = lang.bytes(made.egress_bytes);
    if made.model.is_empty() {
        return lang.word("made.without_model", &[("outside", &outside)]);
    }
    let place = lang.word(
        match made.place {
            Place::Here => "made.here",
            Place::Team => "made.team",
            Place::Outside => "made.outside",
        },
        &[],
    );
    let rate = lang.word("unit.rate", &[("n", &lang.number(f64::from(made.tokens_per_second), 1))]);
    let key = if made.tokens_per_second > 0.0 { "made.line" } else { "made.line_no_rate" };
    lang.word(key, &[("model", &made.model), ("place", &place), ("rate", &rate), ("outside", &outside)])
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use protocol::*;

    pub(crate) fn item(kind: ItemKind, text: &str, citations: Vec<CitationView>) -> ItemView {
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

    pub(crate) fn cited(number: u32, at: u32) -> CitationView {
        CitationView {
            number,
            at,
            document: DocumentId::new(),
            name: "Lease.pdf".into(),
            page: 3,
            start: 0,
            end: 9,
            quote: if number == 1 { "the rent\nis 900" } else { "paid monthly" }.into(),
            page_hash: String::new(),
            place: None,
            now: Default::default(),
            now_called: None,
        }
    }

    #[test]
    fn every_end_and_every_doubt_has_its_words() {
        let answer = item(ItemKind::Answer, "It is 900. The roof leaks.", vec![cited(1, 10), cited(1, 26)]);
        assert_eq!(Told::of(&answer, Lang::En).ended, None);
        let fault = Fault::new(FaultKind::Unavailable, "no.such_code", "The engine went away.");
        for (status, word) in [
            (ItemStatus::Stopped, "Stopped"),
            (ItemStatus::Interrupted, "Interrupted"),
            (ItemStatus::CutShort, "longest"),
            (ItemStatus::Failed { fault }, "went away"),
        ] {
            let ended = Told::of(&ItemView { status, ..answer.clone() }, Lang::En).ended.unwrap();
            assert!(ended.contains(word), "{ended}");
        }
        let erased = Told::of(&ItemView { text: String::new(), ..answer.clone() }, Lang::En);
        assert_eq!(erased.ended.as_deref(), Some("(erased)"));
        let made = Made {
            model: "M".into(),
            place: Place::Here,
            prompt_tokens: 1,
            completion_tokens: 1,
            ttft_ms: 1,
            tokens_per_second: 4.25,
            egress_bytes: 1_500,
        };
        for (supported, model, word) in [
            (Support::Quoted, "M", "no support"),
            (Support::Quoted, "", "No passage came close"),
            (Support::No, "M", "do not say this"),
            (Support::No, "", "No passage came close"),
            (Support::Unchecked, "M", "not checked"),
        ] {
            let made = Some(Made { model: model.into(), ..made.clone() });
            let told = Told::of(&ItemView { supported: Some(supported), made, ..answer.clone() }, Lang::En);
            assert!(told.support.as_deref().unwrap().contains(word), "{told:?}");
            // No speed of a model that was not asked.
            assert_eq!(told.made.unwrap().contains("tok/s"), !model.is_empty());
        }
        let told = Told::of(&ItemView { unsupported: vec![Span { start: 11, end: 26 }], ..answer }, Lang::En);
        assert_eq!(told.unsupported, ["No passage of the documents supports this: “The roof leaks.”"]);
        assert_eq!(told.sources, [(1, "Lease.pdf, page 3: “the rent is 900”".to_owned())]);
    }
}
