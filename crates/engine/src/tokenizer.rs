//! Which tokens a text is, and which bytes a token is, from the model file's own metadata.

mod bytes;
mod cut;
mod merges;
mod pieces;
mod pre;

use crate::{
    answer::SPOKEN,
    error::{EngineError, Result},
    gguf::Gguf,
};
use aho_corasick::{AhoCorasick, MatchKind};
use merges::Merges;
use pieces::Pieces;
use std::collections::{BTreeSet, HashMap};

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
    "<turn|>",
    "<|return|>",
    "<|call|>",
    "<|END_OF_TURN_TOKEN|>",
    "<end_of_utterance>",
    "<｜end▁of▁sentence｜>",
    "[EOT]",
    "[EOS]",
    "<eos>",
    "</s>",
];

/// Where these stand in a vocabulary, `<|end|>` ends a part of an answer, not the answer.
const PARTS: [&str; 2] = ["<|return|>", "<|call|>"];

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
    /// `<|im_start|>` stays the letters that it is. Tokens that a vocabulary adds for ordinary text, such
    /// as runs of blanks, are found here too.
    Plain,
}

/// How ordinary text is cut.
enum Scheme {
    /// BPE with merges.
    Merges(Box<Merges>),
    /// SentencePiece-style pieces with scores.
    Scores(Pieces),
}

/// Tokens that are found in a text by their names, before it is cut.
struct Named {
    finder: Option<AhoCorasick>,
    ids: Vec<u32>,
}

impl Named {
    fn new(texts: &[String], ids: Vec<u32>) -> Result<Self, String> {
        let names = ids.iter().map(|id| texts[*id as usize].as_bytes());
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names);
        let finder = built.map_err(|e| e.to_string())?;
        Ok(Self { finder: (!ids.is_empty()).then_some(finder), ids })
    }
}

/// A model's tokenizer.
pub struct Tokenizer {
    scheme: Scheme,
    /// The bytes of each token, as they appear in an answer.
    bytes: Vec<Box<[u8]>>,
    roles: Vec<Role>,
    special: Named,
    /// Those of `special` that ordinary text may become.
    added: Named,
    ends: BTreeSet<u32>,
    /// Control tokens that are part of an answer.
    spoken: BTreeSet<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
    /// Tokens that swallow the blanks behind them.
    strip: BTreeSet<u32>,
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
        let bytes: Vec<Box<[u8]>>;
        let mut roles: Vec<Role> = (0..texts.len())
            .map(|id| match kinds.map_or(1, |k| k[id]) {
                2 | 3 => Role::Control,
                5 => Role::Unused,
                6 => Role::Byte,
                _ => Role::Text,
            })
            .collect();
        let user_defined = |id: usize| kinds.is_some_and(|k| k[id] == 4);
        let usable = |id: usize| matches!(roles[id], Role::Text | Role::Byte);
        // SentencePiece models begin with BOS unless the file says otherwise.
        let (scheme, begins) = match model {
            "gpt2" | "gemma4" => {
                let name = if model == "gemma4" { model } else { gguf.text(&key("pre")).unwrap_or("default") };
                let pre = pre::named(name).ok_or_else(|| fail(format!("it cuts text by the unknown rule '{name}'")))?;
                let merges = gguf
                    .get(&key("merges"))
                    .and_then(|v| v.as_texts())
                    .ok_or_else(|| gguf.missing("tokenizer.ggml.merges"))?;
                bytes = if pre.raw {
                    plain_bytes(texts, &roles)
                } else {
                    texts.iter().map(|t| bytes::of_token(t)).collect()
                };
                (Scheme::Merges(Box::new(Merges::new(pre, texts, merges, usable).map_err(fail)?)), pre.begins)
            }
            "llama" => {
                let scores = gguf.get(&key("scores")).and_then(|v| v.as_fractions()).unwrap_or_default();
                let prefix = gguf.flag(&key("add_space_prefix")).unwrap_or(true);
                bytes = plain_bytes(texts, &roles);
                (Scheme::Scores(Pieces::new(texts, scores, usable, prefix).map_err(fail)?), true)
            }
            other => return Err(fail(format!("its kind '{other}' is not supported (gpt2, gemma4 and llama are)"))),
        };
        let id =
            |name: &str| gguf.count(&key(name)).filter(|id| *id < texts.len()).and_then(|id| u32::try_from(id).ok());
        let named = [id("bos_token_id"), id("eos_token_id")];
        // What SentencePiece numbers these where a file does not say.
        let usual = |usual: u32| Some(usual).filter(|id| model == "llama" && (*id as usize) < texts.len());
        let (bos, eos) = (id("bos_token_id").or_else(|| usual(1)), id("eos_token_id").or_else(|| usual(2)));
        let mut ends: BTreeSet<u32> = ["eot_token_id", "eom_token_id"].into_iter().filter_map(id).chain(eos).collect();
        let (mut special, mut added, mut spoken) = (Vec::new(), Vec::new(), BTreeSet::new());
        let whole = !PARTS.iter().all(|part| texts.iter().any(|text| text == part));
        for (i, text) in texts.iter().enumerate() {
            let id = u32::try_from(i).map_err(|_| fail("it has too many tokens".to_owned()))?;
            // Old files call every token ordinary, but say which tokens begin and end a text.
            let marker = named.contains(&Some(id));
            if text.is_empty() || !(roles[i] == Role::Control || user_defined(i) || marker) {
                continue;
            }
            if ENDS.contains(&text.as_str()) && (whole || text != "<|end|>") {
                ends.insert(id);
            }
            if SPOKEN.contains(&text.as_str()) {
                spoken.insert(id);
            }
            special.push(id);
            if user_defined(i) && !ends.contains(&id) {
                added.push(id);
            }
        }
        for end in &ends {
            roles[*end as usize] = Role::Control;
        }
        added.retain(|id| !ends.contains(id));
        // Phi-3's own tokenizer drops blanks behind its markers; its files say so by their name alone.
        let name = gguf.text("general.name").unwrap_or_default().to_lowercase();
        let mut strip = BTreeSet::new();
        if name.contains("phi-3") || name.contains("phi3") {
            let keep = ["<unk>", "<s>", "<|endoftext|>"];
            strip.extend(special.iter().filter(|id| !keep.contains(&texts[**id as usize].as_str())));
        }
        let special = Named::new(texts, special).map_err(fail)?;
        let added = Named::new(texts, added).map_err(fail)?;
        let add_bos = gguf.flag(&key("add_bos_token")).unwrap_or(begins) || model == "gemma4";
        Ok(Self {
            scheme,
            bytes,
            roles,
            special,
            added,
            ends,
            spoken,
            bos,
            eos,
            add_bos: add_bos && bos.is_some(),
            strip,
        })
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
        let control = self.special.ids.iter().filter(|id| self.roles[**id as usize] == Role::Control);
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
            let named = match special {
                Special::Parse => &self.special,
                Special::Plain => &self.added,
            };
            let mut from = 0;
            for found in named.finder.iter().flat_map(|finder| finder.find_iter(text)) {
                if found.start() < from {
                    continue;
                }
                self.plain(&text[from..found.start()], &mut after_special, &mut ids);
                let id = named.ids[found.pattern().as_usize()];
                ids.push(id);
                after_special = true;
                from = found.end();
                if self.strip.contains(&id) {
                    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0B;
                    from += text.as_bytes()[from..].iter().take_while(|b| blank(b)).count();
                }
            }
            self.plain(&text[from..], &mut after_special, &mut ids);
        }
        if begin && self.add_bos && ids.first() != self.bos.as_ref() {
            ids.splice(0..0, self.bos);
        }
        Ok(ids)
    }

    fn plain(&self, text: &str, after_special: &mut bool, ids: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        match &self.scheme {
            Scheme::Merges(merges) => merges.encode(text, ids),
            Scheme::Scores(pieces) => pieces.encode(text, *after_special, ids),
        }
        *after_special = false;
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

    /// The bytes of a token, whatever it is for; none where there is no such token.
    #[must_use]
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// The text of tokens; control tokens too when `special`. Broken characters become U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32], special: bool) -> String {
        let mut all = Vec::new();
        for id in ids {
            let bytes = if special { self.bytes(*id) } else { self.answer_bytes(*id) };
            all.extend_from_slice(bytes);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// The bytes of tokens that are written as text.
fn plain_bytes(texts: &[String], roles: &[Role]) -> Vec<Box<[u8]>> {
    texts.iter().zip(roles).map(|(text, role)| pieces::bytes(text, *role == Role::Byte)).collect()
}

/// Text to token numbers. No text stands twice: which number it is would depend on the reader. Empty
/// ones are room to be filled, and no text becomes them.
fn ids_by_text(texts: &[String]) -> Result<HashMap<&str, u32>, String> {
    let mut ids = HashMap::with_capacity(texts.len());
    for (id, text) in (0u32..).zip(texts) {
        if !text.is_empty() && ids.insert(text.as_str(), id).is_some() {
            return Err(format!("it lists the token {text:?} twice"));
        }
    }
    Ok(ids)
}
