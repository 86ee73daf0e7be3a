//! The folder of an encoder or a reranker, one of its files being any bytes.

use crate::{
    bounded, caught,
    parts::{SECTION, sections},
    place,
};
use engine::encoder::{Encoder, Input, Ranker};
use kernels::Precision;
use serde_json::{Map, Value, json};
use std::{fs, sync::LazyLock};

const WIDTH: usize = 8;
const VOCAB: usize = 16;
const POSITIONS: usize = 16;

/// The files of a folder by the number that an input names them with.
pub const FILES: [&str; 9] = [
    "config.json",
    "tokenizer.json",
    "model.safetensors",
    "modules.json",
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
    "model.safetensors.index.json",
];

/// What stands in each file of a sound folder; the last one has none where the weights are in one file.
pub static SOUND: LazyLock<[Vec<u8>; 9]> = LazyLock::new(|| {
    let bytes = |value: Value| value.to_string().into_bytes();
    [
        bytes(json!({"model_type": "bert", "hidden_size": WIDTH, "num_attention_heads": 2, "num_hidden_layers": 1,
            "intermediate_size": WIDTH, "vocab_size": VOCAB, "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2, "layer_norm_eps": 1e-5, "hidden_act": "gelu", "pad_token_id": 0})),
        bytes(tokenizer()),
        weights(),
        bytes(json!([{"type": "sentence_transformers.models.Transformer"}, {"type": "x.Pooling"}])),
        bytes(json!({"pooling_mode_mean_tokens": true})),
        bytes(json!({"prompts": {"query": "q: "}, "default_prompt_name": null})),
        bytes(json!({"max_seq_length": 12})),
        bytes(json!({"model_max_length": 12})),
        bytes(json!({"weight_map": {"x": "model.safetensors"}})),
    ]
});

/// Sections: which file, and what is in it.
pub fn run(data: &[u8]) {
    let [which, bytes] = sections(data);
    let which = usize::from(which.first().copied().unwrap_or(0));
    let altered = which % FILES.len();
    for (at, name) in FILES.iter().enumerate() {
        let sound = &SOUND[at];
        match name.ends_with(".index.json") {
            _ if at == altered => drop(place::file(name, bytes)),
            true => drop(fs::remove_file(place::folder().join(name))),
            false => drop(place::file(name, sound)),
        }
    }
    if FILES[altered].ends_with(".index.json") {
        // The weights in parts, of which the index may name any.
        let one = place::folder().join(FILES[2]);
        drop(fs::rename(&one, place::folder().join("part.safetensors")));
    }
    let precision = [Precision::File, Precision::F16, Precision::Int8][which / FILES.len() % 3];
    // A tokenizer's expressions become automata of up to 10 MB each.
    caught::pass(&["tokenizers"]);
    bounded(data, 8192, 256 << 20, || {
        if let Ok(mut encoder) = Encoder::open(place::folder(), 1, precision) {
            let inputs = [
                Input::Text("the lease ends é 期".to_owned()),
                Input::Text(String::new()),
                Input::Text("x".repeat(600)),
                Input::Tokens(vec![2, 5, 3]),
            ];
            if let Ok(vectors) = encoder.embed(&inputs, &|| true) {
                let finite =
                    |vector: &Vec<f32>| vector.len() == encoder.width() && vector.iter().all(|v| v.is_finite());
                assert!(vectors.iter().all(|one| finite(&one.vector)), "vectors of the model's width");
            }
            let _ = (encoder.kind(), encoder.cuts(), encoder.prompts());
        }
        if let Ok(mut ranker) = Ranker::open(place::folder(), 1, precision) {
            let documents = ["the lease".to_owned(), String::new(), "x ".repeat(300)];
            drop(ranker.rank("rent", &documents, &|| true));
        }
    });
}

/// An input for one of the files.
#[must_use]
pub fn input(which: usize, bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(which).unwrap_or(0), SECTION], bytes].concat()
}

fn tokenizer() -> Value {
    let special = |id: usize, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    let words = ["the", "lease", "rent", "x", "##x", "e", "##nds"];
    let vocab: Map<String, Value> =
        names.iter().chain(&words).enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let token = |content: &str, kind: usize| json!({"SpecialToken": {"id": content, "type_id": kind}});
    let text = |name: &str, kind: usize| json!({"Sequence": {"id": name, "type_id": kind}});
    let named = |content: &str, id: usize| json!({"id": content, "ids": [id], "tokens": [content]});
    let added: Vec<Value> = names.iter().enumerate().map(|(id, name)| special(id, name)).collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
            "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
            "special_tokens": {"[CLS]": named("[CLS]", 2), "[SEP]": named("[SEP]", 3)}},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab}})
}

/// Tensors of half precision, by their names in BERT.
fn weights() -> Vec<u8> {
    let layer = "encoder.layer.0";
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![VOCAB, WIDTH]),
        ("embeddings.position_embeddings.weight".into(), vec![POSITIONS, WIDTH]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, WIDTH]),
    ];
    for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
        shapes.push((format!("{layer}.{name}.weight"), vec![WIDTH, WIDTH]));
        shapes.push((format!("{layer}.{name}.bias"), vec![WIDTH]));
    }
    for name in ["intermediate.dense", "output.dense"] {
        shapes.push((format!("{layer}.{name}.weight"), vec![WIDTH, WIDTH]));
        shapes.push((format!("{layer}.{name}.bias"), vec![WIDTH]));
    }
    for name in ["embeddings", &format!("{layer}.attention.output"), &format!("{layer}.output")] {
        shapes.push((format!("{name}.LayerNorm.weight"), vec![WIDTH]));
        shapes.push((format!("{name}.LayerNorm.bias"), vec![WIDTH]));
    }
    shapes.push(("pooler.dense.weight".into(), vec![WIDTH, WIDTH]));
    shapes.push(("pooler.dense.bias".into(), vec![WIDTH]));
    shapes.push(("classifier.weight".into(), vec![1, WIDTH]));
    shapes.push(("classifier.bias".into(), vec![1]));
    let (mut header, mut numbers) = (Map::new(), Vec::new());
    for (name, shape) in shapes {
        let from = numbers.len();
        // Numbers between 0.5 and 1 in half precision, of both signs.
        numbers.extend((0..shape.iter().product()).flat_map(|at: usize| {
            (0x3800 | (at * 37 % 1024) as u16 | if at % 2 == 0 { 0x8000 } else { 0 }).to_le_bytes()
        }));
        header.insert(name, json!({"dtype": "F16", "shape": shape, "data_offsets": [from, numbers.len()]}));
    }
    let header = Value::from(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &numbers].concat()
}
