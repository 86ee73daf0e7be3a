//! llama.cpp, built here from its source package, so that the engine can be measured beside it.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result, bail};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

/// The Python package that carries llama.cpp's sources.
const PACKAGE: &str = "llama-cpp-python";
/// Its version, and the SHA-256 of its source archive.
pub const VERSION: &str = "0.3.36";
const SHA256: &str = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e";
/// Release, for this processor, with threads as its own users have them, and nothing that needs a network.
const FLAGS: [&str; 13] = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_NATIVE=ON",
    "-DGGML_OPENMP=ON",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-Wno-dev",
];

/// What keeps a compiler that builds for this processor from its matrix unit.
const WITHOUT_AMX: &str = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16";

/// llama.cpp's own benchmark, built if it is not there yet.
pub fn llama_bench(places: &Places) -> Result<PathBuf> {
    let folder = folder(places);
    let program = folder.join(format!("build/bin/llama-bench{}", std::env::consts::EXE_SUFFIX));
    if program.exists() {
        return Ok(program);
    }
    build(places, &folder, &[])?;
    // Some virtual machines name a matrix unit that does not work: what was built for it ends at its first product.
    if !starts(places, &program)? {
        let flags = ["C", "CXX"].map(|language| format!("-DCMAKE_{language}_FLAGS={WITHOUT_AMX}"));
        build(places, &folder, &flags)?;
    }
    Ok(program)
}

fn build(places: &Places, folder: &Path, more: &[String]) -> Result<()> {
    let sources = sources(places, folder)?;
    let cmake = cmake(places)?;
    let step = shell::step(&format!("Building llama.cpp from {PACKAGE} {VERSION}"), "10 to 20 minutes");
    let mut prepare = command(&cmake, places);
    prepare.arg("-S").arg(sources).arg("-B").arg(folder.join("build")).args(FLAGS).args(more);
    shell::output(&mut prepare)?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from).to_string();
    let mut build = command(&cmake, places);
    build.arg("--build").arg(folder.join("build")).args(["--target", "llama-bench", "--parallel", &cores]);
    shell::output(&mut build)?;
    step.done("built");
    Ok(())
}

/// Whether it reads a few tokens, rather than being ended by the system.
fn starts(places: &Places, program: &Path) -> Result<bool> {
    let mut few = command(program, places);
    few.arg("-m").arg(places.data.join("models/SmolLM2-135M-Instruct.Q4_1.gguf"));
    few.args(["-r", "1", "-t", "1", "-p", "32", "-n", "1"]);
    let status = few.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    // No code: it was ended by a signal.
    Ok(status.code().is_some())
}

/// What the engine is compared with, in tests as well: llama.cpp's vocabularies and templates lie beside its sources.
pub fn fetch(places: &Places) -> Result<PathBuf> {
    sources(places, &folder(places))
}

fn folder(places: &Places) -> PathBuf {
    places.cache.join(format!("peer/{PACKAGE}-{VERSION}"))
}

/// The sources, fetched and verified if they are not there yet.
fn sources(places: &Places, folder: &Path) -> Result<PathBuf> {
    let sources = folder.join("sources/vendor/llama.cpp");
    if sources.join("CMakeLists.txt").exists() {
        return Ok(sources);
    }
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let step = shell::step(&format!("Fetching the sources of {PACKAGE} {VERSION}"), "half a minute, 77 MB");
    let mut pip = command("python3", places);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"])
        .args(["--no-binary", PACKAGE, "--dest"])
        .arg(folder)
        .arg(format!("{PACKAGE}=={VERSION}"));
    shell::run(&mut pip)?;
    let archive = fs::read_dir(folder)?.next().context("pip fetched nothing")??.path();
    let found = crate::assets::sha256(&archive)?;
    if found != SHA256 {
        fs::remove_dir_all(folder)?;
        bail!("{} has the SHA-256 {found} and should have {SHA256}: not used", archive.display());
    }
    // Into another name first: an unpacking that was cut short is begun again.
    let half = folder.join("half");
    fs::create_dir_all(&half)?;
    shell::run(command("tar", places).arg("-xzf").arg(&archive).arg("-C").arg(&half).arg("--strip-components=1"))?;
    fs::rename(half, folder.join("sources"))?;
    step.done("fetched and verified");
    Ok(sources)
}

/// cmake: the system's, else one from its Python package in an environment of its own.
fn cmake(places: &Places) -> Result<OsString> {
    if shell::found("cmake") {
        return Ok("cmake".into());
    }
    let venv = places.cache.join("peer/venv");
    let cmake = venv.join("bin/cmake");
    if !cmake.exists() {
        let step = shell::step("Fetching cmake", "a minute, 30 MB");
        shell::run(command("python3", places).args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = command(venv.join("bin/python"), places);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"])
            .args(["--require-hashes", "-r"]);
        shell::run(pip.arg(places.root.join("tests/python/peer.txt")))
            .context("there is no cmake for this system in tests/python/peer.txt: install it your way")?;
        step.done("fetched");
    }
    Ok(cmake.into())
}
