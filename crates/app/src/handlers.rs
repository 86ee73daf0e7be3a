//! One file per area; every handler takes the app, the actor and its call.

pub(crate) mod chats;
pub(crate) mod documents;
pub(crate) mod folders;
pub(crate) mod models;
pub(crate) mod neighbours;
pub(crate) mod open;
pub(crate) mod reveal;
pub(crate) mod settings;
pub(crate) mod trust;
pub(crate) mod turns;
