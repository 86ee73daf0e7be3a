//! The packages that people install: built by Tauri's own bundler, with everything Atelier starts inside.

use crate::{
    notices,
    places::Places,
    setup,
    shell::{self, command},
    ui,
};
use anyhow::{Result, bail};
use serde_json::json;
use std::path::Path;

/// The bundler, from the npm registry, in the version that fits the `tauri` of Cargo.lock.
const BUNDLER: &str = "@tauri-apps/cli@2";

/// Builds optimised programs, writes the notices, and bundles for this system.
pub fn bundle(places: &Places) -> Result<()> {
    setup::setup(places, &setup::Options::default())?;
    if !shell::found("npm") {
        bail!("the bundler comes as an npm package: install Node.js 20 or newer with npm, then run this again");
    }
    ui::build(places)?;
    let notices = notices::write(places)?;
    let step = shell::step("Building optimised atelier and atelier-engine", "20 to 30 minutes the first time");
    shell::run(command("cargo", places).args(["build", "--locked", "--release", "-p", "atelier", "-p", "engine"]))?;
    step.done("built");

    let extra = places.target.join("xtask/bundle.json");
    std::fs::create_dir_all(places.target.join("xtask"))?;
    std::fs::write(&extra, serde_json::to_vec_pretty(&contents(places, &notices))?)?;
    let bundles = if cfg!(target_os = "linux") {
        "deb,rpm"
    } else if cfg!(target_os = "macos") {
        "app,dmg"
    } else {
        "nsis"
    };
    let step = shell::step("Building the optimised window and bundling", "10 to 20 minutes the first time");
    let mut npm = command("npm", places);
    npm.args(["exec", "--yes", "--package", BUNDLER, "--", "tauri", "build", "--bundles", bundles, "--config"]);
    shell::run(npm.arg(&extra))?;
    step.done(&format!("see {}", places.target.join("release/bundle").display()));
    Ok(())
}

/// What goes in beside the window: the terminal program, the engine, the PDF renderer, the notices.
fn contents(places: &Places, notices: &Path) -> serde_json::Value {
    let release = |name: &str| places.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let renderer = if cfg!(windows) {
        "pdfium.dll"
    } else if cfg!(target_os = "macos") {
        "libpdfium.dylib"
    } else {
        "libpdfium.so"
    };
    let renderer = places.data.join("lib").join(renderer);
    // Debian's and Red Hat's packages take files by their final place; Atelier looks for its
    // programs and the renderer beside the running one.
    let files = json!({
        "/usr/bin/atelier": release("atelier"),
        "/usr/bin/atelier-engine": release("atelier-engine"),
        "/usr/lib/atelier/libpdfium.so": renderer,
        "/usr/share/doc/atelier/THIRD-PARTY-NOTICES.md": notices,
        "/usr/share/doc/atelier/LICENSE": places.root.join("LICENSE"),
    });
    json!({ "bundle": { "active": true, "linux": { "deb": { "files": files }, "rpm": { "files": files } } } })
}
