//! Atelier's interface: one tree of views over one store, which only `fold` changes.
//!
//! `transport` carries requests out and events in, `client` turns events into changes of the
//! store, `views` has one file per route, `parts` what several of them use, `shell` what stands
//! around them.

#[macro_use]
pub mod i18n;
pub mod app;
pub mod client;
pub mod dom;
pub mod faults;
pub mod files;
pub mod fold;
pub mod keys;
pub mod markdown;
pub mod parts;
pub mod route;
pub mod screen;
pub mod shell;
pub mod state;
pub mod told;
pub mod transport;
pub mod views;
pub mod voice;

/// Starts the interface on the page.
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    leptos::mount::mount_to_body(app::App);
}
