//! Which tokens does the encoder read of a text, of a pair of texts, or of tokens that a client sent?

use super::config::{Config, read};
use crate::error::{EngineError, Result};
use crate::untrusted::survive;
use kernels::Cpu;
use std::path::Path;
use tokenizers::{Encoding, PostProcessor, Tokenizer, TruncationDirection};

/// Texts that are read before it is asked whether anyone still waits.
const TEXTS: usize = 64;
/// What is left for the document of a pair at least, in parts of the whole.
const HALF: usize = 2;

/// The tokens of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    /// 1 for the second text of a pair, in models that tell them apart.
    pub(crate) types: Vec<u32>,
}

/// A tokenizer that keeps to the model's length.
pub(crate) struct Reader {
    tokenizer: Tokenizer,
    longest: usize,
    vocab: usize,
}

impl Reader {
    /// Opens `tokenizer.json`.
    pub(crate) fn open(folder: &Path, config: &Config, longest: usize) -> Result<Self> {
        let file = folder.join("tokenizer.json");
        Self::of(&read(&file)?, &file, config, longest)
    }

    /// A tokenizer described as in `tokenizer.json`, which came from this file.
    pub(crate) fn of(text: &str, file: &Path, config: &Config, longest: usize) -> Result<Self> {
        let file = file.to_owned();
        let unusable = |what: String| EngineError::Tokenizer { file: file.clone(), what };
        let mut tokenizer = asked(|| text.parse::<Tokenizer>()).map_err(|e| unusable(e.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| unusable(e.to_string()))?;
        // What a document says is read as letters, even where it spells the end of the query.
        tokenizer.set_encode_special_tokens(true);
        if tokenizer.get_vocab_size(true) > config.vocab {
            return Err(EngineError::Malformed { file, what: "it has more tokens than the model".to_owned() });
        }
        let reader = Self { tokenizer, longest, vocab: config.vocab };
        if reader.added(true) + 2 > longest {
            return Err(unusable(format!("it adds {} tokens and the model reads {longest}", reader.added(true))));
        }
        Ok(reader)
    }

    /// Tokens that are read.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Special tokens around one text, or around a pair.
    fn added(&self, pair: bool) -> usize {
        self.tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(pair))
    }

    /// The tokens of a text; what is too long is cut off at its end.
    pub(crate) fn text(&self, text: &str) -> Result<Tokens> {
        let mut encoding = self.encode(text)?;
        encoding.truncate(self.longest - self.added(false), 0, TruncationDirection::Right);
        encoding.take_overflowing();
        self.join(encoding, None)
    }

    /// The tokens of a text that fits.
    pub(crate) fn whole(&self, text: &str) -> Result<Tokens> {
        let encoding = self.encode(text)?;
        let asked = encoding.len() + self.added(false);
        if asked > self.longest {
            return Err(EngineError::ContextFull { asked, context: self.longest });
        }
        self.join(encoding, None)
    }

    /// A query for [`Reader::pair`], cut off where it would leave the document less than half of the room.
    pub(crate) fn query(&self, text: &str) -> Result<Encoding> {
        let mut encoding = self.encode(text)?;
        encoding.truncate(((self.longest - self.added(true)) / HALF).max(1), 0, TruncationDirection::Right);
        encoding.take_overflowing();
        Ok(encoding)
    }

    /// A query and a document as the model was trained on them; the document is cut off at its end.
    pub(crate) fn pair(&self, query: &Encoding, document: &str) -> Result<Tokens> {
        let mut second = self.encode(document)?;
        let room = (self.longest - self.added(true)).saturating_sub(query.len());
        second.truncate(room, 0, TruncationDirection::Right);
        second.take_overflowing();
        self.join(query.clone(), Some(second))
    }

    /// Tokens as a client sent them, special ones included.
    pub(crate) fn given(&self, ids: &[u32]) -> Result<Tokens> {
        if ids.is_empty() {
            return Err(EngineError::Invalid { param: "input", message: "a text has at least one token".to_owned() });
        }
        if ids.len() > self.longest {
            return Err(EngineError::ContextFull { asked: ids.len(), context: self.longest });
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.vocab) {
            let message = format!("there is no token {id}: this model has {}", self.vocab);
            return Err(EngineError::Invalid { param: "input", message });
        }
        Ok(Tokens { ids: ids.to_vec(), types: vec![0; ids.len()] })
    }

    fn encode(&self, text: &str) -> Result<Encoding> {
        asked(|| self.tokenizer.encode_fast(text, false))
    }

    fn join(&self, first: Encoding, second: Option<Encoding>) -> Result<Tokens> {
        let encoding = asked(|| self.tokenizer.post_process(first, second, true))?;
        let mut tokens = Tokens { ids: encoding.get_ids().to_vec(), types: encoding.get_type_ids().to_vec() };
        // A tokenizer without a template gives no token for an empty text; a vector needs one.
        if tokens.ids.is_empty() {
            tokens = Tokens { ids: vec![0], types: vec![0] };
        }
        Ok(tokens)
    }
}

/// The tokens of each item, read on all threads. `go_on` is asked from time to time.
pub(crate) fn read_all<T: Sync>(
    cpu: &Cpu,
    items: &[T],
    go_on: &dyn Fn() -> bool,
    tokens: impl Fn(&T) -> Result<Tokens> + Sync,
) -> Result<Vec<Tokens>> {
    let mut all = Vec::with_capacity(items.len());
    for items in items.chunks(TEXTS) {
        if !go_on() {
            return Err(EngineError::Closing);
        }
        let mut some: Vec<Option<Result<Tokens>>> = items.iter().map(|_| None).collect();
        cpu.pool().rows(&mut some, 1, |first, part| {
            part.iter_mut().zip(&items[first..]).for_each(|(slot, item)| *slot = Some(tokens(item)));
        });
        for slot in some {
            all.push(slot.ok_or_else(|| EngineError::Compute("a text was left out".to_owned()))??);
        }
    }
    Ok(all)
}

/// What the library answers. It panics where a file asks for what it does not have, a special token for one.
fn asked<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T> {
    let what = "the tokenizer's file asks for what cannot be done";
    survive(work)
        .ok_or_else(|| EngineError::Compute(what.to_owned()))?
        .map_err(|error| EngineError::Compute(error.to_string()))
}
