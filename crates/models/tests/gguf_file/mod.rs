//! Writes tiny model files that are whole.

#![allow(dead_code)] // each test uses its part

use std::path::Path;

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A GGUF file with one tensor of 32 values.
pub fn bytes(name: &str) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3u32.to_le_bytes());
    out.extend(1u64.to_le_bytes());
    out.extend(3u64.to_le_bytes());
    for (key, value) in [("general.architecture", "llama"), ("general.name", name)] {
        put(&mut out, key);
        out.extend(8u32.to_le_bytes());
        put(&mut out, value);
    }
    put(&mut out, "llama.context_length");
    out.extend(4u32.to_le_bytes());
    out.extend(2048u32.to_le_bytes());
    put(&mut out, "w");
    out.extend(1u32.to_le_bytes());
    out.extend(32u64.to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    out.resize(out.len().next_multiple_of(32) + 128, 0);
    out
}

pub fn write(path: &Path, name: &str) {
    std::fs::write(path, bytes(name)).unwrap();
}

/// A folder with an embedding model of `dims` dimensions.
pub fn write_encoder(folder: &Path, dims: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let header = r#"{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.as_bytes());
    weights.extend([0; 16]);
    std::fs::write(folder.join("model.safetensors"), weights).unwrap();
    std::fs::write(folder.join("tokenizer.json"), "{}").unwrap();
    let config = format!(r#"{{"model_type":"bert","hidden_size":{dims},"max_position_embeddings":512}}"#);
    std::fs::write(folder.join("config.json"), config).unwrap();
}
