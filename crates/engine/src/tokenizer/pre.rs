//! How byte-level vocabularies cut text before merging: one line per rule, by the names that model
//! files give them.
//!
//! The names and their properties are those of llama.cpp's `llama-vocab.cpp`; the expressions are the
//! models' own, from their published tokenizer files. Where the two differ (llama.cpp does not tell
//! capital letters from small ones outside ASCII in [`TEKKEN`] and [`GPT4O`]), a model knows the tokens of
//! its own file, so those are made here.

use super::cut::{BLANKS, Cut};

/// A rule, and what else its name says about a vocabulary.
pub(super) struct Pre {
    /// Names in model files.
    names: &'static [&'static str],
    /// Passes over the text, each with its ways to make a word.
    cuts: &'static [&'static [&'static str]],
    /// Whether a word that is a token as a whole stays one.
    pub(super) whole_words: bool,
    /// Whether a text begins with BOS where the file does not say.
    pub(super) begins: bool,
    /// Whether tokens are written as text with `▁` for a space, rather than in letters for bytes.
    pub(super) raw: bool,
}

impl Pre {
    const fn new(names: &'static [&'static str], cuts: &'static [&'static [&'static str]]) -> Self {
        Self { names, cuts, whole_words: false, begins: false, raw: false }
    }
    const fn whole_words(mut self) -> Self {
        self.whole_words = true;
        self
    }
    const fn begins(mut self) -> Self {
        self.begins = true;
        self
    }
    const fn raw(mut self) -> Self {
        self.raw = true;
        self
    }
    /// The passes, ready to cut.
    pub(super) fn cuts(&self) -> Result<Vec<Cut>, String> {
        self.cuts.iter().map(|ways| Cut::new(ways)).collect()
    }
}

/// `'s`, `'ll` and the like, in small letters or in any.
const SHORT: &str = r"'s|'t|'re|'ve|'m|'ll|'d";
const SHORT_ANY: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const WORD: &str = r"[^\r\n\p{L}\p{N}]?\p{L}+";
const SIGNS: &str = r" ?[^\s\p{L}\p{N}]+[\r\n]*";
const LINES: &str = r"\s*[\r\n]+";

const GPT2: &[&str] = &[SHORT, r" ?\p{L}+", r" ?\p{N}+", r" ?[^\s\p{L}\p{N}]+", BLANKS];
const LLAMA3: &[&str] = &[SHORT_ANY, WORD, r"\p{N}{1,3}", SIGNS, LINES, BLANKS];
const QWEN2: &[&str] = &[SHORT_ANY, WORD, r"\p{N}", SIGNS, LINES, BLANKS];
const QWEN35: &[&str] =
    &[SHORT_ANY, r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+", r"\p{N}", r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*", LINES, BLANKS];
const TEKKEN: &[&str] = &[
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"\p{N}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    LINES,
    BLANKS,
];
const GPT4O: &[&str] = &[
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    LINES,
    BLANKS,
];
/// Common to DeepSeek's and Tencent's rules: letters after a sign, words with their marks, signs.
const DEEPSEEK3: &[&str] = &[
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"##,
    r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+",
    r" ?[\p{P}\p{S}]+[\r\n]*",
    LINES,
    BLANKS,
];
/// The letters of alphabets with capitals, as DeepSeek's first rule lists them.
const CASED: &str = r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";
const EAST: &str = "[一-龥ࠀ-一가-\u{D7FF}]+";
const FINNISH: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";
/// Lines, and the ends of lines between them.
const BY_LINE: &[&str] = &[r"[^\n]+", r"\n+"];

static RULES: &[Pre] = &[
    Pre::new(&["default"], &[&[r"[\p{P}\$\+<=>\^~\|]+"], GPT2, &[r"\p{N}+"], &["[0-9][0-9][0-9]"]]),
    Pre::new(
        &[
            "gpt-2",
            "gpt2",
            "phi-2",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "exaone4",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
        ],
        &[GPT2],
    ),
    Pre::new(
        &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
        &[&[r"\p{N}"], GPT2],
    ),
    Pre::new(&["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2", "pixtral", "midm-2.0"], &[LLAMA3])
        .whole_words()
        .begins(),
    Pre::new(&["glm4", "glm5"], &[LLAMA3]).whole_words(),
    Pre::new(&["dbrx", "smaug-bpe", "chatglm-bpe"], &[LLAMA3]),
    Pre::new(
        &["qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan", "solar-open", "grok-2", "kormo"],
        &[QWEN2],
    ),
    Pre::new(&["qwen35"], &[QWEN35]),
    Pre::new(&["laguna"], &[BY_LINE, QWEN2]),
    Pre::new(&["tekken"], &[TEKKEN]).whole_words().begins(),
    Pre::new(&["gpt-4o", "llama4", "kanana2", "minimax-m2"], &[GPT4O]),
    Pre::new(
        &["deepseek-llm"],
        &[&[r"[\r\n]"], &[CASED], &[r"\s?[!-/:-~！-／：-～‘-‟　-。]+"], &[r"\s+$"], &[EAST], &[r"\p{N}+"]],
    ),
    Pre::new(&["deepseek-coder"], &[&[r"[\r\n]"], &[r"\s?\p{L}+"], &[r"\s?\p{P}+"], &[EAST], &[r"\p{N}"]]),
    Pre::new(
        &["deepseek-v3", "hunyuan-dense", "hy_v4", "joyai-llm"],
        &[&[r"\p{N}{1,3}"], &["[一-龥\u{3040}-ゟ゠-ヿ]+"], DEEPSEEK3],
    ),
    Pre::new(&["falcon"], &[&[r"[\p{P}\$\+<=>\^~\|`]+"], GPT2, &["[0-9][0-9][0-9]"]]),
    Pre::new(&["poro-chat", "bloom", "gpt3-finnish"], &[&[FINNISH]]),
    Pre::new(&["viking"], &[&[FINNISH], &[r"\p{N}"]]),
    Pre::new(
        &["bailingmoe", "bailingmoe2", "llada-moe"],
        &[&["'(?i:[sdmt]|ll|ve|re)", WORD, r"\p{N}", SIGNS, r"\s*[\r\n]", BLANKS]],
    ),
    Pre::new(&["seed-coder"], &[&[SHORT_ANY, WORD, r"\p{N}", r" ?[^\s\p{L}\p{N}\r\n]+", LINES, BLANKS]]),
    Pre::new(&["minicpm5"], &[&[r"\p{N}{1,3}"], &[SHORT_ANY, WORD, r"\p{N}+", SIGNS, LINES, BLANKS]]).whole_words(),
    // These merge whole lines: what is kept together is for the merges alone to say.
    Pre::new(&["gemma4"], &[BY_LINE]).raw().begins(),
];

/// The rule of this name.
pub(super) fn named(name: &str) -> Option<&'static Pre> {
    RULES.iter().find(|rule| rule.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{super::cut, *};

    #[test]
    fn rules_cut_as_their_models_do() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("gpt-2", "It's 2024  now", &["It", "'s", " 2024", " ", " now"]),
            ("smollm", "in 2024\n\nok", &["in", " ", "2", "0", "2", "4", "\n", "\n", "ok"]),
            ("llama-bpe", "I'LL pay 12345\n\n", &["I", "'LL", " pay", " ", "123", "45", "\n\n"]),
            ("qwen2", "x=12", &["x", "=", "1", "2"]),
            ("tekken", "helloWorld ÉCOLE", &["hello", "World", " ÉCOLE"]),
            ("gemma4", "a b\n\nc", &["a b", "\n\n", "c"]),
        ];
        for (name, text, pieces) in cases {
            let words = cut::words(&named(name).unwrap().cuts().unwrap(), text);
            let found: Vec<&str> = words.into_iter().map(|word| &text[word]).collect();
            assert_eq!(found, *pieces, "{name}: {text:?}");
        }
        assert!(named("no-such-rule").is_none());
    }

    #[test]
    fn every_rule_compiles_and_has_names_of_its_own() {
        let mut names: Vec<&str> = RULES.iter().flat_map(|r| r.names).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for rule in RULES {
            assert!(rule.cuts().is_ok(), "{:?}", rule.names);
        }
    }
}
