//! Which tokens a text is, and which bytes a token is, from the model file's own metadata.

mod bytes;
mod pieces;
mod pre;

use crate::{
    answer::SPOKEN,
    error::{EngineError, Result},
    gguf::Gguf,
};
use aho_corasick::{AhoCorasick, MatchKind};
use pieces::Pieces;
use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

/// The longest text that is tokenized at once, in bytes.
pub const MAX_TEXT: usize = 32 << 20;

/// Texts of control tokens that end an answer, whatever the metadata says.
const ENDS: &[&str] = &[
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|return|>",
    "</s>",
];

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Part of ordinary text.
    Text,
    /// A marker that people do not see.
    Control,
    /// One byte.
    Byte,
    /// Never produced from text.
    Unused,
}

/// How special tokens in a text are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `<|im_start|>` becomes the token of that name.
    Parse,
    /// `<|im_start|>` stays the letters that it is.
    Plain,
}

/// How ordinary text is cut.
enum Scheme {
    /// Byte-level BPE with merges.
    Merges(Box<tokenizers::Tokenizer>),
    /// SentencePiece-style pieces with scores.
    Scores(Pieces),
}

/// A model's tokenizer.
pub struct Tokenizer {
    file: PathBuf,
    scheme: Scheme,
    /// The bytes of each token, as they appear in an answer.
    bytes: Vec<Box<[u8]>>,
    roles: Vec<Role>,
    special: Option<AhoCorasick>,
    special_ids: Vec<u32>,
    ends: BTreeSet<u32>,
    /// Control tokens that are part of an answer.
    spoken: BTreeSet<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
}

impl Tokenizer {
    /// Builds the tokenizer of a file.
    pub fn open(gguf: &Gguf) -> Result<Self> {
        let file = gguf.path().to_owned();
        let fail = |what: String| EngineError::Tokenizer { file: file.clone(), what };
        let key = |name: &str| format!("tokenizer.ggml.{name}");
        let texts =
            gguf.get(&key("tokens")).and_then(|v| v.as_texts()).ok_or_else(|| gguf.missing("tokenizer.ggml.tokens"))?;
        let kinds = gguf.get(&key("token_type")).and_then(|v| v.as_counts());
        if texts.is_empty() || kinds.is_some_and(|k| k.len() != texts.len()) {
            return Err(fail("its lists of tokens differ in length".to_owned()));
        }
        let model = gguf.text(&key("model")).unwrap_or_default();
        let mut roles: Vec<Role> = (0..texts.len())
            .map(|id| match kinds.map_or(1, |k| k[id]) {
                2 | 3 => Role::Control,
                5 => Role::Unused,
                6 => Role::Byte,
                _ => Role::Text,
            })
            .collect();
        let user_defined = |id: usize| kinds.is_some_and(|k| k[id] == 4);
        let (scheme, bytes) = match model {
            "gpt2" => {
                let name = gguf.text(&key("pre")).unwrap_or("default");
                let pre = pre::named(name).ok_or_else(|| fail(format!("it cuts text by the unknown rule '{name}'")))?;
                let merges = gguf
                    .get(&key("merges"))
                    .and_then(|v| v.as_texts())
                    .ok_or_else(|| gguf.missing("tokenizer.ggml.merges"))?;
                let bytes = texts.iter().map(|t| bytes::of_token(t)).collect();
                (Scheme::Merges(Box::new(pre::byte_level(pre, texts, merges).map_err(fail)?)), bytes)
            }
            "llama" => {
                let scores = gguf.get(&key("scores")).and_then(|v| v.as_fractions()).unwrap_or_default();
                let prefix = gguf.flag(&key("add_space_prefix")).unwrap_or(true);
                let bytes = texts.iter().zip(&roles).map(|(t, r)| pieces::bytes(t, *r == Role::Byte)).collect();
                let usable = |id: usize| matches!(roles[id], Role::Text | Role::Byte);
                (Scheme::Scores(Pieces::new(texts, scores, usable, prefix).map_err(fail)?), bytes)
            }
            other => return Err(fail(format!("its kind '{other}' is not supported (gpt2 and llama are)"))),
        };
        let id =
            |name: &str| gguf.count(&key(name)).filter(|id| *id < texts.len()).and_then(|id| u32::try_from(id).ok());
        let (bos, eos) = (id("bos_token_id"), id("eos_token_id"));
        let mut ends: BTreeSet<u32> =
            ["eos_token_id", "eot_token_id", "eom_token_id"].into_iter().filter_map(id).collect();
        let (mut special_ids, mut spoken) = (Vec::new(), BTreeSet::new());
        for (i, text) in texts.iter().enumerate() {
            let id = u32::try_from(i).map_err(|_| fail("it has too many tokens".to_owned()))?;
            if roles[i] == Role::Control || user_defined(i) {
                if ENDS.contains(&text.as_str()) {
                    ends.insert(id);
                }
                if SPOKEN.contains(&text.as_str()) {
                    spoken.insert(id);
                }
                if !text.is_empty() {
                    special_ids.push(id);
                }
            }
        }
        for end in &ends {
            roles[*end as usize] = Role::Control;
        }
        let special = if special_ids.is_empty() {
            None
        } else {
            let names = special_ids.iter().map(|id| texts[*id as usize].as_bytes());
            let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names);
            Some(built.map_err(|e| fail(e.to_string()))?)
        };
        // SentencePiece models begin with BOS unless the file says otherwise.
        let add_bos = gguf.flag(&key("add_bos_token")).unwrap_or(model == "llama") && bos.is_some();
        Ok(Self { file, scheme, bytes, roles, special, special_ids, ends, spoken, bos, eos, add_bos })
    }

    /// Tokens in the vocabulary.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
    /// A vocabulary is never empty; for completeness.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
    /// Whether the token ends an answer.
    #[must_use]
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }
    /// The text of the token that begins a text, for templates.
    #[must_use]
    pub fn bos_text(&self) -> String {
        self.bos.map(|id| self.decode(&[id], true)).unwrap_or_default()
    }
    /// The text of the token that ends one, for templates.
    #[must_use]
    pub fn eos_text(&self) -> String {
        self.eos.map(|id| self.decode(&[id], true)).unwrap_or_default()
    }
    /// The texts of the control tokens, which mark turns.
    pub fn control_texts(&self) -> impl Iterator<Item = String> + '_ {
        let control = self.special_ids.iter().filter(|id| self.roles[**id as usize] == Role::Control);
        control.map(|id| self.decode(&[*id], true))
    }

    /// The tokens of a text given in parts, with the file's BOS in front when `begin` and the text
    /// has none.
    pub fn encode(&self, parts: &[(&str, Special)], begin: bool) -> Result<Vec<u32>> {
        let size: usize = parts.iter().map(|(text, _)| text.len()).sum();
        if size > MAX_TEXT {
            let message = format!("a text of {size} bytes passes the limit of {MAX_TEXT}");
            return Err(EngineError::Invalid { param: "content", message });
        }
        let mut ids = Vec::new();
        let mut after_special = true;
        for (text, special) in parts {
            let mut from = 0;
            if let (Some(finder), Special::Parse) = (&self.special, special) {
                for found in finder.find_iter(text) {
                    self.plain(&text[from..found.start()], after_special, &mut ids)?;
                    ids.push(self.special_ids[found.pattern().as_usize()]);
                    after_special = true;
                    from = found.end();
                }
            }
            self.plain(&text[from..], after_special, &mut ids)?;
            after_special &= from == text.len();
        }
        if begin && self.add_bos && ids.first() != self.bos.as_ref() {
            ids.splice(0..0, self.bos);
        }
        Ok(ids)
    }

    fn plain(&self, text: &str, after_special: bool, ids: &mut Vec<u32>) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        match &self.scheme {
            Scheme::Merges(merges) => {
                let encoded = merges
                    .encode_fast(text, false)
                    .map_err(|e| EngineError::Tokenizer { file: self.file.clone(), what: e.to_string() })?;
                ids.extend_from_slice(encoded.get_ids());
            }
            Scheme::Scores(pieces) => pieces.encode(text, after_special, ids),
        }
        Ok(())
    }

    /// The bytes of a token as they appear in an answer: none for control tokens, but for those that
    /// a call of a tool is told by.
    #[must_use]
    pub fn answer_bytes(&self, id: u32) -> &[u8] {
        match self.roles.get(id as usize) {
            Some(Role::Text | Role::Byte) => &self.bytes[id as usize],
            Some(Role::Control) if self.spoken.contains(&id) => &self.bytes[id as usize],
            Some(Role::Control | Role::Unused) | None => &[],
        }
    }

    /// The text of tokens; control tokens too when `special`. Broken characters become U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32], special: bool) -> String {
        let mut all = Vec::new();
        for id in ids {
            let bytes =
                if special { self.bytes.get(*id as usize).map_or(&[][..], |b| b) } else { self.answer_bytes(*id) };
            all.extend_from_slice(bytes);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// Text to token numbers; where a text stands twice, the first counts.
fn ids_by_text(texts: &[String]) -> HashMap<&str, u32> {
    let mut ids = HashMap::with_capacity(texts.len());
    for (id, text) in (0u32..).zip(texts) {
        ids.entry(text.as_str()).or_insert(id);
    }
    ids
}
