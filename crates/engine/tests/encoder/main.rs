//! Do the encoders give the vectors and scores that others compute from the same weights?
//!
//! Three references, none of them ours: candle's models in f32, a plain computation in f64 that
//! `tests/python/encoder_numpy.py` recorded on the starter model, and for the order of tokens the tokenizers
//! crate. Between batches and thread counts nothing may differ at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damaged;
mod gguf;
mod model;
mod mpnet;
#[path = "../common/starter.rs"]
mod starter;

use base64::{Engine, prelude::BASE64_STANDARD};
use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::{Module, VarBuilder};
use candle_transformers::models::{bert, distilbert, modernbert, xlm_roberta};
use engine::encoder::{Embedding, Encoder, Input, Ranker, normalise};
use kernels::Precision;
use model::{Family, Random, Tensors, VOCAB};
use std::path::Path;

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn embed(encoder: &mut Encoder, inputs: &[Input]) -> Vec<Embedding> {
    encoder.embed(inputs, &|| true).unwrap()
}

fn row(ids: &[u32]) -> Tensor {
    Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap()
}

/// The states that candle's model gives for one text.
fn candle_states(family: Family, tensors: &Tensors, ids: &[u32]) -> Tensor {
    if family == Family::MpNet {
        return mpnet::states(tensors, ids);
    }
    let weights = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
    let (ids, config) = (row(ids), model::config(family));
    let states = match family {
        Family::MpNet => unreachable!("above"),
        Family::Modern => {
            let mut config = config;
            config["layer_norm_eps"] = config["norm_eps"].clone();
            let named = tensors.iter().map(|(name, tensor)| (format!("model.{name}"), tensor.clone())).collect();
            let weights = VarBuilder::from_tensors(named, DType::F32, &Device::Cpu);
            let model = modernbert::ModernBert::load(weights, &serde_json::from_value(config).unwrap()).unwrap();
            model.forward(&ids, &ids.ones_like().unwrap())
        }
        Family::Bert => {
            let model = bert::BertModel::load(weights, &serde_json::from_value(config).unwrap()).unwrap();
            model.forward(&ids, &ids.zeros_like().unwrap(), None)
        }
        Family::XlmRoberta => {
            let config: xlm_roberta::Config = serde_json::from_value(config).unwrap();
            let model = xlm_roberta::XLMRobertaModel::new(&config, weights).unwrap();
            model.forward(&ids, &ids.ones_like().unwrap(), &ids.zeros_like().unwrap(), None, None, None)
        }
        Family::DistilBert => {
            let mut config = config;
            config["activation"] = "gelu".into();
            config["initializer_range"] = 0.02.into();
            let model = distilbert::DistilBertModel::load(weights, &serde_json::from_value(config).unwrap()).unwrap();
            let long = ids.dim(1).unwrap();
            model.forward(&ids, &Tensor::zeros((long, long), DType::U8, &Device::Cpu).unwrap())
        }
    };
    states.unwrap().i(0).unwrap()
}

fn random_ids(random: &mut Random, length: usize) -> Vec<u32> {
    (0..length).map(|_| (random.next() % VOCAB as u64) as u32).collect()
}

/// Each family, each kind of number, texts of all lengths, also with the padding's id inside.
#[test]
fn vectors_agree_with_candle() {
    for family in [Family::Bert, Family::XlmRoberta, Family::DistilBert, Family::MpNet, Family::Modern] {
        let folder = tempfile::tempdir().unwrap();
        let tensors = model::tensors(family, "", 3);
        let mut random = Random(8);
        let texts: Vec<Vec<u32>> = [1, 2, 7, 16, 33, 64].map(|length| random_ids(&mut random, length)).into();
        let inputs: Vec<Input> = texts.iter().cloned().map(Input::Tokens).collect();
        for (kind, kept, least) in [
            (DType::F32, Precision::File, 0.999_999),
            (DType::F16, Precision::File, 0.999_99),
            (DType::BF16, Precision::File, 0.999),
            (DType::F32, Precision::F16, 0.999_99),
            (DType::F32, Precision::Int8, 0.99),
        ] {
            let here = folder.path().join(format!("{kind:?}"));
            model::write(&here, family, &tensors, kind);
            let mut encoder = Encoder::open(&here, 2, kept).unwrap();
            for (ids, found) in texts.iter().zip(embed(&mut encoder, &inputs)) {
                assert_eq!(found.tokens, ids.len());
                let states = candle_states(family, &tensors, ids);
                let mut mean: Vec<f32> = states.mean(0).unwrap().to_vec1().unwrap();
                let near = cosine(&mean, &found.vector);
                assert!(near > least, "{family:?} {kind:?} {kept:?}, {} tokens: {near}", ids.len());
                if kind == DType::F32 && kept == Precision::File {
                    normalise(&mut mean);
                    let off = mean.iter().zip(&found.vector).fold(0f32, |off, (a, b)| off.max((a - b).abs()));
                    assert!(off < 2e-6, "{family:?}, {} tokens: {off}", ids.len());
                }
            }
        }
    }
}

#[test]
fn the_first_token_stands_for_a_text_where_the_model_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = model::tensors(Family::Bert, "bert.", 4);
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    std::fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    let pooling = folder.path().join("1_Pooling/config.json");
    std::fs::write(&pooling, r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#).unwrap();
    let mut encoder = Encoder::open(folder.path(), 1, Precision::File).unwrap();
    let ids = vec![2, 9, 5, 3];
    let found = &embed(&mut encoder, &[Input::Tokens(ids.clone())])[0];
    let bare: Tensors =
        tensors.iter().map(|(name, t)| (name.trim_start_matches("bert.").to_owned(), t.clone())).collect();
    let first: Vec<f32> = candle_states(Family::Bert, &bare, &ids).i(0).unwrap().to_vec1().unwrap();
    assert!(cosine(&first, &found.vector) > 0.999_999);
    std::fs::write(&pooling, r#"{"pooling_mode_max_tokens": true}"#).unwrap();
    let refused = Encoder::open(folder.path(), 1, Precision::File).err().unwrap();
    assert_eq!(refused.code(), "model.unsupported", "{refused}");
}

/// A vector is the same to the bit alone, in any company, in any order, on one thread and on several.
#[test]
fn company_and_threads_change_nothing() {
    for family in [Family::Bert, Family::XlmRoberta, Family::MpNet, Family::Modern] {
        for kept in [Precision::File, Precision::F16, Precision::Int8] {
            let folder = tempfile::tempdir().unwrap();
            model::write(folder.path(), family, &model::tensors(family, "", 5), DType::F32);
            let mut random = Random(12);
            let inputs: Vec<Input> = (0..90)
                .map(|_| {
                    let length = 1 + random.next() as usize % 60;
                    Input::Tokens(random_ids(&mut random, length))
                })
                .collect();
            let mut one = Encoder::open(folder.path(), 1, kept).unwrap();
            let together = embed(&mut one, &inputs);
            for (input, expected) in inputs.iter().zip(&together) {
                assert_eq!(embed(&mut one, std::slice::from_ref(input))[0], *expected, "{family:?} {kept:?}");
            }
            let mut backwards = inputs.clone();
            backwards.reverse();
            let mut three = Encoder::open(folder.path(), 3, kept).unwrap();
            let mut found = embed(&mut three, &backwards);
            found.reverse();
            assert!(found == together, "{family:?} {kept:?}");
        }
    }
}

/// Pairs are tokenised as the model was trained on them, and scored as candle's classifier does.
#[test]
fn scores_agree_with_candle() {
    let query = "notice period";
    let documents = ["the notice period is three months", "rent", "", "lease of the bail préavis 期 unknownword"];
    for family in [Family::XlmRoberta, Family::Bert, Family::DistilBert, Family::MpNet, Family::Modern] {
        let folder = tempfile::tempdir().unwrap();
        let prefix = match family {
            Family::Bert => "bert.",
            Family::XlmRoberta => "roberta.",
            Family::DistilBert => "distilbert.",
            Family::MpNet => "mpnet.",
            Family::Modern => "model.",
        };
        let tensors = model::tensors(family, prefix, 6);
        model::write(folder.path(), family, &tensors, DType::F32);
        let mut ranker = Ranker::open(folder.path(), 2, Precision::File).unwrap();
        let scores = ranker.rank(query, &documents.map(str::to_owned), &|| true).unwrap();
        let tokenizer: tokenizers::Tokenizer = model::tokenizer(family).to_string().parse().unwrap();
        for (document, score) in documents.iter().zip(&scores) {
            let pair = tokenizer.encode((query, *document), true).unwrap();
            assert_eq!(score.tokens, pair.len(), "{family:?} {document}");
            let expected = candle_score(family, &tensors, prefix, pair.get_ids(), pair.get_type_ids());
            assert!((score.logit - expected).abs() < 1e-5, "{family:?} {document}: {} {expected}", score.logit);
            let relevance = score.relevance();
            assert!((relevance - 1.0 / (1.0 + f64::from(-expected).exp())).abs() < 1e-5);
        }
        // Documents that differ must be told apart, or the test proves nothing.
        assert!((scores[0].logit - scores[1].logit).abs() > 1e-3);
    }
}

fn candle_score(family: Family, tensors: &Tensors, prefix: &str, ids: &[u32], types: &[u32]) -> f32 {
    let bare: Tensors =
        tensors.iter().map(|(name, t)| (name.strip_prefix(prefix).unwrap_or(name).to_owned(), t.clone())).collect();
    let weights = VarBuilder::from_tensors(tensors.clone(), DType::F32, &Device::Cpu);
    let dense = |state: &Tensor, name: &str| {
        let weight = tensors.get(&format!("{name}.weight")).unwrap();
        state.matmul(&weight.t().unwrap()).unwrap().broadcast_add(&tensors[&format!("{name}.bias")]).unwrap()
    };
    let logit = match family {
        Family::XlmRoberta => {
            let config: xlm_roberta::Config = serde_json::from_value(model::config(family)).unwrap();
            let whole = xlm_roberta::XLMRobertaForSequenceClassification::new(1, &config, weights).unwrap();
            let ids = row(ids);
            whole.forward(&ids, &ids.ones_like().unwrap(), &ids.zeros_like().unwrap()).unwrap()
        }
        Family::Bert => {
            let config = serde_json::from_value(model::config(family)).unwrap();
            let model = bert::BertModel::load(weights, &config).unwrap();
            let first = model.forward(&row(ids), &row(types), None).unwrap().i((.., 0)).unwrap().contiguous().unwrap();
            dense(&dense(&first, "bert.pooler.dense").tanh().unwrap(), "classifier")
        }
        Family::Modern => {
            let mean = candle_states(family, &bare, ids).mean_keepdim(0).unwrap();
            let bent = mean.matmul(&tensors["head.dense.weight"].t().unwrap()).unwrap().gelu_erf().unwrap();
            let norm = candle_nn::LayerNorm::new_no_bias(tensors["head.norm.weight"].clone(), 1e-5);
            dense(&norm.forward(&bent).unwrap(), "classifier")
        }
        Family::MpNet => {
            let first = candle_states(family, &bare, ids).i(0).unwrap().unsqueeze(0).unwrap();
            dense(&dense(&first, "classifier.dense").tanh().unwrap(), "classifier.out_proj")
        }
        Family::DistilBert => {
            let first = candle_states(family, &bare, ids).i(0).unwrap().unsqueeze(0).unwrap();
            dense(&dense(&first, "pre_classifier").relu().unwrap(), "classifier")
        }
    };
    logit.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0]
}

/// Too long a document loses its end, too long a query leaves room for the document, and a document that
/// spells the separator cannot end itself.
#[test]
fn pairs_keep_to_the_models_length() {
    for family in [Family::Bert, Family::XlmRoberta] {
        let folder = tempfile::tempdir().unwrap();
        model::write(folder.path(), family, &model::tensors(family, "", 7), DType::F32);
        let mut ranker = Ranker::open(folder.path(), 1, Precision::File).unwrap();
        let longest = ranker.longest();
        assert_eq!(longest, if family == Family::Bert { 70 } else { 68 });
        let mut rank = |query: &str, documents: &[&str]| {
            let documents: Vec<String> = documents.iter().map(|text| (*text).to_owned()).collect();
            ranker.rank(query, &documents, &|| true).unwrap()
        };
        let cut = rank("notice", &[&"rent ".repeat(500), &("rent ".repeat(500) + "lease")]);
        assert_eq!((cut[0].tokens, cut[0].logit), (longest, cut[1].logit));
        let crowded = rank(&"notice ".repeat(500), &["rent", "lease"]);
        assert!(crowded[0].logit != crowded[1].logit, "{family:?}: the documents are still read");
        let (separator, added) = if family == Family::Bert { ("[SEP]", 3) } else { ("</s>", 4) };
        let forged = rank("notice", &[separator])[0];
        assert!(forged.tokens > added + 2, "{family:?}: letters, not a token");
    }
}

/// The starter model against the recorded computation in f64, in every precision.
#[test]
fn the_starter_model_agrees_with_the_record() {
    let Some(models) = starter::models() else { return };
    let folder = models.join(starter::EMBEDDING);
    let record: serde_json::Value = serde_json::from_str(include_str!("minilm.json")).unwrap();
    let rows = record["texts"].as_array().unwrap();
    let inputs: Vec<Input> = rows.iter().map(|row| Input::Text(row["text"].as_str().unwrap().to_owned())).collect();
    let mut compared = 0;
    for (kept, least) in [(Precision::File, 0.999_999), (Precision::F16, 0.999_99), (Precision::Int8, 0.99)] {
        let mut encoder = Encoder::open(&folder, 2, kept).unwrap();
        for (row, found) in rows.iter().zip(embed(&mut encoder, &inputs)) {
            // A copy of the model without sentence_bert_config.json reads more of the longest text.
            if row["tokens"] == 256 && found.tokens != 256 {
                continue;
            }
            assert_eq!(row["tokens"], found.tokens, "{}", row["text"]);
            let bytes = BASE64_STANDARD.decode(row["vector"].as_str().unwrap()).unwrap();
            let expected: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            let near = cosine(&expected, &found.vector);
            // Without a word the two special tokens are all there is, and 8 bits tell less of them.
            let least = if row["text"] == "" && kept == Precision::Int8 { 0.98 } else { least };
            assert!(near > least, "{kept:?} {}: {near}", row["text"]);
            compared += 1;
        }
    }
    assert!(compared >= 3 * 12, "{compared} texts were compared");
}

/// A file in parts is the model in one file.
#[test]
fn weights_may_come_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = model::tensors(Family::Bert, "", 3);
    model::write(folder.path(), Family::Bert, &tensors, DType::F32);
    let input = [Input::Tokens(vec![2, 7, 9, 3])];
    let whole = embed(&mut Encoder::open(folder.path(), 1, Precision::File).unwrap(), &input);
    split(folder.path(), &tensors);
    assert_eq!(embed(&mut Encoder::open(folder.path(), 1, Precision::File).unwrap(), &input), whole);
}

fn split(folder: &Path, tensors: &Tensors) {
    std::fs::remove_file(folder.join("model.safetensors")).unwrap();
    let name = |name: &str| format!("model-0000{}-of-00002.safetensors", 1 + name.len() % 2);
    for part in ["a", "bb"] {
        let some: Tensors =
            tensors.iter().filter(|(n, _)| name(n) == name(part)).map(|(n, t)| (n.clone(), t.clone())).collect();
        candle_core::safetensors::save(&some, folder.join(name(part))).unwrap();
    }
    let map: std::collections::HashMap<&String, String> = tensors.keys().map(|n| (n, name(n))).collect();
    std::fs::write(folder.join("model.safetensors.index.json"), serde_json::json!({"weight_map": map}).to_string())
        .unwrap();
}

#[test]
fn nobody_waiting_ends_the_work() {
    let folder = tempfile::tempdir().unwrap();
    model::write(folder.path(), Family::Bert, &model::tensors(Family::Bert, "", 3), DType::F32);
    let mut encoder = Encoder::open(folder.path(), 1, Precision::File).unwrap();
    let inputs = vec![Input::Tokens(vec![5; 60]); 200];
    let asked = std::cell::Cell::new(0);
    let ended = encoder.embed(&inputs, &|| {
        asked.set(asked.get() + 1);
        asked.get() < 6
    });
    assert_eq!(ended.unwrap_err().code(), "closing");
    assert_eq!(asked.get(), 6, "it is asked between batches and no more is computed");
}
