//! How does a file from elsewhere become a model of the folder, whole or not at all?

use super::{embedding, hashes, publish, shelf, temporary};
use crate::{ModelError, gguf, memory};
use std::{
    ffi::OsStr,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

impl shelf::Shelf {
    /// Checks the file or folder `source` and copies it into the models folder. Returns the id.
    /// What is in the folder already is checked and accepted as it is.
    pub(crate) fn add(&self, source: &Path) -> Result<String, ModelError> {
        let source = source.canonicalize().map_err(|error| ModelError::io(source, &error))?;
        if source.is_dir() { self.add_folder(&source) } else { self.add_file(&source) }
    }

    fn add_file(&self, source: &Path) -> Result<String, ModelError> {
        if shelf::is_pickle(source) {
            return Err(ModelError::Unsafe { file: source.display().to_string() });
        }
        gguf::read(source)?;
        let stem = source.file_stem().and_then(OsStr::to_str).filter(|stem| shelf::is_id(stem));
        let Some(stem) = stem else {
            return Err(ModelError::Invalid {
                reason: format!("the file name of {} cannot be a model's name", source.display()),
            });
        };
        self.take(source, &self.target(stem)?)?;
        Ok(stem.to_owned())
    }

    fn add_folder(&self, source: &Path) -> Result<String, ModelError> {
        embedding::read(source)?;
        let name = source.file_name().and_then(OsStr::to_str).filter(|name| shelf::is_id(name));
        let Some(name) = name else {
            return Err(ModelError::Invalid {
                reason: format!("the folder name of {} cannot be a model's name", source.display()),
            });
        };
        let folder = self.folder().join(name);
        std::fs::create_dir_all(&folder).map_err(|error| ModelError::io(&folder, &error))?;
        for part in embedding::OPTIONAL.iter().filter(|part| source.join(part).is_file()) {
            self.take(&source.join(part), &folder.join(part))?;
        }
        // The weights come last: a folder without them is not taken for a model.
        for part in embedding::PARTS.iter().rev() {
            self.take(&source.join(part), &folder.join(part))?;
        }
        Ok(name.to_owned())
    }

    /// Copies `source` to `target`, hashing on the way, and keeps its hash.
    fn take(&self, source: &Path, target: &Path) -> Result<(), ModelError> {
        if target.canonicalize().is_ok_and(|target| target == source) {
            let digest = hashes::digest(target, |_| Ok(()))?;
            return self.hashes().accept(target, digest).map(drop);
        }
        let folder = target.parent().unwrap_or(self.folder());
        std::fs::create_dir_all(folder).map_err(|error| ModelError::io(folder, &error))?;
        let need = source.metadata().map_err(|error| ModelError::io(source, &error))?.len();
        let free = memory::disk_free(folder);
        if free != 0 && free < need {
            return Err(ModelError::Disk { file: target.display().to_string(), need, free });
        }
        let temp = Temporary(temporary(target));
        let digest = copy(source, &temp.0)?;
        self.hashes().admit(source, target, &digest)?;
        publish(&temp.0, target).map_err(|error| ModelError::io(target, &error))?;
        self.hashes().accept(target, digest).map(drop)
    }
}

/// A temporary file that does not stay behind.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already when it was given its name.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Copies to the disk and returns what was copied.
fn copy(source: &Path, target: &Path) -> Result<hashes::Digest, ModelError> {
    let io = |error| ModelError::io(target, &error);
    let mut to = File::create_new(target).map_err(io)?;
    let digest = hashes::digest(source, |read| to.write_all(read).map_err(io))?;
    to.sync_all().map_err(io)?;
    Ok(digest)
}
