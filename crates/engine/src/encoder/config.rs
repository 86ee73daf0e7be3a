//! What does a model's folder say about its encoder: family, sizes, pooling, prompts?

use super::prompts::Prompts;
use crate::error::{EngineError, Result};
use kernels::Curve;
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// The largest JSON file that is read.
const MAX_JSON: u64 = 64 << 20;
/// What is run, as it stands in `model_type`.
const SUPPORTED: &str = "bert, roberta, xlm-roberta, camembert, distilbert, mpnet, modernbert";

/// How tensors are called, and how positions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// BERT: positions from 0, two types of token.
    Bert,
    /// RoBERTa, XLM-R, CamemBERT: positions from behind the padding's id, which is counted out.
    Roberta,
    /// DistilBERT: BERT without types.
    DistilBert,
    /// MPNet: RoBERTa's positions without types, and a number for each distance between two tokens.
    MpNet,
    /// ModernBERT: rotated positions, windows, gates, no biases.
    Modern,
}

/// What only ModernBERT has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Windows {
    /// Each so many-th layer sees the whole text, the first one among them.
    pub(crate) whole: usize,
    /// How far the others see, to each side.
    pub(crate) reach: usize,
    /// The base of the rotation in layers that see the whole text, and in the others.
    pub(crate) bases: (f32, f32),
    /// Whether a rank is read from the mean of all states, not from the first.
    pub(crate) mean: bool,
}

/// How token vectors become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pooling {
    Mean,
    First,
}

/// The sizes of an encoder, checked before anything is built on them.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) family: Family,
    pub(crate) kind: String,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) layers: usize,
    pub(crate) inner: usize,
    pub(crate) vocab: usize,
    /// Rows of the table of positions.
    pub(crate) positions: usize,
    pub(crate) types: usize,
    pub(crate) epsilon: f32,
    pub(crate) curve: Curve,
    /// The padding's id.
    pub(crate) pad: u32,
    /// Widths that vectors may be cut to; empty if the model was not trained for it.
    pub(crate) cuts: Vec<usize>,
    /// Rows of MPNet's table of distances.
    pub(crate) buckets: usize,
    pub(crate) windows: Windows,
}

/// What stands in `config.json`. DistilBERT has names of its own.
#[derive(Deserialize)]
struct File {
    model_type: Option<String>,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default)]
    type_vocab_size: Option<usize>,
    #[serde(alias = "norm_eps")]
    layer_norm_eps: Option<f64>,
    #[serde(alias = "activation", alias = "hidden_activation")]
    hidden_act: Option<String>,
    pad_token_id: Option<u32>,
    position_embedding_type: Option<String>,
    #[serde(default)]
    matryoshka_dimensions: Vec<usize>,
    relative_attention_num_buckets: Option<usize>,
    global_attn_every_n_layers: Option<usize>,
    local_attention: Option<usize>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    classifier_pooling: Option<String>,
    classifier_activation: Option<String>,
    #[serde(default)]
    classifier_bias: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    norm_bias: bool,
}

impl Config {
    /// Reads and checks `config.json`.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let damaged = |what: &str| EngineError::Malformed { file: path.clone(), what: what.to_owned() };
        let unsupported = |what: String| EngineError::Unsupported { file: path.clone(), what };
        let text = read(&path)?;
        /// Read first: another family's file may have none of the sizes.
        #[derive(Deserialize)]
        struct Kind {
            model_type: Option<String>,
        }
        let kind: Kind = serde_json::from_str(&text).map_err(|e| damaged(&e.to_string()))?;
        let family = match kind.model_type.as_deref() {
            None | Some("bert") => Family::Bert,
            Some("roberta" | "xlm-roberta" | "camembert") => Family::Roberta,
            Some("distilbert") => Family::DistilBert,
            Some("mpnet") => Family::MpNet,
            Some("modernbert") => Family::Modern,
            Some(_) => {
                let found = kind.model_type.unwrap_or_default();
                return Err(EngineError::Architecture { file: path, found, supported: SUPPORTED.to_owned() });
            }
        };
        let file: File = serde_json::from_str(&text).map_err(|e| damaged(&e.to_string()))?;
        let types = match family {
            Family::DistilBert | Family::MpNet | Family::Modern => 0,
            Family::Bert => file.type_vocab_size.unwrap_or(2),
            Family::Roberta => file.type_vocab_size.unwrap_or(1),
        };
        let pad = file.pad_token_id.unwrap_or(match family {
            Family::Roberta | Family::MpNet => 1,
            Family::Bert | Family::DistilBert | Family::Modern => 0,
        });
        let limits = [
            (file.hidden_size, 16_384),
            (file.num_attention_heads, 1024),
            (file.num_hidden_layers, 1024),
            (file.intermediate_size, 1 << 16),
            (file.vocab_size, 1 << 22),
            (file.max_position_embeddings, 1 << 20),
        ];
        if limits.iter().any(|(n, most)| *n == 0 || n > most)
            || types > 1 << 16
            || pad as usize >= file.vocab_size
            || !file.hidden_size.is_multiple_of(file.num_attention_heads)
        {
            return Err(damaged("its sizes contradict each other"));
        }
        if file.position_embedding_type.as_deref().is_some_and(|kind| kind != "absolute") {
            return Err(unsupported("positions that are not absolute".to_owned()));
        }
        let buckets = file.relative_attention_num_buckets.unwrap_or(32);
        if !(4..=4096).contains(&buckets) || !buckets.is_multiple_of(4) {
            return Err(damaged("its relative_attention_num_buckets is out of range"));
        }
        let windows =
            windows(&file).ok_or_else(|| damaged("its windows, rotations or classifier_pooling are out of range"))?;
        if file.classifier_activation.as_deref().is_some_and(|curve| curve != "gelu") {
            return Err(unsupported("the activation of its classifier".to_owned()));
        }
        if file.attention_bias || file.mlp_bias || file.norm_bias || file.classifier_bias {
            return Err(unsupported("biases in ModernBERT".to_owned()));
        }
        if family == Family::Modern && !(file.hidden_size / file.num_attention_heads).is_multiple_of(2) {
            return Err(damaged("its heads have an odd number of values"));
        }
        // RoBERTa's file says 1e-5 where it means it; who says nothing means BERT's, or ModernBERT's.
        let epsilon = file.layer_norm_eps.unwrap_or(if family == Family::Modern { 1e-5 } else { 1e-12 });
        if !(0.0..1.0).contains(&epsilon) {
            return Err(damaged("its layer_norm_eps is out of range"));
        }
        let curve = match file.hidden_act.as_deref().unwrap_or("gelu") {
            "gelu" | "gelu_python" => Curve::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" | "gelu_accurate" => Curve::GeluTanh,
            "relu" => Curve::Relu,
            "silu" | "swish" => Curve::Silu,
            other => return Err(unsupported(format!("the activation '{:.40}'", other))),
        };
        let mut cuts = file.matryoshka_dimensions;
        if cuts.len() > 64 || cuts.iter().any(|cut| *cut == 0 || *cut > file.hidden_size) {
            return Err(damaged("its matryoshka_dimensions are out of range"));
        }
        cuts.sort_unstable();
        #[allow(clippy::cast_possible_truncation, reason = "a small positive number")]
        let epsilon = epsilon as f32;
        let config = Self {
            family,
            kind: file.model_type.unwrap_or_else(|| "bert".to_owned()),
            width: file.hidden_size,
            heads: file.num_attention_heads,
            layers: file.num_hidden_layers,
            inner: file.intermediate_size,
            vocab: file.vocab_size,
            positions: file.max_position_embeddings,
            types,
            epsilon,
            curve,
            pad,
            cuts,
            buckets,
            windows,
        };
        if config.longest() < 8 {
            return Err(damaged("it has too few positions"));
        }
        Ok(config)
    }

    /// A BERT of these sizes, as GGUF files have it.
    pub(crate) fn bert(kind: &str, width: usize, heads: usize, layers: usize, inner: usize, vocab: usize) -> Self {
        Self {
            family: Family::Bert,
            kind: kind.to_owned(),
            width,
            heads,
            layers,
            inner,
            vocab,
            positions: 0,
            types: 0,
            epsilon: 1e-12,
            curve: Curve::Gelu,
            pad: 0,
            cuts: Vec::new(),
            buckets: 32,
            windows: Windows { whole: 3, reach: 64, bases: (160_000.0, 10_000.0), mean: false },
        }
    }

    /// The first token's row in the table of positions.
    pub(crate) fn first_position(&self) -> usize {
        match self.family {
            Family::Bert | Family::DistilBert | Family::Modern => 0,
            Family::Roberta | Family::MpNet => self.pad as usize + 1,
        }
    }

    /// Tokens for which there are positions.
    pub(crate) fn longest(&self) -> usize {
        self.positions.saturating_sub(self.first_position())
    }
}

/// ModernBERT's windows and rotations, if they make sense.
fn windows(file: &File) -> Option<Windows> {
    let whole = file.global_attn_every_n_layers.unwrap_or(3);
    let reach = file.local_attention.unwrap_or(128) / 2;
    let base = |theta: Option<f64>, usual: f64| {
        #[allow(clippy::cast_possible_truncation, reason = "in the range that is checked")]
        Some(theta.unwrap_or(usual)).filter(|theta| (1.0..1e9).contains(theta)).map(|theta| theta as f32)
    };
    let bases = (base(file.global_rope_theta, 160_000.0)?, base(file.local_rope_theta, 10_000.0)?);
    let mean = match file.classifier_pooling.as_deref() {
        None | Some("cls") => false,
        Some("mean") => true,
        Some(_) => return None,
    };
    ((1..=1024).contains(&whole) && (1..=1 << 20).contains(&reach)).then_some(Windows { whole, reach, bases, mean })
}

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// `tokenizer_config.json`. Some say 1e30 where they mean no limit.
#[derive(Default, Deserialize)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

/// `modules.json`: what follows the transformer.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
struct Sentences {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    default_prompt_name: Option<String>,
}

/// Tokens of a text that are read: what the model's makers advise, as far as there are positions.
pub(crate) fn longest(folder: &Path, config: &Config, without: usize) -> Result<usize> {
    let sentence: SentenceConfig = optional(&folder.join("sentence_bert_config.json"))?;
    Ok(sentence.max_seq_length.unwrap_or(without).clamp(8, config.longest()))
}

/// What a reranker's tokenizer says about its length.
pub(crate) fn tokenizer_longest(folder: &Path) -> Result<Option<usize>> {
    let file: TokenizerConfig = optional(&folder.join("tokenizer_config.json"))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the range that is kept")]
    let sensible = |n: f64| ((8.0..1_048_576.0).contains(&n)).then_some(n as usize);
    Ok(file.model_max_length.and_then(sensible))
}

/// How token vectors become one: `1_Pooling/config.json`; without it, their mean.
pub(crate) fn pooling(folder: &Path) -> Result<Pooling> {
    let modules: Vec<Module> = optional(&folder.join("modules.json"))?;
    for module in modules {
        let known = ["Transformer", "Pooling", "Normalize"].iter().any(|known| module.kind.ends_with(known));
        if !known {
            let what = format!("the module '{:.100}' behind the encoder", module.kind);
            return Err(EngineError::Unsupported { file: folder.join("modules.json"), what });
        }
    }
    let path = folder.join("1_Pooling").join("config.json");
    let file: BTreeMap<String, serde_json::Value> = optional(&path)?;
    let mut modes: Vec<&str> = file
        .iter()
        .filter(|(name, on)| name.starts_with("pooling_mode_") && **on == serde_json::Value::Bool(true))
        .map(|(name, _)| &name["pooling_mode_".len()..])
        .collect();
    modes.extend(file.get("pooling_mode").and_then(serde_json::Value::as_str));
    match &modes[..] {
        [] | ["mean_tokens" | "mean"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::First),
        other => {
            Err(EngineError::Unsupported { file: path, what: format!("the pooling '{:.100}'", other.join(" + ")) })
        }
    }
}

/// The prompts that the model's makers advise.
pub(crate) fn prompts(folder: &Path) -> Result<Prompts> {
    let path = folder.join("config_sentence_transformers.json");
    let file: Sentences = optional(&path)?;
    let damaged = |what: &str| EngineError::Malformed { file: path.clone(), what: what.to_owned() };
    if file.prompts.len() > 256 || file.prompts.values().any(|prompt| prompt.len() > 4096) {
        return Err(damaged("its prompts are too many or too long"));
    }
    if file.default_prompt_name.as_ref().is_some_and(|name| !file.prompts.contains_key(name)) {
        return Err(damaged("its default prompt is not among its prompts"));
    }
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    Ok(Prompts::new(file.prompts, file.default_prompt_name, &name))
}

/// A JSON file of the folder, if it is not too large.
pub(crate) fn read(file: &Path) -> Result<String> {
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
