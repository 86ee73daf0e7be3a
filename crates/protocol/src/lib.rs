//! What crosses a wire: ids, the closed list of calls, events, views and faults.
//!
//! Wasm-safe, no IO, no logic. Offsets into text count Unicode scalar values (`char`), pages are
//! counted from 1, times are milliseconds since the Unix epoch, sizes are bytes.

mod call;
mod event;
mod fault;
mod ids;
mod views;

pub use call::*;
pub use event::*;
pub use fault::*;
pub use ids::*;
pub use views::*;
