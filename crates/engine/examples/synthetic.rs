//! A GGUF file with the shape of a real model and random weights, to measure speed where the real
//! weights cannot be had: `synthetic SHAPE KIND OUT.gguf`. It says nothing that makes sense.
//!
//! Blocks are random bytes with a scale that keeps the sums small; their layouts are llama.cpp's
//! (`ggml-common.h`). `Q4_K_M` is its mixture: Q4_K, and Q6_K for the output and some of the values.

use engine::gguf::Kind;
use half::f16;
use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
};

/// A model's shape.
struct Shape {
    name: &'static str,
    architecture: &'static str,
    width: u64,
    layers: u64,
    heads: u64,
    key_heads: u64,
    head: u64,
    hidden: u64,
    vocab: u64,
    base: f32,
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "qwen3-0.6b",
        architecture: "qwen3",
        width: 1_024,
        layers: 28,
        heads: 16,
        key_heads: 8,
        head: 128,
        hidden: 3_072,
        vocab: 151_936,
        base: 1e6,
    },
    Shape {
        name: "llama-1b",
        architecture: "llama",
        width: 2_048,
        layers: 16,
        heads: 32,
        key_heads: 8,
        head: 64,
        hidden: 8_192,
        vocab: 128_256,
        base: 5e5,
    },
    Shape {
        name: "qwen3-4b",
        architecture: "qwen3",
        width: 2_560,
        layers: 36,
        heads: 32,
        key_heads: 8,
        head: 128,
        hidden: 9_728,
        vocab: 151_936,
        base: 1e6,
    },
    // Its width is no multiple of 256: Q4_0, Q4_1 or Q8_0 only.
    Shape {
        name: "gemma3-1b",
        architecture: "gemma3",
        width: 1_152,
        layers: 26,
        heads: 4,
        key_heads: 1,
        head: 256,
        hidden: 6_912,
        vocab: 262_144,
        base: 1e6,
    },
    Shape {
        name: "lfm2-1.2b",
        architecture: "lfm2",
        width: 2_048,
        layers: 16,
        heads: 32,
        key_heads: 8,
        head: 64,
        hidden: 8_192,
        vocab: 65_536,
        base: 1e6,
    },
    // Qwen 3 30B-A3B with an eighth of its layers.
    Shape {
        name: "qwen3moe-4b",
        architecture: "qwen3moe",
        width: 2_048,
        layers: 6,
        heads: 32,
        key_heads: 4,
        head: 128,
        hidden: 768,
        vocab: 151_936,
        base: 1e6,
    },
];

/// Experts of `qwen3moe`, and how many each token is sent to.
const EXPERTS: [u64; 2] = [128, 8];
/// The layers of `lfm2` that attend; the others are convolutions of three positions.
const ATTENDING: [u64; 6] = [2, 5, 8, 10, 12, 14];
const TAPS: u64 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [shape, kind, out] = args.as_slice() else {
        let shapes: Vec<&str> = SHAPES.iter().map(|shape| shape.name).collect();
        return Err(format!("synthetic SHAPE KIND OUT.gguf, with a shape of {}", shapes.join(", ")).into());
    };
    let shape = SHAPES.iter().find(|known| known.name == shape).ok_or("no such shape")?;
    let mut file = BufWriter::new(File::create(out)?);
    write(&mut file, shape, kind)?;
    Ok(file.flush()?)
}

/// A tensor: its name, columns, rows (of all experts together) and kind.
type Tensor = (String, u64, u64, Kind);

/// Whether a layer of a shape is a convolution.
fn convolves(shape: &Shape, layer: u64) -> bool {
    shape.architecture == "lfm2" && !ATTENDING.contains(&layer)
}

fn tensors(shape: &Shape, kind: &str) -> Result<Vec<Tensor>, Box<dyn Error>> {
    let (base, more) = match kind {
        "Q4_0" => (Kind::Q4_0, Kind::Q4_0),
        "Q4_1" => (Kind::Q4_1, Kind::Q4_1),
        "Q8_0" => (Kind::Q8_0, Kind::Q8_0),
        "Q5_K" => (Kind::Q5_K, Kind::Q5_K),
        "Q6_K" => (Kind::Q6_K, Kind::Q6_K),
        "Q4_K_M" => (Kind::Q4_K, Kind::Q6_K),
        _ => return Err("a kind is one of Q4_0, Q4_1, Q8_0, Q5_K, Q6_K, Q4_K_M".into()),
    };
    let Shape { width, layers, heads, key_heads, head, hidden, vocab, .. } = *shape;
    let mut all = vec![
        ("token_embd.weight".to_owned(), width, vocab, more),
        (
            if shape.architecture == "lfm2" { "token_embd_norm.weight" } else { "output_norm.weight" }.to_owned(),
            width,
            1,
            Kind::F32,
        ),
    ];
    for layer in 0..layers {
        // Which layers get more bits: llama.cpp's rule for its K_M mixtures.
        let rich = layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
        let some = if rich { more } else { base };
        let mut add =
            |name: &str, columns, rows, kind| all.push((format!("blk.{layer}.{name}.weight"), columns, rows, kind));
        for norm in ["attn_norm", "ffn_norm"] {
            add(norm, width, 1, Kind::F32);
        }
        if shape.architecture == "gemma3" {
            for norm in ["post_attention_norm", "post_ffw_norm"] {
                add(norm, width, 1, Kind::F32);
            }
        }
        if convolves(shape, layer) {
            add("shortconv.in_proj", width, 3 * width, base);
            add("shortconv.conv", TAPS, width, Kind::F32);
            add("shortconv.out_proj", width, width, base);
        } else {
            if shape.architecture != "llama" {
                for norm in ["attn_q_norm", "attn_k_norm"] {
                    add(norm, head, 1, Kind::F32);
                }
            }
            add("attn_q", width, heads * head, base);
            add("attn_k", width, key_heads * head, base);
            add("attn_v", width, key_heads * head, some);
            add("attn_output", heads * head, width, base);
        }
        if shape.architecture == "qwen3moe" {
            add("ffn_gate_inp", width, EXPERTS[0], Kind::F32);
            add("ffn_gate_exps", width, hidden * EXPERTS[0], base);
            add("ffn_up_exps", width, hidden * EXPERTS[0], base);
            add("ffn_down_exps", hidden, width * EXPERTS[0], some);
        } else {
            add("ffn_gate", width, hidden, base);
            add("ffn_up", width, hidden, base);
            add("ffn_down", hidden, width, some);
        }
    }
    Ok(all)
}

fn write(out: &mut impl Write, shape: &Shape, kind: &str) -> Result<(), Box<dyn Error>> {
    let tensors = tensors(shape, kind)?;
    let named = |key: &str| format!("{}.{key}", shape.architecture);
    let mut numbers = vec![
        ("block_count", shape.layers),
        ("context_length", 8_192),
        ("embedding_length", shape.width),
        ("feed_forward_length", shape.hidden),
        ("attention.head_count", shape.heads),
        ("attention.key_length", shape.head),
        ("attention.value_length", shape.head),
        ("rope.dimension_count", shape.head),
        ("vocab_size", shape.vocab),
    ];
    match shape.architecture {
        "lfm2" => numbers.push(("shortconv.l_cache", TAPS)),
        "gemma3" => numbers.push(("attention.sliding_window", 512)),
        "qwen3moe" => numbers.extend([
            ("expert_count", EXPERTS[0]),
            ("expert_used_count", EXPERTS[1]),
            ("expert_feed_forward_length", shape.hidden),
        ]),
        _ => {}
    }
    let reals = [("attention.layer_norm_rms_epsilon", 1e-6), ("rope.freq_base", shape.base)];
    let texts = [
        ("general.architecture", shape.architecture),
        ("general.name", shape.name),
        ("tokenizer.ggml.model", "no_vocab"),
    ];
    let mut head = b"GGUF".to_vec();
    head.extend(3u32.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    head.extend(((numbers.len() + 1 + reals.len() + texts.len()) as u64).to_le_bytes());
    for (key, value) in texts {
        text(&mut head, key);
        head.extend(8u32.to_le_bytes());
        text(&mut head, value);
    }
    for (key, value) in numbers {
        text(&mut head, &named(key));
        head.extend(4u32.to_le_bytes());
        head.extend(u32::try_from(value)?.to_le_bytes());
    }
    for (key, value) in reals {
        text(&mut head, &named(key));
        head.extend(6u32.to_le_bytes());
        head.extend(value.to_le_bytes());
    }
    // For each layer, since a convolution has none.
    text(&mut head, &named("attention.head_count_kv"));
    head.extend([9u32.to_le_bytes(), 5u32.to_le_bytes()].as_flattened());
    head.extend(shape.layers.to_le_bytes());
    for layer in 0..shape.layers {
        let heads = if convolves(shape, layer) { 0 } else { i32::try_from(shape.key_heads)? };
        head.extend(heads.to_le_bytes());
    }
    let mut offset = 0u64;
    for (name, columns, rows, kind) in &tensors {
        text(&mut head, name);
        let each = [*columns, rows / EXPERTS[0], EXPERTS[0]];
        let sizes: &[u64] = match rows {
            1 => &[*columns],
            _ if name.contains("_exps") => &each,
            _ => &[*columns, *rows],
        };
        head.extend((sizes.len() as u32).to_le_bytes());
        sizes.iter().for_each(|size| head.extend(size.to_le_bytes()));
        head.extend(kind.number().to_le_bytes());
        head.extend(offset.to_le_bytes());
        offset += bytes(*kind, columns * rows).next_multiple_of(ALIGNED);
    }
    head.resize(head.len().next_multiple_of(ALIGNED as usize), 0);
    out.write_all(&head)?;
    let mut state = 1u64;
    for (_, columns, rows, kind) in &tensors {
        let size = bytes(*kind, columns * rows);
        let blocks = blocks(*kind, &mut state);
        let mut left = size as usize;
        while left > 0 {
            let part = left.min(blocks.len());
            out.write_all(&blocks[..part])?;
            left -= part;
        }
        out.write_all(&[0; ALIGNED as usize][..(size.next_multiple_of(ALIGNED) - size) as usize])?;
    }
    Ok(())
}

/// Where tensors begin, by default.
const ALIGNED: u64 = 32;
/// So many random blocks are made of each tensor, and repeated.
const BLOCKS: usize = 4_096;

fn bytes(kind: Kind, values: u64) -> u64 {
    values / kind.block() as u64 * kind.block_bytes() as u64
}

fn blocks(kind: Kind, state: &mut u64) -> Vec<u8> {
    if kind == Kind::F32 {
        return 1f32.to_le_bytes().repeat(BLOCKS);
    }
    // Where scales stand in a block, and which: sums over a row stay near one.
    let scales: &[(usize, f32)] = match kind {
        Kind::Q4_0 => &[(0, 0.01)],
        Kind::Q4_1 => &[(0, 0.01), (2, -0.075)],
        Kind::Q8_0 => &[(0, 6e-4)],
        Kind::Q4_K => &[(0, 1.6e-4), (2, 1.18e-3)],
        Kind::Q5_K => &[(0, 8e-5), (2, 1.18e-3)],
        _ => &[(208, 2e-5)],
    };
    let mut all = Vec::with_capacity(BLOCKS * kind.block_bytes());
    for _ in 0..BLOCKS {
        let begin = all.len();
        while all.len() < begin + kind.block_bytes() {
            // xorshift64
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            all.extend(state.to_le_bytes());
        }
        all.truncate(begin + kind.block_bytes());
        for (at, scale) in scales {
            all[begin + at..begin + at + 2].copy_from_slice(&f16::from_f32(*scale).to_le_bytes());
        }
    }
    all
}

fn text(out: &mut Vec<u8>, value: &str) {
    out.extend((value.len() as u64).to_le_bytes());
    out.extend(value.as_bytes());
}
