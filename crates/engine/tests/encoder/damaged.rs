//! What does the engine say of a folder that is not as it should be? Never nothing, and never a panic.

use crate::model::{self, Family, Tensors, VOCAB, WIDTH};
use candle_core::{DType, Device, Tensor};
use engine::{
    encoder::{Encoder, Input, Ranker},
    error::EngineError,
};
use kernels::Precision;
use std::{fs, path::Path};

fn refused(folder: &Path) -> EngineError {
    Encoder::open(folder, 1, Precision::File).err().unwrap()
}

fn good(folder: &Path) -> Tensors {
    let tensors = model::tensors(Family::Bert, "", 1);
    model::write(folder, Family::Bert, &tensors, DType::F32);
    tensors
}

#[test]
fn wrong_tensors_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = good(folder.path());
    let name = "encoder.layer.1.output.dense.weight";
    let file = folder.path().join("model.safetensors");
    let zeros = |shape: &[usize], kind| Tensor::zeros(shape, kind, &Device::Cpu).unwrap();
    let holes = Tensor::full(f32::NAN, (WIDTH, model::INNER), &Device::Cpu).unwrap();
    for (change, code) in [
        (None, "model.incomplete"),
        (Some(zeros(&[WIDTH, WIDTH], DType::F32)), "model.malformed"),
        (Some(zeros(&[WIDTH, model::INNER], DType::U8)), "model.unsupported"),
        (Some(holes), "model.malformed"),
    ] {
        let mut changed = tensors.clone();
        match change {
            None => drop(changed.remove(name)),
            Some(tensor) => drop(changed.insert(name.to_owned(), tensor)),
        }
        candle_core::safetensors::save(&changed, &file).unwrap();
        let error = refused(folder.path());
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    let file = folder.path().join("model.safetensors");
    let whole = fs::read(&file).unwrap();
    for length in (0..whole.len()).step_by(997) {
        fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(refused(folder.path()).code(), "model.malformed", "{length} bytes");
    }
    // Any byte of the header altered: an error or a model, but no panic.
    let header = usize::try_from(u64::from_le_bytes(whole[..8].try_into().unwrap())).unwrap();
    for at in (0..8 + header).step_by(11) {
        let mut altered = whole.clone();
        altered[at] = altered[at].wrapping_add(1);
        fs::write(&file, &altered).unwrap();
        drop(Encoder::open(folder.path(), 1, Precision::File));
    }
}

#[test]
fn pickles_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    let file = folder.path().join("model.safetensors");
    fs::rename(&file, folder.path().join("pytorch_model.bin")).unwrap();
    let error = refused(folder.path());
    assert_eq!(error.code(), "model.unsupported");
    assert!(error.to_string().contains("pickle") && error.to_string().contains("pytorch_model.bin"), "{error}");
    fs::remove_file(folder.path().join("pytorch_model.bin")).unwrap();
    assert_eq!(refused(folder.path()).code(), "model.unreadable");
}

#[test]
fn an_index_names_files_of_its_folder_only() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    let index = folder.path().join("model.safetensors.index.json");
    for name in
        ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "a.bin", "", ".safetensors", "c:x.safetensors"]
    {
        fs::write(&index, serde_json::json!({"weight_map": {"x": name}}).to_string()).unwrap();
        assert_eq!(refused(folder.path()).code(), "model.malformed", "{name}");
    }
    fs::write(&index, r#"{"weight_map": {"x": "gone.safetensors"}}"#).unwrap();
    assert_eq!(refused(folder.path()).code(), "model.unreadable");
    fs::write(&index, r#"{"weight_map": {}}"#).unwrap();
    assert_eq!(refused(folder.path()).code(), "model.malformed");
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    let path = folder.path().join("config.json");
    for (field, value, code) in [
        ("hidden_size", serde_json::json!(0), "model.malformed"),
        ("hidden_size", serde_json::json!(u64::MAX), "model.malformed"),
        ("hidden_size", serde_json::json!(-1), "model.malformed"),
        ("num_attention_heads", serde_json::json!(5), "model.malformed"),
        ("num_hidden_layers", serde_json::json!(1000), "model.incomplete"),
        ("intermediate_size", serde_json::json!(81), "model.malformed"),
        ("vocab_size", serde_json::json!(VOCAB + 1), "model.malformed"),
        ("max_position_embeddings", serde_json::json!(3), "model.malformed"),
        ("pad_token_id", serde_json::json!(VOCAB), "model.malformed"),
        ("layer_norm_eps", serde_json::json!(-1.0), "model.malformed"),
        ("hidden_act", serde_json::json!("wobble"), "model.unsupported"),
        ("position_embedding_type", serde_json::json!("relative_key"), "model.unsupported"),
        ("model_type", serde_json::json!("t5"), "model.architecture"),
        ("matryoshka_dimensions", serde_json::json!([0]), "model.malformed"),
    ] {
        let mut config = model::config(Family::Bert);
        config[field] = value.clone();
        fs::write(&path, config.to_string()).unwrap();
        assert_eq!(refused(folder.path()).code(), code, "{field} {value}");
    }
}

#[test]
fn an_encoder_without_a_head_is_no_reranker() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = good(folder.path());
    tensors.retain(|name, _| !name.starts_with("classifier"));
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    let error = Ranker::open(folder.path(), 1, Precision::File).err().unwrap();
    assert_eq!(error.code(), "model.incomplete");
    // One with more labels sorts into kinds; it does not rank.
    tensors.insert("classifier.weight".into(), Tensor::zeros((3, WIDTH), DType::F32, &Device::Cpu).unwrap());
    tensors.insert("classifier.bias".into(), Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap());
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    let error = Ranker::open(folder.path(), 1, Precision::File).err().unwrap();
    assert_eq!(error.code(), "model.malformed");
}

#[test]
fn tokens_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    let mut encoder = Encoder::open(folder.path(), 1, Precision::File).unwrap();
    let mut code = |ids: Vec<u32>| encoder.embed(&[Input::Tokens(ids)], &|| true).unwrap_err().code();
    assert_eq!(code(vec![]), "invalid_request");
    assert_eq!(code(vec![0, VOCAB as u32]), "invalid_request");
    assert_eq!(code(vec![u32::MAX]), "invalid_request");
    assert_eq!(code(vec![0; 71]), "context_length_exceeded");
}

/// Every number of the file is finite, and what is computed from them is not.
#[test]
fn a_vector_that_overflows_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = good(folder.path());
    for (name, tensor) in &mut tensors {
        if name.contains("LayerNorm.weight") {
            *tensor = Tensor::full(3e38f32, WIDTH, &Device::Cpu).unwrap();
        }
    }
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    let mut encoder = Encoder::open(folder.path(), 1, Precision::File).unwrap();
    let error = encoder.embed(&[Input::Tokens(vec![2, 5, 3])], &|| true).unwrap_err();
    assert_eq!(error.code(), "compute", "{error}");
    let mut ranker = Ranker::open(folder.path(), 1, Precision::File).unwrap();
    assert_eq!(ranker.rank("rent", &["lease".to_owned()], &|| true).unwrap_err().code(), "compute");
}

/// The library panics on it, with the first text that needs the token.
#[test]
fn a_template_without_its_token_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path());
    let mut tokenizer = model::tokenizer(Family::Bert);
    tokenizer["post_processor"]["pair"][4]["SpecialToken"]["id"] = "[SMP]".into();
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let mut ranker = Ranker::open(folder.path(), 1, Precision::File).unwrap();
    let error = ranker.rank("rent", &["lease".to_owned()], &|| true).unwrap_err();
    assert_eq!(error.code(), "compute", "{error}");
}
