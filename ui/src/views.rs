//! One file per route, and the layers that are opened over any of them.

pub mod chat;
pub mod closed;
pub mod documents;
pub mod drop;
pub mod first_run;
pub mod folders;
pub mod models;
pub mod new_chat;
pub mod outbound;
pub mod palette;
pub mod removed;
pub mod search;
pub mod settings;
pub mod shortcuts;
