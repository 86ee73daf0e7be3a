//! The keys and values of the tokens read so far. The layout belongs to the decoder that made it.

use crate::error::{EngineError, Result};
use std::any::Any;

/// A decoder's memory of a text. It can be cut back to a prefix, so that a second turn of a chat
/// reads only its new tokens.
pub struct KvCache {
    length: usize,
    capacity: usize,
    store: Box<dyn Any + Send>,
}

impl KvCache {
    /// A cache for `capacity` positions whose layout only its decoder knows.
    pub fn new<T: Any + Send>(capacity: usize, store: T) -> Self {
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
    /// For decoders: the layout, after checking that `more` tokens fit.
    pub fn store<T: Any + Send>(&mut self, more: usize) -> Result<&mut T> {
        if self.length + more > self.capacity {
            return Err(EngineError::ContextFull { asked: self.length + more, context: self.capacity });
        }
        let wrong = || EngineError::Compute("the cache belongs to another decoder".to_owned());
        self.store.downcast_mut().ok_or_else(wrong)
    }
    /// For decoders: `more` tokens were written behind the others.
    pub fn advance(&mut self, more: usize) {
        self.length = (self.length + more).min(self.capacity);
    }
}
