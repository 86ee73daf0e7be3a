//! Is what was fetched what it should be, and how does it get its name?

use super::{Order, Piece, Proof};
use crate::{
    ModelError, catalogue,
    files::{self, Digest, Shelf},
    gguf,
};
use protocol::ModelUse;
use sha1::{Digest as _, Sha1};
use std::{fs::File, io::Read, path::Path};

/// Compares a part with its proof and gives it its name in the order's folder. A wrong one is thrown
/// away. What reading it all has shown is given back for weights.
pub(super) fn prove(piece: &Piece, folder: &Path) -> Result<Option<Digest>, ModelError> {
    let part = piece.part(folder);
    let checked = check(piece, &part).inspect_err(|_| {
        // If it cannot be removed now, the next try begins anew with it.
        let _ = std::fs::remove_file(&part);
    })?;
    let whole = piece.whole(folder);
    files::publish(&part, &whole).map_err(|error| ModelError::io(&whole, &error))?;
    Ok(checked)
}

fn check(piece: &Piece, part: &Path) -> Result<Option<Digest>, ModelError> {
    let altered = |expected: &str, actual: String| ModelError::Altered {
        file: piece.to.clone(),
        expected: expected.to_owned(),
        actual,
        starter: false,
    };
    let weights = catalogue::is_weights(&piece.to);
    let gguf_file = piece.to.to_ascii_lowercase().ends_with(".gguf");
    if gguf_file {
        gguf::read(part)?;
    }
    match &piece.proof {
        Proof::Blob(expected) => {
            let actual = blob(part)?;
            if !expected.eq_ignore_ascii_case(&actual) {
                return Err(altered(expected, actual));
            }
            Ok(None)
        }
        Proof::Nothing if !weights => Ok(None),
        proof @ (Proof::Sha256(_) | Proof::Nothing) => {
            let digest = files::digest(part, |_| Ok(()))?;
            match proof {
                Proof::Sha256(expected) if !expected.eq_ignore_ascii_case(&digest.sha256) => {
                    Err(altered(expected, digest.sha256))
                }
                Proof::Sha256(_) | Proof::Blob(_) | Proof::Nothing => Ok(weights.then_some(digest)),
            }
        }
    }
}

/// A file's id as a blob of Git: the SHA-1 of a header with its length and of what it holds.
fn blob(file: &Path) -> Result<String, ModelError> {
    let io = |error| ModelError::io(file, &error);
    let mut source = File::open(file).map_err(io)?;
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", source.metadata().map_err(io)?.len()));
    let mut buffer = vec![0; 1 << 16];
    loop {
        match source.read(&mut buffer).map_err(io)? {
            0 => return Ok(files::hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Gives the model its name: all of its pieces are proven. What was there under that name is put aside.
pub(super) fn publish(shelf: &Shelf, order: &Order, digest: Option<Digest>) -> Result<(), ModelError> {
    let folder = order.folder(shelf.folder());
    let target = match order.purpose {
        ModelUse::Chat => shelf.target(&order.id)?,
        ModelUse::Embedding | ModelUse::Reranking => shelf.folder().join(&order.id),
    };
    let weights = order.pieces.iter().find(|piece| catalogue::is_weights(&piece.to));
    let weights = weights.ok_or_else(|| ModelError::Invalid { reason: format!("{} has no weights", order.id) })?;
    // A download that was proven before Atelier was closed is read once more.
    let digest = match digest {
        Some(digest) => digest,
        None => files::digest(&weights.whole(&folder), |_| Ok(()))?,
    };
    let (from, kept) = match order.purpose {
        ModelUse::Chat => (weights.whole(&folder), target.clone()),
        ModelUse::Embedding | ModelUse::Reranking => (folder.clone(), target.join(&weights.to)),
    };
    if target.exists() {
        shelf.put_aside(&order.id, &target)?;
    }
    files::publish(&from, &target).map_err(|error| ModelError::io(&target, &error))?;
    if folder.exists() {
        // Empty but for leftovers; a later start looks for it again.
        let _ = std::fs::remove_dir_all(&folder);
    }
    shelf.hashes().accept(&kept, digest).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_the_id_that_git_gives_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("hello");
        std::fs::write(&file, "hello\n").unwrap();
        // `printf 'hello\n' | git hash-object --stdin`
        assert_eq!(blob(&file).unwrap(), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
