//! Files that are fetched and not built: starter models, the PDF renderer, the accessibility checker.
//!
//! Each comes out of a package of an exact version. The lock file says what the package and every
//! file in it must hash to; what differs is refused and removed, never used.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// The lock file.
#[derive(Deserialize)]
struct Lock {
    assets: Vec<Asset>,
}

/// One package and the files that are taken from it.
#[derive(Deserialize)]
struct Asset {
    name: String,
    licence: String,
    package: String,
    version: String,
    needed_for: Need,
    time: String,
    wheels: Vec<Wheel>,
}

/// What an asset is for.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Need {
    Run,
    Test,
}

/// The package's file for a platform (`any`, or like `linux-x86_64`).
#[derive(Deserialize)]
struct Wheel {
    platform: String,
    wheel_sha256: String,
    files: Vec<Member>,
}

/// A file of the package and where it goes: `data/…` or `cache/…`.
#[derive(Deserialize)]
struct Member {
    from: String,
    to: String,
    bytes: u64,
    sha256: String,
}

/// Fetches what is missing or altered.
pub fn install(places: &Places, for_tests: bool) -> Result<()> {
    let lock: Lock = serde_json::from_str(include_str!("../assets.lock.json")).context("xtask/assets.lock.json")?;
    for asset in lock.assets.iter().filter(|asset| for_tests || asset.needed_for == Need::Run) {
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let wheel = asset.wheels.iter().find(|wheel| wheel.platform == "any" || wheel.platform == platform);
        let Some(wheel) = wheel else {
            println!("==> {} has no build for {platform}; Atelier runs without it", asset.name);
            continue;
        };
        let step = shell::step(&format!("Checking {} ({})", asset.name, asset.licence), "a second");
        let missing = missing(places, wheel)?;
        if missing.is_empty() {
            step.done("there and unaltered");
            continue;
        }
        step.done(&format!("{} of {} files to fetch", missing.len(), wheel.files.len()));
        fetch(places, asset, wheel).with_context(|| format!("cannot fetch {}", asset.name))?;
    }
    Ok(())
}

/// The files that are not there as the lock file has them. Sizes and times of files that were
/// checked before are remembered, so that a second run need not read hundreds of megabytes.
fn missing<'a>(places: &Places, wheel: &'a Wheel) -> Result<Vec<&'a Member>> {
    let mut missing = Vec::new();
    for member in &wheel.files {
        let path = destination(places, member)?;
        if !seen(places, &path, member) {
            if fs::metadata(&path).is_ok_and(|meta| meta.len() == member.bytes) && sha256(&path)? == member.sha256 {
                remember(places, &path, member)?;
            } else {
                missing.push(member);
            }
        }
    }
    Ok(missing)
}

fn fetch(places: &Places, asset: &Asset, wheel: &Wheel) -> Result<()> {
    let folder = places.cache.join("wheels").join(format!("{}-{}", asset.package, asset.version));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let step = shell::step(&format!("Fetching {} {}", asset.package, asset.version), &asset.time);
    let mut pip = command("python3", places);
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"])
        .arg("--dest")
        .arg(&folder)
        .arg(format!("{}=={}", asset.package, asset.version));
    shell::run(&mut pip)?;
    let file = fs::read_dir(&folder)?.next().context("pip fetched nothing")??.path();
    let found = sha256(&file)?;
    if found != wheel.wheel_sha256 {
        fs::remove_dir_all(&folder)?;
        bail!("{} has the SHA-256 {found}, the lock file says {}: not used", file.display(), wheel.wheel_sha256);
    }
    // Python is there (pip ran), and its zip reader spares a dependency.
    let mut unzip = command("python3", places);
    unzip.args(["-m", "zipfile", "-e"]).arg(&file).arg(&folder);
    shell::run(&mut unzip)?;
    for member in &wheel.files {
        let from = folder.join(&member.from);
        let found = sha256(&from)?;
        if found != member.sha256 {
            bail!("{} in {} has the SHA-256 {found}, the lock file says {}", member.from, asset.package, member.sha256);
        }
        let to = destination(places, member)?;
        shell::place(&from, &to)?;
        // What is used is the copy: a full or a failing disk may have made another of it.
        let copied = sha256(&to)?;
        if copied != member.sha256 {
            fs::remove_file(&to)?;
            bail!("{} was not copied whole: its SHA-256 is {copied}", to.display());
        }
        remember(places, &to, member)?;
    }
    fs::remove_dir_all(&folder)?;
    step.done("fetched and verified");
    Ok(())
}

fn destination(places: &Places, member: &Member) -> Result<PathBuf> {
    let (base, rest) = member.to.split_once('/').with_context(|| format!("{}: no folder", member.to))?;
    match base {
        "data" => Ok(places.data.join(rest)),
        "cache" => Ok(places.cache.join(rest)),
        _ => bail!("{}: neither data/ nor cache/", member.to),
    }
}

/// The file that remembers a check: named by what was checked, holding what the file looked like.
fn note(places: &Places, path: &Path, member: &Member) -> PathBuf {
    let mut name = Sha256::new();
    name.update(path.as_os_str().as_encoded_bytes());
    name.update(&member.sha256);
    places.cache.join("checked").join(hex(&name.finalize()))
}

fn looks(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    let changed = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {}", meta.len(), changed.as_nanos()))
}

fn seen(places: &Places, path: &Path, member: &Member) -> bool {
    let looks = looks(path);
    looks.is_some() && fs::read_to_string(note(places, path, member)).ok() == looks
}

fn remember(places: &Places, path: &Path, member: &Member) -> Result<()> {
    let note = note(places, path, member);
    fs::create_dir_all(places.cache.join("checked"))?;
    fs::write(note, looks(path).with_context(|| format!("{} is gone", path.display()))?)?;
    Ok(())
}

/// The SHA-256 of a file in hex.
pub fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..read]);
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_is_whole() {
        let lock: Lock = serde_json::from_str(include_str!("../assets.lock.json")).unwrap();
        for asset in &lock.assets {
            assert!(!asset.wheels.is_empty(), "{}", asset.package);
            for wheel in &asset.wheels {
                assert_eq!(wheel.wheel_sha256.len(), 64, "{} {}", asset.package, wheel.platform);
                for member in &wheel.files {
                    assert_eq!(member.sha256.len(), 64, "{}", member.from);
                    assert!(member.bytes > 0, "{}", member.from);
                    assert!(member.to.starts_with("data/") || member.to.starts_with("cache/"), "{}", member.to);
                    assert!(!member.to.contains(".."), "{}", member.to);
                }
            }
        }
    }

    #[test]
    fn an_altered_file_is_missing() {
        let folder = std::env::temp_dir().join(format!("xtask-assets-{}", std::process::id()));
        let places = Places {
            root: folder.clone(),
            target: folder.join("target"),
            data: folder.join("data"),
            cache: folder.join("cache"),
        };
        let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"
        let wheel = Wheel {
            platform: "any".into(),
            wheel_sha256: String::new(),
            files: vec![Member { from: "abc".into(), to: "data/abc".into(), bytes: 3, sha256: sha.into() }],
        };
        fs::create_dir_all(&places.data).unwrap();
        for (content, expected) in [("abc", 0), ("abd", 1), ("ab", 1), ("abc", 0)] {
            // Another size or time is noticed without a hash; make sure that the time differs.
            std::thread::sleep(std::time::Duration::from_millis(20));
            fs::write(places.data.join("abc"), content).unwrap();
            assert_eq!(missing(&places, &wheel).unwrap().len(), expected, "{content}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
