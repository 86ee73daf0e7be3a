//! How are models carried to a machine without a network, and how does that machine know what they are?
//!
//! A pack is a folder: `pack.json` names each file with its length and SHA-256 and the key that signed;
//! `pack.sig` is the Ed25519 signature of exactly those bytes (RFC 8032), in hex, under a prefix that
//! keeps it from being a signature of anything else; `models/` holds the files. Nothing of a pack is
//! copied before its signature, its signer, and every byte of it are found right.

use crate::{
    ModelError, catalogue,
    files::{self, Found, Kind, Shelf, hex},
    memory,
};
use ed25519_dalek::{Signature, VerifyingKey};
use protocol::{ModelUse, PackView};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a pack's folder ends with.
const END: &str = ".atelier-models";
const LIST: &str = "pack.json";
const SIGNATURE: &str = "pack.sig";
/// What is signed begins with this.
const PREFIX: &[u8] = b"atelier model pack 1\n";
/// The longest list that is read.
const LARGEST: u64 = 4 << 20;

/// Signs a message with an Ed25519 key.
pub type SignFn = Arc<dyn Fn(&[u8]) -> [u8; 64] + Send + Sync>;

/// Signs packs for a device.
#[derive(Clone)]
pub struct Seal {
    /// The device's public key.
    pub key: [u8; 32],
    /// Who signs, for people.
    pub by: String,
    /// Signs a message with the key.
    pub sign: SignFn,
}

/// What a pack says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    format: u32,
    /// Who signed it, for people.
    by: String,
    /// The public key, hex.
    key: String,
    models: Vec<Packed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Packed {
    id: String,
    purpose: ModelUse,
    files: Vec<PackedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PackedFile {
    /// Its path in `models/`, with `/`.
    path: String,
    bytes: u64,
    sha256: String,
}

/// Whether a folder is a pack.
pub fn is_pack(folder: &Path) -> bool {
    folder.join(LIST).is_file()
}

/// The fingerprint of a public key as people compare it: the first 16 bytes of its SHA-256.
pub fn fingerprint(key: &[u8; 32]) -> String {
    let hash = hex(&Sha256::digest(key)[..16]);
    hash.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

/// Fingerprints are compared without the spaces that people may leave out.
fn same_print(a: &str, b: &str) -> bool {
    let plain =
        |text: &str| text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect::<String>();
    plain(a) == plain(b)
}

/// Writes models of the shelf into a new pack under `place`.
pub(crate) fn write(models: &[Found], place: &Path, seal: &Seal) -> Result<PackView, ModelError> {
    let need: u64 = models.iter().map(|found| found.bytes).sum();
    let free = memory::disk_free(place);
    if free != 0 && free < need {
        return Err(ModelError::Disk { file: place.display().to_string(), need, free });
    }
    let folder = free_name(place, models)?;
    let written = fill(models, &folder, seal).inspect_err(|_| {
        // Half a pack has no list and is taken for none; it is not left behind either.
        let _ = std::fs::remove_dir_all(&folder);
    })?;
    Ok(PackView {
        folder: folder.display().to_string(),
        models: models.iter().map(|found| found.id.clone()).collect(),
        bytes: written,
        signer: fingerprint(&seal.key),
    })
}

/// A folder that is not there yet, named after the first model.
fn free_name(place: &Path, models: &[Found]) -> Result<PathBuf, ModelError> {
    let first = models.first().ok_or_else(|| ModelError::Invalid { reason: "no model was named".to_owned() })?;
    let more = if models.len() > 1 { format!(" and {} more", models.len() - 1) } else { String::new() };
    for number in 1..1000u32 {
        let counted = if number > 1 { format!(" {number}") } else { String::new() };
        let folder = place.join(format!("{}{more}{counted}{END}", first.id));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(ModelError::io(&folder, &error)),
        }
    }
    Err(ModelError::Invalid { reason: format!("{} has too many packs of that name", place.display()) })
}

fn fill(models: &[Found], folder: &Path, seal: &Seal) -> Result<u64, ModelError> {
    let mut list = List { format: 1, by: seal.by.clone(), key: hex(&seal.key), models: Vec::new() };
    let mut written = 0;
    for found in models {
        let purpose = match found.kind.clone()? {
            Kind::Chat(_) => ModelUse::Chat,
            Kind::Embedding(_) => ModelUse::Embedding,
            Kind::Reranker(_) => ModelUse::Reranking,
        };
        let mut packed = Packed { id: found.id.clone(), purpose, files: Vec::new() };
        for (source, path) in files::parts_of(found) {
            let target = folder.join("models").join(&path);
            let parent = target.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(|error| ModelError::io(parent, &error))?;
            let io = |error| ModelError::io(&target, &error);
            let mut to = File::create_new(&target).map_err(io)?;
            let digest = files::digest(&source, |read| to.write_all(read).map_err(io))?;
            to.sync_all().map_err(io)?;
            let bytes = target.metadata().map_err(io)?.len();
            written += bytes;
            packed.files.push(PackedFile { path, bytes, sha256: digest.sha256 });
        }
        list.models.push(packed);
    }
    let text = serde_json::to_vec_pretty(&list).map_err(|error| ModelError::Invalid { reason: error.to_string() })?;
    let signature = (seal.sign)(&[PREFIX, &text].concat());
    // The list comes last: without it the folder is no pack.
    for (name, bytes) in [(SIGNATURE, hex(&signature).into_bytes()), (LIST, text)] {
        let file = folder.join(name);
        files::write_whole(&file, &bytes).map_err(|error| ModelError::io(&file, &error))?;
    }
    Ok(written)
}

/// Checks a pack whole and copies its models into the folder. Returns their ids.
pub(crate) fn add(
    shelf: &Shelf,
    folder: &Path,
    trusted: &[[u8; 32]],
    signer: Option<&str>,
) -> Result<Vec<String>, ModelError> {
    let wrong = |reason: String| ModelError::Pack { folder: folder.display().to_string(), reason };
    let list = signed(folder, trusted, signer)?;
    let inside = folder.join("models");
    for file in list.models.iter().flat_map(|model| &model.files) {
        let path = inside.join(&file.path);
        let plain = path.symlink_metadata().is_ok_and(|data| data.is_file());
        if !plain || path.metadata().map_or(0, |data| data.len()) != file.bytes {
            return Err(wrong(format!("{} is missing or has another length", file.path)));
        }
        if files::digest(&path, |_| Ok(()))?.sha256 != file.sha256.to_ascii_lowercase() {
            return Err(wrong(format!("{} is not what was signed", file.path)));
        }
    }
    let top = |model: &Packed| model.files.first().and_then(|file| file.path.split('/').next().map(str::to_owned));
    list.models.iter().map(|model| shelf.add(&inside.join(top(model).unwrap_or_default()))).collect()
}

/// What a pack says, if its signature is right and its signer is trusted.
fn signed(folder: &Path, trusted: &[[u8; 32]], signer: Option<&str>) -> Result<List, ModelError> {
    let name = || folder.display().to_string();
    let wrong = |reason: &str| ModelError::Pack { folder: name(), reason: reason.to_owned() };
    let read = |file: &str| {
        let path = folder.join(file);
        match path.metadata() {
            Ok(data) if data.len() > LARGEST => Err(wrong("its list is longer than any list")),
            Ok(_) | Err(_) => std::fs::read(&path).map_err(|error| ModelError::io(&path, &error)),
        }
    };
    let (text, signature) = (read(LIST)?, read(SIGNATURE)?);
    let list: List = serde_json::from_slice(&text).map_err(|_| wrong("its list cannot be read"))?;
    if list.format != 1 {
        return Err(wrong("it was made by a newer Atelier"));
    }
    let key: [u8; 32] = unhex(&list.key).ok_or_else(|| wrong("its key cannot be read"))?;
    let signature: [u8; 64] =
        std::str::from_utf8(&signature).ok().and_then(unhex).ok_or_else(|| wrong("its signature cannot be read"))?;
    let checked = VerifyingKey::from_bytes(&key)
        .and_then(|key| key.verify_strict(&[PREFIX, &text].concat(), &Signature::from_bytes(&signature)));
    checked.map_err(|_| wrong("its signature is not right: it was changed after it was signed"))?;
    let print = fingerprint(&key);
    if !trusted.contains(&key) && !signer.is_some_and(|signer| same_print(signer, &print)) {
        return Err(ModelError::Signer { folder: name(), by: list.by, signer: print });
    }
    check(&list).map_err(|reason| ModelError::Pack { folder: name(), reason })?;
    Ok(list)
}

/// Whether a list names only files that a model has, inside the pack.
fn check(list: &List) -> Result<(), String> {
    if list.models.is_empty() {
        return Err("it holds no model".to_owned());
    }
    for model in &list.models {
        let below = |path: &str| match model.purpose {
            ModelUse::Chat => path == format!("{}.gguf", model.id),
            ModelUse::Embedding | ModelUse::Reranking => {
                let rest = path.strip_prefix(&format!("{}/", model.id)).unwrap_or_default();
                !rest.is_empty()
                    && rest.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'))
            }
        };
        let sound = |file: &PackedFile| below(&file.path) && catalogue::is_sha256(&file.sha256);
        if !files::is_id(&model.id) || model.files.is_empty() || !model.files.iter().all(sound) {
            return Err(format!("what it says of {} cannot be", model.id));
        }
    }
    Ok(())
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim();
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
