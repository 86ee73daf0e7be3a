//! What crosses a wire is a promise: one example of every form, and how it is written.
//!
//! The examples are JSON as a client sends it, read and written again. A field that an example lacks
//! must be one that old clients may leave out. What is written stands in `snapshots`, one file per
//! area; a deliberate change is taken over with `INSTA_UPDATE=always cargo test -p protocol`.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod events;
mod requests;
mod views;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// An id that stands for all.
const ID: &str = "01900000-0000-7000-8000-000000000001";

/// Reads an example and writes it again, on one line.
fn written<T: Serialize + DeserializeOwned>(example: &Value) -> String {
    let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{error}: {example}"));
    let written = serde_json::to_string(&read).unwrap();
    // What was written reads as the same.
    let again: T = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), written);
    written
}

/// The fault of the examples, with everything that one can have.
fn fault() -> Value {
    serde_json::json!({
        "kind": "unavailable", "code": "model.missing", "message": "The model is gone.",
        "safe": "Your question is kept.", "hint": "Add it again.", "values": { "file": "a.gguf" },
    })
}

#[test]
fn faults() {
    let kinds = ["invalid", "not_found", "refused", "busy", "damaged", "unavailable", "internal"];
    let bare = kinds.map(|kind| serde_json::json!({ "kind": kind, "code": "a.code", "message": "A message." }));
    let forms: Vec<String> = bare.iter().chain([&fault()]).map(written::<protocol::Fault>).collect();
    insta::assert_snapshot!("faults", forms.join("\n"));
}
