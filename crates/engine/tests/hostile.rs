//! A damaged or hostile model file is an error: never a panic, a hang or memory without bounds.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::tiny::tiny;
use engine::{
    arch::{self, Opening},
    commands::inspect::inspect,
    error::EngineError,
    gguf::Gguf,
    template::ChatTemplate,
    tokenizer::{Special, Tokenizer},
};
use serde_json::json;
use std::{fs, path::Path};

/// Opens everything there is and uses each part once.
fn open_all(path: &Path) -> Result<usize, EngineError> {
    let file = Gguf::open(path)?;
    let tokenizer = Tokenizer::open(&file)?;
    let tokens = tokenizer.encode(&[("the cat<|im_end|> 12é", Special::Parse)], true)?;
    if let Some(template) = ChatTemplate::open(&file, &tokenizer)? {
        template.render(json!([{"role": "user", "content": "the"}]), None, true, &json!({}))?;
    }
    let mut opening = Opening { threads: 1, positions: 16, kv: kernels::KvKind::F16, progress: &mut |_, _| {} };
    let mut decoder = arch::open(&file, &mut opening)?;
    let mut cache = decoder.new_cache(16)?;
    Ok(decoder.read(&tokens[..1], &mut cache)?.len())
}

/// Loads it, and says whether nothing is missing for chats.
fn loads(path: &Path) -> Result<bool, EngineError> {
    let file = Gguf::open(path)?;
    let tokenizer = Tokenizer::open(&file)?;
    let template = ChatTemplate::open(&file, &tokenizer)?;
    let decoder = arch::open(
        &file,
        &mut Opening { threads: 1, positions: 16, kv: kernels::KvKind::F16, progress: &mut |_, _| {} },
    )?;
    Ok(template.is_some() && tokenizer.len() <= decoder.shape().vocab)
}

#[test]
fn a_sound_file_opens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    fs::write(&path, tiny().bytes).unwrap();
    assert_eq!(open_all(&path).unwrap(), 259);
    let inspection = inspect(&path).unwrap();
    assert!(inspection.supported, "{inspection:?}");
    assert_eq!((inspection.architecture.as_str(), inspection.quantisation.as_str()), ("llama", "F32"));
}

#[test]
fn a_file_cut_anywhere_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gguf");
    let whole = tiny();
    let ends = (0..whole.data).step_by(7).chain((whole.data..whole.bytes.len()).step_by(997));
    for end in ends.chain([whole.bytes.len() - 1]) {
        fs::write(&path, &whole.bytes[..end]).unwrap();
        let error = Gguf::open(&path).err().unwrap_or_else(|| panic!("opened with {end} bytes"));
        assert!(
            matches!(error, EngineError::Truncated { .. } | EngineError::NotGguf(_) | EngineError::Io { .. }),
            "{end}: {error}"
        );
        assert!(error.to_string().contains("cut.gguf"), "{error}");
    }
}

#[test]
fn altered_bytes_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("altered.gguf");
    let whole = tiny();
    let mut opened = 0;
    for at in (4..whole.data).step_by(3) {
        let mut bytes = whole.bytes.clone();
        // Each place gets one of a few values; together they cover sign bits, zeros and huge numbers.
        bytes[at] = [0xFF, 0x00, 0x80, bytes[at].wrapping_add(1)][at % 4];
        fs::write(&path, &bytes).unwrap();
        opened += usize::from(open_all(&path).is_ok());
        // What inspecting says without reading the weights is what happens.
        let said = inspect(&path).is_ok_and(|found| found.supported);
        let happens = loads(&path).is_ok_and(|whole| whole);
        assert_eq!(said, happens, "byte {at}: {:?}", inspect(&path).map(|found| found.reason));
    }
    assert!(opened > 0, "some bytes are only names");
}

#[test]
fn false_counts_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counts.gguf");
    let huge = u64::MAX.to_le_bytes();
    let many = 60_000u64.to_le_bytes();
    let cases: &[(usize, &[u8], &str)] = &[
        (4, &1u32.to_le_bytes(), "model.version"),
        (8, &huge, "model.malformed"),
        (8, &many, "model.malformed"),
        (16, &huge, "model.malformed"),
        // The length of the first key.
        (24, &huge, "model.malformed"),
        (24, &(1u64 << 20).to_le_bytes(), "model.truncated"),
        // The type of the first value.
        (24 + 8 + 20, &99u32.to_le_bytes(), "model.malformed"),
    ];
    for (at, value, code) in cases {
        let mut bytes = tiny().bytes;
        bytes[*at..at + value.len()].copy_from_slice(value);
        fs::write(&path, &bytes).unwrap();
        let error = Gguf::open(&path).err().unwrap();
        assert_eq!(error.code(), *code, "at {at}: {error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn an_unknown_architecture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.gguf");
    let mut bytes = tiny().bytes;
    let at = bytes.windows(5).position(|w| w == b"llama").unwrap();
    bytes[at..at + 5].copy_from_slice(b"mamba");
    fs::write(&path, &bytes).unwrap();
    let file = Gguf::open(&path).unwrap();
    let mut opening = Opening { threads: 1, positions: 16, kv: kernels::KvKind::F16, progress: &mut |_, _| {} };
    let error = arch::open(&file, &mut opening).err().unwrap();
    assert_eq!(error.code(), "model.architecture");
    assert!(error.to_string().contains("mamba") && error.to_string().contains("llama"), "{error}");
    let inspection = inspect(&path).unwrap();
    let reason = inspection.reason.unwrap();
    assert!(!inspection.supported && reason.code == "model.architecture", "{reason:?}");
    assert_eq!(reason.message, error.to_string());
}
