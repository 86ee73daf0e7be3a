//! Is the estimate of a model's memory enough, and not far too much?

#![allow(clippy::unwrap_used, reason = "a test may")]
#![cfg(target_os = "linux")]

mod common;

use common::{blank::Blank, program};
use engine::{commands::inspect::inspect, gguf::Kind};
use kernels::KvKind;
use serde_json::Value;

const TOKENS: usize = 300;

#[test]
fn a_load_stays_within_its_estimate() {
    for kind in [Kind::Q2_K, Kind::Q3_K, Kind::Q4_K, Kind::Q6_K, Kind::Q8_0, Kind::F16] {
        let file = Blank { kind, width: 1024, inner: 4096, layers: 4, vocab: 30_000 }.write();
        let memory = inspect(&file.path).unwrap().memory.unwrap();
        for kv in [KvKind::F16, KvKind::Q8_0] {
            let (path, tokens) = (file.path.to_str().unwrap(), TOKENS.to_string());
            let run = ["bench", path, "-p", &tokens, "-n", "2", "--runs", "1", "--kv", kv.name(), "--json"];
            let output = program().args(run).output().unwrap();
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            let (peak, estimate) = (said["peak_bytes"].as_u64().unwrap(), memory.total(TOKENS, kv));
            let what = format!("{} with {} keys: {peak} bytes of {estimate}", kind.name(), kv.name());
            println!("{what}");
            assert!(peak <= estimate, "{what}: {memory:?}");
            assert!(estimate < peak * 2 + (96 << 20), "{what}");
        }
    }
}
