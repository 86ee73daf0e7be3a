//! How fast does a model write here, and how fast is one likely to that has not run yet?
//!
//! Writing a token reads all weights that the token passes through once, so its time is theirs over the
//! speed of the memory (Williams, Waterman, Patterson: "Roofline", 2009). What an engine reaches of that
//! is measured with the models that run here; until one has, a share is assumed that engine and machines
//! reached in docs/benchmarks.md.

use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Where speeds are kept, inside the models folder.
const FILE: &str = ".speeds.json";
/// More models than anyone measures.
const MAX_ENTRIES: usize = 512;
/// The share of the memory's speed that writing reaches where nothing was measured.
const SHARE: f64 = 0.8;
/// Smaller models spend much of their time on other things than their weights: they say little of others.
const TELLING: u64 = 250 << 20;
/// The newest measurement counts for so much against those before it.
const NEWEST: f32 = 0.5;

/// What was measured on this machine.
#[derive(Debug)]
pub(crate) struct Speeds {
    file: PathBuf,
    known: Mutex<Known>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Known {
    machine: Option<Machine>,
    models: BTreeMap<String, Measured>,
}

/// This machine, as the engine has measured it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// Bytes per second that as many threads as the engine uses read from memory.
    pub(crate) memory_per_second: u64,
    /// What the engine calls its kernels for this processor: another one is measured anew.
    pub(crate) kernels: String,
    pub(crate) threads: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Measured {
    tokens_per_second: f32,
    /// Bytes that writing a token reads.
    bytes: u64,
}

impl Speeds {
    /// What was measured for the models of `folder`. A list that cannot be read is begun anew.
    pub(crate) fn open(folder: &Path) -> Self {
        let file = folder.join(FILE);
        let known = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { file, known: Mutex::new(known) }
    }

    /// A model wrote at this speed, reading so many bytes for each token.
    pub(crate) fn measured(&self, id: &str, tokens_per_second: f32, bytes: u64) {
        if !tokens_per_second.is_finite() || tokens_per_second <= 0.0 {
            return;
        }
        let mut known = self.known();
        let before = known.models.get(id).filter(|before| before.bytes == bytes);
        let speed = before
            .map_or(tokens_per_second, |before| before.tokens_per_second * (1.0 - NEWEST) + tokens_per_second * NEWEST);
        known.models.insert(id.to_owned(), Measured { tokens_per_second: speed, bytes });
        while known.models.len() > MAX_ENTRIES {
            known.models.pop_first();
        }
        self.keep(known);
    }

    /// The measured speed of a model.
    pub(crate) fn of(&self, id: &str) -> Option<f32> {
        self.known().models.get(id).map(|measured| measured.tokens_per_second)
    }

    /// Forgets a model: another file may get its name.
    pub(crate) fn forget(&self, id: &str) {
        let mut known = self.known();
        if known.models.remove(id).is_some() {
            self.keep(known);
        }
    }

    pub(crate) fn machine(&self) -> Option<Machine> {
        self.known().machine.clone()
    }

    /// Takes in what the machine is now. On another one than before no earlier figure holds; of the same one
    /// the best figure counts, since other programs only ever take from it.
    pub(crate) fn set_machine(&self, mut machine: Machine) {
        let mut known = self.known();
        let same = |before: &Machine| (&before.kernels, before.threads) == (&machine.kernels, machine.threads);
        if known.machine.as_ref().is_some_and(|before| !same(before)) {
            known.models.clear();
        } else if let Some(before) = &known.machine {
            machine.memory_per_second = machine.memory_per_second.max(before.memory_per_second);
        }
        known.machine = Some(machine);
        self.keep(known);
    }

    /// The speed that a model is likely to write at which reads so many bytes for a token; `None` while
    /// the machine was not measured.
    pub(crate) fn expected(&self, bytes: u64) -> Option<f32> {
        let known = self.known();
        let memory = known.machine.as_ref()?.memory_per_second as f64;
        if bytes == 0 || memory <= 0.0 {
            return None;
        }
        let telling = known.models.values().filter(|measured| measured.bytes >= TELLING);
        let mut shares: Vec<f64> =
            telling.map(|measured| f64::from(measured.tokens_per_second) * measured.bytes as f64 / memory).collect();
        shares.sort_by(f64::total_cmp);
        let share = shares.get(shares.len() / 2).copied().unwrap_or(SHARE);
        Some((share * memory / bytes as f64) as f32)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Losing the list costs a measurement, so a read-only folder is no fault.
    fn keep(&self, known: MutexGuard<'_, Known>) {
        let text = serde_json::to_vec_pretty(&*known);
        drop(known);
        let written = text.map_err(std::io::Error::from).and_then(|text| files::write_whole(&self.file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, "measured speeds could not be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(memory_per_second: u64, kernels: &str) -> Machine {
        Machine { memory_per_second, kernels: kernels.to_owned(), threads: 2 }
    }

    #[test]
    fn what_is_likely_follows_from_the_memory_and_from_what_was_measured() {
        let dir = tempfile::tempdir().unwrap();
        let speeds = Speeds::open(dir.path());
        assert_eq!(speeds.expected(1 << 30), None, "nothing is known of the machine");
        speeds.set_machine(machine(20_000_000_000, "avx2"));
        assert_eq!(speeds.expected(2_000_000_000), Some(8.0));
        // A small model is slow for other reasons.
        speeds.measured("tiny", 100.0, 98_000_000);
        assert_eq!(speeds.expected(2_000_000_000), Some(8.0));
        speeds.measured("real", 16.0, 1_000_000_000);
        assert_eq!(speeds.expected(2_000_000_000), Some(8.0));
        assert_eq!(speeds.of("real"), Some(16.0));
        speeds.measured("real", 20.0, 1_000_000_000);
        assert_eq!(speeds.of("real"), Some(18.0));
        speeds.measured("real", f32::NAN, 1);
        let again = Speeds::open(dir.path());
        assert_eq!((again.of("real"), again.expected(2_000_000_000)), (Some(18.0), Some(9.0)), "it is kept");
        again.forget("real");
        assert_eq!(again.of("real"), None);
        again.set_machine(machine(10_000_000_000, "avx2"));
        assert_eq!(again.expected(2_000_000_000), Some(8.0), "busy only");
        again.set_machine(machine(40_000_000_000, "avx512"));
        assert_eq!(again.of("tiny"), None, "another machine");
    }
}
