//! Any schema, grammar or list of tools that a client may send, and a walk through what it allows.

use crate::{
    bounded,
    build::vocabulary,
    caught,
    parts::{Random, sections},
    place,
};
use engine::{
    answer::Form,
    gguf::Gguf,
    grammar::{Asked, Grammars, Tool},
    tokenizer::Tokenizer,
};
use serde_json::Value;
use std::sync::LazyLock;

const FORMS: [Form; 12] = [
    Form::Tagged,
    Form::Functions,
    Form::Keys,
    Form::Bare,
    Form::Listed,
    Form::Piped,
    Form::Prefixed,
    Form::Action,
    Form::Fenced,
    Form::Python,
    Form::Braced,
    Form::Line,
];
/// Tokens of the walk.
const STEPS: usize = 48;

static GRAMMARS: LazyLock<(Grammars, usize)> = LazyLock::new(|| {
    let file = Gguf::open(&place::file("grammar.gguf", &vocabulary().bytes())).expect("a sound file");
    let tokenizer = Tokenizer::open(&file).expect("a sound vocabulary");
    (Grammars::new(&tokenizer, tokenizer.len()).expect("grammars of a sound vocabulary"), tokenizer.len())
});

/// Sections: what it is, the walk's seed, and the text.
///
/// # Panics
/// If a token that was allowed is refused.
pub fn run(data: &[u8]) {
    caught::pass(&["llguidance", "derivre", "toktrie"]);
    let [kind, seed, text] = sections(data);
    let kind = usize::from(kind.first().copied().unwrap_or(0));
    let (grammars, vocab) = (&GRAMMARS.0, GRAMMARS.1);
    let text = String::from_utf8_lossy(text);
    let json = || serde_json::from_str::<Value>(&text).unwrap_or(Value::Null);
    bounded(data, 4096, 512 << 20, || {
        let grammar = match kind % 16 {
            0 => grammars.of_lark(&text, "grammar"),
            1 => grammars.of_schema(&json(), "response_format"),
            2 => grammars.after_a_thought(&json(), "response_format"),
            15 => grammars.of_gbnf(&text, "grammar"),
            form => {
                let asked = Asked { required: kind & 16 != 0, several: kind & 32 != 0, thinking: kind & 64 != 0 };
                let tools = [
                    Tool { name: "f".into(), parameters: json() },
                    Tool { name: "g h".into(), parameters: Value::Null },
                ];
                grammars.of_tools(FORMS[form % 12], &tools[..1 + (kind >> 7)], asked)
            }
        };
        let Ok(mut grammar) = grammar else { return };
        let mut random = Random(seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)));
        for _ in 0..STEPS {
            let mut logits = vec![0.0; vocab];
            // A grammar that grows past its limits while it is used is an error, and the answer ends.
            if grammar.mask(&mut logits).is_err() {
                return;
            }
            let allowed: Vec<u32> = (0..).zip(&logits).filter(|(_, l)| l.is_finite()).map(|(id, _)| id).collect();
            let Some(count) = std::num::NonZero::new(allowed.len()) else { return };
            let token = allowed[random.below(count.get())];
            match grammar.accept(token) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => panic!("token {token} was allowed and is refused: {error}"),
            }
        }
    });
}
