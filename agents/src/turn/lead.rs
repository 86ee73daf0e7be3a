//! What does code quote from the documents, before or after the model's words?
//!
//! A very small model writes fluently and often wrongly. Under a role that answers from documents its
//! words therefore stand below the sentence that code found, never above it; a larger model's words
//! stand first, and the quote follows where they have no support.

use super::*;
use protocol::CitationView;

/// A quote that opens an answer.
#[derive(Debug)]
pub(super) struct Lead {
    /// Its evidence, `at` in the answer.
    pub(super) citation: CitationView,
    /// Whether the line that announces the model's words stands below it.
    pub(super) announced: bool,
}

impl Turn {
    /// Opens the answer with the closest sentence. An answer that goes on has it already, or begins
    /// with the model's words and stays so.
    pub(super) fn lead_with(&mut self, closest: CitationView, out: &mut Vec<Effect>) {
        let quote = quoted(&self.setup.phrases.documents_say, &closest);
        if self.text.is_empty() {
            self.write(&quote, out);
        }
        let Some(rest) = self.text.strip_prefix(&quote) else { return };
        let announcement = self.announcement();
        let own = rest.strip_prefix(&announcement).unwrap_or(rest);
        let announced = !rest.is_empty();
        self.own = self.text.len() - own.len();
        let at = u32::try_from(quote.chars().count()).unwrap_or(u32::MAX);
        self.lead = Some(Lead { citation: CitationView { number: 1, at, ..closest }, announced });
    }

    /// Announces the model's words below a quote that opens the answer, once.
    pub(super) fn announce_model(&mut self, out: &mut Vec<Effect>) {
        let Some(lead) = &mut self.lead else { return };
        if std::mem::replace(&mut lead.announced, true) {
            return;
        }
        let announcement = self.announcement();
        self.write(&announcement, out);
        self.own = self.text.len();
    }

    fn announcement(&self) -> String {
        format!("\n\n{}\n\n", self.setup.phrases.model_says)
    }

    /// Ends the answer with a sentence of a document, word for word; returns its citation.
    pub(super) fn quote(&mut self, lead_in: &str, closest: CitationView, out: &mut Vec<Effect>) -> CitationView {
        self.new_paragraph(out);
        self.write(&quoted(lead_in, &closest), out);
        CitationView { at: u32::try_from(self.chars).unwrap_or(u32::MAX), ..closest }
    }

    /// What the model wrote of the text.
    pub(super) fn own_text(&self) -> &str {
        self.text.get(self.own..).unwrap_or_default()
    }

    /// What is known of an answer that is only the quote that opens it.
    pub(super) fn only_lead(&self) -> Verified {
        match &self.lead {
            Some(lead) => Verified {
                citations: vec![lead.citation.clone()],
                supported: Some(Support::Quoted),
                checked: true,
                ..Verified::default()
            },
            None => Verified::default(),
        }
    }

    /// Citations and marks of the model's words, as they stand in the whole text below the quote that
    /// opens it; one quote has one number.
    pub(super) fn below_lead(&self, mut found: Found) -> Found {
        let Some(lead) = &self.lead else { return found };
        let before = u32::try_from(self.text[..self.own].chars().count()).unwrap_or(u32::MAX);
        for span in &mut found.unsupported {
            (span.start, span.end) = (span.start.saturating_add(before), span.end.saturating_add(before));
        }
        let place = |cited: &CitationView| (cited.document, cited.page, cited.start, cited.end);
        let mut citations = vec![lead.citation.clone()];
        for cited in std::mem::take(&mut found.citations) {
            let known = citations.iter().find(|c| place(c) == place(&cited)).map(|c| c.number);
            let number = known.unwrap_or_else(|| next_number(&citations));
            citations.push(CitationView { number, at: cited.at.saturating_add(before), ..cited });
        }
        Found { citations, ..found }
    }
}

/// The number of a quote that is not among these.
pub(super) fn next_number(citations: &[CitationView]) -> u32 {
    citations.iter().map(|cited| cited.number).max().unwrap_or_default().saturating_add(1)
}

/// A sentence of a document below the words that introduce it.
pub(crate) fn quoted(lead_in: &str, cited: &CitationView) -> String {
    format!("{lead_in}\n\n> {}", one_line(&cited.quote))
}

/// A quote in one line, as an answer shows it.
fn one_line(quote: &str) -> String {
    quote.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::*;
    use super::*;

    #[test]
    fn what_comes_closest_is_shown_where_nothing_answers() {
        let near = Input::Retrieved { relevant: 0, closest: Some(Box::new(citation())), ms: 1 };
        let shown = "step 0 Done, delta 0 \"Closest:\\n\\n> Anna\", \
                     record complete \"Closest:\\n\\n> Anna\" Some(Quoted) 1, finish";
        let turn = story(setup(), &[(Input::Started, "step 0 Running, →searching, retrieve"), (near, shown)]);
        assert!(!turn.asked_model);
    }

    #[test]
    fn a_very_small_model_stands_below_the_documents() {
        let setup = || Setup { quotes_first: true, ..setup() };
        let near = || Input::Retrieved { relevant: 1, closest: Some(Box::new(citation())), ms: 1 };
        let says = "delta 0 \"The documents say:\\n\\n> Anna\"";
        let lead = "The documents say:\\n\\n> Anna";
        let led = |so_far: &str| {
            let mut turn = Turn::new(Setup { so_far: so_far.into(), ..setup() });
            turn.step(Input::Started);
            turn
        };
        let mut turn = led("");
        assert_eq!(words(&turn.step(near())), format!("step 0 Done, {says}, build"));
        turn.step(built());
        assert_eq!(
            words(&turn.step(text(" Bert"))),
            "→writing, delta 26 \"\\n\\nThe model:\\n\\n\", delta 40 \"Bert\""
        );
        assert_eq!(words(&turn.step(text(" pays."))), "delta 44 \" pays.\"");
        let effects = turn.step(done(Ending::Done));
        assert!(effects.contains(&Effect::Cite("Bert pays.".into())), "only the model's words are checked");
        // What was found in them stands further down in the whole answer, and another quote has another number.
        let other = CitationView { start: 9, at: 4, ..citation() };
        let Input::Cited { unsupported, .. } = cited() else { unreachable!() };
        let found = Input::Cited { citations: vec![other], unsupported, supported: false, closest: None, ms: 1 };
        let recorded = turn.step(found).into_iter().find_map(|effect| match effect {
            Effect::Record(ended) => Some(ended),
            _ => None,
        });
        let ended = recorded.unwrap();
        let places: Vec<_> = ended.citations.iter().map(|cited| (cited.number, cited.at)).collect();
        assert_eq!(
            (places, ended.unsupported[0].start, ended.supported),
            (vec![(1, 26), (2, 44)], 45, Some(Support::Quoted))
        );

        // Nothing but the quote: the model wrote nothing, or did not come.
        let gone = Input::EngineGone { fault: fault() };
        for (end, expected) in [
            (done(Ending::Done), format!("record complete \"{lead}\" Some(Quoted) 1, finish")),
            (gone, format!("cancel model, record failed \"{lead}\" Some(Quoted) 1, finish")),
            (Input::Shutdown, format!("cancel model, record interrupted \"{lead}\" Some(Unchecked) 1, finish")),
        ] {
            let mut turn = led("");
            turn.step(near());
            turn.step(built());
            assert_eq!(words(&turn.step(end)), expected);
        }
        // Going on below it does not quote it again.
        for (so_far, own) in
            [("The documents say:\n\n> Anna\n\nThe model:\n\nBert", "Bert pays."), ("Bert", "Bert pays.")]
        {
            let mut turn = led(so_far);
            assert_eq!(words(&turn.step(near())), "step 0 Done, build");
            turn.step(built());
            turn.step(text(" pays."));
            assert!(turn.step(done(Ending::Done)).contains(&Effect::Cite(own.into())));
        }
    }
}
