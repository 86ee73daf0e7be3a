//! MPNet (Song et al. 2020) in plain steps, from its paper and its makers' description: no library here has it.

use crate::model::{HEADS, LAYERS, Tensors, WIDTH};
use candle_core::{D, Device, Tensor};

/// Where each of the upper buckets of one side begins: what `8 + ln(n / 8) / ln(128 / 8) * 8` rounds down to.
const BEGINS: [usize; 8] = [8, 12, 16, 23, 32, 46, 64, 91];

/// The bucket of a key, seen from a query.
fn bucket(query: usize, key: usize) -> usize {
    let away = query.abs_diff(key);
    let side = if key > query { 16 } else { 0 };
    side + if away < 8 { away } else { 7 + BEGINS.iter().filter(|begin| **begin <= away).count() }
}

/// The states of the last layer for one text.
pub fn states(tensors: &Tensors, ids: &[u32]) -> Tensor {
    let get = |name: &str| &tensors[name];
    let dense = |x: &Tensor, name: &str| {
        let product = x.matmul(&get(&format!("{name}.weight")).t().unwrap()).unwrap();
        product.broadcast_add(get(&format!("{name}.bias"))).unwrap()
    };
    let norm = |x: &Tensor, name: &str| {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1).unwrap()).unwrap();
        let variance = centred.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
        let normal = centred.broadcast_div(&(variance + 1e-5).unwrap().sqrt().unwrap()).unwrap();
        let scaled = normal.broadcast_mul(get(&format!("{name}.weight"))).unwrap();
        scaled.broadcast_add(get(&format!("{name}.bias"))).unwrap()
    };
    let rows =
        |name: &str, rows: Vec<u32>| get(name).index_select(&Tensor::new(rows, &Device::Cpu).unwrap(), 0).unwrap();
    // Padding is counted out: it has the position before the first.
    let mut next = 1;
    let positions: Vec<u32> = ids
        .iter()
        .map(|id| {
            if *id == 1 {
                1
            } else {
                next += 1;
                next
            }
        })
        .collect();
    let words = rows("embeddings.word_embeddings.weight", ids.to_vec());
    let places = rows("embeddings.position_embeddings.weight", positions);
    let mut x = norm(&(words + places).unwrap(), "embeddings.LayerNorm");
    let (count, size) = (ids.len(), WIDTH / HEADS);
    let table: Vec<Vec<f32>> = get("encoder.relative_attention_bias.weight").to_vec2().unwrap();
    let distances: Vec<f32> = (0..HEADS)
        .flat_map(|head| (0..count).flat_map(move |query| (0..count).map(move |key| (head, query, key))))
        .map(|(head, query, key)| table[bucket(query, key)][head])
        .collect();
    let distances = Tensor::from_vec(distances, (HEADS, count, count), &Device::Cpu).unwrap();
    for layer in 0..LAYERS {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let heads = |part: &str| {
            let all = dense(&x, &name(&format!("attention.attn.{part}")));
            all.reshape((count, HEADS, size)).unwrap().transpose(0, 1).unwrap().contiguous().unwrap()
        };
        let (q, k, v) = (heads("q"), heads("k"), heads("v"));
        let scores = (q.matmul(&k.t().unwrap()).unwrap() / (size as f64).sqrt()).unwrap();
        let weights = candle_nn::ops::softmax(&(scores + &distances).unwrap(), D::Minus1).unwrap();
        let seen = weights.matmul(&v).unwrap().transpose(0, 1).unwrap().reshape((count, WIDTH)).unwrap();
        x = norm(&(&x + dense(&seen, &name("attention.attn.o"))).unwrap(), &name("attention.LayerNorm"));
        let inner = dense(&x, &name("intermediate.dense")).gelu_erf().unwrap();
        x = norm(&(&x + dense(&inner, &name("output.dense"))).unwrap(), &name("output.LayerNorm"));
    }
    x
}
