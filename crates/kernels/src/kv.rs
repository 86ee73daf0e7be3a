//! How are keys and values remembered, so that attention reads them in sequence?
//!
//! In half precision, or in 8 bits where memory matters more than time, in segments of 128 positions that are made as
//! the text grows, so that a long context costs memory only when it is used. Texts that begin alike share the segments
//! of their beginning: one is copied only when it is written to while another text holds it. Within a segment, each
//! layer's head has its keys in groups of 16 positions, `[group][dimension][position]`, which makes scores 16 at a
//! time, and its values row by row.

use crate::arena::{Arena, HUGE_PAGE, Placed};
use crate::cpu::Cpu;
use crate::eight::Layout;
use crate::error::ShapeError;
use crate::isa::{Isa, Kind};
use crate::portable;
use std::sync::Arc;

#[cfg(target_arch = "aarch64")]
use crate::neon;
#[cfg(target_arch = "x86_64")]
use crate::{avx2, avx512};

/// Positions in a segment. Attention is computed segment by segment, so it is also a unit of work; being
/// the same for one token and for many, it keeps the results the same.
pub const SEGMENT: usize = 128;
/// Positions whose keys lie together; columns of values computed together.
pub(crate) const GROUP: usize = 16;

/// How exactly keys and values are remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KvKind {
    /// In half precision.
    #[default]
    F16,
    /// In 8 bits with a scale for every 32 values: about half the memory, and somewhat slower.
    Q8_0,
}

impl KvKind {
    /// Its name, as llama.cpp calls it too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }
}

/// The keys and values of one text in every layer, and the inputs of convolutions where a model has them.
pub struct KvStore {
    layers: usize,
    heads: usize,
    width: usize,
    kind: KvKind,
    /// Layers of another kind, and the values that each keeps of a position.
    inputs: (usize, usize),
    segments: Vec<Arc<Placed<u16>>>,
}

impl KvStore {
    /// An empty store for `layers` layers of `heads` key-value heads of `width` values.
    pub fn new(layers: usize, heads: usize, width: usize) -> Result<Self, ShapeError> {
        if layers == 0 || heads == 0 || width == 0 {
            return Err(ShapeError::Heads { heads, kv_heads: heads, width });
        }
        let store = Self { layers, heads, width, kind: KvKind::F16, inputs: (0, 0), segments: Vec::new() };
        store.segment_values().ok_or(ShapeError::TooLarge)?;
        Ok(store)
    }

    /// The same, empty, with keys and values remembered so.
    pub fn of_kind(self, kind: KvKind) -> Result<Self, ShapeError> {
        let store = Self { kind, segments: Vec::new(), ..self };
        store.segment_values().ok_or(ShapeError::TooLarge)?;
        Ok(store)
    }

    /// The same, empty, with room for the inputs of `layers` convolutions of `width` values.
    pub fn with_inputs(self, layers: usize, width: usize) -> Result<Self, ShapeError> {
        let store = Self { inputs: (layers, width), segments: Vec::new(), ..self };
        store.segment_values().ok_or(ShapeError::TooLarge)?;
        Ok(store)
    }

    /// Makes room for the positions `from..to`, so that they can be remembered. What is there is kept; a segment
    /// that another text shares is copied first.
    pub fn reserve(&mut self, from: usize, to: usize) -> Result<(), ShapeError> {
        let values = self.segment_values().ok_or(ShapeError::TooLarge)?;
        while self.segments.len() < to.div_ceil(SEGMENT) {
            self.segments.push(Arc::new(Arena::new(0).place(values)?));
        }
        for segment in self.segments.iter_mut().take(to.div_ceil(SEGMENT)).skip(from / SEGMENT) {
            if Arc::get_mut(segment).is_none() {
                let mut own = Arena::new(0).place(values)?;
                own.as_mut().copy_from_slice(segment);
                *segment = Arc::new(own);
            }
        }
        Ok(())
    }

    /// Another text that begins with the first `positions` positions of this one, and shares their memory.
    #[must_use]
    pub fn fork(&self, positions: usize) -> Self {
        let segments = self.segments.iter().take(positions.div_ceil(SEGMENT)).cloned().collect();
        Self { segments, ..*self }
    }

    /// Gives back the memory of what lies behind `positions` positions.
    pub fn shrink(&mut self, positions: usize) {
        self.segments.truncate(positions.div_ceil(SEGMENT));
    }

    /// What tells the segments apart: texts that share one have the same number.
    pub fn segments(&self) -> impl Iterator<Item = usize> {
        self.segments.iter().map(|segment| segment.as_ptr().addr())
    }

    /// The bytes of the segments that hold the first `positions` positions, segment after segment.
    pub fn memory(&self, positions: usize) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().take(positions.div_ceil(SEGMENT)).map(|segment| {
            let values: &[u16] = segment;
            // SAFETY: the bytes of initialised integers, borrowed as long as they.
            unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
        })
    }

    /// Fills the segments of the first `positions` positions, for which [`KvStore::reserve`] made room, as
    /// [`KvStore::memory`] gave them: `fill` is called for each with its bytes.
    ///
    /// # Errors
    /// The first one of `fill`.
    ///
    /// # Panics
    /// If there is no room.
    pub fn restore<E>(&mut self, positions: usize, mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(), E> {
        let count = positions.div_ceil(SEGMENT);
        assert!(count <= self.segments.len(), "room for {positions} positions");
        for segment in &mut self.segments[..count] {
            let values = own(segment);
            // SAFETY: the bytes of integers, for which all bits are values, borrowed mutably as long as they.
            fill(unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) })?;
        }
        Ok(())
    }

    /// Positions there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.segments.len() * SEGMENT
    }

    /// The memory that `positions` positions take: whole segments, each in huge pages of its own.
    #[must_use]
    pub fn bytes(&self, positions: usize) -> usize {
        let segment = self.segment_values().unwrap_or(0).saturating_mul(size_of::<u16>());
        let segment = segment.checked_next_multiple_of(HUGE_PAGE).unwrap_or(usize::MAX);
        positions.div_ceil(SEGMENT).saturating_mul(segment)
    }

    /// Key-value heads of a layer.
    #[must_use]
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Values of a head.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The width of a row of values in memory.
    pub(crate) fn padded(&self) -> usize {
        self.width.next_multiple_of(GROUP)
    }

    fn layout(&self) -> Layout {
        Layout { width: self.width, padded: self.padded() }
    }

    /// What the keys of one head of one layer take in one segment, in units of two bytes.
    fn key_units(&self) -> usize {
        match self.kind {
            KvKind::F16 => self.width * SEGMENT,
            KvKind::Q8_0 => self.layout().keys(),
        }
    }

    /// What one head of one layer takes in one segment, keys first.
    fn head_values(&self) -> usize {
        let values = match self.kind {
            KvKind::F16 => self.padded() * SEGMENT,
            KvKind::Q8_0 => self.layout().values(),
        };
        self.key_units() + values
    }

    fn segment_values(&self) -> Option<usize> {
        let padded = self.width.checked_next_multiple_of(GROUP)?;
        // In half precision, which takes the most: what does not fit so is not computed otherwise.
        let most = self.width.checked_add(padded)?.checked_mul(SEGMENT)?;
        most.checked_mul(self.heads)?.checked_mul(self.layers)?;
        let head = self.head_values();
        let inputs = self.inputs.0.checked_mul(self.inputs.1)?.checked_mul(SEGMENT)?;
        let all = head.checked_mul(self.heads)?.checked_mul(self.layers)?.checked_add(inputs);
        // A bound on the bytes as well, so that later sizes cannot overflow.
        all.filter(|values| *values <= isize::MAX as usize / 4)
    }

    /// Where the input of a convolution lies in its segment: behind all keys and values.
    fn input_place(&self, layer: usize, position: usize) -> std::ops::Range<usize> {
        let (layers, width) = self.inputs;
        assert!(layer < layers, "convolution {layer} of {layers}");
        let start = self.head_values() * self.heads * self.layers + (layer * SEGMENT + position % SEGMENT) * width;
        start..start + width
    }

    /// What a convolution was given at a position.
    pub(crate) fn input(&self, layer: usize, position: usize) -> &[u16] {
        &self.segments[position / SEGMENT][self.input_place(layer, position)]
    }

    /// Where to remember what a convolution is given at a position.
    pub(crate) fn input_mut(&mut self, layer: usize, position: usize) -> &mut [u16] {
        let place = self.input_place(layer, position);
        &mut own(&mut self.segments[position / SEGMENT])[place]
    }

    /// The keys and values of a head in a segment in half precision; of the positions behind `seen` anything that
    /// is finite. What is kept in 8 bits is widened into `space`.
    pub(crate) fn head<'a>(
        &'a self,
        isa: Isa,
        (layer, head, segment): (usize, usize, usize),
        seen: usize,
        space: &'a mut Vec<u16>,
    ) -> (&'a [u16], &'a [u16]) {
        assert!(layer < self.layers && head < self.heads, "layer {layer}, head {head}");
        let size = self.head_values();
        let place = &self.segments[segment][(layer * self.heads + head) * size..][..size];
        let (keys, values) = place.split_at(self.key_units());
        match self.kind {
            KvKind::F16 => (keys, values),
            KvKind::Q8_0 => {
                let layout = self.layout();
                space.resize((layout.width + layout.padded) * SEGMENT, 0);
                let (wide_keys, wide_values) = space.split_at_mut(layout.width * SEGMENT);
                layout.widen_keys(isa, keys, seen, wide_keys);
                layout.widen_values(isa, values, seen, wide_values);
                (wide_keys, wide_values)
            }
        }
    }
}

/// The values of a segment that `reserve` has made this text's own.
#[allow(clippy::expect_used, reason = "as a slice with an index: the caller broke the contract")]
fn own(segment: &mut Arc<Placed<u16>>) -> &mut [u16] {
    Arc::get_mut(segment).expect("`reserve` was called for these positions").as_mut()
}

impl Isa {
    pub(crate) fn halve(self, values: &[f32], out: &mut [u16]) {
        match self.kind() {
            Kind::Portable => portable::rows::halve(values, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::rows::halve(values, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::rows::halve(values, out) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::rows::halve(values, out) },
        }
    }
}

impl Cpu {
    /// Remembers the keys and values of some tokens, the first of them at position `first`: rows of
    /// `heads * width` values each.
    ///
    /// # Panics
    /// If the sizes do not fit together, or [`KvStore::reserve`] was not called for these positions.
    pub fn remember(&self, store: &mut KvStore, layer: usize, first: usize, keys: &[f32], values: &[f32]) {
        let (heads, width, padded, kind) = (store.heads, store.width, store.padded(), store.kind);
        let (layout, key_units) = (store.layout(), store.key_units());
        let row = heads * width;
        assert!(layer < store.layers, "layer {layer}");
        assert!(keys.len() == values.len() && keys.len().is_multiple_of(row), "whole rows of {row}");
        let end = first + keys.len() / row;
        assert!(end <= store.capacity(), "room for {end} positions");
        let head_values = store.head_values();
        let layer_values = head_values * heads;
        let mut position = first;
        while position < end {
            let (segment, stop) = (position / SEGMENT, end.min((position / SEGMENT + 1) * SEGMENT));
            let of_layer = &mut own(&mut store.segments[segment])[layer * layer_values..][..layer_values];
            let write = |first_head: usize, places: &mut [u16]| {
                let mut halves = vec![0; width];
                for (at, place) in places.chunks_exact_mut(head_values).enumerate() {
                    let (key_place, value_place) = place.split_at_mut(key_units);
                    for position in position..stop {
                        let from = (position - first) * row + (first_head + at) * width;
                        let slot = position % SEGMENT;
                        if kind == KvKind::Q8_0 {
                            layout.put_key(key_place, slot, &keys[from..from + width]);
                            layout.put_value(value_place, slot, &values[from..from + width]);
                            continue;
                        }
                        self.isa().halve(&keys[from..from + width], &mut halves);
                        let group = &mut key_place[slot / GROUP * width * GROUP..][..width * GROUP];
                        for (place, half) in group[slot % GROUP..].iter_mut().step_by(GROUP).zip(&halves) {
                            *place = *half;
                        }
                        let values = &values[from..from + width];
                        self.isa().halve(values, &mut value_place[slot * padded..][..width]);
                    }
                }
            };
            if stop - position < GROUP {
                write(0, of_layer);
            } else {
                self.pool().rows(of_layer, head_values, write);
            }
            position = stop;
        }
    }
}
