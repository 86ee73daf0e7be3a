//! What does an agent do next? A pure turn machine, a pure policy, and the driver that runs them.
//!
//! Nothing here decides by a model's word: [`judge`] grants, a person grants, nothing else.

mod driver;
mod error;
mod follow_up;
mod language;
mod policy;
mod prompt;
mod role;
mod title;
pub mod tools;
pub mod turn;

pub use driver::{Driver, Sink, introduce};
pub use error::AgentError;
pub use language::{Language, language_of};
pub use policy::{Policy, Scope, ToolSpec, default_by_reach, judge};
pub use role::{Retrieval, Role, RoleError, role, roles};
pub use title::title_of;
