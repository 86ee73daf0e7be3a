//! Is a GGUF file of an encoder the model that its folder is?

use crate::{
    cosine, embed,
    model::{self, Family, HEADS, INNER, LAYERS, POSITIONS, Tensors, VOCAB, WIDTH},
    starter,
};
use candle_core::{
    DType, Device,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
};
use engine::encoder::{Encoder, Input};
use kernels::Precision;
use std::{fs::File, path::Path};

/// The name in a file of a tensor of a folder; none for what an encoder's file does not have.
fn name(folder: &str) -> Option<String> {
    let outside = [
        ("embeddings.word_embeddings.weight", "token_embd.weight"),
        ("embeddings.position_embeddings.weight", "position_embd.weight"),
        ("embeddings.token_type_embeddings.weight", "token_types.weight"),
        ("embeddings.LayerNorm.weight", "token_embd_norm.weight"),
        ("embeddings.LayerNorm.bias", "token_embd_norm.bias"),
    ];
    if let Some((_, name)) = outside.iter().find(|(own, _)| *own == folder) {
        return Some((*name).to_owned());
    }
    let (layer, part) = folder.strip_prefix("encoder.layer.")?.split_once('.')?;
    let (part, end) = part.rsplit_once('.')?;
    let part = match part {
        "attention.self.query" => "attn_q",
        "attention.self.key" => "attn_k",
        "attention.self.value" => "attn_v",
        "attention.output.dense" => "attn_output",
        "attention.output.LayerNorm" => "attn_output_norm",
        "intermediate.dense" => "ffn_up",
        "output.dense" => "ffn_down",
        "output.LayerNorm" => "layer_output_norm",
        _ => return None,
    };
    Some(format!("blk.{layer}.{part}.{end}"))
}

struct Sizes {
    layers: usize,
    width: usize,
    heads: usize,
    inner: usize,
    longest: usize,
}

/// Writes tensors as llama.cpp's converter does: vectors in f32, matrices as `kind`.
fn write(path: &Path, tensors: &Tensors, sizes: &Sizes, tokens: &[String], more: &[(&str, Value)], kind: GgmlDType) {
    let count = |n: usize| Value::U32(u32::try_from(n).unwrap());
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let kinds = tokens.iter().map(|token| Value::I32(if special.contains(&token.as_str()) { 3 } else { 1 })).collect();
    let texts = tokens.iter().map(|token| {
        let plain = special.contains(&token.as_str());
        let own = token.strip_prefix("##").map(str::to_owned);
        Value::String(own.unwrap_or_else(|| if plain { token.clone() } else { format!("\u{2581}{token}") }))
    });
    let mut metadata = vec![
        ("general.architecture", Value::String("bert".into())),
        ("bert.block_count", count(sizes.layers)),
        ("bert.embedding_length", count(sizes.width)),
        ("bert.feed_forward_length", count(sizes.inner)),
        ("bert.attention.head_count", count(sizes.heads)),
        ("bert.context_length", count(sizes.longest)),
        ("bert.attention.causal", Value::Bool(false)),
        ("tokenizer.ggml.model", Value::String("bert".into())),
        ("tokenizer.ggml.tokens", Value::Array(texts.collect())),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
    ];
    metadata.retain(|(key, _)| !more.iter().any(|(own, _)| own == key));
    metadata.extend(more.iter().map(|(key, value)| (*key, value.clone())));
    let converted: Vec<(String, QTensor)> = tensors
        .iter()
        .filter_map(|(folder, tensor)| {
            let plain = tensor.rank() == 1 || tensor.dims()[1] % 32 != 0;
            let tensor = tensor.to_dtype(DType::F32).unwrap();
            Some((name(folder)?, QTensor::quantize(&tensor, if plain { GgmlDType::F32 } else { kind }).unwrap()))
        })
        .collect();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let converted: Vec<(&str, &QTensor)> = converted.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut File::create(path).unwrap(), &metadata, &converted).unwrap();
}

fn words() -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
    special.iter().map(|word| (*word).to_owned()).chain((4..VOCAB).map(|id| format!("w{id}"))).collect()
}

const SMALL: Sizes = Sizes { layers: LAYERS, width: WIDTH, heads: HEADS, inner: INNER, longest: POSITIONS };

#[test]
fn a_file_gives_the_vectors_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = model::tensors(Family::Bert, "", 3);
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    let file = folder.path().join("small.gguf");
    let epsilon = ("bert.attention.layer_norm_epsilon", Value::F32(1e-5));
    write(&file, &tensors, &SMALL, &words(), std::slice::from_ref(&epsilon), GgmlDType::F32);
    let inputs: Vec<Input> = [vec![2, 9, 5, 3], (0..64).collect()].map(Input::Tokens).into();
    let vectors = embed(&mut Encoder::open(folder.path(), 1, Precision::File).unwrap(), &inputs);
    let mut encoder = Encoder::open(&file, 2, Precision::File).unwrap();
    assert_eq!((encoder.longest(), encoder.width(), encoder.kind()), (POSITIONS, WIDTH, "bert"));
    assert_eq!(embed(&mut encoder, &inputs), vectors);

    for (more, code) in [
        (("general.architecture", Value::String("nomic-bert".into())), "model.architecture"),
        (("bert.pooling_type", Value::U32(3)), "model.unsupported"),
        (("bert.attention.causal", Value::Bool(true)), "model.unsupported"),
        (("bert.attention.head_count", Value::U32(5)), "model.malformed"),
        (("bert.block_count", Value::U32(9)), "model.incomplete"),
        (("bert.block_count", Value::U32(1)), "model.unsupported"),
        (("bert.feed_forward_length", Value::U32(81)), "model.malformed"),
        (("bert.context_length", Value::U32(3)), "model.malformed"),
        (("tokenizer.ggml.model", Value::String("gpt2".into())), "model.tokenizer"),
        (("tokenizer.ggml.token_type", Value::Array(vec![Value::I32(1)])), "model.tokenizer"),
        (("tokenizer.ggml.tokens", Value::Array(vec![Value::String("a".into()); VOCAB])), "model.tokenizer"),
        (("tokenizer.ggml.model", Value::String("t5".into())), "model.tokenizer"),
    ] {
        write(&file, &tensors, &SMALL, &words(), std::slice::from_ref(&more), GgmlDType::F32);
        let refused = Encoder::open(&file, 1, Precision::File).err().unwrap_or_else(|| panic!("taken: {more:?}"));
        assert_eq!(refused.code(), code, "{more:?}: {refused}");
    }
}

/// The starter's encoder, written as people find it: texts in many languages, in f16 and in 8 and 4 bits.
#[test]
fn the_starter_model_as_a_file_is_near_its_folder() {
    let Some(models) = starter::models() else { return };
    let folder = models.join(starter::EMBEDDING);
    let tensors = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu).unwrap();
    let tokenizer = tokenizers::Tokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    let tokens: Vec<String> = (0..30_522).map(|id| tokenizer.id_to_token(id).unwrap()).collect();
    let sizes = Sizes { layers: 6, width: 384, heads: 12, inner: 1536, longest: 256 };
    let record: serde_json::Value = serde_json::from_str(include_str!("minilm.json")).unwrap();
    let texts = record["texts"].as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap().to_owned());
    let inputs: Vec<Input> = texts.filter(|text| text.len() < 600).map(Input::Text).collect();
    let vectors = embed(&mut Encoder::open(&folder, 2, Precision::File).unwrap(), &inputs);
    let here = tempfile::tempdir().unwrap();
    for (kind, least) in [(GgmlDType::F16, 0.999_99), (GgmlDType::Q8_0, 0.999), (GgmlDType::Q4_1, 0.9)] {
        let file = here.path().join("starter.gguf");
        write(&file, &tensors, &sizes, &tokens, &[], kind);
        let found = embed(&mut Encoder::open(&file, 2, Precision::File).unwrap(), &inputs);
        for (input, (own, expected)) in inputs.iter().zip(found.iter().zip(&vectors)) {
            assert_eq!(own.tokens, expected.tokens, "{input:?}");
            let near = cosine(&own.vector, &expected.vector);
            assert!(near > least, "{kind:?} {input:?}: {near}");
        }
    }
}
