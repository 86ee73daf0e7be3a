//! How much memory and disk is free, and how much does a model need?

use crate::ModelError;
use std::path::Path;

const MB: u64 = 1 << 20;

/// What the engine takes beside weights and context: its code, the tokenizer, work buffers.
const BASE: u64 = 96 * MB;

/// Memory of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What programs can get without swapping.
    pub(crate) free: u64,
    pub(crate) total: u64,
}

/// The memory of this machine now; zeros where the system does not say.
#[cfg(target_os = "linux")]
pub(crate) fn memory() -> Memory {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    read_meminfo(&text)
}

/// The memory of this machine now; zeros where the system does not say.
#[cfg(not(target_os = "linux"))]
pub(crate) fn memory() -> Memory {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    Memory { free: system.available_memory(), total: system.total_memory() }
}

/// `MemAvailable` counts what the kernel would give up, such as cached files.
#[cfg(any(target_os = "linux", test))]
fn read_meminfo(text: &str) -> Memory {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse::<u64>().ok()
    };
    Memory { free: of("MemAvailable").unwrap_or(0) * 1024, total: of("MemTotal").unwrap_or(0) * 1024 }
}

/// Free disk space where `folder` is, or would be; 0 where the system does not say.
pub(crate) fn disk_free(folder: &Path) -> u64 {
    folder.ancestors().find_map(|folder| fs4::available_space(folder).ok()).unwrap_or(0)
}

/// An estimate of what a model needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// Its weights: the file, which is mapped or repacked at about its size.
    pub(crate) weights: u64,
    /// The KV cache for the whole context, in half precision.
    pub(crate) cache: u64,
    /// The same in 8 bits, which is what a model gets where memory is short.
    pub(crate) small_cache: u64,
    /// Everything else.
    pub(crate) work: u64,
}

impl Need {
    /// For a file of `bytes` with `cache_per_token` at `context` tokens. The work buffers of larger
    /// models are larger.
    pub(crate) fn of(bytes: u64, cache_per_token: u64, context: u32) -> Self {
        let cache = cache_per_token.saturating_mul(u64::from(context));
        // 8.5 bits of 16.
        Self { weights: bytes, cache, small_cache: cache / 32 * 17, work: BASE + bytes / 16 }
    }

    /// The same with the KV cache in 8 bits.
    pub(crate) fn small(self) -> Self {
        Self { cache: self.small_cache, ..self }
    }

    /// Whether it fits with the KV cache in half precision, as it is where nothing speaks against it.
    pub(crate) fn is_ample(self, free: u64, headroom: u64) -> bool {
        free == 0 || self.total().saturating_add(headroom) <= free
    }

    pub(crate) fn total(self) -> u64 {
        self.weights.saturating_add(self.cache).saturating_add(self.work)
    }

    /// Refuses what does not fit into `free` with `headroom` left over, not even with a cache in 8 bits. A machine
    /// that does not say what is free (0) refuses nothing.
    pub(crate) fn check(self, model: &str, free: u64, headroom: u64) -> Result<(), ModelError> {
        if self.small().is_ample(free, headroom) {
            return Ok(());
        }
        self.small().refuse(model, free)
    }

    fn refuse(self, model: &str, free: u64) -> Result<(), ModelError> {
        Err(ModelError::Memory {
            model: model.to_owned(),
            need: self.total() / MB,
            weights: self.weights / MB,
            cache: self.cache / MB,
            work: self.work / MB,
            free: free / MB,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read() {
        let text = "MemTotal:       24576 kB\nMemFree:  1 kB\nMemAvailable:   20480 kB\n";
        assert_eq!(read_meminfo(text), Memory { free: 20480 * 1024, total: 24576 * 1024 });
        assert_eq!(read_meminfo("garbage"), Memory::default());
        let real = memory();
        assert!(real.free > 0 && real.free <= real.total);
        assert!(disk_free(Path::new("/no/such/folder")) > 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_numbers() {
        let need = Need::of(4000 * MB, 128 * 1024, 8192);
        assert_eq!((need.cache / MB, need.total() / MB), (1024, 4000 + 1024 + 96 + 250));
        assert!(need.check("x", 0, 0).is_ok() && need.is_ample(0, 0), "a machine that does not say");
        assert!(need.is_ample(need.total() + MB, MB) && !need.is_ample(need.total(), MB));
        // Where half precision does not fit, 8 bits may.
        assert!(need.check("x", need.total(), MB).is_ok());
        let least = need.small().total();
        assert_eq!(least / MB, 4000 + 544 + 96 + 250);
        let fault = need.check("x", least, MB).unwrap_err().fault();
        assert_eq!(fault.code, "model.memory");
        assert_eq!((fault.values["need_mb"].as_str(), fault.values["free_mb"].as_str()), ("4890", "4890"));
    }
}
