//! What the index holds of a passage, and how its words are cut for it.

use super::{compound, query::names, short};
use crate::words::{self, Chars, Stems, Word};
use protocol::DocumentId;
use std::collections::BTreeSet;
use store::StoredPassage;
use tantivy::{
    TantivyDocument,
    schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

/// The fields.
#[derive(Clone, Copy)]
pub struct Fields {
    /// The passage's number.
    pub chunk: Field,
    /// Its document.
    pub document: Field,
    /// The stems of its words; pairs of ideographs.
    pub stem: Field,
    /// Its words, folded; where a word has accents, with them too.
    pub exact: Field,
    /// The stems of the file's name and the heading.
    pub title: Field,
    /// Its long words from the last letter to the first, in languages that write compounds as one word.
    pub ends: Field,
    /// The words of the file's name.
    pub name: Field,
    /// The words of the folders that it came from.
    pub path: Field,
    /// The file's format.
    pub format: Field,
    /// Its language.
    pub language: Field,
    /// The words of its author.
    pub author: Field,
    /// Its labels, each whole: the words of it with blanks between.
    pub label: Field,
    /// The date that the document gives itself, else when it was added.
    pub dated: Field,
    /// When the document was added.
    pub added: Field,
    /// Abbreviations that it explains.
    pub short: Field,
    /// A fingerprint of all that was indexed of it.
    pub print: Field,
}

/// A document's id as a term.
pub fn key(document: DocumentId) -> String {
    document.0.simple().to_string()
}

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let text = |record| {
        // Words come analysed (`words`); the tokenizer's name is never looked up.
        TextOptions::default()
            .set_indexing_options(TextFieldIndexing::default().set_tokenizer("raw").set_index_option(record))
    };
    let mut builder = Schema::builder();
    let fields = Fields {
        chunk: builder.add_i64_field("chunk", FAST | INDEXED),
        document: builder.add_text_field("document", STRING),
        stem: builder.add_text_field("stem", text(IndexRecordOption::WithFreqs)),
        exact: builder.add_text_field("exact", text(IndexRecordOption::WithFreqsAndPositions)),
        title: builder.add_text_field("title", text(IndexRecordOption::WithFreqs)),
        ends: builder.add_text_field("ends", text(IndexRecordOption::Basic)),
        name: builder.add_text_field("name", text(IndexRecordOption::Basic)),
        path: builder.add_text_field("path", text(IndexRecordOption::WithFreqsAndPositions)),
        format: builder.add_text_field("format", STRING),
        language: builder.add_text_field("language", STRING),
        author: builder.add_text_field("author", text(IndexRecordOption::Basic)),
        label: builder.add_text_field("label", text(IndexRecordOption::Basic)),
        dated: builder.add_i64_field("dated", FAST | INDEXED),
        added: builder.add_i64_field("added", FAST | INDEXED),
        short: builder.add_text_field("short", text(IndexRecordOption::Basic)),
        print: builder.add_u64_field("print", FAST),
    };
    (builder.build(), fields)
}

impl Fields {
    /// A passage as the index has it.
    pub fn entry(&self, passage: &StoredPassage) -> TantivyDocument {
        let stems = Stems::of(passage.language.as_deref());
        let mut entry = TantivyDocument::new();
        entry.add_i64(self.chunk, passage.id);
        entry.add_text(self.document, key(passage.document));
        entry.add_pre_tokenized_text(self.stem, stemmed(&passage.text, &stems));
        entry.add_pre_tokenized_text(self.exact, exact(&passage.text));
        if passage.language.as_deref().is_some_and(|language| compound::JOINING.contains(&language)) {
            let long = words::words(&passage.text).into_iter().filter(|word| compound::may_be_joined(&word.folded));
            let long: BTreeSet<String> = long.map(|word| compound::from_the_end(&word.folded)).collect();
            entry.add_pre_tokenized_text(self.ends, list(long));
        }
        let name = names(stem_of(&passage.name));
        let title = format!("{} {}", name.join(" "), around(passage));
        entry.add_pre_tokenized_text(self.title, stemmed(&title, &stems));
        entry.add_pre_tokenized_text(self.name, list(names(&passage.name)));
        entry.add_pre_tokenized_text(self.path, list(names(folder_of(&passage.origin, &passage.name))));
        entry.add_text(self.format, &passage.format);
        if let Some(language) = &passage.language {
            entry.add_text(self.language, language);
        }
        if let Some(author) = &passage.author {
            entry.add_pre_tokenized_text(self.author, list(names(author)));
        }
        if !passage.labels.is_empty() {
            entry.add_pre_tokenized_text(self.label, list(passage.labels.iter().map(|label| names(label).join(" "))));
        }
        entry.add_i64(self.dated, passage.dated.unwrap_or(passage.added));
        entry.add_i64(self.added, passage.added);
        entry.add_u64(self.print, print(passage));
        let short = short::explained(&passage.text);
        if !short.is_empty() {
            entry.add_pre_tokenized_text(self.short, list(short.iter().flat_map(short::terms)));
        }
        entry
    }
}

/// Tells a passage that is indexed from what it is now.
pub fn print(passage: &StoredPassage) -> u64 {
    let mut hasher = blake3::Hasher::new();
    let StoredPassage { name, format, origin, section, header, language, text, added, author, dated, labels, .. } =
        passage;
    let [section, header, language, author] =
        [section, header, language, author].map(|part| part.as_deref().unwrap_or_default());
    for part in [name.as_str(), format, origin, section, header, language, text, author] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    for label in labels {
        hasher.update(&(label.len() as u64).to_le_bytes());
        hasher.update(label.as_bytes());
    }
    hasher.update(&added.to_le_bytes());
    hasher.update(&dated.unwrap_or(*added).to_le_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// What stands over a passage: its heading and the header row of its table.
fn around(passage: &StoredPassage) -> String {
    [&passage.section, &passage.header].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// A file's name without its extension.
fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Where a file came from without its own name.
fn folder_of<'a>(origin: &'a str, name: &str) -> &'a str {
    origin.strip_suffix(name).unwrap_or(origin)
}

fn token(word: &Word, position: usize, text: String) -> Token {
    let (from, to) = (word.span.start as usize, word.span.end as usize);
    Token { offset_from: from, offset_to: to, position, text, position_length: 1 }
}

fn stemmed(text: &str, stems: &Stems) -> PreTokenizedString {
    let unit = |(position, word): (usize, Word)| token(&word, position, stems.stem(&word.folded));
    PreTokenizedString { text: String::new(), tokens: words::units(text).into_iter().enumerate().map(unit).collect() }
}

fn exact(text: &str) -> PreTokenizedString {
    let chars = Chars::of(text);
    let mut tokens = Vec::new();
    for (position, word) in words::words(text).into_iter().enumerate() {
        let accented = words::accented(chars.slice(word.span), &word.folded);
        tokens.push(token(&word, position, word.folded.clone()));
        tokens.extend(accented.map(|text| token(&word, position, text)));
    }
    PreTokenizedString { text: String::new(), tokens }
}

/// Words that stand nowhere in a text.
fn list(words: impl IntoIterator<Item = String>) -> PreTokenizedString {
    let token = |(position, text)| Token { offset_from: 0, offset_to: 0, position, text, position_length: 1 };
    PreTokenizedString { text: String::new(), tokens: words.into_iter().enumerate().map(token).collect() }
}
