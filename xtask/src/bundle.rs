//! The packages that people install: built by Tauri's own bundler, with everything Atelier starts inside.

use crate::{
    build, notices,
    places::Places,
    setup,
    shell::{self, command},
    ui,
};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use std::path::Path;

/// The bundler, from the npm registry, in the version that fits the `tauri` of Cargo.lock.
const BUNDLER: &str = "@tauri-apps/cli@2.12.5";

/// What to bundle.
#[derive(Args)]
pub struct Options {
    /// Bundle the programs of the dev build: quick, large and slow, to see whether a package is whole.
    #[arg(long)]
    dev: bool,
}

/// Builds optimised programs, writes the notices, and bundles for this system.
pub fn bundle(places: &Places, options: &Options) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!(
            "packages are made on Linux only so far: on this system the programs beside the window would be missing \
             from them. Run Atelier from its source with `cargo xtask run`"
        );
    }
    setup::setup(places, &setup::Options::default())?;
    if !shell::found("npm") {
        bail!("the bundler comes as an npm package: install Node.js 20 or newer with npm, then run this again");
    }
    ui::build(places)?;
    let notices = notices::write(places)?;
    if options.dev {
        build::programs(places)?;
    } else {
        build::release(places)?;
    }
    let built = places.target.join(if options.dev { "debug" } else { "release" });

    let extra = places.target.join("xtask/bundle.json");
    std::fs::create_dir_all(places.target.join("xtask"))?;
    std::fs::write(&extra, serde_json::to_vec_pretty(&contents(places, &built, &notices)?)?)?;
    let step = shell::step("Bundling", "a minute");
    let mut npm = command("npm", places);
    npm.args(["exec", "--yes", "--package", BUNDLER, "--", "tauri", "bundle", "--bundles", "deb,rpm", "--config"]);
    shell::run(npm.arg(&extra).args(options.dev.then_some("--debug")))?;
    step.done(&format!("see {}", built.join("bundle").display()));
    Ok(())
}

/// What goes in beside the window: the terminal program with the interface that it serves, the
/// engine, the PDF renderer, the notices. Each by its final place, where Atelier looks for it: its
/// programs beside the running one, the rest under `../share` and `../lib` of that.
fn contents(places: &Places, built: &Path, notices: &Path) -> Result<serde_json::Value> {
    let files = [
        ("/usr/bin/atelier", built.join("atelier")),
        ("/usr/bin/atelier-engine", built.join("atelier-engine")),
        ("/usr/share/atelier/ui", places.dist()),
        ("/usr/lib/atelier/libpdfium.so", places.data.join("lib/libpdfium.so")),
        ("/usr/share/doc/atelier/THIRD-PARTY-NOTICES.md", notices.to_owned()),
        ("/usr/share/doc/atelier/LICENSE", places.root.join("LICENSE")),
    ];
    if let Some((_, missing)) = files.iter().find(|(_, from)| !from.exists()) {
        bail!("{} is missing, so the package would be incomplete", missing.display());
    }
    let files: serde_json::Map<String, serde_json::Value> =
        files.into_iter().map(|(to, from)| (to.to_owned(), json!(from))).collect();
    Ok(json!({ "bundle": { "active": true, "linux": { "deb": { "files": files }, "rpm": { "files": files } } } }))
}
