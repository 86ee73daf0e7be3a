//! How byte-level vocabularies cut text before merging: one line per rule, by the names that model
//! files give them.

use super::ids_by_text;
use tokenizers::{
    SplitDelimiterBehavior,
    models::bpe::{BPE, Vocab},
    pre_tokenizers::{
        PreTokenizerWrapper,
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

/// A rule: regular expressions applied one after the other.
pub(super) struct Pre {
    /// Names in model files.
    names: &'static [&'static str],
    cuts: &'static [&'static str],
    /// Whether a word that is a token as a whole stays one.
    whole_words: bool,
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

static RULES: &[Pre] = &[
    Pre { names: &["default", "gpt-2", "gpt2", "mpt", "olmo", "jais"], cuts: &[GPT2], whole_words: false },
    Pre {
        names: &["smollm", "starcoder", "refact", "command-r", "codeshell", "granite"],
        cuts: &[r"\p{N}", GPT2],
        whole_words: false,
    },
    Pre {
        names: &["llama-bpe", "llama3", "llama-v3", "falcon3", "lfm2", "pixtral"],
        cuts: &[LLAMA3],
        whole_words: true,
    },
    Pre { names: &["dbrx", "smaug-bpe"], cuts: &[LLAMA3], whole_words: false },
    Pre { names: &["qwen2", "stablelm2", "deepseek-r1-qwen"], cuts: &[QWEN2], whole_words: false },
    Pre { names: &["tekken"], cuts: &[TEKKEN], whole_words: true },
];

/// The rule of this name.
pub(super) fn named(name: &str) -> Option<&'static Pre> {
    RULES.iter().find(|rule| rule.names.contains(&name))
}

/// A byte-level BPE tokenizer without special tokens.
pub(super) fn byte_level(pre: &Pre, texts: &[String], merges: &[String]) -> Result<tokenizers::Tokenizer, String> {
    let ids = ids_by_text(texts);
    let mut pairs = Vec::with_capacity(merges.len());
    let mut whole = String::new();
    for merge in merges {
        let pair = merge.split_once(' ').ok_or_else(|| format!("'{merge}' is no merge"))?;
        whole.clear();
        whole.push_str(pair.0);
        whole.push_str(pair.1);
        if [pair.0, pair.1, &whole].iter().any(|part| !ids.contains_key(part)) {
            return Err(format!("the merge '{merge}' has no token"));
        }
        pairs.push((pair.0.to_owned(), pair.1.to_owned()));
    }
    let vocabulary: Vocab = ids.into_iter().map(|(text, id)| (text.to_owned(), id)).collect();
    let words = BPE::builder()
        .vocab_and_merges(vocabulary, pairs)
        .ignore_merges(pre.whole_words)
        .build()
        .map_err(|e| e.to_string())?;
    let mut steps = Vec::new();
    for cut in pre.cuts {
        let pattern = SplitPattern::Regex((*cut).to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(|e| e.to_string())?;
        steps.push(PreTokenizerWrapper::Split(split));
    }
    steps.push(PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, false)));
    let mut tokenizer = tokenizers::Tokenizer::new(words);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn cut(name: &str, text: &str) -> Vec<String> {
        let mut whole = PreTokenizedString::from(text);
        for cut in named(name).unwrap().cuts {
            let pattern = SplitPattern::Regex((*cut).to_owned());
            Split::new(pattern, SplitDelimiterBehavior::Isolated, false).unwrap().pre_tokenize(&mut whole).unwrap();
        }
        let pieces = whole.get_splits(OffsetReferential::Original, OffsetType::Byte);
        pieces.into_iter().map(|(text, _, _)| text.to_owned()).collect()
    }

    #[test]
    fn rules_cut_as_their_models_do() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("gpt-2", "It's 2024  now", &["It", "'s", " 2024", " ", " now"]),
            ("smollm", "in 2024\n\nok", &["in", " ", "2", "0", "2", "4", "\n", "\n", "ok"]),
            ("llama-bpe", "I'LL pay 12345\n\n", &["I", "'LL", " pay", " ", "123", "45", "\n\n"]),
            ("qwen2", "x=12", &["x", "=", "1", "2"]),
            ("tekken", "helloWorld", &["hello", "World"]),
        ];
        for (name, text, pieces) in cases {
            assert_eq!(cut(name, text), *pieces, "{name}: {text:?}");
        }
        assert!(named("no-such-rule").is_none());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = RULES.iter().flat_map(|r| r.names).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_merge_without_its_token_is_refused() {
        let texts: Vec<String> = ["a", "b"].map(str::to_owned).into();
        let error = byte_level(named("gpt-2").unwrap(), &texts, &["a b".to_owned()]).unwrap_err();
        assert!(error.contains("a b"), "{error}");
    }
}
