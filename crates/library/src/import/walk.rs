//! Which files stand under the paths of an import, and which of them cannot be read and why.

use super::LARGEST_FILE;
use crate::{
    LibraryError,
    extract::{self, sniff},
    faults,
    library::blocking,
};
use protocol::{Fault, LeftOutFile};
use std::{
    collections::HashSet,
    fs::{File, Metadata},
    io::Read,
    path::{Path, PathBuf},
};

/// The most files of one import.
const MOST_FILES: usize = 50_000;
/// The deepest folder.
const DEEPEST: usize = 64;
/// Files left out that are listed; more are counted.
const MOST_LEFT_OUT: usize = 1_000;
/// Folders of programs and systems, not of people.
const NOT_ENTERED: &[&str] =
    &["node_modules", "target", "__pycache__", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// A file that can be read.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub path: PathBuf,
    pub format: &'static str,
    pub bytes: u64,
}

/// What a walk over paths found.
pub(super) struct Walked {
    pub files: Vec<Candidate>,
    pub left_out: Vec<LeftOutFile>,
    /// Files left out beyond those that are listed.
    pub more_left_out: u32,
    seen: HashSet<PathBuf>,
    /// The most files; and whether there were more.
    most: usize,
    full: bool,
}

impl Default for Walked {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            left_out: Vec::new(),
            more_left_out: 0,
            seen: HashSet::new(),
            most: MOST_FILES,
            full: false,
        }
    }
}

/// Walks over files and folders. What is not there is left out like what cannot be read.
pub(super) async fn walk(paths: Vec<PathBuf>) -> Result<Walked, LibraryError> {
    blocking(move || {
        let mut walked = Walked::default();
        for path in paths {
            walked.path(&path);
        }
        Ok(walked)
    })
    .await
}

impl Walked {
    /// A path as a person gave it.
    fn path(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => self.folder(&path, 0),
            Ok(meta) => self.file(&path, &meta),
            Err(error) => self.leave_out(&path, faults::unreadable(&error.to_string())),
        }
    }

    /// Hidden and system entries are passed over; links to folders are not followed.
    fn folder(&mut self, dir: &Path, depth: usize) {
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => return self.leave_out(dir, faults::unreadable(&error.to_string())),
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            // Office programs leave "~$name" beside a file that is open.
            if name.starts_with(['.', '~']) || self.full {
                continue;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if NOT_ENTERED.contains(&name.as_ref()) {
                    continue;
                }
                if depth < DEEPEST {
                    self.folder(&path, depth + 1);
                } else {
                    self.leave_out(&path, faults::too_deep(DEEPEST));
                }
            } else if let Ok(meta) = std::fs::metadata(&path)
                && meta.is_file()
            {
                self.file(&path, &meta);
            }
        }
    }

    fn file(&mut self, path: &Path, meta: &Metadata) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        // A pipe or a device is never opened: it may have no end, or wait for a writer for ever.
        let fault = if !meta.is_file() {
            faults::not_a_file()
        } else if meta.len() == 0 {
            faults::empty()
        } else if meta.len() > LARGEST_FILE {
            faults::too_large(LARGEST_FILE)
        } else {
            match head(path) {
                Err(error) => faults::unreadable(&error.to_string()),
                Ok(head) => match sniff(&head, path) {
                    Some(format) => return self.take(Candidate { path: path.to_owned(), format, bytes: meta.len() }),
                    None => faults::unsupported(&extension(path)),
                },
            }
        };
        self.leave_out(path, fault);
    }

    fn take(&mut self, file: Candidate) {
        if self.files.len() < self.most {
            return self.files.push(file);
        }
        if !self.full {
            self.full = true;
            // First in the list: all the rest of the import hangs on it.
            let fault = faults::too_many_files(self.most);
            self.left_out.insert(0, LeftOutFile { path: file.path.display().to_string(), fault });
        }
    }

    /// Leaves a file out, with the reason.
    pub fn leave_out(&mut self, path: &Path, fault: Fault) {
        if self.left_out.len() < MOST_LEFT_OUT {
            self.left_out.push(LeftOutFile { path: path.display().to_string(), fault });
        } else {
            self.more_left_out += 1;
        }
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(extract::HEAD);
    File::open(path)?.take(extract::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

pub(super) fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_else(|| "no extension".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(walked: &Walked) -> Vec<&str> {
        walked.left_out.iter().map(|left| left.fault.code.as_str()).collect()
    }

    #[test]
    fn what_is_left_out_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let deep = (0..=DEEPEST).fold(dir.path().to_owned(), |path, _| path.join("d"));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("deep.md"), "Too deep.").unwrap();
        for n in 0..5 {
            std::fs::write(dir.path().join(format!("{n}.md")), "A text.").unwrap();
        }
        let mut walked = Walked { most: 3, ..Walked::default() };
        walked.path(&dir.path().join("missing.md"));
        walked.path(dir.path());
        assert_eq!(walked.files.len(), 3);
        assert_eq!(codes(&walked), ["import.too_many", "document.unreadable"]);
        assert!(walked.left_out[0].path.ends_with("3.md"), "the first that is not read: {}", walked.left_out[0].path);

        let mut walked = Walked::default();
        walked.path(dir.path());
        assert_eq!((walked.files.len(), codes(&walked)), (5, vec!["import.too_deep"]));
    }

    #[test]
    fn more_than_can_be_listed_is_counted() {
        let mut walked = Walked::default();
        for n in 0..MOST_LEFT_OUT + 7 {
            walked.leave_out(Path::new(&n.to_string()), faults::empty());
        }
        assert_eq!((walked.left_out.len(), walked.more_left_out), (MOST_LEFT_OUT, 7));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_never_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe.txt");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        let mut walked = Walked::default();
        walked.path(&pipe);
        assert_eq!((walked.files.len(), codes(&walked)), (0, vec!["document.not_a_file"]));
    }
}
