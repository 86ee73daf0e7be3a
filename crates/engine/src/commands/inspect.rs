//! `atelier-engine inspect FILE`: what a model file holds and what it will need.

use crate::{
    arch::{Memory, Shape},
    error::{EngineError, Result},
    gguf::{Gguf, Kind},
    models::{DEFAULT_CONTEXT, Examined, examine},
};
use kernels::KvKind;
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
    /// Why not: a stable code and a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
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
    /// Estimated memory, where the sizes can be read.
    pub memory: Option<Memory>,
    /// Bytes that writing a token reads, where the sizes can be read.
    pub read_per_token: Option<u64>,
}

/// Why the engine does not run a file.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// The error's stable code.
    pub code: &'static str,
    /// What is in the way.
    pub message: String,
}

impl From<&EngineError> for Reason {
    fn from(error: &EngineError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// Inspects a file.
pub fn inspect(path: &Path) -> Result<Inspection> {
    let file = Gguf::open(path)?;
    let architecture = file.architecture()?.to_owned();
    let examined = examine(&file);
    let reason = match &examined {
        Err(error) => Some(Reason::from(error)),
        Ok(Examined { template: None, .. }) => Some(Reason::from(&file.missing("chat template"))),
        Ok(_) => None,
    };
    // Of a file that does not run, the sizes are shown where they can be read.
    let (shape, template) = match examined {
        Ok(examined) => (Some(examined.shape), examined.template),
        Err(_) => (Shape::read(&file).ok(), None),
    };
    Ok(Inspection {
        bytes: file.file_bytes() as u64,
        supported: reason.is_none(),
        reason,
        name: file.text("general.name").map(str::to_owned),
        licence: file.text("general.license").map(str::to_owned),
        parameters: file.tensors().values().map(|t| t.elements() as u64).fold(0, u64::saturating_add),
        quantisation: commonest(&file).map_or_else(String::new, |kind| kind.name().to_owned()),
        context: shape.as_ref().map(|s| s.context),
        template: template.is_some(),
        tools: template.is_some_and(|t| t.tools()),
        memory: shape.as_ref().map(|shape| Memory::of(&file, shape)),
        read_per_token: shape.as_ref().map(|shape| super::bench::read_per_token(&file, shape) as u64),
        shape,
        architecture,
    })
}

fn commonest(file: &Gguf) -> Option<Kind> {
    let mut bytes: HashMap<Kind, usize> = HashMap::new();
    for tensor in file.tensors().values() {
        let all = bytes.entry(tensor.kind).or_default();
        *all = all.saturating_add(tensor.bytes);
    }
    bytes.into_iter().max_by_key(|(kind, n)| (*n, kind.name())).map(|(kind, _)| kind)
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
            ("runs here", self.reason.as_ref().map_or_else(|| yes(true), |why| format!("no: {}", why.message))),
            ("parameters", format!("{:.1} M", self.parameters as f64 / 1e6)),
            ("quantisation", self.quantisation.clone()),
            ("file", megabytes(self.bytes)),
            ("licence", self.licence.clone().unwrap_or_else(none)),
            ("chat template", yes(self.template)),
            ("tools", yes(self.tools)),
        ];
        if let (Some(memory), Some(trained)) = (&self.memory, self.context) {
            let usual = [2048, DEFAULT_CONTEXT, 32_768].into_iter().filter(|context| *context < trained);
            for context in usual.chain([trained]) {
                let [half, eight] = [KvKind::F16, KvKind::Q8_0].map(|kind| megabytes(memory.total(context, kind)));
                lines.push(("memory", format!("{half} with a context of {context}; {eight} with --kv q8_0")));
            }
        }
        lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect()
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
