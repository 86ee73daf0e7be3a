//! How much memory this process and those it starts take, seen while they live.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often is looked: an extract worker lives for a moment only.
const PAUSE: Duration = Duration::from_millis(50);

/// The role of a process that nothing is known of.
const OTHER: &str = "other";

/// What was seen of a process.
#[derive(Clone, Debug, Default)]
struct Seen {
    role: &'static str,
    /// Resident when it was last looked at; 0 once it has ended.
    now: u64,
    /// The most it ever had resident.
    peak: u64,
}

type All = Arc<Mutex<BTreeMap<u32, Seen>>>;

/// Looks at the processes until it is stopped.
pub(super) struct Watch {
    all: All,
    ended: Arc<AtomicBool>,
    looking: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start() -> Self {
        let (all, ended) = (All::default(), Arc::<AtomicBool>::default());
        let (seen, over) = (all.clone(), ended.clone());
        let looking = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                look(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
                std::thread::sleep(PAUSE);
            }
        });
        Self { all, ended, looking: Some(looking) }
    }

    /// Each process with its role, this one first; null where the system does not tell.
    pub(super) fn stop(mut self) -> Value {
        self.ended.store(true, Ordering::Relaxed);
        // A thread that panicked has nothing to add.
        let _ = self.looking.take().map(JoinHandle::join);
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut all);
        if all.is_empty() {
            return Value::Null;
        }
        let me = std::process::id();
        let mut rows: Vec<_> = all.iter().collect();
        rows.sort_by_key(|(pid, _)| (**pid != me, **pid));
        let row = |(pid, seen): (&u32, &Seen)| {
            let idle = (seen.now > 0).then_some(seen.now);
            json!({ "role": seen.role, "pid": pid, "idle_bytes": idle, "peak_bytes": seen.peak })
        };
        rows.into_iter().map(row).collect()
    }
}

/// Brings what is known up to date, from `/proc`.
fn look(all: &mut BTreeMap<u32, Seen>) {
    all.values_mut().for_each(|seen| seen.now = 0);
    let me = std::process::id();
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(status) = std::fs::read_to_string(process.path().join("status")) else { continue };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let ours = pid == me || field("PPid:").and_then(|parent| parent.parse().ok()) == Some(me);
        if !ours {
            continue;
        }
        let bytes = |name: &str| {
            let kib = field(name).and_then(|size| size.split_whitespace().next()?.parse::<u64>().ok());
            kib.unwrap_or_default() * 1024
        };
        let (now, peak) = (bytes("VmRSS:"), bytes("VmHWM:"));
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let seen = all.entry(pid).or_default();
        // One that has just begun or ended shows no command line.
        if matches!(seen.role, "" | OTHER) {
            seen.role = role(pid == me, &String::from_utf8_lossy(&arguments));
        }
        seen.now = now;
        seen.peak = seen.peak.max(peak);
    }
}

/// What a process is for, from its command line.
fn role(me: bool, arguments: &str) -> &'static str {
    if me {
        "atelier"
    } else if arguments.contains("extract-worker") {
        "extract_worker"
    } else if arguments.split('\0').next().is_some_and(|program| program.contains("atelier-engine")) {
        "engine"
    } else {
        OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_named_by_what_they_do() {
        for (me, arguments, expected) in [
            (true, "/usr/bin/atelier\0bench\0", "atelier"),
            (false, "/usr/bin/atelier\0extract-worker\0", "extract_worker"),
            (false, "/usr/bin/atelier-engine\0serve\0--exit-with-stdin\0", "engine"),
            (false, "sh\0-c\0true\0", OTHER),
        ] {
            assert_eq!(role(me, arguments), expected, "{arguments:?}");
        }
    }
}
