//! Which tokenizer does a GGUF file describe for an encoder? Pieces of words (BERT's) or unigrams (XLM-R's and T5's),
//! written down as `tokenizer.json` has them.
//!
//! llama.cpp's converters write a word that begins with a blank where BERT's own vocabulary marks what goes on; here the
//! marks come back. Whether capital letters count is in no file: a vocabulary with a capital letter in one of its
//! words has it count.

use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

/// What begins a word in such files.
const BEGINS: char = '\u{2581}';
/// The most tokens.
const MAX_TOKENS: usize = 1 << 22;

/// The tokens of a file with what they are for.
struct Tokens<'a> {
    file: &'a Gguf,
    texts: &'a [String],
    kinds: &'a [i64],
}

impl Tokens<'_> {
    fn wrong(&self, what: impl Into<String>) -> EngineError {
        EngineError::Tokenizer { file: self.file.path().to_owned(), what: what.into() }
    }

    /// Whether a token stands for no text. 3 is a mark, 2 the unknown, 5 unused.
    fn special(&self, id: usize) -> bool {
        self.kinds.get(id).is_some_and(|kind| matches!(kind, 2 | 3 | 5))
    }

    /// The number of a token that the file names, or that is usual.
    fn named(&self, keys: &[&str], usual: &[&str]) -> Option<usize> {
        let key = |name: &&str| self.file.count(&format!("tokenizer.ggml.{name}_token_id"));
        let by_key = keys.iter().find_map(key).filter(|id| *id < self.texts.len());
        by_key.or_else(|| usual.iter().find_map(|text| self.texts.iter().position(|own| own == text)))
    }
}

/// The tokenizer of a file, as `tokenizer.json` describes it.
pub(crate) fn described(file: &Gguf) -> Result<String> {
    let key = |name: &str| format!("tokenizer.ggml.{name}");
    let texts = file.get(&key("tokens")).and_then(|v| v.as_texts()).ok_or_else(|| file.missing(&key("tokens")))?;
    let kinds = file.get(&key("token_type")).and_then(|v| v.as_counts()).unwrap_or_default();
    let tokens = Tokens { file, texts, kinds };
    if texts.is_empty() || texts.len() > MAX_TOKENS || !(kinds.is_empty() || kinds.len() == texts.len()) {
        return Err(tokens.wrong("its lists of tokens differ in length"));
    }
    let (begin, end) = (
        tokens.named(&["cls", "bos"], &["[CLS]", "<s>"]),
        tokens.named(&["seperator", "separator", "eos"], &["[SEP]", "</s>"]),
    );
    let (Some(begin), Some(end)) = (begin, end) else {
        return Err(tokens.wrong("it names no tokens that begin and end a text"));
    };
    let mut whole = match file.text(&key("model")).unwrap_or_default() {
        "bert" => words(&tokens, begin, end)?,
        "t5" => unigrams(&tokens, begin, end)?,
        other => return Err(tokens.wrong(format!("its kind '{other}' is not supported in encoders (bert and t5 are)"))),
    };
    let added = (0..texts.len()).filter(|id| tokens.special(*id) || *id == begin || *id == end).map(|id| {
        json!({"id": id, "content": texts[id], "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    });
    whole["added_tokens"] = added.collect();
    whole["version"] = "1.0".into();
    Ok(whole.to_string())
}

/// One text between two tokens, and two with `between` of them in the middle; the second is of type `kind`.
fn around(texts: &[String], begin: usize, end: usize, between: usize, kind: usize) -> Value {
    let token = |id: usize, kind: usize| json!({"SpecialToken": {"id": texts[id], "type_id": kind}});
    let text = |name: &str, kind: usize| json!({"Sequence": {"id": name, "type_id": kind}});
    let mut pair = vec![token(begin, 0), text("A", 0)];
    pair.extend((0..between).map(|_| token(end, 0)));
    pair.extend([text("B", kind), token(end, kind)]);
    let named = |id: usize| json!({"id": texts[id], "ids": [id], "tokens": [texts[id]]});
    let special: Map<String, Value> = [begin, end].map(|id| (texts[id].clone(), named(id))).into_iter().collect();
    json!({
        "type": "TemplateProcessing",
        "single": [token(begin, 0), text("A", 0), token(end, 0)],
        "pair": pair,
        "special_tokens": special,
    })
}

/// BERT's pieces of words: the longest that fits, then the longest that goes on.
fn words(tokens: &Tokens<'_>, begin: usize, end: usize) -> Result<Value> {
    let unknown = tokens.named(&["unknown"], &["[UNK]"]);
    let unknown = unknown.ok_or_else(|| tokens.wrong("it names no token for what is unknown"))?;
    let mut vocab = Map::with_capacity(tokens.texts.len());
    let mut capital = false;
    for (id, text) in tokens.texts.iter().enumerate() {
        let word = text.strip_prefix(BEGINS);
        let own = if tokens.special(id) || [begin, end, unknown].contains(&id) {
            text.clone()
        } else {
            capital |= word.unwrap_or(text).bytes().any(|byte| byte.is_ascii_uppercase());
            word.map_or_else(|| format!("##{text}"), str::to_owned)
        };
        if vocab.insert(own, id.into()).is_some() {
            return Err(tokens.wrong(format!("it lists the token {text:?} twice")));
        }
    }
    Ok(json!({
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": !capital},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": around(tokens.texts, begin, end, 1, 1),
        "model": {"type": "WordPiece", "unk_token": tokens.texts[unknown], "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocab},
    }))
}

/// XLM-R's unigrams: the cut of which the scores' sum is largest.
fn unigrams(tokens: &Tokens<'_>, begin: usize, end: usize) -> Result<Value> {
    let scores = tokens.file.get("tokenizer.ggml.scores").and_then(|v| v.as_fractions()).unwrap_or_default();
    if scores.len() != tokens.texts.len() || scores.iter().any(|score| !score.is_finite()) {
        return Err(tokens.wrong("its scores are no numbers, or differ from its tokens in number"));
    }
    let unknown = tokens.named(&["unknown"], &["<unk>"]);
    let unknown = unknown.ok_or_else(|| tokens.wrong("it names no token for what is unknown"))?;
    let vocab: Vec<Value> = tokens.texts.iter().zip(scores).map(|(text, score)| json!([text, score])).collect();
    let map = tokens.file.get("tokenizer.ggml.precompiled_charsmap").and_then(|v| v.as_counts());
    let normalizer = match map {
        None | Some([]) => Value::Null,
        Some(map) => {
            // Signed or not, each is a byte.
            let bytes: Option<Vec<u8>> = map
                .iter()
                .map(|byte| u8::try_from(*byte).ok().or_else(|| i8::try_from(*byte).ok().map(i8::cast_unsigned)))
                .collect();
            let bytes = bytes.ok_or_else(|| tokens.wrong("its map of characters holds no bytes"))?;
            json!({"type": "Precompiled", "precompiled_charsmap": BASE64_STANDARD.encode(bytes)})
        }
    };
    let prepend = if tokens.file.flag("tokenizer.ggml.add_space_prefix") == Some(false) { "never" } else { "always" };
    let blanks = json!({"type": "Metaspace", "replacement": BEGINS, "prepend_scheme": prepend, "split": true});
    Ok(json!({
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, blanks]},
        "post_processor": around(tokens.texts, begin, end, 2, 0),
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": vocab, "byte_fallback": false},
    }))
}

#[cfg(test)]
mod tests;
