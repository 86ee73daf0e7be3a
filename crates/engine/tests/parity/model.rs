//! Small random models of real structure, written as GGUF files in any quantisation, and a real one without.

use candle_core::{
    Device, Tensor,
    quantized::{QStorage, QTensor},
};
use engine::{
    arch::Shape,
    gguf::{Gguf, Kind},
};
use std::{io::Write, path::PathBuf};

/// What a model looks like. Sizes that are not multiples of a tile's are on purpose.
#[derive(Clone, Copy)]
pub struct Plan {
    pub architecture: &'static str,
    pub kind: Kind,
    pub heads: u64,
    pub kv_heads: u64,
    pub head: u64,
    pub layers: u64,
    pub tied: bool,
    pub biases: bool,
    /// Tensors of divisors of the rotation's speeds.
    pub factors: &'static [&'static str],
    pub experts: u64,
    /// Metadata under the architecture's name, besides the sizes.
    pub more: &'static [(&'static str, Entry)],
}

impl Plan {
    pub const fn new(architecture: &'static str, kind: Kind) -> Self {
        Self {
            architecture,
            kind,
            heads: 4,
            kv_heads: 2,
            head: 64,
            layers: 2,
            tied: true,
            biases: false,
            factors: &[],
            experts: 0,
            more: &[],
        }
    }

    fn is(&self, architectures: &[&str]) -> bool {
        architectures.contains(&self.architecture)
    }

    /// Layers that convolve: of LFM 2 those that the metadata gives no key heads.
    fn convolves(&self, layer: u64) -> bool {
        let heads = self.more.iter().find(|(key, _)| *key == "attention.head_count_kv");
        matches!(heads, Some((_, Entry::Counts(heads))) if heads.get(layer as usize) == Some(&0))
    }
}

pub const VOCAB: u64 = 101;
const WIDTH: u64 = 256;
const INNER: u64 = 512;
pub const TAPS: u64 = 3;
pub const CONTEXT: usize = 1024;

#[derive(Clone, Copy)]
pub enum Entry {
    Text(&'static str),
    Count(u64),
    Fraction(f32),
    Flag(bool),
    Counts(&'static [i32]),
    Fractions(&'static [f32]),
}

/// A GGUF file in a folder of its own, removed when dropped.
pub struct File {
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

pub fn write(plan: Plan) -> File {
    let (entries, tensors) = contents(plan);
    save(&entries, &tensors)
}

/// A file of one architecture under the name of another.
#[allow(dead_code, reason = "a test of bad files uses it")]
pub fn write_as(plan: Plan, architecture: &'static str) -> File {
    let (_, tensors) = contents(plan);
    let (entries, _) = contents(Plan { architecture, ..plan });
    save(&entries, &tensors)
}

/// The bytes of the file.
#[allow(dead_code, reason = "the example uses it")]
pub fn image(plan: Plan) -> Vec<u8> {
    let (entries, tensors) = contents(plan);
    bytes(&entries, &tensors)
}

fn contents(plan: Plan) -> (Vec<(String, Entry)>, Vec<Written>) {
    let arch = plan.architecture;
    let usual = [
        ("block_count", Entry::Count(plan.layers)),
        ("context_length", Entry::Count(CONTEXT as u64)),
        ("embedding_length", Entry::Count(WIDTH)),
        ("feed_forward_length", Entry::Count(INNER)),
        ("attention.head_count", Entry::Count(plan.heads)),
        ("attention.head_count_kv", Entry::Count(plan.kv_heads)),
        ("attention.key_length", Entry::Count(plan.head)),
        ("attention.value_length", Entry::Count(plan.head)),
        ("attention.layer_norm_rms_epsilon", Entry::Fraction(1e-5)),
        ("rope.freq_base", Entry::Fraction(10_000.0)),
        ("vocab_size", Entry::Count(VOCAB)),
    ];
    let usual = usual.iter().filter(|(key, _)| !plan.more.iter().any(|(other, _)| key == other));
    let mut entries = vec![
        ("general.architecture".to_owned(), Entry::Text(arch)),
        ("tokenizer.ggml.model".to_owned(), Entry::Text("no_vocab")),
    ];
    for (key, entry) in usual.chain(plan.more) {
        // These stand under no architecture's name.
        let name = if key.starts_with("xielu") { (*key).to_owned() } else { format!("{arch}.{key}") };
        entries.push((name, *entry));
    }
    for (key, count) in [("expert_count", plan.experts), ("expert_used_count", 2)] {
        if plan.experts > 0 && !plan.more.iter().any(|(other, _)| *other == key) {
            entries.push((format!("{arch}.{key}"), Entry::Count(count)));
        }
    }
    (entries, tensors(plan))
}

fn tensors(plan: Plan) -> Vec<Written> {
    let mut tensors = Tensors { list: Vec::new(), state: 7 };
    let (queries, keys) = (plan.heads * plan.head, plan.kv_heads * plan.head);
    let rotated = plan.more.iter().find_map(|(key, entry)| match entry {
        Entry::Count(width) if *key == "rope.dimension_count" => Some(*width),
        _ => None,
    });
    tensors.random("token_embd.weight", &[WIDTH, VOCAB], plan.kind, 1.0);
    let norm = if plan.is(&["lfm2"]) { "token_embd_norm.weight" } else { "output_norm.weight" };
    tensors.random(norm, &[WIDTH], Kind::F32, 1.0);
    if !plan.tied {
        tensors.random("output.weight", &[WIDTH, VOCAB], plan.kind, 0.1);
    }
    for (at, factors) in plan.factors.iter().enumerate() {
        let step = 4.0 / (at + 1) as f32;
        let values = (0..rotated.unwrap_or(plan.head) / 2).map(|pair| 1.0 + pair as f32 / step);
        tensors.plain(factors, values.collect());
    }
    let fused = plan.is(&["phi3", "glm4"]);
    for layer in 0..plan.layers {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let mut linears = vec![];
        if plan.convolves(layer) {
            linears.extend([("shortconv.in_proj", WIDTH, 3 * WIDTH), ("shortconv.out_proj", WIDTH, WIDTH)]);
        } else {
            match plan.architecture {
                "phi3" => linears.push(("attn_qkv", WIDTH, queries + 2 * keys)),
                _ => linears.extend([("attn_q", WIDTH, queries), ("attn_k", WIDTH, keys), ("attn_v", WIDTH, keys)]),
            }
            linears.push(("attn_output", queries, WIDTH));
        }
        match (plan.experts, fused) {
            (0, true) => linears.push(("ffn_up", WIDTH, 2 * INNER)),
            (0, false) if plan.is(&["apertus"]) => linears.push(("ffn_up", WIDTH, INNER)),
            (0, false) => linears.extend([("ffn_gate", WIDTH, INNER), ("ffn_up", WIDTH, INNER)]),
            _ => {}
        }
        if plan.experts == 0 {
            linears.push(("ffn_down", INNER, WIDTH));
        }
        for (part, from, to) in linears {
            // Attention that looks closely: else what is done to queries and keys would hardly be seen.
            let gain = match part {
                "attn_q" | "attn_k" | "attn_qkv" => 6.0,
                "attn_output" => 3.0,
                _ => 1.5,
            };
            let size = gain / (from as f32).sqrt();
            tensors.random(&name(&format!("{part}.weight")), &[from, to], plan.kind, size);
            if plan.biases && matches!(part, "attn_q" | "attn_k" | "attn_v") {
                tensors.random(&name(&format!("{part}.bias")), &[to], Kind::F32, 0.5);
            }
        }
        if plan.experts > 0 {
            tensors.random(&name("ffn_gate_inp.weight"), &[WIDTH, plan.experts], Kind::F32, 0.5);
            for (part, from, to) in
                [("ffn_gate_exps", WIDTH, INNER), ("ffn_up_exps", WIDTH, INNER), ("ffn_down_exps", INNER, WIDTH)]
            {
                let size = 1.5 / (from as f32).sqrt();
                tensors.random(&name(&format!("{part}.weight")), &[from, to, plan.experts], plan.kind, size);
            }
        }
        if plan.convolves(layer) {
            tensors.random(&name("shortconv.conv.weight"), &[TAPS, WIDTH], Kind::F32, 1.0);
        } else if plan.is(&["qwen3", "qwen3moe", "gemma3", "apertus", "lfm2", "exaone4", "olmo2"]) {
            let widths = if plan.is(&["olmo2"]) { [queries, keys] } else { [plan.head; 2] };
            tensors.random(&name("attn_q_norm.weight"), &[widths[0]], Kind::F32, 3.0);
            tensors.random(&name("attn_k_norm.weight"), &[widths[1]], Kind::F32, 3.0);
        }
        if !plan.is(&["olmo2", "exaone4"]) {
            tensors.random(&name("attn_norm.weight"), &[WIDTH], Kind::F32, 1.0);
            tensors.random(&name("ffn_norm.weight"), &[WIDTH], Kind::F32, 1.0);
        }
        if plan.is(&["gemma2", "gemma3", "glm4", "olmo2", "exaone4"]) {
            tensors.random(&name("post_attention_norm.weight"), &[WIDTH], Kind::F32, 1.0);
            tensors.random(&name("post_ffw_norm.weight"), &[WIDTH], Kind::F32, 1.0);
        }
    }
    tensors.list
}

fn save(entries: &[(String, Entry)], tensors: &[Written]) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random.gguf");
    std::fs::File::create(&path).unwrap().write_all(&bytes(entries, tensors)).unwrap();
    File { path, _folder: folder }
}

/// A Llama file again, with the same weights as half-precision numbers instead of codes, so that nothing on
/// the way is rounded to 8 bits.
pub fn in_half(file: &Gguf) -> File {
    let shape = Shape::read(file).unwrap();
    let count = |key: &str, count: usize| (format!("llama.{key}"), Entry::Count(count as u64));
    let fraction = |key: &str, value: f32| (format!("llama.{key}"), Entry::Fraction(value));
    let entries = [
        ("general.architecture".to_owned(), Entry::Text("llama")),
        count("block_count", shape.layers),
        count("context_length", shape.context),
        count("embedding_length", shape.width),
        count("feed_forward_length", shape.feed_forward),
        count("attention.head_count", shape.heads),
        count("attention.head_count_kv", shape.kv_heads),
        count("rope.dimension_count", shape.rope_width),
        fraction("attention.layer_norm_rms_epsilon", shape.epsilon),
        fraction("rope.freq_base", shape.rope_base),
    ];
    let tensors = file.tensors().iter().map(|(name, info)| {
        let dims: Vec<u64> = info.dims.iter().map(|dim| *dim as u64).collect();
        let bytes = file.bytes(info);
        if info.dims.len() == 1 {
            return Written { name: name.clone(), dims, kind: info.kind, bytes: bytes.to_vec() };
        }
        let storage = QStorage::from_data(bytes.into(), &Device::Cpu, info.kind.candle()).unwrap();
        let plain = QTensor::new(storage, info.elements()).unwrap().dequantize(&Device::Cpu).unwrap();
        let bytes = QTensor::quantize(&plain, Kind::F16.candle()).unwrap().data().unwrap().into_owned();
        Written { name: name.clone(), dims, kind: Kind::F16, bytes }
    });
    save(&entries, &tensors.collect::<Vec<_>>())
}

struct Written {
    name: String,
    dims: Vec<u64>,
    kind: Kind,
    bytes: Vec<u8>,
}

struct Tensors {
    list: Vec<Written>,
    state: u64,
}

impl Tensors {
    fn random(&mut self, name: &str, dims: &[u64], kind: Kind, size: f32) {
        let count: u64 = dims.iter().product();
        let values: Vec<f32> = (0..count).map(|_| self.next() * size).collect();
        let shape: Vec<usize> = dims.iter().rev().map(|dim| *dim as usize).collect();
        let plain = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        let bytes = QTensor::quantize(&plain, kind.candle()).unwrap().data().unwrap().into_owned();
        self.list.push(Written { name: name.to_owned(), dims: dims.to_vec(), kind, bytes });
    }

    fn plain(&mut self, name: &str, values: Vec<f32>) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.list.push(Written { name: name.to_owned(), dims: vec![values.len() as u64], kind: Kind::F32, bytes });
    }

    /// A number between -1 and 1 with most of its weight near zero, as real weights are.
    fn next(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..3 {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (self.state >> 40) as f32 / (1 << 23) as f32 - 1.0;
        }
        sum / 3.0
    }
}

fn bytes(entries: &[(String, Entry)], tensors: &[Written]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((entries.len() as u64).to_le_bytes());
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    };
    for (key, entry) in entries {
        text(&mut out, key);
        match entry {
            Entry::Text(value) => {
                out.extend(8u32.to_le_bytes());
                text(&mut out, value);
            }
            Entry::Count(value) => {
                // llama.cpp takes no wider numbers.
                out.extend(4u32.to_le_bytes());
                out.extend((*value as u32).to_le_bytes());
            }
            Entry::Fraction(value) => {
                out.extend(6u32.to_le_bytes());
                out.extend(value.to_le_bytes());
            }
            Entry::Flag(value) => {
                out.extend(7u32.to_le_bytes());
                out.push(u8::from(*value));
            }
            Entry::Counts(values) => {
                out.extend([9u32.to_le_bytes(), 5u32.to_le_bytes()].as_flattened());
                out.extend((values.len() as u64).to_le_bytes());
                values.iter().for_each(|value| out.extend(value.to_le_bytes()));
            }
            Entry::Fractions(values) => {
                out.extend([9u32.to_le_bytes(), 6u32.to_le_bytes()].as_flattened());
                out.extend((values.len() as u64).to_le_bytes());
                values.iter().for_each(|value| out.extend(value.to_le_bytes()));
            }
        }
    }
    let mut offset = 0;
    for tensor in tensors {
        text(&mut out, &tensor.name);
        out.extend((tensor.dims.len() as u32).to_le_bytes());
        tensor.dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
        let number = (0..64).find(|number| Kind::from_number(*number) == Some(tensor.kind)).unwrap();
        out.extend(number.to_le_bytes());
        out.extend((offset as u64).to_le_bytes());
        offset = (offset + tensor.bytes.len()).next_multiple_of(32);
    }
    for tensor in tensors {
        out.resize(out.len().next_multiple_of(32), 0);
        out.extend(&tensor.bytes);
    }
    out
}
