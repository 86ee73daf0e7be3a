//! How fast is this machine, and how fast is a model on it? The engine measures both.

use super::Models;
use crate::{
    ModelError,
    files::{Found, Kind},
    inspect::ask_engine,
    memory,
    speed::Machine,
};
use protocol::ModelView;
use serde::Deserialize;
use std::{ffi::OsStr, time::Duration};
use tokio::time::timeout;

/// How long measuring the machine may take.
const MACHINE: Duration = Duration::from_secs(20);
/// How long measuring a model may take: a large one is loaded from a slow disk first.
const MODEL: Duration = Duration::from_secs(600);
/// Tokens that are read and written for it.
const TOKENS: &str = "32";

/// `atelier-engine bench --json`, as far as it matters.
#[derive(Deserialize)]
struct Bench {
    write_per_second: f32,
}

impl Models {
    /// Measures the machine once. Without an engine, or where it does not say, nothing is known.
    pub(super) async fn measure_machine(&self) {
        let _turn = self.inner.measuring.lock().await;
        if self.inner.machine_known.load(std::sync::atomic::Ordering::Relaxed) {
            return;
        }
        let mut args = vec![OsStr::new("machine").to_owned(), "--json".into()];
        if let Some(threads) = self.inner.config.threads {
            args.extend(["--threads".into(), threads.to_string().into()]);
        }
        let answer = timeout(MACHINE, ask_engine(&self.inner.config.engine, &args)).await;
        let machine = answer.ok().and_then(Result::ok).and_then(|text| serde_json::from_slice::<Machine>(&text).ok());
        if let Some(machine) = machine.filter(|machine| machine.memory_per_second > 0) {
            self.inner.speeds.set_machine(machine);
            self.inner.machine_known.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Lets a chat model write some tokens and keeps how fast it was.
    ///
    /// # Errors
    /// It is no chat model that runs here, it does not fit beside what is loaded, or the engine fails.
    pub async fn measure(&self, id: &str) -> Result<ModelView, ModelError> {
        let found = self.find(id).await?;
        let Kind::Chat(_) = found.kind.clone()? else {
            return Err(ModelError::Invalid { reason: format!("{id} is an embedding model: it writes nothing") });
        };
        let _turn = self.inner.measuring.lock().await;
        let found = self.tell(found).await;
        found.told.clone().transpose()?;
        self.checked(&found).await?;
        found.need(TOKENS.parse().unwrap_or(32)).check(
            &found.name(),
            memory::memory().free,
            self.inner.config.headroom,
        )?;
        let path = found.path.clone().into_os_string();
        let mut args = vec![OsStr::new("bench").to_owned(), path, "--json".into()];
        for (name, value) in [("--prompt", TOKENS), ("--write", TOKENS), ("--runs", "1")] {
            args.extend([name.into(), value.into()]);
        }
        if let Some(threads) = self.inner.config.threads {
            args.extend(["--threads".into(), threads.to_string().into()]);
        }
        let engine = || self.inner.config.engine.display().to_string();
        let failed = |reason: String| ModelError::EngineStart { engine: engine(), reason };
        let answer = timeout(MODEL, ask_engine(&self.inner.config.engine, &args)).await;
        let text =
            answer.map_err(|_| ModelError::EngineSlow { after: MODEL })?.map_err(|error| failed(error.to_string()))?;
        let bench: Bench = serde_json::from_slice(&text).map_err(|_| ModelError::EngineLoad {
            model: found.name(),
            reason: String::from_utf8_lossy(&text).chars().take(300).collect(),
        })?;
        self.inner.speeds.measured(&found.id, bench.write_per_second, reads(&found));
        self.changed();
        self.one(&found.id).await
    }
}

/// Bytes that writing a token reads, as the engine says; the whole file where it does not.
pub(super) fn reads(found: &Found) -> u64 {
    let told = found.told.as_ref().and_then(|told| told.as_ref().ok());
    told.and_then(|told| told.reads).unwrap_or(found.bytes)
}
