//! What more than one view uses.

pub mod bar;
pub mod citation;
pub mod dialog;
pub mod icon;
pub mod import;
pub mod menu;
pub mod notice;
pub mod prose;
pub mod rich;
pub mod viewer;
