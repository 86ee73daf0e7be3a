//! An engine process from its start to its end.

use super::{
    Board, EngineConfig, Outfit,
    log::{self, Log},
};
use crate::{ModelError, memory};
use egress::{Errand, Gate, Outgoing, Url};
use protocol::EngineState;
use serde::Deserialize;
use serde_json::Value;
use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::BufReader,
    process::{Child, ChildStdin, Command},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// How long the program may take to say where it listens, before it loads anything.
const LISTEN_PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(60);
const STOP_PATIENCE: Duration = Duration::from_secs(4);

/// An engine that answers. Dropping it kills the process.
pub(super) struct Process {
    pub(super) outfit: Outfit,
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) version: String,
    child: Child,
    /// Held open: the engine quits when it closes, also when Atelier itself dies.
    stdin: Option<ChildStdin>,
    gate: Gate,
    /// Readers of its output; they end with it.
    _readers: JoinSet<()>,
}

/// The first line of an engine.
#[derive(Deserialize)]
struct Listening {
    listening: SocketAddr,
    #[serde(default)]
    version: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.gate.distrust_engine(self.address);
    }
}

impl Process {
    /// Starts the program and returns when the models are loaded.
    pub(super) async fn start(
        config: EngineConfig,
        gate: Gate,
        board: Arc<Board>,
        log: Arc<Log>,
        outfit: Outfit,
    ) -> Result<Self, ModelError> {
        board.post(EngineState::Loading { model: outfit.name(), done: 0, total: outfit.need().weights });
        log.restart();
        let mut process = Self::spawn(&config, gate, &log, outfit).await?;
        process.load(&config, &board, &log).await?;
        Ok(process)
    }

    async fn spawn(config: &EngineConfig, gate: Gate, log: &Arc<Log>, outfit: Outfit) -> Result<Self, ModelError> {
        let token = token()?;
        let fail = |reason: String| ModelError::EngineStart { engine: config.program.display().to_string(), reason };
        let small = !outfit.need().is_ample(memory::memory().free, config.headroom);
        let mut child = command(config, &outfit, &token, small).spawn().map_err(|error| fail(error.to_string()))?;
        let mut readers = JoinSet::new();
        if let Some(stderr) = child.stderr.take() {
            let log = log.clone();
            readers.spawn(async move { log.take(BufReader::new(stderr)).await });
        }
        let stdin = child.stdin.take();
        let mut stdout = child.stdout.take().map(BufReader::new).ok_or_else(|| fail("it has no output".into()))?;
        let first = timeout(LISTEN_PATIENCE, log::line(&mut stdout)).await;
        let first = first.map_err(|_| ModelError::EngineSlow { after: LISTEN_PATIENCE })?;
        let Some(first) = first.map_err(|error| fail(error.to_string()))? else {
            return Err(gone(&mut child, &mut readers, log).await);
        };
        let said: Listening =
            serde_json::from_str(&first).map_err(|_| fail(format!("its first line is not expected: {first}")))?;
        let rest = log.clone();
        readers.spawn(async move { rest.take(stdout).await });
        if !gate.trust_engine(said.listening) {
            return Err(fail(format!("it listens on {}, which is not this machine alone", said.listening)));
        }
        // An answer may come out otherwise with keys and values in 8 bits: what is kept of it names that.
        let small = if small { " (keys and values in 8 bits)" } else { "" };
        let (address, version) = (said.listening, said.version + small);
        Ok(Self { outfit, address, token, version, child, stdin, gate, _readers: readers })
    }

    /// Polls `/health` until the engine is ready, posting how far it is.
    async fn load(&mut self, config: &EngineConfig, board: &Board, log: &Arc<Log>) -> Result<(), ModelError> {
        let (mut progress, mut moved) = (0, Instant::now());
        loop {
            if let Ok(Some(_)) = self.child.try_wait() {
                return Err(gone(&mut self.child, &mut self._readers, log).await);
            }
            match self.health().await {
                Ok(Health::Ok) => return Ok(()),
                Ok(Health::Failed(reason)) => {
                    return Err(ModelError::EngineLoad { model: self.outfit.name(), reason });
                }
                Ok(Health::Loading { done, total }) => {
                    if done != progress {
                        (progress, moved) = (done, Instant::now());
                    }
                    board.post(EngineState::Loading { model: self.outfit.name(), done, total });
                }
                // It listens before it answers; a crash shows itself above.
                Err(error) => tracing::debug!(%error, "the engine does not answer yet"),
            }
            if moved.elapsed() > config.load_patience {
                return Err(ModelError::EngineSlow { after: config.load_patience });
            }
            sleep(POLL).await;
        }
    }

    async fn health(&self) -> Result<Health, ModelError> {
        health(self.gate.clone(), self.address, self.token.clone(), Duration::from_secs(10)).await
    }

    /// The number that the system knows it by; none once it has ended.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it answers within `patience`.
    pub(super) fn lives(&self, patience: Duration) -> impl Future<Output = bool> + Send + 'static {
        let asked = health(self.gate.clone(), self.address, self.token.clone(), patience);
        async { asked.await.is_ok() }
    }

    /// Makes it forget every text that it has read.
    pub(super) async fn forget(&self) -> Result<(), ModelError> {
        if self.outfit.chat.is_none() {
            return Ok(());
        }
        let url = Url::parse(&format!("http://{}/v1/cache", self.address))
            .map_err(|error| ModelError::Invalid { reason: error.to_string() })?;
        let outgoing = Outgoing::delete(url).bearer(&self.token)?.patience(Duration::from_secs(5));
        let answer = self.gate.send(&Errand::atelier("makes the engine forget what was erased"), outgoing).await?;
        match answer.status().as_u16() {
            204 => Ok(()),
            status => Err(ModelError::Invalid { reason: format!("it answered with status {status}") }),
        }
    }

    /// Returns how it ended, once it has ended by itself.
    pub(super) async fn ended(&mut self, log: &Arc<Log>) -> ModelError {
        // Waiting again for a child that has ended returns the same status.
        let _ = self.child.wait().await;
        gone(&mut self.child, &mut self._readers, log).await
    }

    /// Stops it: asks by closing its input, then kills it.
    pub(super) async fn stop(mut self) {
        self.stdin = None;
        if timeout(STOP_PATIENCE, self.child.wait()).await.is_err() {
            tracing::warn!("the engine did not stop by itself and was killed");
            if let Err(error) = self.child.kill().await {
                tracing::error!(%error, "the engine could not be killed");
            }
        }
    }
}

async fn health(gate: Gate, address: SocketAddr, token: String, patience: Duration) -> Result<Health, ModelError> {
    let url = Url::parse(&format!("http://{address}/health"))
        .map_err(|error| ModelError::Invalid { reason: error.to_string() })?;
    let outgoing = Outgoing::get(url).bearer(&token)?.patience(patience);
    let answer = gate.send(&Errand::atelier("asks whether the engine is ready"), outgoing).await?;
    let status = answer.status().as_u16();
    let body = answer.bytes(64 << 10).await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(match status {
        200 => Health::Ok,
        503 => Health::Loading { done: body["done"].as_u64().unwrap_or(0), total: body["total"].as_u64().unwrap_or(0) },
        _ => {
            let reason = body["error"]["message"].as_str().map(str::to_owned);
            Health::Failed(reason.unwrap_or_else(|| format!("it answered with status {status}")))
        }
    })
}

enum Health {
    Ok,
    Loading { done: u64, total: u64 },
    Failed(String),
}

// This crate is the owner of the engine process.
#[allow(clippy::disallowed_methods)]
fn command(config: &EngineConfig, outfit: &Outfit, token: &str, small: bool) -> Command {
    let mut command = Command::new(&config.program);
    command.args(["serve", "--port", "0", "--exit-with-stdin"]).env("ATELIER_ENGINE_TOKEN", token);
    if let Some(chat) = &outfit.chat {
        command.arg("--model").arg(&chat.path).arg("--context").arg(chat.context.to_string());
        if small {
            tracing::info!(model = chat.name, "memory is short: keys and values are kept in 8 bits");
            command.args(["--kv", "q8_0"]);
        }
        if let Some(texts) = &config.texts {
            command.arg("--texts").arg(texts);
        }
    }
    if let Some(embedding) = &outfit.embedding {
        command.arg("--embedding").arg(&embedding.path);
    }
    if let Some(reranker) = &outfit.reranker {
        command.arg("--reranker").arg(&reranker.path);
    }
    if let Some(threads) = config.threads {
        command.arg("--threads").arg(threads.to_string());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// 256 random bits, so that no other program on this machine can use the engine unasked.
fn token() -> Result<String, ModelError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| ModelError::Invalid { reason: format!("no random numbers: {error}") })?;
    Ok(crate::files::hex(&bytes))
}

/// The error for a process that has ended, or closed its output and is about to.
async fn gone(child: &mut Child, readers: &mut JoinSet<()>, log: &Arc<Log>) -> ModelError {
    let how = match timeout(STOP_PATIENCE, child.wait()).await {
        Ok(Ok(status)) => describe(status),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it closed its output".to_owned(),
    };
    // Its last words may still be on the way.
    let _ = timeout(Duration::from_millis(500), async { while readers.join_next().await.is_some() {} }).await;
    ModelError::EngineCrashed { how, last: log.last(), log: log.path() }
}

#[cfg(unix)]
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(9)) => "killed (signal 9), perhaps because memory ran out".to_owned(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(not(unix))]
fn describe(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::Load, memory::Need};
    use std::time::Duration;

    #[test]
    fn where_memory_is_short_keys_and_values_are_kept_in_eight_bits() {
        let need = Need { weights: 1_000, cache: 500, small_cache: 266, work: 100 };
        let path = std::path::PathBuf::from("m.gguf");
        let (id, name) = ("m".to_owned(), "M".to_owned());
        let chat = Load { id, name, weights: path.clone(), path, need, context: 8_192 };
        let outfit = Outfit { chat: Some(chat), ..Outfit::default() };
        let wait = Duration::from_secs(1);
        let config = EngineConfig {
            program: "atelier-engine".into(),
            logs: "logs".into(),
            threads: None,
            texts: None,
            headroom: 50,
            load_patience: wait,
            answer_patience: wait,
            pulse: wait,
            max_crashes: 1,
        };
        for (free, small) in [(0, false), (1_650, false), (1_649, true)] {
            assert_eq!(!outfit.need().is_ample(free, config.headroom), small, "{free}");
            let command = command(&config, &outfit, "token", small);
            let args: Vec<_> = command.as_std().get_args().collect();
            assert_eq!(args.windows(2).any(|two| two == ["--kv", "q8_0"]), small, "{free}");
        }
    }
}
