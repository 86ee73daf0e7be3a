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
    pub tied: bool,
    pub biases: bool,
    pub head_norms: bool,
    /// Divisors of the rotation's speeds, as Llama 3.1 has them.
    pub factors: bool,
    pub linear_scaling: Option<f32>,
}

impl Plan {
    pub const fn new(architecture: &'static str, kind: Kind) -> Self {
        Self {
            architecture,
            kind,
            heads: 4,
            kv_heads: 2,
            head: 64,
            tied: true,
            biases: false,
            head_norms: false,
            factors: false,
            linear_scaling: None,
        }
    }
}

pub const VOCAB: u64 = 101;
const WIDTH: u64 = 256;
const INNER: u64 = 512;
const LAYERS: u64 = 2;
pub const CONTEXT: usize = 1024;

enum Entry {
    Text(&'static str),
    Count(u64),
    Fraction(f32),
}

/// A GGUF file in a folder of its own, removed when dropped.
pub struct File {
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

pub fn write(plan: Plan) -> File {
    let arch = plan.architecture;
    let mut entries = vec![
        ("general.architecture".to_owned(), Entry::Text(arch)),
        (format!("{arch}.block_count"), Entry::Count(LAYERS)),
        (format!("{arch}.context_length"), Entry::Count(CONTEXT as u64)),
        (format!("{arch}.embedding_length"), Entry::Count(WIDTH)),
        (format!("{arch}.feed_forward_length"), Entry::Count(INNER)),
        (format!("{arch}.attention.head_count"), Entry::Count(plan.heads)),
        (format!("{arch}.attention.head_count_kv"), Entry::Count(plan.kv_heads)),
        (format!("{arch}.attention.key_length"), Entry::Count(plan.head)),
        (format!("{arch}.attention.value_length"), Entry::Count(plan.head)),
        (format!("{arch}.attention.layer_norm_rms_epsilon"), Entry::Fraction(1e-5)),
        (format!("{arch}.rope.freq_base"), Entry::Fraction(10_000.0)),
    ];
    if let Some(factor) = plan.linear_scaling {
        entries.push((format!("{arch}.rope.scaling.type"), Entry::Text("linear")));
        entries.push((format!("{arch}.rope.scaling.factor"), Entry::Fraction(factor)));
    }

    let mut tensors = Tensors { list: Vec::new(), state: 7 };
    let (queries, keys) = (plan.heads * plan.head, plan.kv_heads * plan.head);
    tensors.random("token_embd.weight", &[WIDTH, VOCAB], plan.kind, 1.0);
    tensors.random("output_norm.weight", &[WIDTH], Kind::F32, 1.0);
    if !plan.tied {
        tensors.random("output.weight", &[WIDTH, VOCAB], plan.kind, 0.1);
    }
    if plan.factors {
        tensors.plain("rope_freqs.weight", (0..plan.head / 2).map(|pair| 1.0 + pair as f32 / 4.0).collect());
    }
    for layer in 0..LAYERS {
        let name = |part: &str| format!("blk.{layer}.{part}");
        for (part, from, to) in [
            ("attn_q", WIDTH, queries),
            ("attn_k", WIDTH, keys),
            ("attn_v", WIDTH, keys),
            ("attn_output", queries, WIDTH),
            ("ffn_gate", WIDTH, INNER),
            ("ffn_up", WIDTH, INNER),
            ("ffn_down", INNER, WIDTH),
        ] {
            let size = 1.5 / (from as f32).sqrt();
            tensors.random(&name(&format!("{part}.weight")), &[from, to], plan.kind, size);
            if plan.biases && matches!(part, "attn_q" | "attn_k" | "attn_v") {
                tensors.random(&name(&format!("{part}.bias")), &[to], Kind::F32, 0.5);
            }
        }
        if plan.head_norms {
            tensors.random(&name("attn_q_norm.weight"), &[plan.head], Kind::F32, 1.0);
            tensors.random(&name("attn_k_norm.weight"), &[plan.head], Kind::F32, 1.0);
        }
        tensors.random(&name("attn_norm.weight"), &[WIDTH], Kind::F32, 1.0);
        tensors.random(&name("ffn_norm.weight"), &[WIDTH], Kind::F32, 1.0);
    }

    save(&entries, &tensors.list)
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
                out.extend(10u32.to_le_bytes());
                out.extend(value.to_le_bytes());
            }
            Entry::Fraction(value) => {
                out.extend(6u32.to_le_bytes());
                out.extend(value.to_le_bytes());
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
