//! What a text means as a vector: BERT-family sentence encoders from a folder of safetensors.

use crate::error::{EngineError, Result};
use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use serde::Deserialize;
use std::{fs, path::Path};
use tokenizers::{Tokenizer, TruncationParams};

/// Texts computed at once: more would only add memory.
const BATCH: usize = 16;
/// Tokens computed at once, padding included.
const BATCH_TOKENS: usize = 2048;
/// The largest JSON file that is read.
const MAX_JSON: u64 = 64 << 20;

/// How token vectors become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pooling {
    Mean,
    First,
}

/// A sentence encoder.
pub struct Encoder {
    model: BertModel,
    tokenizer: Tokenizer,
    pooling: Pooling,
    width: usize,
    longest: usize,
    bytes: u64,
}

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// `1_Pooling/config.json`.
#[derive(Default, Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

/// The sizes that are checked before anything is built on them.
#[derive(Deserialize)]
struct Sizes {
    model_type: Option<String>,
    hidden_size: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
}

/// An embedding with the number of tokens it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The vector, of length 1.
    pub vector: Vec<f32>,
    /// Tokens read.
    pub tokens: usize,
}

impl Encoder {
    /// Opens a folder with model.safetensors, tokenizer.json and config.json.
    pub fn open(folder: &Path) -> Result<Self> {
        let weights = folder.join("model.safetensors");
        let damaged = |file: &Path, what: String| EngineError::Malformed { file: file.to_owned(), what };
        let config_file = folder.join("config.json");
        let config_text = read(&config_file)?;
        let sizes: Sizes = serde_json::from_str(&config_text).map_err(|e| damaged(&config_file, e.to_string()))?;
        if sizes.model_type.as_deref().is_some_and(|kind| kind != "bert") {
            return Err(EngineError::Architecture {
                file: config_file,
                found: sizes.model_type.unwrap_or_default(),
                supported: "bert".to_owned(),
            });
        }
        let limits = [
            (sizes.hidden_size, 16_384),
            (sizes.num_attention_heads, 1024),
            (sizes.num_hidden_layers, 1024),
            (sizes.vocab_size, 1 << 22),
            (sizes.max_position_embeddings, 1 << 20),
        ];
        if limits.iter().any(|(n, most)| *n == 0 || n > most)
            || !sizes.hidden_size.is_multiple_of(sizes.num_attention_heads)
        {
            return Err(damaged(&config_file, "its sizes contradict each other".to_owned()));
        }
        let config: Config = serde_json::from_str(&config_text).map_err(|e| damaged(&config_file, e.to_string()))?;
        let sentence: SentenceConfig = optional(&folder.join("sentence_bert_config.json"))?;
        let pooling: PoolingConfig = optional(&folder.join("1_Pooling").join("config.json"))?;
        let longest = sentence.max_seq_length.unwrap_or(512).clamp(8, sizes.max_position_embeddings.max(8));

        let tokenizer_file = folder.join("tokenizer.json");
        let mut tokenizer = read(&tokenizer_file)?
            .parse::<Tokenizer>()
            .map_err(|e| EngineError::Tokenizer { file: tokenizer_file.clone(), what: e.to_string() })?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams { max_length: longest, ..TruncationParams::default() }))
            .map_err(|e| EngineError::Tokenizer { file: tokenizer_file.clone(), what: e.to_string() })?;
        if tokenizer.get_vocab_size(true) > sizes.vocab_size {
            return Err(damaged(&tokenizer_file, "it has more tokens than the model".to_owned()));
        }

        let bytes = fs::metadata(&weights).map_err(|source| EngineError::Io { file: weights.clone(), source })?.len();
        // SAFETY: the map is only read; a file shortened meanwhile ends this process and no other.
        let tensors = unsafe { VarBuilder::from_mmaped_safetensors(&[&weights], DType::F32, &Device::Cpu) };
        let model = tensors.and_then(|t| BertModel::load(t, &config)).map_err(|e| damaged(&weights, e.to_string()))?;
        let pooling = if pooling.pooling_mode_cls_token { Pooling::First } else { Pooling::Mean };
        Ok(Self { model, tokenizer, pooling, width: sizes.hidden_size, longest, bytes })
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }
    /// Tokens of a text that are read; the rest is cut.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }
    /// Size of the weights.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The embeddings of texts, in their order. `go_on` is asked between batches.
    pub fn embed(&self, texts: &[String], go_on: &dyn Fn() -> bool) -> Result<Vec<Embedding>> {
        let failed = |e: tokenizers::Error| EngineError::Compute(e.to_string());
        let ids: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| Ok(self.tokenizer.encode_fast(text.as_str(), true).map_err(failed)?.get_ids().to_vec()))
            .collect::<Result<_>>()?;
        // Texts of like length go together: then little is padding.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(ids[*i].len()));
        let mut done: Vec<Option<Embedding>> = vec![None; ids.len()];
        let mut rest = &order[..];
        while let Some(first) = rest.first() {
            if !go_on() {
                return Err(EngineError::Closing);
            }
            let longest = ids[*first].len().max(1);
            let (batch, more) = rest.split_at((BATCH_TOKENS / longest).clamp(1, BATCH).min(rest.len()));
            let tokens: Vec<&[u32]> = batch.iter().map(|i| &ids[*i][..]).collect();
            for (i, vector) in batch.iter().zip(self.batch(&tokens)?) {
                done[*i] = Some(Embedding { vector, tokens: ids[*i].len() });
            }
            rest = more;
        }
        done.into_iter().map(|e| e.ok_or_else(|| EngineError::Compute("a text was left out".to_owned()))).collect()
    }

    fn batch(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let longest = texts.iter().map(|ids| ids.len()).max().unwrap_or(1).max(1);
        let padded = |f: &dyn Fn(&[u32], usize) -> u32| -> Result<Tensor> {
            let values: Vec<u32> = texts.iter().flat_map(|ids| (0..longest).map(|i| f(ids, i))).collect();
            Ok(Tensor::from_vec(values, (texts.len(), longest), &Device::Cpu)?)
        };
        let ids = padded(&|ids, i| ids.get(i).copied().unwrap_or(0))?;
        let mask = padded(&|ids, i| u32::from(i < ids.len()))?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let pooled = match self.pooling {
            Pooling::First => states.i((.., 0))?,
            Pooling::Mean => {
                let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
                states.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?
            }
        };
        let length = pooled.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(1e-12)?;
        Ok(pooled.broadcast_div(&length)?.to_vec2()?)
    }
}

fn read(file: &Path) -> Result<String> {
    let io = |source| EngineError::Io { file: file.to_owned(), source };
    let bytes = fs::metadata(file).map_err(io)?.len();
    if bytes > MAX_JSON {
        return Err(EngineError::Malformed { file: file.to_owned(), what: format!("it has {bytes} bytes") });
    }
    fs::read_to_string(file).map_err(io)
}

fn optional<T: Default + for<'a> Deserialize<'a>>(file: &Path) -> Result<T> {
    if !file.exists() {
        return Ok(T::default());
    }
    serde_json::from_str(&read(file)?)
        .map_err(|e| EngineError::Malformed { file: file.to_owned(), what: e.to_string() })
}
