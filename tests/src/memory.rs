//! How much memory a program and all that it starts take, seen while they live.
//!
//! The sum is of proportional shares (PSS): pages that several processes map are counted once between
//! them, so that the processes of a web view do not count their library several times.

use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes by the name of the process.
type Sizes = BTreeMap<String, u64>;

/// Looks at the processes that one process has started until it is stopped.
pub struct Watch {
    root: u32,
    most: Arc<Mutex<Sizes>>,
    ended: Arc<AtomicBool>,
    looking: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches what `root` has started; not `root` itself, which is no part of Atelier.
    pub fn start(root: u32) -> Self {
        let (most, ended) = (Arc::<Mutex<Sizes>>::default(), Arc::<AtomicBool>::default());
        let (seen, over) = (most.clone(), ended.clone());
        let looking = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let now = below(root);
                let mut most = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if total(&now) > total(&most) {
                    *most = now;
                }
                drop(most);
                std::thread::sleep(PAUSE);
            }
        });
        Self { root, most, ended, looking: Some(looking) }
    }

    /// What they take now.
    pub fn now(&self) -> Value {
        form(&below(self.root))
    }

    /// What they took when it was most; null where the system does not tell.
    pub fn stop(mut self) -> Value {
        self.ended.store(true, Ordering::Relaxed);
        // A thread that panicked has nothing to add.
        let _ = self.looking.take().map(JoinHandle::join);
        let last = below(self.root);
        let most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        form(if total(&last) > total(&most) { &last } else { &most })
    }
}

fn total(sizes: &Sizes) -> u64 {
    sizes.values().sum()
}

/// In megabytes: the sum, and each process by its name.
fn form(sizes: &Sizes) -> Value {
    if sizes.is_empty() {
        return Value::Null;
    }
    let mb = |bytes: u64| json!((bytes as f64 / 1e5).round() / 10.0);
    let each: Map<String, Value> = sizes.iter().map(|(name, bytes)| (name.clone(), mb(*bytes))).collect();
    json!({ "pss_mb": mb(total(sizes)), "processes_mb": each })
}

/// The processes that `root` has started, and those that they have, from `/proc`.
fn below(root: u32) -> Sizes {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Sizes::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let all: Vec<(u32, u32, String)> = pids.filter_map(|pid| parent_and_name(pid).map(|(p, n)| (pid, p, n))).collect();
    let (mut family, mut sizes) = (vec![root], Sizes::new());
    // The list grows while it is walked: children of children come behind their parents.
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        at += 1;
        for (pid, _, name) in all.iter().filter(|(_, of, _)| *of == parent) {
            family.push(*pid);
            *sizes.entry(name.clone()).or_default() += pss(*pid);
        }
    }
    sizes
}

fn parent_and_name(pid: u32) -> Option<(u32, String)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Some((field("PPid:")?.parse().ok()?, field("Name:")?.to_owned()))
}

/// A process that has just ended takes nothing.
fn pss(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default() * 1024
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_starts_is_seen() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        let watch = Watch::start(std::process::id());
        let mut now = Value::Null;
        for _ in 0..100 {
            now = watch.now();
            if now["processes_mb"]["sleep"].as_f64() > Some(0.0) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let most = watch.stop();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(now["processes_mb"]["sleep"].as_f64() > Some(0.0), "{now}");
        assert!(most["pss_mb"].as_f64() >= now["processes_mb"]["sleep"].as_f64(), "{most} {now}");
    }
}
