//! A cross-encoder with random weights, written as its makers would: BERT with one label and a tokenizer of
//! a few words. What it says means nothing; that the order follows it is what can be tested with it.

use serde_json::{Map, Value, json};
use std::{fs, path::Path};

const WIDTH: usize = 32;
const INNER: usize = 64;
const VOCAB: usize = 32;
const POSITIONS: usize = 300;
const LAYERS: usize = 2;

/// The words that it knows.
pub const WORDS: [&str; 10] =
    ["lease", "rent", "notice", "period", "three", "months", "tenant", "landlord", "deposit", "paid"];

/// A small random generator, so that the model is the same each time.
struct Random(u64);

impl Random {
    fn float(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

/// A weights file that grows.
struct Weights {
    random: Random,
    header: Map<String, Value>,
    bytes: Vec<u8>,
}

impl Weights {
    /// A tensor of numbers about `middle`, at most `size` from it.
    fn put(&mut self, name: &str, shape: &[usize], size: f32, middle: f32) {
        let from = self.bytes.len();
        for _ in 0..shape.iter().product() {
            let value = middle + size * self.random.float();
            self.bytes.extend(value.to_le_bytes());
        }
        let place = json!({"dtype": "F32", "shape": shape, "data_offsets": [from, self.bytes.len()]});
        self.header.insert(name.to_owned(), place);
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) {
        self.put(&format!("{name}.weight"), &[outputs, inputs], 1.8 / (inputs as f32).sqrt(), 0.0);
        self.put(&format!("{name}.bias"), &[outputs], 0.2, 0.0);
    }

    fn norm(&mut self, name: &str) {
        self.put(&format!("{name}.weight"), &[WIDTH], 0.3, 1.0);
        self.put(&format!("{name}.bias"), &[WIDTH], 0.2, 0.0);
    }
}

/// Writes the model's folder.
pub fn write(folder: &Path) {
    let mut weights = Weights { random: Random(7), header: Map::new(), bytes: Vec::new() };
    for (table, rows) in [("word", VOCAB), ("position", POSITIONS), ("token_type", 2)] {
        weights.put(&format!("bert.embeddings.{table}_embeddings.weight"), &[rows, WIDTH], 1.0, 0.0);
    }
    weights.norm("bert.embeddings.LayerNorm");
    for layer in 0..LAYERS {
        let at = |part: &str| format!("bert.encoder.layer.{layer}.{part}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            weights.linear(&at(part), WIDTH, WIDTH);
        }
        weights.linear(&at("intermediate.dense"), INNER, WIDTH);
        weights.linear(&at("output.dense"), WIDTH, INNER);
        weights.norm(&at("attention.output.LayerNorm"));
        weights.norm(&at("output.LayerNorm"));
    }
    weights.linear("bert.pooler.dense", WIDTH, WIDTH);
    weights.linear("classifier", 1, WIDTH);
    fs::create_dir_all(folder).unwrap();
    let header = Value::Object(weights.header).to_string();
    let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &weights.bytes].concat();
    fs::write(folder.join("model.safetensors"), file).unwrap();
    let config = json!({
        "model_type": "bert", "hidden_size": WIDTH, "num_attention_heads": 2, "num_hidden_layers": LAYERS,
        "intermediate_size": INNER, "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
        "layer_norm_eps": 1e-5, "hidden_act": "gelu", "pad_token_id": 0,
        "architectures": ["BertForSequenceClassification"],
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer().to_string()).unwrap();
}

fn tokenizer() -> Value {
    let specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    let vocab: Map<String, Value> =
        specials.iter().chain(&WORDS).enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let added: Vec<Value> = specials
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    let token = |content: &str, kind: usize| json!({"SpecialToken": {"id": content, "type_id": kind}});
    let text = |name: &str, kind: usize| json!({"Sequence": {"id": name, "type_id": kind}});
    let named = |content: &str, id: usize| json!({"id": content, "ids": [id], "tokens": [content]});
    let template = json!({
        "type": "TemplateProcessing",
        "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
        "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
        "special_tokens": {"[CLS]": named("[CLS]", 2), "[SEP]": named("[SEP]", 3)},
    });
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
           "pre_tokenizer": {"type": "Whitespace"}, "post_processor": template, "decoder": null,
           "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}})
}
