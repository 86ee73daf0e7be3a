//! How is a model taken out of the folder so that it can come back for a while?
//!
//! Its file or folder gets a hidden name, which takes no time and no room. It is deleted when Atelier is
//! closed or opened, or when whoever put it aside says so.

use super::{publish, shelf::Shelf};
use crate::ModelError;
use std::path::{Path, PathBuf};

/// What the hidden names end with.
const END: &str = ".removed";

impl Shelf {
    /// Puts a model aside; one that was put aside under its id before is deleted.
    pub(crate) fn put_aside(&self, id: &str, path: &Path) -> Result<(), ModelError> {
        if !path.starts_with(self.folder()) {
            let reason = format!("{} is not in the models folder, so it is not removed from here", path.display());
            return Err(ModelError::Invalid { reason });
        }
        let aside = self.aside(id);
        delete(&aside)?;
        publish(path, &aside).map_err(|error| ModelError::io(path, &error))
    }

    /// Brings a model back, unless another one has its name by now.
    pub(crate) fn bring_back(&self, id: &str) -> Result<(), ModelError> {
        let aside = self.aside(id);
        if !aside.exists() {
            return Err(ModelError::NotFound { id: id.to_owned() });
        }
        let path = if aside.is_dir() { self.folder().join(id) } else { self.target(id)? };
        if path.exists() {
            return Err(ModelError::Invalid { reason: format!("another model is called {id} by now") });
        }
        publish(&aside, &path).map_err(|error| ModelError::io(&path, &error))
    }

    /// Deletes a model that was put aside; `None`: all of them.
    pub(crate) fn delete_aside(&self, id: Option<&str>) -> Result<(), ModelError> {
        if let Some(id) = id {
            return delete(&self.aside(id));
        }
        let Ok(entries) = std::fs::read_dir(self.folder()) else { return Ok(()) };
        let hidden = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with('.') && name.ends_with(END)
        };
        entries.flatten().map(|entry| entry.path()).filter(hidden).try_for_each(|path| delete(&path))
    }

    fn aside(&self, id: &str) -> PathBuf {
        self.folder().join(format!(".{id}{END}"))
    }
}

fn delete(path: &Path) -> Result<(), ModelError> {
    // A link is deleted, never what it leads to.
    let folder = path.symlink_metadata().is_ok_and(|data| data.is_dir());
    let deleted = if folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match deleted {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ModelError::io(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_aside_can_come_back_until_it_is_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path());
        let (file, folder) = (dir.path().join("a.gguf"), dir.path().join("b"));
        std::fs::write(&file, "weights").unwrap();
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("model.safetensors"), "weights").unwrap();
        for (id, path) in [("a", &file), ("b", &folder)] {
            shelf.put_aside(id, path).unwrap();
            assert!(!path.exists());
            shelf.bring_back(id).unwrap();
            assert!(path.exists());
            shelf.put_aside(id, path).unwrap();
        }
        std::fs::write(&file, "another").unwrap();
        assert_eq!(shelf.bring_back("a").unwrap_err().fault().code, "model.invalid");
        assert_eq!(std::fs::read(&file).unwrap(), b"another", "nothing is overwritten");
        shelf.delete_aside(Some("b")).unwrap();
        assert_eq!(shelf.bring_back("b").unwrap_err().fault().code, "model.not_found");
        shelf.delete_aside(None).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the other one is left");
        let outside = tempfile::NamedTempFile::new().unwrap();
        assert!(shelf.put_aside("x", outside.path()).is_err() && outside.path().exists());
    }
}
