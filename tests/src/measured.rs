//! Figures that tests measure on their way, for `cargo xtask bench`.

use crate::place;
use serde_json::{Map, Value};
use std::sync::{Mutex, PoisonError};

static FILE: Mutex<()> = Mutex::new(());

/// Puts a figure into `test-output/measured.json`, under a path such as `window.interactive_ms`.
pub fn note(name: &str, figure: impl Into<Value>) {
    let _turn = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = place::output("measured.json");
    let known = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut all: Map<String, Value> = known.unwrap_or_default();
    all.insert(name.to_owned(), figure.into());
    std::fs::write(&file, serde_json::to_vec_pretty(&all).expect("JSON")).expect("test-output can be written");
}
