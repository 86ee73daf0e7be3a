//! Search by meaning: every vector in memory, compared exactly.
//!
//! SQLite holds the vectors; this is a copy of one model's, loaded when the model appears. A full
//! scan of unit vectors is exact and needs 9 ms for 100,000 passages on one core (FACTS: flat scan),
//! so that there is nothing to tune and nothing to go stale.

use protocol::DocumentId;
use std::collections::{BinaryHeap, HashSet};

/// The vectors of one model.
#[derive(Default)]
pub struct Vectors {
    dims: usize,
    /// Chunk numbers, rising.
    chunks: Vec<i64>,
    documents: Vec<DocumentId>,
    data: Vec<f32>,
}

/// A passage that was found by meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    pub chunk: i64,
    /// The cosine.
    pub cosine: f32,
}

impl Eq for Near {}
impl Ord for Near {
    /// The worst first, so that a heap drops it first; equals by their order in the library.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.cosine.total_cmp(&self.cosine).then(self.chunk.cmp(&other.chunk))
    }
}
impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Vectors {
    /// No vectors yet.
    pub fn new(dims: usize) -> Self {
        Self { dims, ..Self::default() }
    }

    /// Adds or replaces a passage's vector. Vectors of another length are left out.
    pub fn put(&mut self, chunk: i64, document: DocumentId, vector: &[f32]) {
        if vector.len() != self.dims || self.dims == 0 {
            return;
        }
        match self.chunks.binary_search(&chunk) {
            Ok(at) => self.data[at * self.dims..(at + 1) * self.dims].copy_from_slice(vector),
            // Numbers rise, so that this is nearly always the end.
            Err(at) => {
                self.chunks.insert(at, chunk);
                self.documents.insert(at, document);
                self.data.splice(at * self.dims..at * self.dims, vector.iter().copied());
            }
        }
    }

    /// Drops a document's vectors; costs little where it has none.
    pub fn remove(&mut self, document: DocumentId) {
        let Some(first) = self.documents.iter().position(|d| *d == document) else { return };
        let mut kept = first;
        for at in first..self.chunks.len() {
            if self.documents[at] != document {
                self.chunks[kept] = self.chunks[at];
                self.documents[kept] = self.documents[at];
                self.data.copy_within(at * self.dims..(at + 1) * self.dims, kept * self.dims);
                kept += 1;
            }
        }
        self.chunks.truncate(kept);
        self.documents.truncate(kept);
        self.data.truncate(kept * self.dims);
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The nearest passages, best first, in these documents or (none given) in all, and only `admitted`
    /// ones where that is said.
    pub fn search(
        &self,
        query: &[f32],
        limit: usize,
        documents: &[DocumentId],
        admitted: Option<&HashSet<i64>>,
    ) -> Vec<Near> {
        if query.len() != self.dims || self.dims == 0 || limit == 0 {
            return Vec::new();
        }
        let only: HashSet<DocumentId> = documents.iter().copied().collect();
        let mut heap = BinaryHeap::with_capacity(limit + 1);
        for (at, vector) in self.data.chunks_exact(self.dims).enumerate() {
            let asked = only.is_empty() || only.contains(&self.documents[at]);
            if !asked || admitted.is_some_and(|admitted| !admitted.contains(&self.chunks[at])) {
                continue;
            }
            heap.push(Near { chunk: self.chunks[at], cosine: dot(query, vector) });
            if heap.len() > limit {
                heap.pop();
            }
        }
        heap.into_sorted_vec()
    }

    /// How near one passage is, if it has a vector.
    pub fn cosine(&self, query: &[f32], chunk: i64) -> Option<f32> {
        let at = self.chunks.binary_search(&chunk).ok()?;
        (query.len() == self.dims).then(|| dot(query, &self.data[at * self.dims..(at + 1) * self.dims]))
    }
}

/// The dot product, in eight running sums that the compiler keeps in one register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

/// Scales a vector to length one; false for one without a direction.
pub fn normalise(vector: &mut [f32]) -> bool {
    let length = dot(vector, vector).sqrt();
    if !length.is_finite() || length < 1e-12 {
        return false;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (Vectors, DocumentId, DocumentId) {
        let (a, b) = (DocumentId::new(), DocumentId::new());
        let mut vectors = Vectors::new(2);
        for (chunk, document, vector) in [(5, a, [1.0, 0.0]), (1, b, [0.0, 1.0]), (3, a, [0.6, 0.8])] {
            vectors.put(chunk, document, &vector);
        }
        (vectors, a, b)
    }

    #[test]
    fn nearest_first_filtered_and_removed() {
        let (mut vectors, a, b) = filled();
        let order = |found: Vec<Near>| found.iter().map(|n| n.chunk).collect::<Vec<_>>();
        assert_eq!(order(vectors.search(&[0.0, 1.0], 9, &[], None)), [1, 3, 5]);
        assert_eq!(order(vectors.search(&[0.0, 1.0], 2, &[], None)), [1, 3]);
        assert_eq!(order(vectors.search(&[0.0, 1.0], 9, &[a], None)), [3, 5]);
        assert_eq!(order(vectors.search(&[0.0, 1.0], 1, &[], Some(&HashSet::from([5, 7])))), [5], "however far");
        assert_eq!(vectors.cosine(&[1.0, 0.0], 3), Some(0.6));
        vectors.remove(a);
        assert_eq!((order(vectors.search(&[1.0, 0.0], 9, &[], None)), vectors.len()), (vec![1], 1));
        vectors.put(1, b, &[1.0, 0.0]);
        assert_eq!(vectors.cosine(&[1.0, 0.0], 1), Some(1.0));
        assert_eq!(vectors.search(&[1.0], 9, &[], None), []);
    }

    #[test]
    fn long_vectors_and_normalising() {
        let mut vector: Vec<f32> = (0..387).map(|n| n as f32 - 100.0).collect();
        let plain: f32 = vector.iter().map(|x| x * x).sum();
        assert!((dot(&vector, &vector) - plain).abs() < plain * 1e-5);
        assert!(normalise(&mut vector) && (dot(&vector, &vector) - 1.0).abs() < 1e-4);
        assert!(!normalise(&mut [0.0, 0.0]));
    }
}
