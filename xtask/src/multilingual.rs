//! A multilingual embedding model for the tests: multilingual E5 small (Microsoft, MIT licence), which a package has
//! in 4 bits in a form of its own. Here it becomes the folder that a model hub has.
//!
//! People download the model itself (`crates/models/catalogue.json`); where no hub can be reached this is the
//! nearest thing to it. Its vectors are those of the model to a cosine of about 0.99.

use crate::{places::Places, shell};
use anyhow::{Context as _, Result, bail, ensure};
use half::f16;
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write as _},
    path::Path,
};

/// Where the package's file and the folder are, in the cache.
const PACKED: &str = "e5-small-q4.bin";
const FOLDER: &str = "models/multilingual-e5-small";
/// A file in the folder that says how it was made: another name makes it anew.
const STAMP: &str = "unpacked-1";
/// Numbers that share a scale, and the bytes of such a block: the scale in half precision, then two codes a byte,
/// the low half of all bytes first.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 18;

/// Makes the folder, if it is not there yet. Where the package has no build there is nothing to make it of.
pub fn unpack(places: &Places) -> Result<()> {
    let (packed, folder) = (places.cache.join(PACKED), places.cache.join(FOLDER));
    if folder.join(STAMP).exists() || !packed.exists() {
        return Ok(());
    }
    let step = shell::step("Unpacking multilingual E5, for the tests", "some seconds, 235 MB");
    let file = fs::read(&packed)?;
    let model = Model::read(&file).with_context(|| packed.display().to_string())?;
    // Under another name first: what was cut short is made again.
    let half = folder.with_extension("half");
    let _ = fs::remove_dir_all(&half);
    fs::create_dir_all(half.join("1_Pooling"))?;
    model.write(&half)?;
    fs::write(half.join(STAMP), "")?;
    let _ = fs::remove_dir_all(&folder);
    fs::rename(half, folder)?;
    step.done("unpacked");
    Ok(())
}

/// A file that is read from its beginning.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count).context("it ends too soon")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.bytes(N)?.try_into()?)
    }

    fn count(&mut self) -> Result<usize> {
        Ok(usize::try_from(u32::from_le_bytes(self.array()?))?)
    }

    fn long(&mut self) -> Result<usize> {
        Ok(usize::try_from(u64::from_le_bytes(self.array()?))?)
    }
}

/// What the file holds. Tensors are bytes: of numbers in single precision, or of blocks.
struct Model<'a> {
    width: usize,
    layers: usize,
    heads: usize,
    inner: usize,
    words: usize,
    positions: usize,
    types: usize,
    tokens: Vec<(&'a str, f32)>,
    tensors: BTreeMap<String, &'a [u8]>,
}

impl<'a> Model<'a> {
    fn read(file: &'a [u8]) -> Result<Self> {
        let mut at = Reader(file);
        ensure!(at.bytes(4)? == b"E5S1", "it is another form");
        let [_, width, layers, heads, inner, words, positions, types] = counts(&mut at)?;
        let [_, block] = counts(&mut at)?;
        ensure!(block == BLOCK, "its blocks have {block} numbers");
        let [pieces, _, _, _, _] = counts(&mut at)?;
        let length = at.long()?;
        let starts: Vec<usize> = (0..=pieces).map(|_| at.count()).collect::<Result<_>>()?;
        let scores: Vec<f32> = (0..pieces).map(|_| Ok(f32::from_le_bytes(at.array()?))).collect::<Result<_>>()?;
        let text = at.bytes(length)?;
        let piece = |n: usize| text.get(starts[n]..starts[n + 1]).context("a token lies outside of the text");
        let tokens = scores.iter().enumerate().map(|(n, score)| Ok((std::str::from_utf8(piece(n)?)?, *score)));
        let tokens = tokens.collect::<Result<_>>()?;
        // How letters are folded: the tokenizer's own library knows that.
        let [_, folded] = counts(&mut at)?;
        at.bytes(folded)?;
        let mut tensors = BTreeMap::new();
        for _ in 0..at.count()? {
            let length = u16::from_le_bytes(at.array()?);
            let name = std::str::from_utf8(at.bytes(length.into())?)?.to_owned();
            at.bytes(1 + 4)?;
            let (start, bytes) = (at.long()?, at.long()?);
            let end = start.checked_add(bytes).context("a tensor is too long")?;
            tensors.insert(name, file.get(start..end).context("a tensor lies outside of the file")?);
        }
        Ok(Self { width, layers, heads, inner, words, positions, types, tokens, tensors })
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let json = |name: &str, value: Value| fs::write(folder.join(name), value.to_string());
        json(
            "config.json",
            json!({"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "pad_token_id": 0,
                   "position_embedding_type": "absolute", "layer_norm_eps": 1e-12, "hidden_size": self.width,
                   "num_hidden_layers": self.layers, "num_attention_heads": self.heads, "vocab_size": self.words,
                   "intermediate_size": self.inner, "max_position_embeddings": self.positions,
                   "type_vocab_size": self.types}),
        )?;
        json(
            "1_Pooling/config.json",
            json!({"word_embedding_dimension": self.width, "pooling_mode_mean_tokens": true}),
        )?;
        json("tokenizer.json", self.tokenizer()?)?;
        self.weights(&folder.join("model.safetensors"))
    }

    /// XLM-R's tokenizer: unigrams, whose first four and last are marks.
    fn tokenizer(&self) -> Result<Value> {
        let last = self.tokens.len().checked_sub(1).context("it has no tokens")?;
        let text = |id: usize| self.tokens.get(id).map(|(text, _)| *text).context("a mark is missing");
        let mark = |id: usize| -> Result<Value> {
            Ok(json!({"id": id, "content": text(id)?, "single_word": false, "lstrip": false, "rstrip": false,
                      "normalized": false, "special": true}))
        };
        let marks = [0, 1, 2, 3, last].into_iter().map(mark).collect::<Result<Vec<_>>>()?;
        let (begin, end) = (text(0)?, text(2)?);
        let put = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
        let read = |name: &str| json!({"Sequence": {"id": name, "type_id": 0}});
        let named = |token: &str, id: usize| json!({"id": token, "ids": [id], "tokens": [token]});
        let spaces = json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
        Ok(json!({
            "version": "1.0", "added_tokens": marks, "decoder": spaces,
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"}]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, spaces]},
            "post_processor": {
                "type": "TemplateProcessing", "single": [put(begin), read("A"), put(end)],
                "pair": [put(begin), read("A"), put(end), put(end), read("B"), put(end)],
                "special_tokens": {begin: named(begin, 0), end: named(end, 2)},
            },
            "model": {"type": "Unigram", "unk_id": 3, "byte_fallback": false, "vocab": self.tokens},
        }))
    }

    /// The tensors under the names that they have on a hub, and their shapes.
    fn named(&self) -> Vec<(String, String, Vec<usize>)> {
        let (width, inner) = (self.width, self.inner);
        let mut all = vec![
            ("emb.word".to_owned(), "embeddings.word_embeddings.weight".to_owned(), vec![self.words, width]),
            ("emb.pos".to_owned(), "embeddings.position_embeddings.weight".to_owned(), vec![self.positions, width]),
            ("emb.type".to_owned(), "embeddings.token_type_embeddings.weight".to_owned(), vec![self.types, width]),
            ("emb.ln.w".to_owned(), "embeddings.LayerNorm.weight".to_owned(), vec![width]),
            ("emb.ln.b".to_owned(), "embeddings.LayerNorm.bias".to_owned(), vec![width]),
        ];
        for layer in 0..self.layers {
            for (short, long, rows, columns) in [
                ("q", "attention.self.query", width, Some(width)),
                ("k", "attention.self.key", width, Some(width)),
                ("v", "attention.self.value", width, Some(width)),
                ("ao", "attention.output.dense", width, Some(width)),
                ("aln", "attention.output.LayerNorm", width, None),
                ("fi", "intermediate.dense", inner, Some(width)),
                ("fo", "output.dense", width, Some(inner)),
                ("oln", "output.LayerNorm", width, None),
            ] {
                let (ours, hubs) = (format!("l{layer}.{short}"), format!("encoder.layer.{layer}.{long}"));
                let shape = std::iter::once(rows).chain(columns).collect();
                all.push((format!("{ours}.w"), format!("{hubs}.weight"), shape));
                all.push((format!("{ours}.b"), format!("{hubs}.bias"), vec![rows]));
            }
        }
        all
    }

    /// Writes the tensors, all in half precision.
    fn weights(&self, path: &Path) -> Result<()> {
        let named = self.named();
        let (mut header, mut end) = (Map::new(), 0);
        for (_, name, shape) in &named {
            let start = end;
            end += 2 * shape.iter().product::<usize>();
            header.insert(name.clone(), json!({"dtype": "F16", "shape": shape, "data_offsets": [start, end]}));
        }
        let mut header = Value::from(header).to_string();
        header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
        let mut out = BufWriter::new(fs::File::create(path)?);
        out.write_all(&u64::try_from(header.len())?.to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        for (ours, _, shape) in &named {
            let bytes = self.tensors.get(ours).with_context(|| format!("{ours} is missing"))?;
            for number in numbers(bytes, shape.iter().product()).with_context(|| ours.clone())? {
                out.write_all(&f16::from_f32(number).to_le_bytes())?;
            }
        }
        out.flush()?;
        Ok(())
    }
}

fn counts<const N: usize>(at: &mut Reader<'_>) -> Result<[usize; N]> {
    let mut counts = [0; N];
    for count in &mut counts {
        *count = at.count()?;
    }
    Ok(counts)
}

/// The numbers of a tensor, of which there are so many; how long it is says how they are kept.
fn numbers(bytes: &[u8], count: usize) -> Result<Vec<f32>> {
    if bytes.len() == count * 4 {
        return Ok(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect());
    }
    if bytes.len() != count / BLOCK * BLOCK_BYTES || !count.is_multiple_of(BLOCK) {
        bail!("{} bytes are not {count} numbers", bytes.len());
    }
    let block = |block: &[u8; BLOCK_BYTES]| {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        let codes = &block[2..];
        let low = codes.iter().map(|byte| byte & 15);
        low.chain(codes.iter().map(|byte| byte >> 4))
            .map(move |code| (f32::from(code) - 8.0) * scale)
            .collect::<Vec<_>>()
    };
    Ok(bytes.as_chunks::<BLOCK_BYTES>().0.iter().flat_map(block).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_numbers() {
        let mut block = [0u8; BLOCK_BYTES];
        block[..2].copy_from_slice(&f16::from_f32(0.5).to_le_bytes());
        (block[2], block[3]) = (0x0f, 0x80);
        let found = numbers(&block, BLOCK).unwrap();
        assert_eq!((found[0], found[1], found[2]), (3.5, -4.0, -4.0));
        assert_eq!((found[16], found[17]), (-4.0, 0.0));
        assert!(numbers(&block, 31).is_err() && numbers(&block[1..], BLOCK).is_err());
        assert_eq!(numbers(&1.5f32.to_le_bytes(), 1).unwrap(), [1.5]);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let mut file = b"E5S1".to_vec();
        file.extend([1u32, 384, 12, 12, 1536, 9, 512, 2].into_iter().flat_map(u32::to_le_bytes));
        for length in 0..file.len() {
            assert!(Model::read(&file[..length]).is_err());
        }
        assert!(Model::read(&file).is_err());
    }
}
