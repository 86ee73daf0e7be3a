//! GGUF files written here, for inputs that are only a part of one.

/// A GGUF file in the making.
#[derive(Default)]
pub struct Build {
    entries: Vec<u8>,
    count: u64,
    tensors: Vec<(String, Vec<u64>)>,
}

fn sized(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text].concat()
}

fn list(kind: u32, count: usize, values: Vec<u8>) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(count as u64).to_le_bytes(), &values].concat()
}

impl Build {
    /// A metadata entry of the type `kind`.
    #[must_use]
    pub fn entry(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.entries.extend(sized(key.as_bytes()));
        self.entries.extend(kind.to_le_bytes());
        self.entries.extend(value);
        self.count += 1;
        self
    }
    /// A text.
    #[must_use]
    pub fn text(self, key: &str, value: &str) -> Self {
        self.entry(key, 8, &sized(value.as_bytes()))
    }
    /// A whole number.
    #[must_use]
    pub fn number(self, key: &str, value: u32) -> Self {
        self.entry(key, 4, &value.to_le_bytes())
    }
    /// A fraction.
    #[must_use]
    pub fn fraction(self, key: &str, value: f32) -> Self {
        self.entry(key, 6, &value.to_le_bytes())
    }
    /// A flag.
    #[must_use]
    pub fn flag(self, key: &str, value: bool) -> Self {
        self.entry(key, 7, &[u8::from(value)])
    }
    /// A list of texts.
    #[must_use]
    pub fn texts(self, key: &str, values: &[String]) -> Self {
        let all = values.iter().flat_map(|value| sized(value.as_bytes())).collect();
        self.entry(key, 9, &list(8, values.len(), all))
    }
    /// A list of whole numbers.
    #[must_use]
    pub fn numbers(self, key: &str, values: &[i32]) -> Self {
        self.entry(key, 9, &list(5, values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect()))
    }
    /// A list of fractions.
    #[must_use]
    pub fn fractions(self, key: &str, values: &[f32]) -> Self {
        self.entry(key, 9, &list(6, values.len(), values.iter().flat_map(|v| v.to_le_bytes()).collect()))
    }
    /// A tensor of single-precision numbers.
    #[must_use]
    pub fn tensor(mut self, name: &str, dims: &[u64]) -> Self {
        self.tensors.push((name.to_owned(), dims.to_vec()));
        self
    }
    /// The whole file; the numbers of its tensors are small and differ.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend(self.count.to_le_bytes());
        out.extend(&self.entries);
        let mut offset = 0u64;
        for (name, dims) in &self.tensors {
            out.extend(sized(name.as_bytes()));
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|dim| out.extend(dim.to_le_bytes()));
            out.extend(0u32.to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset = (offset + dims.iter().product::<u64>() * 4).next_multiple_of(32);
        }
        out.resize(out.len().next_multiple_of(32), 0);
        let numbers = offset.div_ceil(4);
        out.extend((0..numbers).flat_map(|at| (((at * 37 % 97) as f32 - 48.0) / 97.0).to_le_bytes()));
        out
    }
}

/// A vocabulary in the letters of byte-level models: all of ASCII that is printable, a space, two merges, and a
/// control token that ends an answer.
#[must_use]
pub fn vocabulary() -> Build {
    let mut tokens: Vec<String> = (0x21u8..0x7F).map(|byte| char::from(byte).to_string()).collect();
    tokens.extend(["Ġ", "Ċ", "th", "the", "<|im_start|>", "<|im_end|>"].map(str::to_owned));
    let mut kinds = vec![1; tokens.len()];
    kinds[tokens.len() - 2..].fill(3);
    let end = tokens.len() as u32 - 1;
    Build::default()
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &tokens)
        .numbers("tokenizer.ggml.token_type", &kinds)
        .texts("tokenizer.ggml.merges", &["t h".to_owned(), "th e".to_owned()])
        .number("tokenizer.ggml.eos_token_id", end)
}

/// A whole model of one layer with few numbers, so that most of its bytes are ones that matter.
#[must_use]
pub fn model(architecture: &str) -> Build {
    let tokens = ["a", "b", "ab", "Ġ", "<|im_end|>"].map(str::to_owned);
    let key = |name: &str| format!("{architecture}.{name}");
    Build::default()
        .text("general.architecture", architecture)
        .number(&key("block_count"), 1)
        .number(&key("context_length"), 64)
        .number(&key("embedding_length"), 8)
        .number(&key("feed_forward_length"), 4)
        .number(&key("attention.head_count"), 2)
        .number(&key("attention.head_count_kv"), 1)
        .fraction(&key("attention.layer_norm_rms_epsilon"), 1e-5)
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", &tokens)
        .numbers("tokenizer.ggml.token_type", &[1, 1, 1, 1, 3])
        .texts("tokenizer.ggml.merges", &["a b".to_owned()])
        .number("tokenizer.ggml.eos_token_id", 4)
        .text("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}")
        .tensor("token_embd.weight", &[8, 5])
        .tensor("blk.0.attn_norm.weight", &[8])
        .tensor("blk.0.attn_q.weight", &[8, 8])
        .tensor("blk.0.attn_k.weight", &[8, 4])
        .tensor("blk.0.attn_v.weight", &[8, 4])
        .tensor("blk.0.attn_output.weight", &[8, 8])
        .tensor("blk.0.ffn_norm.weight", &[8])
        .tensor("blk.0.ffn_gate.weight", &[8, 4])
        .tensor("blk.0.ffn_up.weight", &[8, 4])
        .tensor("blk.0.ffn_down.weight", &[4, 8])
        .tensor("output_norm.weight", &[8])
}
