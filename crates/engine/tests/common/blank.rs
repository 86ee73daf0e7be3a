//! A Llama-shaped GGUF file of any size whose weights are all zero, without a tokenizer: for what
//! depends on sizes alone.

use engine::gguf::Kind;
use std::{fs::File, io::Write, path::PathBuf};

/// Its sizes.
pub struct Blank {
    pub kind: Kind,
    pub width: u64,
    pub inner: u64,
    pub layers: u64,
    pub vocab: u64,
}

/// The file, removed when dropped.
pub struct Written {
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

const HEAD: u64 = 64;

impl Blank {
    fn tensors(&self) -> Vec<(String, Vec<u64>)> {
        let (width, inner) = (self.width, self.inner);
        let mut all = vec![
            ("token_embd.weight".to_owned(), vec![width, self.vocab]),
            ("output_norm.weight".to_owned(), vec![width]),
        ];
        for layer in 0..self.layers {
            for (part, dims) in [
                ("attn_norm", vec![width]),
                ("attn_q", vec![width, width]),
                ("attn_k", vec![width, width / 2]),
                ("attn_v", vec![width, width / 2]),
                ("attn_output", vec![width, width]),
                ("ffn_norm", vec![width]),
                ("ffn_gate", vec![width, inner]),
                ("ffn_up", vec![width, inner]),
                ("ffn_down", vec![inner, width]),
            ] {
                all.push((format!("blk.{layer}.{part}.weight"), dims));
            }
        }
        all
    }

    pub fn write(&self) -> Written {
        let heads = self.width / HEAD;
        let numbers = [
            ("llama.block_count", self.layers),
            ("llama.context_length", 4096),
            ("llama.embedding_length", self.width),
            ("llama.feed_forward_length", self.inner),
            ("llama.attention.head_count", heads),
            ("llama.attention.head_count_kv", heads / 2),
        ];
        let tensors = self.tensors();
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((tensors.len() as u64).to_le_bytes());
        out.extend((numbers.len() as u64 + 2).to_le_bytes());
        let text = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u64).to_le_bytes());
            out.extend(text.as_bytes());
        };
        text(&mut out, "general.architecture");
        out.extend(8u32.to_le_bytes());
        text(&mut out, "llama");
        text(&mut out, "llama.attention.layer_norm_rms_epsilon");
        out.extend(6u32.to_le_bytes());
        out.extend(1e-5f32.to_le_bytes());
        for (key, number) in numbers {
            text(&mut out, key);
            out.extend(10u32.to_le_bytes());
            out.extend(number.to_le_bytes());
        }
        let mut offset = 0u64;
        for (name, dims) in &tensors {
            let kind = if dims.len() == 1 { Kind::F32 } else { self.kind };
            let elements: u64 = dims.iter().product();
            text(&mut out, name);
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
            out.extend(number_of(kind).to_le_bytes());
            out.extend(offset.to_le_bytes());
            let bytes = elements / kind.block() as u64 * kind.block_bytes() as u64;
            offset = (offset + bytes).next_multiple_of(32);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blank.gguf");
        let mut file = File::create(&path).unwrap();
        file.write_all(&out).unwrap();
        // Zeros that take no room on the disk.
        file.set_len((out.len() as u64).next_multiple_of(32) + offset).unwrap();
        Written { path, _folder: folder }
    }
}

/// The kind's number in a file.
fn number_of(kind: Kind) -> u32 {
    (0..64).find(|number| Kind::from_number(*number) == Some(kind)).unwrap()
}
