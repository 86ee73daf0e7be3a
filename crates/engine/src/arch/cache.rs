//! The keys and values of the tokens read so far. The layout belongs to the decoder that made it.

use crate::error::{EngineError, Result};
use kernels::{KvStore, ShapeError};
use std::any::Any;
use std::io::{Read, Write};

/// What a decoder keeps of a text, in a layout of its own.
pub trait Kept: Any + Send {
    /// What is kept of the first `positions` tokens, for another text that begins with them. Memory may be
    /// shared, as long as neither text changes the other.
    fn fork(&self, positions: usize) -> Result<Box<dyn Kept>>;

    /// A number for each piece of memory; texts that share one have the same number.
    fn pieces(&self) -> Vec<usize>;

    /// Gives back the memory of what lies behind `positions` tokens.
    fn shrink(&mut self, positions: usize);

    /// Writes what is kept of the first `positions` tokens.
    fn save(&self, positions: usize, to: &mut dyn Write) -> std::io::Result<()>;

    /// Reads what `save` wrote for as many positions.
    fn restore(&mut self, positions: usize, from: &mut dyn Read) -> Result<()>;
}

/// A decoder's memory of a text. It can be cut back to a prefix, so that a second turn of a chat
/// reads only its new tokens.
pub struct KvCache {
    length: usize,
    capacity: usize,
    store: Box<dyn Kept>,
}

impl KvCache {
    /// A cache for `capacity` positions whose layout only its decoder knows.
    pub fn new<T: Kept>(capacity: usize, store: T) -> Self {
        Self { length: 0, capacity, store: Box::new(store) }
    }
    /// Tokens read so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }
    /// Nothing read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
    /// Tokens that fit in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }
    /// Forgets all but the first `length` tokens. What lies behind is overwritten later: every
    /// layout is addressed by position.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
    /// Forgets all but the first `length` tokens and gives back the memory of the others.
    pub fn shrink(&mut self, length: usize) {
        self.truncate(length);
        self.store.shrink(self.length);
    }
    /// A cache of another text that begins with the first `length` tokens of this one.
    pub fn fork(&self, length: usize) -> Result<Self> {
        let length = length.min(self.length);
        Ok(Self { length, capacity: self.capacity, store: self.store.fork(length)? })
    }
    /// A number for each piece of memory; texts that share one have the same number.
    #[must_use]
    pub fn pieces(&self) -> Vec<usize> {
        self.store.pieces()
    }
    /// Writes all that is kept.
    pub fn save(&self, to: &mut dyn Write) -> std::io::Result<()> {
        self.store.save(self.length, to)
    }
    /// Reads what [`KvCache::save`] wrote of a text of `length` tokens, in place of what is here.
    pub fn restore(&mut self, length: usize, from: &mut dyn Read) -> Result<()> {
        if length > self.capacity {
            return Err(EngineError::ContextFull { asked: length, context: self.capacity });
        }
        self.length = 0;
        self.store.restore(length, from)?;
        self.length = length;
        Ok(())
    }
    /// For decoders: the layout, after checking that `more` tokens fit.
    pub fn store<T: Kept>(&mut self, more: usize) -> Result<&mut T> {
        if self.length + more > self.capacity {
            return Err(EngineError::ContextFull { asked: self.length + more, context: self.capacity });
        }
        let wrong = || EngineError::Compute("the cache belongs to another decoder".to_owned());
        let store: &mut dyn Any = &mut *self.store;
        store.downcast_mut().ok_or_else(wrong)
    }
    /// For decoders: `more` tokens were written behind the others.
    pub fn advance(&mut self, more: usize) {
        self.length = (self.length + more).min(self.capacity);
    }
}

impl Kept for KvStore {
    fn fork(&self, positions: usize) -> Result<Box<dyn Kept>> {
        Ok(Box::new(self.fork(positions)))
    }

    fn pieces(&self) -> Vec<usize> {
        self.segments().collect()
    }

    fn shrink(&mut self, positions: usize) {
        self.shrink(positions);
    }

    fn save(&self, positions: usize, to: &mut dyn Write) -> std::io::Result<()> {
        self.memory(positions).try_for_each(|segment| to.write_all(segment))
    }

    fn restore(&mut self, positions: usize, from: &mut dyn Read) -> Result<()> {
        self.reserve(0, positions).map_err(|error| full(&error))?;
        self.restore(positions, |segment| from.read_exact(segment))
            .map_err(|error| EngineError::Compute(format!("a saved text cannot be read: {error}")))
    }
}

fn full(error: &ShapeError) -> EngineError {
    EngineError::Compute(error.to_string())
}
