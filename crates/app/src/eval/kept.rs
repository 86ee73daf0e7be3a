//! Vectors that are kept between measurements, so that a set is embedded once.
//!
//! A file per model: records of BLAKE3 of the text and the vector. Only ever added to; a record that
//! was cut off at the end is dropped. Deleting the folder costs time, nothing else.

use async_trait::async_trait;
use library::Embed;
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// An embedding model that remembers.
pub(crate) struct Kept {
    model: Arc<dyn Embed>,
    known: Mutex<Known>,
}

struct Known {
    file: File,
    vectors: HashMap<[u8; 32], Vec<f32>>,
}

impl Kept {
    /// The model with what is known of it in this folder; the model itself where the folder cannot be used.
    pub(crate) fn of(model: Arc<dyn Embed>, folder: &Path) -> Arc<dyn Embed> {
        match Known::open(folder, &*model) {
            Ok(known) => Arc::new(Self { model, known: Mutex::new(known) }),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "vectors cannot be kept");
                model
            }
        }
    }

    fn known(&self, texts: &[String]) -> Vec<Option<Vec<f32>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        texts.iter().map(|text| known.vectors.get(&key("", text)).cloned()).collect()
    }
}

impl Known {
    fn open(folder: &Path, model: &dyn Embed) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let name = blake3::hash(model.id().as_bytes()).to_hex();
        let path = folder.join(format!("vectors-{}.bin", &name[..16]));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let record = 32 + model.dims() * 4;
        file.set_len((bytes.len() / record * record) as u64)?;
        let vectors = bytes
            .chunks_exact(record)
            .filter_map(|one| {
                let (key, floats) = one.split_first_chunk::<32>()?;
                Some((*key, floats.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
            })
            .collect();
        Ok(Self { file, vectors })
    }

    fn add(&mut self, key: [u8; 32], vector: &[f32]) {
        let mut record = key.to_vec();
        record.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
        // What cannot be written is embedded again the next time.
        if self.file.write_all(&record).is_ok() {
            self.vectors.insert(key, vector.to_vec());
        }
    }
}

/// A query and a passage may be embedded differently.
fn key(kind: &str, text: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    hasher.update(b"\0");
    hasher.update(text.as_bytes());
    *hasher.finalize().as_bytes()
}

#[async_trait]
impl Embed for Kept {
    fn id(&self) -> &str {
        self.model.id()
    }
    fn dims(&self) -> usize {
        self.model.dims()
    }
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        let mut found = self.known(&texts);
        let missing: Vec<usize> = (0..texts.len()).filter(|at| found[*at].is_none()).collect();
        if !missing.is_empty() {
            let new = self.model.embed(missing.iter().map(|at| texts[*at].clone()).collect()).await?;
            if new.len() != missing.len() {
                return Err("the model left some out".to_owned());
            }
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            for (at, vector) in missing.into_iter().zip(new) {
                known.add(key("", &texts[at]), &vector);
                found[at] = Some(vector);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
    async fn embed_query(&self, text: String) -> Result<Vec<f32>, String> {
        let key = key("query", &text);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).vectors.get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let vector = self.model.embed_query(text).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).add(key, &vector);
        Ok(vector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Counting(AtomicUsize);

    #[async_trait]
    impl Embed for Counting {
        fn id(&self) -> &str {
            "counting"
        }
        fn dims(&self) -> usize {
            2
        }
        async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
            self.0.fetch_add(texts.len(), Ordering::Relaxed);
            Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
        }
    }

    #[tokio::test]
    async fn a_text_is_embedded_once_also_in_the_next_run() {
        let dir = tempfile::tempdir().unwrap();
        let texts = |some: &[&str]| some.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let model = Arc::new(Counting::default());
        let kept = Kept::of(model.clone(), dir.path());
        assert_eq!(kept.embed(texts(&["a", "bcd"])).await, Ok(vec![vec![1.0, 1.0], vec![3.0, 1.0]]));
        assert_eq!(kept.embed(texts(&["bcd", "ef"])).await, Ok(vec![vec![3.0, 1.0], vec![2.0, 1.0]]));
        assert_eq!(kept.embed_query("ef".into()).await, Ok(vec![2.0, 1.0]));
        assert_eq!(model.0.load(Ordering::Relaxed), 4, "a query is no passage");
        drop(kept);
        // The last record is cut off, as by a kill.
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        let model = Arc::new(Counting::default());
        let kept = Kept::of(model.clone(), dir.path());
        assert_eq!(kept.embed(texts(&["ef", "a"])).await, Ok(vec![vec![2.0, 1.0], vec![1.0, 1.0]]));
        assert_eq!(model.0.load(Ordering::Relaxed), 0);
        assert_eq!(kept.embed_query("ef".into()).await, Ok(vec![2.0, 1.0]));
        assert_eq!(model.0.load(Ordering::Relaxed), 1);
    }
}
