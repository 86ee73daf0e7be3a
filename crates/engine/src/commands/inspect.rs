//! `atelier-engine inspect FILE`: what a model file holds and what it will need.

use crate::{
    arch::{ARCHITECTURES, Shape},
    error::Result,
    gguf::{Gguf, Kind},
    models::DEFAULT_CONTEXT,
    template::ChatTemplate,
    tokenizer::Tokenizer,
};
use serde::Serialize;
use std::{collections::HashMap, path::Path};

/// What is known about a file without loading its weights.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// Size of the file.
    pub bytes: u64,
    /// The architecture.
    pub architecture: String,
    /// Whether this engine runs it: architecture, tokenizer and template are all understood.
    pub supported: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The name in the file.
    pub name: Option<String>,
    /// The licence in the file.
    pub licence: Option<String>,
    /// Number of weights.
    pub parameters: u64,
    /// The format that most weights are in.
    pub quantisation: String,
    /// Positions the model was trained for.
    pub context: Option<usize>,
    /// Whether it has a chat template.
    pub template: bool,
    /// Whether the template tells the model about tools.
    pub tools: bool,
    /// The sizes.
    pub shape: Option<Shape>,
    /// Estimated memory.
    pub memory: Vec<Memory>,
}

/// Estimated memory at a context length.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Tokens of prompt and answer together.
    pub context: usize,
    /// Bytes in all: weights, cache, working space.
    pub bytes: u64,
}

/// Working space beside weights and cache: measured, rounded up.
const WORKING: u64 = 96 << 20;

/// Inspects a file.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let file = Gguf::open(path)?;
    let architecture = file.architecture()?.to_owned();
    let known = ARCHITECTURES.iter().any(|(name, _)| *name == architecture);
    let shape = Shape::read(&file);
    let tokenizer = Tokenizer::open(&file);
    let template = tokenizer.as_ref().ok().map(|t| ChatTemplate::open(&file, t));
    let reason = if known {
        let tokenizer = tokenizer.as_ref().err().map(ToString::to_string);
        let shape = shape.as_ref().err().map(ToString::to_string);
        let template = template.as_ref().and_then(|t| t.as_ref().err()).map(ToString::to_string);
        shape.or(tokenizer).or(template)
    } else {
        Some(format!("the architecture '{architecture}' is not supported"))
    };
    let template = template.and_then(|t| t.ok().flatten());
    let shape = shape.ok();
    Ok(Inspection {
        bytes: file.file_bytes() as u64,
        supported: reason.is_none(),
        reason,
        name: file.text("general.name").map(str::to_owned),
        licence: file.text("general.license").map(str::to_owned),
        parameters: file.tensors().values().map(|t| t.elements() as u64).sum(),
        quantisation: commonest(&file).map_or_else(String::new, |kind| kind.name().to_owned()),
        context: shape.as_ref().map(|s| s.context),
        template: template.is_some(),
        tools: template.is_some_and(|t| t.tools()),
        memory: shape.as_ref().map(|s| memory(&file, s)).unwrap_or_default(),
        shape,
        architecture,
    })
}

fn commonest(file: &Gguf) -> Option<Kind> {
    let mut bytes: HashMap<Kind, usize> = HashMap::new();
    for tensor in file.tensors().values() {
        *bytes.entry(tensor.kind).or_default() += tensor.bytes;
    }
    bytes.into_iter().max_by_key(|(kind, n)| (*n, kind.name())).map(|(kind, _)| kind)
}

/// The estimate at a few context lengths up to the model's own. Weights count one and a half times:
/// they are repacked while loading.
fn memory(file: &Gguf, shape: &Shape) -> Vec<Memory> {
    let mut contexts: Vec<usize> = [2048, DEFAULT_CONTEXT, 32_768].into_iter().filter(|c| *c < shape.context).collect();
    contexts.push(shape.context);
    let weights = file.file_bytes() as u64 * 3 / 2;
    let estimate = |context: usize| weights + (context as u64) * shape.cache_bytes() as u64 + WORKING;
    contexts.into_iter().map(|context| Memory { context, bytes: estimate(context) }).collect()
}

impl Inspection {
    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
        let none = || "-".to_owned();
        let mut lines = vec![
            ("name", self.name.clone().unwrap_or_else(none)),
            ("architecture", self.architecture.clone()),
            ("runs here", self.reason.clone().map_or_else(|| yes(true), |why| format!("no: {why}"))),
            ("parameters", format!("{:.1} M", self.parameters as f64 / 1e6)),
            ("quantisation", self.quantisation.clone()),
            ("file", megabytes(self.bytes)),
            ("licence", self.licence.clone().unwrap_or_else(none)),
            ("chat template", yes(self.template)),
            ("tools", yes(self.tools)),
        ];
        for memory in &self.memory {
            lines.push(("memory", format!("{} with a context of {}", megabytes(memory.bytes), memory.context)));
        }
        lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
