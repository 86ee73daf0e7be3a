//! Which passages support an answer: a citation is a verbatim quote that code finds in a passage.
//!
//! Pure. Each sentence of the answer is compared with each sentence of each passage; it is supported
//! where enough of its content words stand together, all its numbers and names among them, nothing is
//! added to them, and both deny equally often. The thresholds and how they were measured:
//! docs/decisions/0006-citations.md.

mod answers;
mod claim;
mod closest;
mod denial;
mod evidence;
mod parts;
mod question;
mod roles;
mod slots;

pub use answers::{
    ANSWERABLE_BY_MEANING, ANSWERABLE_BY_WORDS, Score, asks_figure, content_words, folded_words, holds_any, score,
};
pub use closest::{Closest, closest, near, nearest};
pub use question::{asking, matter};

use crate::{sentences::sentences, words};
use claim::Claim;
use evidence::Source;
use protocol::{CitationView, DocumentId, Span};
use serde::{Deserialize, Serialize};

/// A passage that was retrieved for a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
    /// Where it starts in the page's text, in chars.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Its text, exactly as it stands there.
    pub text: String,
    /// The nearest heading.
    pub section: Option<String>,
    /// Its language, ISO 639-1.
    pub language: Option<String>,
    /// BLAKE3 of the text, hex.
    pub hash: String,
    /// The fused score.
    pub score: f32,
    /// The share of the question's words that it holds, rare words counting more; 0 to 1.
    pub words: f32,
    /// How near it is in meaning, 0 to 1 (a cosine on the starter model's scale); None where that was not computed.
    pub meaning: Option<f32>,
    /// BLAKE3 of its page's text, hex.
    pub page_hash: String,
    /// The header row of the table that it begins in the middle of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// What people call the place, where that is not the page's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// An answer with its evidence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cited {
    /// The citations, in order of their place in the answer.
    pub citations: Vec<CitationView>,
    /// Sentences that claim something and that no passage supports.
    pub unsupported: Vec<Span>,
}

impl Cited {
    /// Adds a citation under the number of its quote: a new one, or that of the same place before.
    fn push(&mut self, citation: CitationView) {
        let place = |c: &CitationView| (c.document, c.page, c.start, c.end);
        let known = self.citations.iter().find(|c| place(c) == place(&citation)).map(|c| c.number);
        let number = known
            .unwrap_or_else(|| self.citations.iter().map(|c| c.number).max().unwrap_or_default().saturating_add(1));
        self.citations.push(CitationView { number, ..citation });
    }
}

/// Finds the evidence for an answer among passages, best passages first.
pub fn cite(answer: &str, passages: &[Passage]) -> Cited {
    let sources: Vec<Source<'_>> = passages.iter().map(Source::of).collect();
    let mut cited = Cited::default();
    let read = claims(answer).into_iter().map(|span| (span, Claim::of(words::slice(answer, span))));
    let claims: Vec<(Span, Claim)> = read.filter(|(_, claim)| !claim.is_empty()).collect();
    // One number alone can be an answer; several, without a word, are a list of nothing.
    let counts = claims.iter().filter(|(_, claim)| claim.is_bare()).count() > 1;
    for (span, claim) in claims {
        if counts && claim.is_bare() {
            cited.unsupported.push(span);
            continue;
        }
        // The better quote wins; between equals the passage that the search put first.
        let best = sources
            .iter()
            .enumerate()
            .filter_map(|(n, source)| Some((n, source.support(&claim)?)))
            .reduce(|best, next| if next.1.share > best.1.share + SAME_SHARE { next } else { best });
        let Some((source, support)) = best else {
            cited.unsupported.push(span);
            continue;
        };
        let passage = &passages[source];
        cited.push(CitationView {
            number: 0,
            at: span.end,
            document: passage.document,
            name: passage.name.clone(),
            page: passage.page,
            start: passage.start + support.quote.start,
            end: passage.start + support.quote.end,
            quote: words::slice(&passage.text, support.quote).to_owned(),
            page_hash: passage.page_hash.clone(),
            place: passage.place.clone(),
            now: Default::default(),
            now_called: None,
        });
    }
    cited
}

/// Shares that differ by less are the same: the order of the search decides.
const SAME_SHARE: f32 = 0.05;

/// The sentences of an answer that may claim something: no headings, no code, no empty marks.
fn claims(answer: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0u32;
    let mut in_code = false;
    for line in answer.split('\n') {
        let length = line.chars().count() as u32;
        let trimmed = line.trim_start();
        let fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        in_code ^= fence;
        let rule = !trimmed.is_empty() && trimmed.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' '));
        if !in_code && !fence && !trimmed.starts_with('#') && !rule {
            let skip = list_mark(line);
            let text = words::slice(line, Span { start: skip, end: length });
            found.extend(
                sentences(text, true)
                    .into_iter()
                    .filter(|span| !asks(words::slice(text, *span)))
                    .map(|s| Span { start: at + skip + s.start, end: at + skip + s.end }),
            );
        }
        at += length + 1;
    }
    found
}

/// A question claims nothing: a small model repeats what it was asked.
fn asks(sentence: &str) -> bool {
    sentence.trim_end_matches(['"', '”', '’', '»', '*', '_', ')', ' ', '\u{a0}']).ends_with(['?', '？'])
}

/// How many chars of a line are indentation, list and quote marks.
fn list_mark(line: &str) -> u32 {
    let rest = line.trim_start_matches([' ', '\t', '>']);
    let after = ["- ", "* ", "+ ", "• "].iter().find_map(|m| rest.strip_prefix(m)).or_else(|| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (1..=3)
            .contains(&digits)
            .then(|| rest[digits..].strip_prefix(". ").or_else(|| rest[digits..].strip_prefix(") ")))?
    });
    (line.chars().count() - after.unwrap_or(rest).chars().count()) as u32
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn passage(text: &str) -> Passage {
        Passage {
            document: DocumentId(Default::default()),
            name: "lease.pdf".into(),
            page: 2,
            start: 100,
            end: 100 + text.chars().count() as u32,
            text: text.into(),
            section: None,
            language: words::language(text).map(str::to_owned),
            hash: String::new(),
            score: 1.0,
            words: 1.0,
            meaning: None,
            page_hash: "00".into(),
            header: None,
            place: None,
        }
    }

    const LEASE: &str = "The tenant may terminate the lease with ninety (90) days of written notice. The rent is \
        1,200 euros a month, due on the first. Pets are not allowed in the building.";
    const GERMAN: &str = "Die Kündigungsfrist beträgt drei Monate zum Monatsende. Die Miete beträgt 1.450 Euro im \
        Monat. Ohne Zustimmung des Vermieters ist eine Untervermietung der Wohnung möglich.";
    const FRENCH: &str = "Le locataire peut résilier le bail avec un préavis de trois mois. Le dépôt de garantie est de \
        2 400 euros. Aucun animal n'est admis dans l'immeuble.";
    const HOUSE: &str = "No bicycles are kept in the entrance hall. Guests may use the laundry without a key. Nothing \
        is stored on the balconies.";

    const LIST: &str = "4. Preise und Zahlung\n5. Sicherheit\n6. Laufzeit und Kündigung\nDer Vertrag läuft 36 Monate.";

    #[test]
    fn a_bare_number_is_no_answer_that_the_number_of_a_section_supports() {
        for (answer, cites) in [
            ("1. 4.\n2. 5.\n3. 6.", 0),
            ("4. 4. 5. 5. 6. 6.", 0),
            ("36.", 1),
            ("36.\n36.", 0),
            ("36 Monate.", 1),
            ("Der Vertrag läuft 36 Monate.", 1),
        ] {
            let cited = cite(answer, &[passage(LIST)]);
            assert_eq!(cited.citations.len(), cites, "{answer}: {cited:?}");
        }
    }

    const TABLE: &str = "Amount without tax | Who approves\nup to 1,000 pounds | the team lead\n\
        above 10,000 pounds | the head of department and the managing director\n\n\
        Nobody approves an invoice for goods that they ordered themselves.";

    #[test]
    fn what_supports_what() {
        // (answer, the quote's beginning or None when nothing supports it)
        for (answer, expected) in [
            ("The tenant can terminate the lease with 90 days of written notice.", Some("The tenant may")),
            ("The tenant can terminate the lease with 60 days of written notice.", None),
            ("Written notice of ninety days is needed to terminate.", Some("The tenant may")),
            ("The rent is €1,200 per month.", Some("The rent is")),
            ("The rent is €1200 per month [2].", Some("The rent is")),
            ("The rent is €12,000 per month.", None),
            ("Pets are allowed in the building.", None),
            ("Pets are not allowed.", Some("Pets are not")),
            ("No pets are allowed in the building.", Some("Pets are not")),
            ("Bicycles are kept in the entrance hall.", None),
            ("No bicycles are kept in the entrance hall.", Some("No bicycles")),
            ("Guests may use the laundry with a key.", None),
            ("Guests couldn't use the laundry without a key.", None),
            ("Without a key, guests may use the laundry.", Some("Guests may")),
            ("Guests may use the laundry.", Some("Guests may")),
            (
                "The head of department and the managing director approve an invoice above 10,000 pounds.",
                Some("above 10,000 pounds"),
            ),
            ("The amount with tax above 10,000 pounds is for the head of department and the managing director.", None),
            ("Balconies are stored on.", None),
            ("The rent of 1,200 euros a month, heating and electricity included, is due on the first.", None),
            ("The rent is 1,200 euros a month, due on the first, and the landlord pays for every repair.", None),
            ("Mr. Dupont may terminate the lease with ninety days of written notice.", None),
            ("The capital of Mongolia is Ulaanbaatar.", None),
            ("**Rent:** 1,200 euros a month", Some("The rent is")),
            ("Die Kündigungsfrist beträgt drei Monate.", Some("Die Kündigungsfrist")),
            ("Die Kündigungsfrist beträgt sechs Monate.", None),
            ("Die monatliche Miete beträgt 1450 Euro.", Some("Die Miete")),
            ("Ohne Zustimmung des Vermieters ist eine Untervermietung möglich.", Some("Ohne")),
            ("Mit Zustimmung des Vermieters ist eine Untervermietung der Wohnung möglich.", None),
            ("Ohne Zustimmung des Vermieters ist keine Untervermietung der Wohnung möglich.", None),
            ("Die Miete beträgt 1.450 Euro im Monat, Heizung und Strom eingeschlossen.", None),
            ("Le préavis pour résilier le bail est de trois mois.", Some("Le locataire")),
            ("Le préavis pour résilier le bail est de six mois.", None),
            ("Le dépôt de garantie s'élève à 2400 euros.", Some("Le dépôt")),
            ("Aucun animal n'est admis.", Some("Aucun animal")),
            ("Un animal est admis dans l'immeuble.", None),
            ("Rien n'est dû : le locataire peut résilier le bail sans préavis de trois mois.", None),
            ("Le locataire ne peut plus résilier le bail avec un préavis de trois mois.", None),
            ("Le dépôt de garantie est de 2 400 euros, chauffage et électricité compris.", None),
        ] {
            let cited = cite(answer, &[LEASE, GERMAN, FRENCH, HOUSE, TABLE].map(passage));
            let quote = cited.citations.first().map(|c| c.quote.as_str());
            match expected {
                Some(start) => assert!(quote.is_some_and(|q| q.starts_with(start)), "{answer}: {quote:?}"),
                None => {
                    assert_eq!(quote, None, "{answer}");
                    assert_eq!(cited.unsupported.len(), 1, "{answer}");
                }
            }
        }
    }

    #[test]
    fn numbers_follow_first_appearance_and_quotes_are_exact() {
        let passages = [passage(LEASE), passage(GERMAN), passage(FRENCH)];
        let answer = "## Rent\n\nDie Miete beträgt 1.450 Euro im Monat. The rent is 1,200 euros a month.\n\
            - Die Kündigungsfrist beträgt drei Monate.\n- Die Miete beträgt 1450 Euro.\n- Something else entirely was never mentioned anywhere.\n\
            ```\nthe rent\n```\nYes.";
        let cited = cite(answer, &passages);
        let seen: Vec<_> = cited.citations.iter().map(|c| (c.number, c.quote.as_str())).collect();
        assert_eq!(
            seen,
            [
                (1, "Die Miete beträgt 1.450 Euro im Monat."),
                (2, "The rent is 1,200 euros a month, due on the first."),
                (3, "Die Kündigungsfrist beträgt drei Monate zum Monatsende."),
                (1, "Die Miete beträgt 1.450 Euro im Monat."),
            ]
        );
        for citation in &cited.citations {
            let source = &passages.iter().find(|p| p.text.contains(&citation.quote)).unwrap().text;
            let span = Span { start: citation.start - 100, end: citation.end - 100 };
            assert_eq!(words::slice(source, span), citation.quote);
        }
        let unsupported: Vec<_> = cited.unsupported.iter().map(|s| words::slice(answer, *s)).collect();
        assert_eq!(unsupported, ["Something else entirely was never mentioned anywhere."]);
        assert_eq!(
            words::slice(answer, Span { start: 0, end: cited.citations[0].at }),
            "## Rent\n\nDie Miete beträgt 1.450 Euro im Monat."
        );
    }

    #[test]
    fn a_question_in_an_answer_is_no_claim() {
        for question in
            ["Is the rent 1,200 euros a month?", "**Is the rent 1,200 euros?**", "Le loyer est-il dû\u{a0}?"]
        {
            let cited = cite(question, &[passage(LEASE)]);
            assert!(cited.citations.is_empty() && cited.unsupported.is_empty(), "{question}");
        }
    }

    #[test]
    fn no_passages_support_nothing() {
        let cited = cite("The rent is 1,200 euros.", &[]);
        assert_eq!((cited.citations.len(), cited.unsupported.len()), (0, 1));
        assert_eq!(cite("", &[]), Cited::default());
    }
}
