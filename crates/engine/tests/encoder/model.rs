//! Small encoders with random weights, written to a folder as their makers would, with a tokenizer.

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use std::{collections::HashMap, fs, path::Path};

pub const WIDTH: usize = 48;
pub const HEADS: usize = 3;
pub const INNER: usize = 80;
pub const VOCAB: usize = 64;
pub const POSITIONS: usize = 70;
pub const LAYERS: usize = 3;

/// The families that are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Bert,
    XlmRoberta,
    DistilBert,
    MpNet,
    Modern,
}

pub type Tensors = HashMap<String, Tensor>;

/// A small random generator, so that a model is the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn tensor(&mut self, shape: &[usize], size: f32, middle: f32) -> Tensor {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| middle + size * self.float()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }
}

/// The file's `config.json`.
pub fn config(family: Family) -> Value {
    match family {
        Family::DistilBert => json!({
            "model_type": "distilbert", "dim": WIDTH, "n_heads": HEADS, "n_layers": LAYERS, "hidden_dim": INNER,
            // candle calls the tangent's form "gelu" here.
            "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "activation": "gelu_new", "pad_token_id": 0,
        }),
        Family::MpNet => json!({
            "model_type": "mpnet", "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
            "intermediate_size": INNER, "vocab_size": VOCAB, "max_position_embeddings": POSITIONS,
            "layer_norm_eps": 1e-5, "hidden_act": "gelu", "relative_attention_num_buckets": 32, "pad_token_id": 1,
        }),
        Family::Modern => json!({
            "model_type": "modernbert", "hidden_size": WIDTH, "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS, "intermediate_size": INNER, "vocab_size": VOCAB,
            "max_position_embeddings": POSITIONS, "norm_eps": 1e-5, "hidden_activation": "gelu", "pad_token_id": 0,
            "global_attn_every_n_layers": 2, "local_attention": 16, "global_rope_theta": 160000.0,
            "local_rope_theta": 10000.0, "classifier_pooling": "mean", "attention_bias": false, "mlp_bias": false, "norm_bias": false,
        }),
        Family::Bert | Family::XlmRoberta => json!({
            "model_type": if family == Family::Bert { "bert" } else { "xlm-roberta" },
            "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
            "intermediate_size": INNER, "vocab_size": VOCAB, "max_position_embeddings": POSITIONS,
            "type_vocab_size": if family == Family::Bert { 2 } else { 1 },
            "layer_norm_eps": 1e-5, "hidden_act": "gelu", "position_embedding_type": "absolute",
            "pad_token_id": if family == Family::Bert { 0 } else { 1 },
            "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "initializer_range": 0.02,
        }),
    }
}

/// All tensors of an encoder, with a head that ranks.
pub fn tensors(family: Family, prefix: &str, seed: u64) -> Tensors {
    let mut random = Random(seed);
    let mut all = Tensors::new();
    if family == Family::Modern {
        return modern(prefix, random);
    }
    let mut put = |name: &str, tensor: Tensor| {
        all.insert(name.to_owned(), tensor);
    };
    let mut linear = |put: &mut dyn FnMut(&str, Tensor), name: &str, outputs: usize, inputs: usize| {
        put(&format!("{name}.weight"), random.tensor(&[outputs, inputs], 1.8 / (inputs as f32).sqrt(), 0.0));
        put(&format!("{name}.bias"), random.tensor(&[outputs], 0.2, 0.0));
    };
    let (layer, parts): (&str, [&str; 6]) = match family {
        Family::Bert | Family::XlmRoberta => (
            "encoder.layer",
            [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "intermediate.dense",
                "output.dense",
            ],
        ),
        Family::DistilBert => (
            "transformer.layer",
            ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"],
        ),
        Family::MpNet | Family::Modern => (
            "encoder.layer",
            [
                "attention.attn.q",
                "attention.attn.k",
                "attention.attn.v",
                "attention.attn.o",
                "intermediate.dense",
                "output.dense",
            ],
        ),
    };
    for number in 0..LAYERS {
        for (at, part) in parts.iter().enumerate() {
            let (outputs, inputs) = match at {
                4 => (INNER, WIDTH),
                5 => (WIDTH, INNER),
                _ => (WIDTH, WIDTH),
            };
            linear(&mut put, &format!("{prefix}{layer}.{number}.{part}"), outputs, inputs);
        }
    }
    match family {
        Family::Bert => {
            linear(&mut put, &format!("{prefix}pooler.dense"), WIDTH, WIDTH);
            linear(&mut put, "classifier", 1, WIDTH);
        }
        Family::XlmRoberta | Family::MpNet | Family::Modern => {
            linear(&mut put, "classifier.dense", WIDTH, WIDTH);
            linear(&mut put, "classifier.out_proj", 1, WIDTH);
        }
        Family::DistilBert => {
            linear(&mut put, "pre_classifier", WIDTH, WIDTH);
            linear(&mut put, "classifier", 1, WIDTH);
        }
    }
    let mut norm = |name: String| {
        put(&format!("{name}.weight"), random.tensor(&[WIDTH], 0.3, 1.0));
        put(&format!("{name}.bias"), random.tensor(&[WIDTH], 0.2, 0.0));
    };
    norm(format!("{prefix}embeddings.LayerNorm"));
    let norms = match family {
        Family::Bert | Family::XlmRoberta => ["attention.output.LayerNorm", "output.LayerNorm"],
        Family::DistilBert => ["sa_layer_norm", "output_layer_norm"],
        Family::MpNet | Family::Modern => ["attention.LayerNorm", "output.LayerNorm"],
    };
    for number in 0..LAYERS {
        norms.iter().for_each(|part| norm(format!("{prefix}{layer}.{number}.{part}")));
    }
    put(&format!("{prefix}embeddings.word_embeddings.weight"), random.tensor(&[VOCAB, WIDTH], 1.0, 0.0));
    put(&format!("{prefix}embeddings.position_embeddings.weight"), random.tensor(&[POSITIONS, WIDTH], 0.5, 0.0));
    match family {
        Family::Bert => {
            put(&format!("{prefix}embeddings.token_type_embeddings.weight"), random.tensor(&[2, WIDTH], 0.5, 0.0));
        }
        Family::XlmRoberta => {
            put(&format!("{prefix}embeddings.token_type_embeddings.weight"), random.tensor(&[1, WIDTH], 0.5, 0.0));
        }
        Family::MpNet => {
            put(&format!("{prefix}encoder.relative_attention_bias.weight"), random.tensor(&[32, HEADS], 2.0, 0.0));
        }
        Family::DistilBert | Family::Modern => {}
    }
    all
}

/// All tensors of a ModernBERT, with a head that ranks.
fn modern(prefix: &str, mut random: Random) -> Tensors {
    let mut all = Tensors::new();
    for (name, shape, size, middle) in [
        ("head.dense.weight", &[WIDTH, WIDTH][..], 0.3, 0.0),
        ("head.norm.weight", &[WIDTH], 0.3, 1.0),
        ("classifier.weight", &[1, WIDTH], 0.3, 0.0),
        ("classifier.bias", &[1], 0.2, 0.0),
    ] {
        all.insert(name.to_owned(), random.tensor(shape, size, middle));
    }
    let mut put = |name: String, shape: &[usize], size: f32, middle: f32| {
        all.insert(format!("{prefix}{name}.weight"), random.tensor(shape, size, middle));
    };
    let size = |inputs: usize| 1.8 / (inputs as f32).sqrt();
    put("embeddings.tok_embeddings".to_owned(), &[VOCAB, WIDTH], 1.0, 0.0);
    for name in ["embeddings.norm", "final_norm"] {
        put(name.to_owned(), &[WIDTH], 0.3, 1.0);
    }
    for layer in 0..LAYERS {
        for (name, outputs, inputs) in [
            ("attn.Wqkv", 3 * WIDTH, WIDTH),
            ("attn.Wo", WIDTH, WIDTH),
            ("mlp.Wi", 2 * INNER, WIDTH),
            ("mlp.Wo", WIDTH, INNER),
        ] {
            put(format!("layers.{layer}.{name}"), &[outputs, inputs], size(inputs), 0.0);
        }
        for name in ["attn_norm", "mlp_norm"].into_iter().skip(usize::from(layer == 0)) {
            put(format!("layers.{layer}.{name}"), &[WIDTH], 0.3, 1.0);
        }
    }
    all
}

const WORDS: [&str; 12] =
    ["lease", "rent", "notice", "period", "three", "months", "the", "is", "of", "bail", "préavis", "期"];

/// A tokenizer of the kind that the family has: words with BERT's template, or SentencePiece's unigrams with
/// RoBERTa's.
pub fn tokenizer(family: Family) -> Value {
    let special = |id: usize, content: &str| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    let named = |content: &str, id: usize| json!({"id": content, "ids": [id], "tokens": [content]});
    let token = |content: &str, kind: usize| json!({"SpecialToken": {"id": content, "type_id": kind}});
    let text = |name: &str, kind: usize| json!({"Sequence": {"id": name, "type_id": kind}});
    let (specials, template, pre, model);
    if matches!(family, Family::XlmRoberta | Family::MpNet) {
        specials = ["<s>", "<pad>", "</s>", "<unk>"];
        template = json!({
            "type": "TemplateProcessing",
            "single": [token("<s>", 0), text("A", 0), token("</s>", 0)],
            "pair": [token("<s>", 0), text("A", 0), token("</s>", 0), token("</s>", 0), text("B", 0), token("</s>", 0)],
            "special_tokens": {"<s>": named("<s>", 0), "</s>": named("</s>", 2)},
        });
        pre = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
        let mut vocab: Vec<Value> = specials.iter().map(|name| json!([name, 0.0])).collect();
        vocab.extend(WORDS.iter().map(|word| json!([format!("▁{word}"), -4.0])));
        vocab.extend("abcdefghijklmnopqrstuvwxyzé▁".chars().map(|one| json!([one.to_string(), -8.0])));
        model = json!({"type": "Unigram", "unk_id": 3, "vocab": vocab, "byte_fallback": false});
    } else {
        specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
        template = json!({
            "type": "TemplateProcessing",
            "single": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0)],
            "pair": [token("[CLS]", 0), text("A", 0), token("[SEP]", 0), text("B", 1), token("[SEP]", 1)],
            "special_tokens": {"[CLS]": named("[CLS]", 2), "[SEP]": named("[SEP]", 3)},
        });
        pre = json!({"type": "Whitespace"});
        let vocab: HashMap<String, usize> =
            specials.iter().chain(&WORDS).enumerate().map(|(id, word)| ((*word).to_owned(), id)).collect();
        model = json!({"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"});
    }
    let added: Vec<Value> = specials.iter().enumerate().map(|(id, name)| special(id, name)).collect();
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
           "pre_tokenizer": pre, "post_processor": template, "decoder": null, "model": model})
}

/// Writes a model's folder; `kind` is the type of its numbers.
pub fn write(folder: &Path, family: Family, tensors: &Tensors, kind: DType) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("config.json"), config(family).to_string()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer(family).to_string()).unwrap();
    let stored: Tensors = tensors.iter().map(|(name, t)| (name.clone(), t.to_dtype(kind).unwrap())).collect();
    candle_core::safetensors::save(&stored, folder.join("model.safetensors")).unwrap();
}
