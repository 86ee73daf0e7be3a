//! Citations of true sentences, altered ones, and ones whose evidence was taken away.

use super::{answers::number, data, lines, text};
use library::{Passage, cite};
use std::{collections::HashMap, fs};

/// Sentences that are tried of each set.
const MOST: u64 = 400;

#[derive(Default)]
struct Tally {
    claims: usize,
    cited: usize,
    /// Cited with the sentence that it is about.
    right: usize,
}

impl Tally {
    fn add(&mut self, claim: &str, passages: &[Passage], right: impl Fn(&protocol::CitationView) -> bool) {
        let cited = cite(claim, passages);
        self.claims += 1;
        self.cited += usize::from(!cited.citations.is_empty());
        self.right += usize::from(cited.citations.iter().any(right));
        if !cited.citations.is_empty() && std::env::var("SHOW").is_ok() {
            println!("- {claim}\n  {}", cited.citations[0].quote);
        }
    }
    fn print(&self, name: &str) {
        println!("{name:32} {} claims, {} cited, {} rightly", self.claims, self.cited, self.right);
    }
}

fn passage(name: &str, body: &str, language: &str) -> Passage {
    Passage {
        document: protocol::DocumentId::new(),
        name: name.into(),
        page: 1,
        start: 0,
        end: body.chars().count() as u32,
        text: body.into(),
        section: None,
        language: Some(language.into()),
        hash: String::new(),
        score: 1.0,
        words: 1.0,
        meaning: None,
        page_hash: String::new(),
        header: None,
        place: None,
    }
}

/// A sentence that says the opposite: the first auxiliary denied, or its denial taken away.
fn flipped(sentence: &str, french: bool) -> Option<String> {
    if french {
        for (ne, pas) in [(" ne ", " pas "), (" n'", " pas "), (" n’", " pas ")] {
            if let (Some(_), Some(_)) = (sentence.find(ne), sentence.find(pas)) {
                return Some(sentence.replacen(ne, " ", 1).replacen(pas, " ", 1));
            }
        }
        let verbs =
            [(" est ", " n'est pas "), (" sont ", " ne sont pas "), (" a ", " n'a pas "), (" ont ", " n'ont pas ")];
        return verbs
            .iter()
            .find(|(verb, _)| sentence.contains(verb))
            .map(|(verb, not)| sentence.replacen(verb, not, 1));
    }
    if sentence.contains(" not ") {
        return Some(sentence.replacen(" not ", " ", 1));
    }
    let verbs = [" is ", " are ", " was ", " were ", " can ", " may ", " will ", " has ", " have ", " had ", " must "];
    let (at, verb) = verbs.iter().filter_map(|verb| Some((sentence.find(verb)?, verb))).min()?;
    let end = at + verb.len();
    Some(format!("{}not {}", &sentence[..end], &sentence[end..]))
}

/// A true sentence with the end of a strange one added to it.
fn with_strange_clause(sentence: &str, strange: &str, french: bool) -> Option<String> {
    let words: Vec<&str> = strange.trim_end_matches('.').split_whitespace().collect();
    let clause = words.get(words.len().checked_sub(7)?..)?.join(" ");
    let and = if french { "et" } else { "and" };
    Some(format!("{}, {and} {clause}.", sentence.trim_end_matches('.')))
}

/// Where the digits of a text's numbers stand, in bytes: words that are digits, with marks between.
fn figures(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, c) in text.char_indices() {
        let digit = c.is_ascii_digit();
        match found.last_mut().filter(|last| last.end == at) {
            Some(last)
                if digit || (matches!(c, '.' | ',') && text[at + 1..].starts_with(|c: char| c.is_ascii_digit())) =>
            {
                last.end = at + c.len_utf8();
            }
            Some(_) | None if digit => found.push(at..at + 1),
            Some(_) | None => {}
        }
    }
    found
}

/// A sentence with two of its numbers in each other's place.
fn exchanged(sentence: &str) -> Option<String> {
    let all = figures(sentence);
    let first = all.first()?;
    let second = all.iter().find(|range| sentence[range.start..range.end] != sentence[first.start..first.end])?;
    let (a, b) = (&sentence[first.clone()], &sentence[second.clone()]);
    let between = &sentence[first.end..second.start];
    Some(format!("{}{b}{between}{a}{}", &sentence[..first.start], &sentence[second.end..]))
}

/// A sentence with another number of its paragraph in the place of its first one.
fn with_another_number(sentence: &str, body: &str) -> Option<String> {
    let first = figures(sentence).into_iter().next()?;
    let other = figures(body).into_iter().map(|range| &body[range]).find(|other| !sentence.contains(other))?;
    Some(format!("{}{other}{}", &sentence[..first.start], &sentence[first.end..]))
}

/// A sentence with two long words in each other's place, the first and the last but one of them.
fn roles_exchanged(sentence: &str) -> Option<String> {
    let mut all: Vec<&str> = sentence.split_whitespace().collect();
    let long: Vec<usize> =
        (0..all.len()).filter(|at| all[*at].chars().count() > 5 && all[*at].chars().all(char::is_lowercase)).collect();
    let (first, second) = (*long.first()?, *long.iter().rev().nth(1)?);
    (second > first + 2 && all[first] != all[second]).then(|| {
        all.swap(first, second);
        all.join(" ")
    })
}

/// A sentence of a paragraph, of a usual length.
fn sentence(body: &str) -> Option<&str> {
    let all: Vec<&str> = body.split(". ").collect();
    let usual = |s: &&&str| (8..=35).contains(&s.split_whitespace().count()) && !s.contains('\n');
    all.iter().skip(1).find(usual).copied()
}

/// Altered sentences, for setting the constants, and scifact's own claims.
#[test]
#[ignore = "needs data that is not in the repository"]
fn altered_sentences() {
    let sets = std::env::var("ATELIER_SET").unwrap_or("piaf-fr,scifact".into());
    for set in sets.split(',') {
        let french = set.ends_with("fr");
        let language = if french { "fr" } else { "en" };
        let dir = data().join("retrieval").join(set);
        let corpus: Vec<(String, String)> =
            lines(dir.join("corpus.jsonl")).iter().map(|e| (text(e, "_id"), text(e, "text"))).collect();
        let every = (corpus.len() as u64 / MOST).max(1);
        let mut rows: [Tally; 9] = Default::default();
        for (n, (id, body)) in corpus.iter().enumerate().filter(|(_, (id, _))| number(id).is_multiple_of(every)) {
            let near = (1..6).map(|step| &corpus[(n + step) % corpus.len()]);
            let others: Vec<Passage> = near.map(|(id, body)| passage(id, body, language)).collect();
            let mut passages = vec![passage(id, body, language)];
            passages.extend(others.iter().cloned());
            let strange = corpus.iter().cycle().skip(n + 97).take(40).find_map(|(_, body)| sentence(body));
            let (Some(said), Some(strange)) = (sentence(body), strange) else { continue };
            let here = |cited: &protocol::CitationView| cited.name == *id && body.contains(&cited.quote);
            rows[0].add(said, &passages, here);
            let short: Vec<&str> =
                said.split_whitespace().enumerate().filter(|(n, _)| n % 5 != 3).map(|(_, w)| w).collect();
            rows[1].add(&short.join(" "), &passages, here);
            if let Some(opposite) = flipped(said, french) {
                rows[2].add(&opposite, &passages, here);
            }
            if let Some(more) = with_strange_clause(said, strange, french) {
                rows[3].add(&more, &passages, here);
            }
            rows[4].add(said, &others, here);
            rows[5].add(strange, &passages, here);
            if let Some(wrong) = exchanged(said) {
                rows[6].add(&wrong, &passages, here);
            }
            if let Some(wrong) = with_another_number(said, body) {
                rows[7].add(&wrong, &passages, here);
            }
            if let Some(wrong) = roles_exchanged(said) {
                rows[8].add(&wrong, &passages, here);
            }
        }
        println!("{set}");
        let names = [
            "the sentence",
            "every fifth word left out",
            "its negation flipped",
            "a strange clause added",
            "without its passage",
            "a strange sentence",
            "two numbers exchanged",
            "another number of the text",
            "two words exchanged",
        ];
        rows.iter().zip(names).for_each(|(row, name)| row.print(name));
        if set == "scifact" {
            scifact_claims(&dir, &corpus);
        }
    }
}

/// What people claimed of an abstract, beside that abstract and beside others. Some contradict it.
fn scifact_claims(dir: &std::path::Path, corpus: &[(String, String)]) {
    let bodies: HashMap<&str, &str> = corpus.iter().map(|(id, body)| (id.as_str(), body.as_str())).collect();
    let mut gold: HashMap<String, String> = HashMap::new();
    for line in fs::read_to_string(dir.join("qrels/test.tsv")).unwrap().lines().skip(1) {
        let parts: Vec<&str> = line.split('\t').collect();
        gold.entry(parts[0].into()).or_insert_with(|| parts[1].to_owned());
    }
    let (mut beside, mut without) = (Tally::default(), Tally::default());
    for (n, query) in lines(dir.join("queries.jsonl")).iter().enumerate() {
        let Some(id) = gold.get(&text(query, "_id")) else { continue };
        let others: Vec<Passage> = (1..6)
            .map(|step| &corpus[(n * 17 + step * 101) % corpus.len()])
            .filter(|(other, _)| other != id)
            .map(|(id, body)| passage(id, body, "en"))
            .collect();
        let mut passages = vec![passage(id, bodies[id.as_str()], "en")];
        passages.extend(others.iter().cloned());
        let claim = text(query, "text");
        beside.add(&claim, &passages, |cited| cited.name == *id);
        without.add(&claim, &others, |_| false);
    }
    beside.print("a person's claim");
    without.print("a person's claim, elsewhere");
}
