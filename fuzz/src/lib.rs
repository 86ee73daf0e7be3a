//! What may be read from a stranger? One function for each kind of input: it takes any bytes and returns, within
//! the memory that the size of the bytes allows.
//!
//! `fuzz_targets/` gives each of them to libFuzzer. `docs/decisions/0017-fuzzing.md` says how they are run.

pub mod answer;
pub mod build;
pub mod caught;
pub mod documents;
pub mod encoder;
pub mod gguf;
pub mod grammar;
#[path = "../../crates/engine/tests/common/heap.rs"]
pub mod heap;
pub mod kernels;
pub mod parts;
pub mod place;
pub mod seeds;
pub mod template;
pub mod tokenizer;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// Does some work on `input` bytes, which may hold `each` bytes for each of them and `more` in any case. Asking for
/// more ends the process, and that is a finding.
pub fn bounded<T>(input: &[u8], each: usize, more: usize, work: impl FnOnce() -> T) -> T {
    let (done, _) = heap::peak_within(input.len() * each + more, work);
    done
}
