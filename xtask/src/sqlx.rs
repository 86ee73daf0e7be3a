//! How the SQL in `crates/store` is checked against the migrations, and the result kept in `.sqlx`.
//!
//! The query macros ask a database while they compile, and write down what they learned when they
//! are told where. The committed folder then lets everyone build without a database.

use crate::{places::Places, shell};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Checks every query and replaces `.sqlx` by what was found. Nothing is changed where one fails.
pub fn prepare() -> Result<()> {
    let places = Places::find()?;
    if !shell::found("sqlite3") {
        bail!(
            "`sqlite3` is needed to make the database that queries are checked against; install it and run this again"
        );
    }
    let work = places.target.join("sqlx");
    let found = work.join("queries");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot empty {}", work.display()))?;
    }
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let database = work.join("schema.db");
    let migrations = files(&places.root.join("migrations"), "sql")?;
    for migration in &migrations {
        let read = format!(".read '{}'", migration.display());
        shell::run(shell::command("sqlite3", &places).arg("-bail").arg(&database).arg(read))?;
    }
    let step = shell::step("Checking the queries of the store", "up to a minute");
    // A macro speaks only when its crate is compiled.
    let lib = places.root.join("crates/store/src/lib.rs");
    let source =
        fs::File::options().append(true).open(&lib).with_context(|| format!("cannot open {}", lib.display()))?;
    source.set_modified(std::time::SystemTime::now())?;
    let mut check = shell::command("cargo", &places);
    check
        .args(["check", "--quiet", "--package", "store"])
        .env("DATABASE_URL", format!("sqlite://{}", database.display()))
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &found);
    shell::run(&mut check)?;
    let queries = files(&found, "json")?;
    if queries.is_empty() {
        bail!("no query was found: is the macro cache of the store stale?");
    }
    replace(&places.root.join(".sqlx"), &queries)?;
    step.done(&format!("{} queries fit {} migrations", queries.len(), migrations.len()));
    Ok(())
}

/// Makes a folder hold exactly these files.
fn replace(folder: &Path, files_of: &[PathBuf]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for old in files(folder, "json")? {
        fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    for file in files_of {
        let name = file.file_name().context("a query without a name")?;
        fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
