//! A tiny Llama-shaped GGUF file with random weights, written here.

/// Bytes of a GGUF file.
pub struct Tiny {
    pub bytes: Vec<u8>,
    /// Where the tensor data begins.
    pub data: usize,
}

const WIDTH: u64 = 32;
const HIDDEN: u64 = 64;
const KEYS: u64 = 16;

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn entry(out: &mut Vec<u8>, key: &str, kind: u32, value: &[u8]) {
    text(out, key);
    out.extend(kind.to_le_bytes());
    out.extend(value);
}

fn list(kind: u32, count: usize, values: Vec<u8>) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes(), &values].concat()
}

fn texts(values: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|v| text(&mut out, v));
    list(8, values.len(), out)
}

/// The letters of the byte-level alphabet, two merges, and one control token.
fn vocabulary() -> Vec<String> {
    let itself = |b: u32| matches!(b, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let shifted = (0..256u32).filter(|b| !itself(*b)).count() as u32;
    let letters = (0..256).filter(|b| itself(*b)).chain(0x100..0x100 + shifted);
    let mut tokens: Vec<String> = letters.map(|c| char::from_u32(c).unwrap().to_string()).collect();
    tokens.extend(["th", "the", "<|im_end|>"].map(str::to_owned));
    tokens
}

pub fn tiny() -> Tiny {
    let tokens = vocabulary();
    let vocab = tokens.len() as u64;
    let mut kinds: Vec<i32> = vec![1; tokens.len()];
    *kinds.last_mut().unwrap() = 3;
    let string = |value: &str| {
        let mut out = Vec::new();
        text(&mut out, value);
        out
    };
    let number = |n: u32| n.to_le_bytes().to_vec();
    let entries: Vec<(&str, u32, Vec<u8>)> = vec![
        ("general.architecture", 8, string("llama")),
        ("general.name", 8, string("tiny")),
        ("llama.block_count", 4, number(1)),
        ("llama.context_length", 4, number(256)),
        ("llama.embedding_length", 4, number(WIDTH as u32)),
        ("llama.feed_forward_length", 4, number(HIDDEN as u32)),
        ("llama.attention.head_count", 4, number(2)),
        ("llama.attention.head_count_kv", 4, number(1)),
        ("llama.attention.layer_norm_rms_epsilon", 6, 1e-5f32.to_le_bytes().to_vec()),
        ("llama.rope.freq_base", 6, 10_000f32.to_le_bytes().to_vec()),
        ("tokenizer.ggml.model", 8, string("gpt2")),
        ("tokenizer.ggml.pre", 8, string("gpt-2")),
        ("tokenizer.ggml.tokens", 9, texts(&tokens)),
        ("tokenizer.ggml.token_type", 9, list(5, kinds.len(), kinds.iter().flat_map(|k| k.to_le_bytes()).collect())),
        ("tokenizer.ggml.merges", 9, texts(&["t h".to_owned(), "th e".to_owned()])),
        ("tokenizer.ggml.eos_token_id", 4, number(vocab as u32 - 1)),
        ("tokenizer.chat_template", 8, string("{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}")),
    ];
    let tensors: Vec<(&str, Vec<u64>)> = vec![
        ("token_embd.weight", vec![WIDTH, vocab]),
        ("blk.0.attn_norm.weight", vec![WIDTH]),
        ("blk.0.attn_q.weight", vec![WIDTH, WIDTH]),
        ("blk.0.attn_k.weight", vec![WIDTH, KEYS]),
        ("blk.0.attn_v.weight", vec![WIDTH, KEYS]),
        ("blk.0.attn_output.weight", vec![WIDTH, WIDTH]),
        ("blk.0.ffn_norm.weight", vec![WIDTH]),
        ("blk.0.ffn_gate.weight", vec![WIDTH, HIDDEN]),
        ("blk.0.ffn_up.weight", vec![WIDTH, HIDDEN]),
        ("blk.0.ffn_down.weight", vec![HIDDEN, WIDTH]),
        ("output_norm.weight", vec![WIDTH]),
    ];
    let mut bytes = b"GGUF".to_vec();
    bytes.extend(3u32.to_le_bytes());
    bytes.extend((tensors.len() as u64).to_le_bytes());
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (key, kind, value) in &entries {
        entry(&mut bytes, key, *kind, value);
    }
    let mut offset = 0u64;
    for (name, dims) in &tensors {
        text(&mut bytes, name);
        bytes.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|d| bytes.extend(d.to_le_bytes()));
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        offset = (offset + dims.iter().product::<u64>() * 4).next_multiple_of(32);
    }
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    let data = bytes.len();
    let mut state = 1u32;
    while bytes.len() < data + offset as usize {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5;
        bytes.extend(value.to_le_bytes());
    }
    Tiny { bytes, data }
}
