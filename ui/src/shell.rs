//! What stands around the views: sidebar, boundary bar, toasts, and the way between areas.

pub mod areas;
pub mod boundary;
pub mod log;
pub mod side;
pub mod toasts;
