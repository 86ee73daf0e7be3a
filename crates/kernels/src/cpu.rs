//! With what does a caller compute? A pool of threads and the instruction set they use.

use crate::isa::Isa;
use crate::pool::Pool;

/// The processor as the kernels see it. All operations are methods of this type; results do not depend on
/// the number of threads, nor on how many tokens are computed at once.
pub struct Cpu {
    isa: Isa,
    pool: Pool,
}

impl Cpu {
    /// `threads` threads with the fastest instructions this processor has.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self::with(Isa::detect(), threads)
    }

    /// `threads` threads with the given instructions.
    #[must_use]
    pub fn with(isa: Isa, threads: usize) -> Self {
        Self { isa, pool: Pool::new(threads) }
    }

    /// The instruction set in use.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads in use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// The threads, for work of the caller's own.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}
