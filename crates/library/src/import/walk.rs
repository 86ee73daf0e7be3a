//! Which files stand under the paths of an import, and which of them cannot be read and why.

use super::{LARGEST_FILE, LARGEST_STORED};
use crate::{
    LibraryError,
    extract::{self, format_of, is_stored},
    faults,
    library::blocking,
};
use protocol::{Fault, LeftOutFile, PassedOver};
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
pub(crate) const MOST_LEFT_OUT: usize = 1_000;
/// Folders of programs and systems, not of people.
const NOT_ENTERED: &[&str] =
    &["node_modules", "target", "__pycache__", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// Whether a folder of this name is none of a person's.
pub(crate) fn is_system(name: &str) -> bool {
    NOT_ENTERED.contains(&name)
}

/// A file that is taken.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub path: PathBuf,
    pub format: String,
    pub bytes: u64,
}

/// What a walk over paths found.
pub(super) struct Walked {
    pub files: Vec<Candidate>,
    pub left_out: Vec<LeftOutFile>,
    /// Files left out beyond those that are listed.
    pub more_left_out: u32,
    /// What is passed over in folders by design.
    pub passed_over: PassedOver,
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
            passed_over: PassedOver::default(),
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
            Err(error) => self.leave_out(&path, faults::not_found(&error)),
        }
    }

    /// Hidden and system entries are passed over, and so are links to folders, which may lead in a circle;
    /// they are counted. A link to a file is that file.
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
            if name.starts_with(['.', '~']) {
                self.passed_over.hidden += 1;
                continue;
            }
            if self.full {
                continue;
            }
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.leave_out(&path, faults::unreadable(&error.to_string()));
                    continue;
                }
            };
            if kind.is_dir() {
                if is_system(&name) {
                    self.passed_over.system += 1;
                } else if depth < DEEPEST {
                    self.folder(&path, depth + 1);
                } else {
                    self.leave_out(&path, faults::too_deep(DEEPEST));
                }
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => self.passed_over.links += 1,
                Ok(meta) => self.file(&path, &meta),
                // Where it leads to is not there.
                Err(_) if kind.is_symlink() => self.passed_over.links += 1,
                Err(error) => self.leave_out(&path, faults::unreadable(&error.to_string())),
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
                Ok(head) => {
                    let format = format_of(&head, path);
                    if !is_stored(&format) || meta.len() <= LARGEST_STORED {
                        return self.take(Candidate { path: path.to_owned(), format, bytes: meta.len() });
                    }
                    faults::too_large(LARGEST_STORED)
                }
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
        assert_eq!(codes(&walked), ["import.too_many", "document.not_found"]);
        assert!(walked.left_out[0].path.ends_with("3.md"), "the first that is not read: {}", walked.left_out[0].path);

        let mut walked = Walked::default();
        walked.path(dir.path());
        assert_eq!((walked.files.len(), codes(&walked)), (5, vec!["import.too_deep"]));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_passed_over_is_counted() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        std::fs::write(place("a.md"), "A text.").unwrap();
        for hidden in [".hidden.md", "~$a.md"] {
            std::fs::write(place(hidden), "A text.").unwrap();
        }
        for folder in [".git", "target", "real"] {
            std::fs::create_dir(place(folder)).unwrap();
            std::fs::write(place(folder).join("inside.md"), "Another text.").unwrap();
        }
        symlink(place("real"), place("link")).unwrap();
        symlink(place("nowhere"), place("broken.md")).unwrap();
        symlink(place("a.md"), place("same.md")).unwrap();
        std::fs::write(place("binary.pdf"), b"\x7fELF\x02\x01\x01\0").unwrap();
        std::fs::write(place("program"), b"\x7fELF\x02\x01\x01\0").unwrap();
        let mut walked = Walked::default();
        walked.path(dir.path());
        assert_eq!(walked.passed_over, PassedOver { hidden: 3, links: 2, system: 1, ignored: 0 });
        assert_eq!((walked.files.len(), codes(&walked).len()), (5, 0), "{:?}", walked.files);
        let formats: Vec<&str> = walked.files.iter().map(|file| file.format.as_str()).collect();
        assert_eq!(formats.iter().filter(|format| **format == "file").count(), 2, "{formats:?}");
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
