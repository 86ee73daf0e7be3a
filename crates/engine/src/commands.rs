//! What the command line offers, one file per command.

pub mod bench;
pub mod inspect;
pub mod machine;
pub mod perplexity;
pub mod serve;
