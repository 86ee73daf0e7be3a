//! A GGUF file with nothing but a vocabulary, of any shape.

use std::{fs, path::PathBuf};

/// What will be in the file.
pub struct Vocabulary {
    entries: Vec<u8>,
    count: u64,
    folder: tempfile::TempDir,
}

fn sized(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn list(kind: u32, count: usize, values: Vec<u8>) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes(), &values].concat()
}

/// Tokens with their kinds, for a tokenizer of this model.
pub fn vocabulary(model: &str, tokens: &[String], kinds: &[i32]) -> Vocabulary {
    let empty = Vocabulary { entries: Vec::new(), count: 0, folder: tempfile::tempdir().unwrap() };
    let kinds = list(5, kinds.len(), kinds.iter().flat_map(|k| k.to_le_bytes()).collect());
    empty.text("model", model).texts("tokens", tokens).entry("token_type", 9, kinds)
}

impl Vocabulary {
    fn entry(mut self, key: &str, kind: u32, value: Vec<u8>) -> Self {
        self.entries.extend(sized(&format!("tokenizer.ggml.{key}")));
        self.entries.extend(kind.to_le_bytes());
        self.entries.extend(value);
        self.count += 1;
        self
    }
    pub fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, sized(value))
    }
    pub fn texts(self, key: &str, values: &[String]) -> Self {
        let all = values.iter().flat_map(|v| sized(v)).collect();
        self.entry(key, 9, list(8, values.len(), all))
    }
    pub fn scores(self, scores: Vec<f32>) -> Self {
        let all = scores.iter().flat_map(|s| s.to_le_bytes()).collect();
        self.entry("scores", 9, list(6, scores.len(), all))
    }
    /// Writes it; removed when dropped.
    pub fn write(&self) -> PathBuf {
        let head = [&b"GGUF"[..], &3u32.to_le_bytes(), &0u64.to_le_bytes(), &self.count.to_le_bytes()].concat();
        let path = self.folder.path().join("vocabulary.gguf");
        fs::write(&path, [head, self.entries.clone(), vec![0; 32]].concat()).unwrap();
        path
    }
}
