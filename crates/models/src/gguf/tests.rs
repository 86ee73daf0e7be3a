//! Headers that are right, and headers that lie.

use super::*;
use proptest::prelude::*;
use std::{io::Write, path::PathBuf};

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_text(out: &mut Vec<u8>, key: &str, value: &str) {
    put(out, key);
    out.extend(8u32.to_le_bytes());
    put(out, value);
}

fn put_number(out: &mut Vec<u8>, key: &str, value: u32) {
    put(out, key);
    out.extend(4u32.to_le_bytes());
    out.extend(value.to_le_bytes());
}

/// A whole tiny file: two F32 tensors of 64 and 32 values.
pub(crate) fn tiny(name: &str) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3u32.to_le_bytes());
    out.extend(2u64.to_le_bytes());
    out.extend(10u64.to_le_bytes());
    put_text(&mut out, "general.architecture", "llama");
    put_text(&mut out, "general.name", name);
    put_text(&mut out, "general.license", "apache-2.0");
    put_number(&mut out, "general.file_type", 0);
    put_number(&mut out, "llama.context_length", 2048);
    put_number(&mut out, "llama.block_count", 4);
    put_number(&mut out, "llama.embedding_length", 64);
    put_number(&mut out, "llama.attention.head_count", 8);
    // Heads per layer, as some models have them: the largest counts.
    put(&mut out, "llama.attention.head_count_kv");
    out.extend(9u32.to_le_bytes());
    out.extend(5u32.to_le_bytes());
    out.extend(2u64.to_le_bytes());
    out.extend([1i32, 2].map(i32::to_le_bytes).concat());
    put_text(&mut out, "tokenizer.chat_template", "{{ messages }}");
    for (name, values, offset) in [("a", 64u64, 0u64), ("b", 32, 256)] {
        put(&mut out, name);
        out.extend(1u32.to_le_bytes());
        out.extend(values.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(offset.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(32) + 256 + 128, 0);
    out
}

fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.gguf");
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    (dir, path)
}

fn read_bytes(bytes: &[u8]) -> Result<Summary, ModelError> {
    let (_dir, path) = file(bytes);
    read(&path)
}

#[test]
fn a_whole_file_is_summed_up() {
    let expected = Summary {
        architecture: "llama".into(),
        quantisation: "F32".into(),
        licence: Some("apache-2.0".into()),
        context: 2048,
        parameters: 96,
        // 4 layers x 2 heads x (8 + 8) values x 2 bytes
        cache_per_token: 256,
        encoder: false,
    };
    assert_eq!(read_bytes(&tiny("Tiny")).unwrap(), expected);
}

#[test]
fn cut_anywhere_it_is_truncated() {
    let whole = tiny("Tiny");
    for len in (4..whole.len()).step_by(7).chain([whole.len() - 1]) {
        match read_bytes(&whole[..len]) {
            Err(ModelError::Truncated { expected, actual, .. }) => {
                assert!(actual == len as u64 && expected > actual && expected <= whole.len() as u64);
            }
            other => panic!("cut to {len}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_gguf_is_named() {
    for (bytes, code) in [
        (&b"\x80\x02}q\x00."[..], "model.unsafe"),
        (b"PK\x03\x04....", "model.unknown"),
        (b"<!DOCTYPE html>", "model.unknown"),
        (b"version https://git-lfs", "model.unknown"),
        (b"GGUF\x01\0\0\0", "model.unknown"),
        (b"GG", "model.truncated"),
        (b"", "model.truncated"),
    ] {
        let fault = read_bytes(bytes).unwrap_err().fault();
        assert_eq!(fault.code, code, "{bytes:?}");
        assert!(fault.message.contains("x.gguf") && fault.hint.is_some(), "{fault}");
    }
}

#[test]
fn huge_counts_overlaps_and_bad_offsets_are_refused() {
    let whole = tiny("Tiny");
    let at = |needle: &[u8]| whole.windows(needle.len()).position(|window| window == needle).unwrap();
    let edit = |at: usize, bytes: &[u8]| {
        let mut edited = whole.clone();
        edited[at..at + bytes.len()].copy_from_slice(bytes);
        read_bytes(&edited).unwrap_err().fault().code
    };
    let huge = u64::MAX.to_le_bytes();
    let second = at(b"\x01\0\0\0\0\0\0\0b") + 9; // the second tensor's dimensions
    let cases = [
        ("tensor count", edit(8, &huge)),
        ("key count", edit(16, &huge)),
        ("key length", edit(24, &huge)),
        ("overlapping tensors", edit(second + 4 + 8 + 4, &128u64.to_le_bytes())),
        ("unaligned offset", edit(second + 4 + 8 + 4, &257u64.to_le_bytes())),
        ("dimensions", edit(second, &9u32.to_le_bytes())),
    ];
    for (what, code) in cases {
        assert_eq!(code, "model.damaged", "{what}");
    }
    assert_eq!(edit(second + 4 + 8 + 4, &(1u64 << 40).to_le_bytes()), "model.truncated");
    assert_eq!(edit(second + 4, &(1u64 << 40).to_le_bytes()), "model.truncated");
    assert_eq!(edit(second + 4 + 8, &99u32.to_le_bytes()), "model.unknown");
}

/// A file whose header has these keys, each with a text of `length` bytes, before what is needed.
fn padded(keys: &[String], length: usize) -> Vec<u8> {
    let mut tiny = tiny("Tiny");
    let text = vec![b'x'; length];
    let mut more = Vec::new();
    for key in keys {
        put(&mut more, key);
        more.extend(8u32.to_le_bytes());
        more.extend((length as u64).to_le_bytes());
        more.extend(&text);
    }
    // The tensors stay where they are seen from the header's end if it moves by a multiple of 32.
    let head = "pad".len() + 8 + 4 + 8;
    let pad = (more.len() + head).next_multiple_of(32) - more.len() - head;
    put_text(&mut more, "pad", &" ".repeat(pad));
    tiny[16..24].copy_from_slice(&(11 + keys.len() as u64).to_le_bytes());
    tiny.splice(24..24, more);
    tiny
}

#[test]
fn what_is_not_used_is_not_kept() {
    let names: Vec<String> = (0..60).map(|n| format!("key.{n}")).collect();
    let (_dir, path) = file(&padded(&names, 1 << 20));
    let mut reader = Reader::open(&path).unwrap();
    reader.bytes::<24>().unwrap();
    for _ in &names {
        reader.string(MAX_KEY).unwrap();
        assert_eq!(reader.value(false).unwrap(), None);
    }
    assert_eq!(read(&path).unwrap().architecture, "llama");
    // Not even under a name that is used, if it is that long.
    let (_dir, path) = file(&padded(&["general.license2".into(), "x.context_length".into()], 1 << 20));
    assert_eq!(read(&path).unwrap().context, 2048);
}

#[test]
fn a_key_or_a_tensor_that_appears_twice_is_refused() {
    for twice in ["general.name", "llama.block_count", "any"] {
        let bytes = padded(&[twice.to_owned(), twice.to_owned()], 4);
        let fault = read_bytes(&bytes).unwrap_err().fault();
        assert!(fault.code == "model.damaged" && fault.message.contains("twice"), "{fault}");
    }
    let whole = tiny("Tiny");
    let second = whole.windows(9).position(|window| window == b"\x01\0\0\0\0\0\0\0b").unwrap() + 8;
    let mut bytes = whole;
    bytes[second] = b'a';
    let fault = read_bytes(&bytes).unwrap_err().fault();
    assert!(fault.code == "model.damaged" && fault.message.contains("twice"), "{fault}");
    let many: Vec<String> = (0..5000).map(|n| format!("k{n}")).collect();
    assert_eq!(read_bytes(&padded(&many, 1)).unwrap_err().fault().code, "model.damaged");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_flipped_bytes_make_it_panic(flips in prop::collection::vec((0usize..700, any::<u8>()), 1..6)) {
        let mut bytes = tiny("Tiny");
        for (at, byte) in flips {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let _ = read_bytes(&bytes);
    }
}
