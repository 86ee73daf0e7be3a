//! Search by meaning: every vector compared, as bytes, in a file that is mapped into memory.
//!
//! SQLite holds the vectors; this is a copy of one model's with a byte for each number, which a scan
//! of all reads in a quarter of the time. It only chooses: what is shown is compared again with the
//! vectors themselves (docs/decisions/0008-search.md). The file is derived: each row carries its own
//! checksum, so that a row torn by a power cut is simply not there and is made again.

mod rows;

use kernels::{Isa, scan::scan};
use protocol::DocumentId;
pub use rows::file_name;
use rows::{Place, Rows};
use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    path::Path,
};

/// Rows whose products are computed at once: they and their products stay in the nearest cache.
const BLOCK: usize = 256;
/// Where fewer than one row in so many may be found, only those are looked at.
const SPARSE: usize = 8;

/// The vectors of one model.
pub struct Vectors {
    model: String,
    rows: Rows,
    isa: Isa,
    slots: HashMap<i64, u32>,
    documents: HashMap<DocumentId, Vec<u32>>,
}

impl Default for Vectors {
    fn default() -> Self {
        Self {
            model: String::new(),
            rows: Rows::in_memory(0),
            isa: Isa::detect(),
            slots: HashMap::new(),
            documents: HashMap::new(),
        }
    }
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
    /// Opens the file of a model under `dir` and takes from it every row that is whole. Files of other
    /// models go; a file of another form is begun anew.
    pub fn open(dir: &Path, model: &str, dims: usize) -> std::io::Result<Self> {
        Ok(Self::of(model, Rows::open(dir, model, dims)?))
    }

    /// A copy of the vectors that another process keeps for a model under `dir`, as they are now; None where it has
    /// none.
    pub fn copy(dir: &Path, model: &str, dims: usize) -> std::io::Result<Option<Self>> {
        Ok(Rows::copy(dir, model, dims)?.map(|rows| Self::of(model, rows)))
    }

    fn of(model: &str, rows: Rows) -> Self {
        let mut vectors = Self { model: model.to_owned(), rows, ..Self::default() };
        for (at, place) in vectors.rows.places() {
            vectors.note(at, place);
        }
        vectors
    }

    /// Which model they are of.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The length of a vector.
    pub fn dims(&self) -> usize {
        self.rows.dims()
    }

    fn note(&mut self, at: u32, place: Place) {
        self.slots.insert(place.chunk, at);
        self.documents.entry(place.document).or_default().push(at);
    }

    /// Adds or replaces a passage's unit vector. Vectors of another length are left out.
    pub fn put(&mut self, chunk: i64, document: DocumentId, vector: &[f32]) -> std::io::Result<()> {
        if vector.len() != self.rows.dims() || vector.is_empty() {
            return Ok(());
        }
        let place = Place { chunk, document };
        if let Some(at) = self.slots.get(&chunk).copied() {
            let before = self.rows.place(at);
            self.rows.write(at, place, vector)?;
            if before.is_some_and(|before| before.document != document) {
                self.documents.values_mut().for_each(|of| of.retain(|row| *row != at));
                self.documents.entry(document).or_default().push(at);
            }
            return Ok(());
        }
        let at = self.rows.add(place, vector)?;
        self.note(at, place);
        Ok(())
    }

    /// Drops a document's vectors; costs little where it has none.
    pub fn remove(&mut self, document: DocumentId) {
        for at in self.documents.remove(&document).unwrap_or_default() {
            self.erase(at);
        }
    }

    /// Drops one passage's vector.
    pub fn remove_chunk(&mut self, chunk: i64) {
        let Some(at) = self.slots.get(&chunk).copied() else { return };
        if let Some(place) = self.rows.place(at)
            && let Some(of) = self.documents.get_mut(&place.document)
        {
            of.retain(|row| *row != at);
        }
        self.erase(at);
    }

    fn erase(&mut self, at: u32) {
        if let Some(place) = self.rows.place(at) {
            self.slots.remove(&place.chunk);
        }
        // A row that stays in the file is found to be nobody's when it is opened the next time.
        if let Err(error) = self.rows.erase(at) {
            tracing::warn!(%error, "a vector could not be erased from its file");
        }
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The passages and their documents.
    pub fn chunks(&self) -> HashMap<i64, DocumentId> {
        let place = |at: &u32| self.rows.place(*at).map(|place| (place.chunk, place.document));
        self.slots.values().filter_map(place).collect()
    }

    /// Whether a passage's row is what this vector would be kept as.
    pub fn holds(&self, chunk: i64, document: DocumentId, vector: &[f32]) -> bool {
        let Some(at) = self.slots.get(&chunk) else { return false };
        self.rows.holds(*at, Place { chunk, document }, vector)
    }

    /// Makes what was added durable.
    pub fn flush(&self) -> std::io::Result<()> {
        self.rows.flush()
    }

    /// The passages that are about nearest, best first, in these documents or (none given) in all, and
    /// only `admitted` ones where that is said. The cosines are those of the rounded vectors.
    pub fn search(
        &self,
        query: &[f32],
        limit: usize,
        documents: &[DocumentId],
        admitted: Option<&HashSet<i64>>,
    ) -> Vec<Near> {
        if query.len() != self.rows.dims() || query.is_empty() || limit == 0 {
            return Vec::new();
        }
        let (query, scale) = rows::rounded_query(query);
        let only: HashSet<DocumentId> = documents.iter().copied().collect();
        let mut best = Best { heap: BinaryHeap::with_capacity(limit + 1), limit };
        match self.few(&only, admitted) {
            Some(slots) => {
                let mut product = [0];
                for at in slots {
                    let Some((place, factor)) = self.rows.of(at) else { continue };
                    if (only.is_empty() || only.contains(&place.document))
                        && admitted.is_none_or(|admitted| admitted.contains(&place.chunk))
                    {
                        scan(self.isa, &query, self.rows.codes(at, 1), self.rows.stride(), &mut product);
                        best.offer(place.chunk, product[0] as f32 * factor * scale);
                    }
                }
            }
            None => self.all(&query, scale, &mut best, |place| {
                (only.is_empty() || only.contains(&place.document))
                    && admitted.is_none_or(|admitted| admitted.contains(&place.chunk))
            }),
        }
        best.heap.into_sorted_vec()
    }

    /// The rows that may be found, where they are so few that the others need not be read.
    fn few(&self, only: &HashSet<DocumentId>, admitted: Option<&HashSet<i64>>) -> Option<Vec<u32>> {
        let least = self.slots.len() / SPARSE;
        if !only.is_empty() {
            let of = || only.iter().filter_map(|document| self.documents.get(document)).flatten();
            if of().count() < least {
                return Some(of().copied().collect());
            }
        }
        let admitted = admitted.filter(|admitted| admitted.len() < least)?;
        Some(admitted.iter().filter_map(|chunk| self.slots.get(chunk)).copied().collect())
    }

    fn all(&self, query: &[i16], scale: f32, best: &mut Best, fits: impl Fn(Place) -> bool) {
        let mut products = [0; BLOCK];
        let count = self.rows.count();
        let mut first = 0;
        while first < count {
            let some = BLOCK.min((count - first) as usize);
            scan(self.isa, query, self.rows.codes(first, some), self.rows.stride(), &mut products[..some]);
            for (at, product) in (first..).zip(&products[..some]) {
                let Some(factor) = self.rows.factor(at) else { continue };
                let cosine = *product as f32 * factor * scale;
                // Where it stands is only read for the few that may be among the best.
                if best.takes(cosine)
                    && let Some(place) = self.rows.place(at).filter(|place| fits(*place))
                {
                    best.offer(place.chunk, cosine);
                }
            }
            first += some as u32;
        }
    }
}

/// The nearest so far.
struct Best {
    heap: BinaryHeap<Near>,
    limit: usize,
}

impl Best {
    fn takes(&self, cosine: f32) -> bool {
        self.heap.len() < self.limit || self.heap.peek().is_none_or(|worst| cosine >= worst.cosine)
    }

    fn offer(&mut self, chunk: i64, cosine: f32) {
        self.heap.push(Near { chunk, cosine });
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }
}

/// The dot product, in eight running sums that the compiler keeps in one register.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
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
mod tests;
