//! Does the engine run this file, and what will it take? The engine itself is asked, once per change
//! of the file: nobody else knows.

use crate::{ModelError, files::Found, memory::Need};
use serde::Deserialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{io::AsyncReadExt, process::Command, sync::Semaphore, time::timeout};

/// How long the engine may look at a file. It reads the header, not the weights.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read.
const MAX_ANSWER: u64 = 1 << 20;

/// What the engine says of a chat model that it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Whether it calls tools in a form that the engine reads.
    pub(crate) tools: bool,
    /// Bytes that writing a token reads.
    pub(crate) reads: Option<u64>,
    memory: Memory,
}

impl Told {
    /// The memory that it needs at `context` tokens.
    pub(crate) fn need(&self, context: u32) -> Need {
        let segments = u64::from(context).div_ceil(self.memory.segment_tokens.max(1));
        // An engine that does not say has half precision alone.
        let small = self.memory.segment_q8.unwrap_or(self.memory.segment);
        let [cache, small_cache] = [self.memory.segment, small].map(|segment| segment.saturating_mul(segments));
        Need { weights: self.memory.weights, cache, small_cache, work: self.memory.work }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Memory {
    weights: u64,
    segment: u64,
    segment_q8: Option<u64>,
    segment_tokens: u64,
    work: u64,
}

/// `atelier-engine inspect --json`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Found { supported: bool, reason: Option<Reason>, tools: bool, memory: Option<Memory>, read_per_token: Option<u64> },
    Failed { error: Reason },
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    message: String,
}

/// Asks the engine, one file at a time.
#[derive(Debug)]
pub(crate) struct Inspector {
    program: PathBuf,
    turn: Semaphore,
}

impl Inspector {
    pub(crate) fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), turn: Semaphore::new(1) }
    }

    /// What the engine says of a file: that it runs it, or why it does not. `None` if there is no
    /// engine to ask, which says nothing of the file.
    pub(crate) async fn ask(&self, found: &Found) -> Option<Result<Told, ModelError>> {
        let _turn = self.turn.acquire().await.ok()?;
        let answer = match timeout(PATIENCE, self.run(&found.path)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                // Told when the engine is needed; here it would be told at every look.
                tracing::debug!(%error, engine = %self.program.display(), "the engine cannot be asked about a model");
                return None;
            }
            Err(_) => return Some(Err(unsupported(&found.path, "the engine did not read its header in time".into()))),
        };
        Some(read(&found.path, &answer))
    }

    async fn run(&self, file: &Path) -> std::io::Result<Vec<u8>> {
        ask_engine(&self.program, &["inspect".into(), "--json".into(), file.into()]).await
    }
}

/// What the engine's program prints for these arguments. It ends with the caller's patience.
// This crate is the owner of the engine's processes.
#[allow(clippy::disallowed_methods)]
pub(crate) async fn ask_engine(program: &Path, args: &[OsString]) -> std::io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(args).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let mut answer = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    }
    // It has closed its output; if it does not end, it is killed with the caller's patience.
    child.wait().await?;
    Ok(answer)
}

fn read(file: &Path, answer: &[u8]) -> Result<Told, ModelError> {
    match serde_json::from_slice(answer) {
        Ok(Answer::Found { supported: true, tools, memory: Some(memory), read_per_token, .. }) => {
            Ok(Told { tools, reads: read_per_token, memory })
        }
        Ok(Answer::Found { reason: Some(reason), .. } | Answer::Failed { error: reason }) => {
            Err(refusal(file, &reason.code, reason.message))
        }
        // It crashed on this file, or is of another version.
        Ok(Answer::Found { .. }) | Err(_) => Err(unsupported(file, "the engine could not read its header".into())),
    }
}

/// What the engine's code means: a file that is broken, or one that is only not for it.
pub(crate) fn refusal(file: &Path, code: &str, reason: String) -> ModelError {
    match code {
        "model.truncated" | "model.malformed" | "model.unreadable" | "model.not_gguf" => {
            ModelError::Malformed { file: file.display().to_string(), reason }
        }
        _ => unsupported(file, reason),
    }
}

fn unsupported(file: &Path, reason: String) -> ModelError {
    ModelError::Unsupported { file: file.display().to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_the_engine_are_understood() {
        let sound = r#"{"supported":true,"tools":true,"memory":{"weights":100,"segment":10,"segment_q8":6,"segment_tokens":128,"work":7}}"#;
        let mamba = r#"{"supported":false,"reason":{"code":"model.architecture","message":"m is mamba"},"tools":false,"memory":null}"#;
        let quant = r#"{"error":{"code":"model.unsupported","message":"m uses IQ2_XS","hint":""}}"#;
        let cut = r#"{"error":{"code":"model.truncated","message":"m is cut short","hint":""}}"#;
        for (answer, expected) in [
            (sound, Ok(117 + 10)),
            (mamba, Err(("model.unsupported", "mamba"))),
            (quant, Err(("model.unsupported", "IQ2_XS"))),
            (cut, Err(("model.damaged", "cut short"))),
            ("", Err(("model.unsupported", "header"))),
            (r#"{"supported":true,"tools":true,"memory":null}"#, Err(("model.unsupported", "header"))),
        ] {
            match (read(Path::new("m.gguf"), answer.as_bytes()), expected) {
                // Two segments are begun.
                (Ok(told), Ok(bytes)) => {
                    assert_eq!((told.need(129).total(), told.need(129).small().total()), (bytes, bytes - 8));
                }
                (Err(error), Err((code, word))) => {
                    let fault = error.fault();
                    assert_eq!(fault.code, code, "{answer}");
                    assert!(fault.message.contains(word) && fault.hint.is_some(), "{fault}");
                }
                (read, _) => panic!("{answer}: {read:?}"),
            }
        }
    }
}
