//! What more than one view uses.

pub mod bar;
pub mod citation;
pub mod dialog;
pub mod field;
pub mod fit;
pub mod folder_line;
pub mod icon;
pub mod import;
pub mod marked;
pub mod menu;
pub mod notice;
pub mod path_field;
pub mod place;
pub mod prose;
pub mod reader;
pub mod reveal;
pub mod rich;
pub mod splitter;
mod text_page;
pub mod unread;
pub mod viewer;
