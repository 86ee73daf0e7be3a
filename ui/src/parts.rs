//! What more than one view uses.

pub mod bar;
pub mod dialog;
pub mod icon;
pub mod menu;
pub mod notice;

pub mod rich;
