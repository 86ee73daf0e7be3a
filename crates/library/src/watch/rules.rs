//! What is passed over in a watched folder: hidden and temporary files, folders of programs, and what its
//! `.atelierignore` files name.
//!
//! Those have git's syntax (crate `ignore`), one in any folder, the nearest first. A `.gitignore` is not
//! heeded: what git shall not keep, such as a PDF that a program makes, may be what a person looks for.

use crate::import::is_system;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// The name of the file that says what to pass over.
pub(super) const FILE: &str = ".atelierignore";
/// So much of one is read.
const LARGEST: u64 = 1 << 20;
/// Endings of files that are still being fetched or written.
const UNFINISHED: [&str; 13] = [
    "tmp",
    "temp",
    "part",
    "partial",
    "crdownload",
    "download",
    "filepart",
    "opdownload",
    "swp",
    "swo",
    "swx",
    "aria2",
    "!ut",
];
/// Files that file managers leave.
const LEFT_BEHIND: [&str; 4] = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];

/// Why something is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// It is hidden, temporary or not whole yet.
    Hidden,
    /// It is a folder of a program or of the system.
    System,
    /// An ignore file names it.
    Asked,
}

/// What the name alone says.
pub(super) fn by_name(name: &str) -> Option<Skip> {
    // Office programs leave `~$name` and `.~lock.name#` beside a file that is open, editors `name~` and `#name#`.
    let temporary = name.starts_with(['.', '~'])
        || name.ends_with('~')
        || (name.len() > 1 && name.starts_with('#') && name.ends_with('#'));
    let lower = name.to_ascii_lowercase();
    let unfinished = lower.rsplit_once('.').is_some_and(|(_, ending)| UNFINISHED.contains(&ending));
    (temporary || unfinished || LEFT_BEHIND.contains(&lower.as_str())).then_some(Skip::Hidden)
}

/// The rules of one watched folder, read as they are needed.
pub(super) struct Rules {
    root: PathBuf,
    /// The workspace's own folder is never looked into: its copies would be copied for ever.
    own: PathBuf,
    files: HashMap<PathBuf, Option<Gitignore>>,
}

impl Rules {
    pub fn new(root: &Path, own: &Path) -> Self {
        Self { root: root.to_owned(), own: own.to_owned(), files: HashMap::new() }
    }

    /// Why an entry of a folder that is entered is passed over.
    pub fn skip(&mut self, path: &Path, name: &str, is_folder: bool) -> Option<Skip> {
        if let Some(skip) = by_name(name) {
            return Some(skip);
        }
        if is_folder && (is_system(name) || path == self.own) {
            return Some(Skip::System);
        }
        let mut folder = path.parent();
        while let Some(at) = folder.filter(|at| at.starts_with(&self.root)) {
            if let Some(rules) = self.file(at) {
                let matched = rules.matched(path, is_folder);
                if matched.is_ignore() {
                    return Some(Skip::Asked);
                }
                if matched.is_whitelist() {
                    return None;
                }
            }
            folder = at.parent();
        }
        None
    }

    /// Whether a path is passed over, by itself or with a folder that it lies in.
    pub fn skips(&mut self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return true };
        let (mut at, mut parts) = (self.root.clone(), below.components().peekable());
        while let Some(part) = parts.next() {
            at.push(part);
            let is_folder = is_folder || parts.peek().is_some();
            if self.skip(&at, &part.as_os_str().to_string_lossy(), is_folder).is_some() {
                return true;
            }
        }
        false
    }

    fn file(&mut self, folder: &Path) -> Option<&Gitignore> {
        if !self.files.contains_key(folder) {
            let rules = read(folder);
            self.files.insert(folder.to_owned(), rules);
        }
        self.files.get(folder).and_then(Option::as_ref)
    }
}

fn read(folder: &Path) -> Option<Gitignore> {
    let path = folder.join(FILE);
    // A link or a pipe is none.
    if !path.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    for line in BufReader::new(File::open(path).ok()?.take(LARGEST)).lines() {
        // A line that is no pattern says nothing; those around it hold.
        let _ = builder.add_line(None, &line.ok()?);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_told_by_their_names() {
        let passed = [
            ".hidden.md",
            "~$report.docx",
            ".~lock.report.odt#",
            "report.odt~",
            "#notes.md#",
            "film.mp4.part",
            "setup.crdownload",
            "A.TMP",
            "x.download",
            "Thumbs.db",
            "desktop.ini",
            ".git",
            ".notes.md.swp",
        ];
        for name in passed {
            assert_eq!(by_name(name), Some(Skip::Hidden), "{name}");
        }
        for name in ["report.docx", "part.md", "tmp", "#1 report.md", "a~b.txt", "temp.notes.md", "#"] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }

    #[test]
    fn the_nearest_ignore_file_decides() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("drafts/kept")).unwrap();
        std::fs::write(root.join(FILE), "# drafts\n*.log\n/private/\n[broken\ndrafts/*.md\n").unwrap();
        std::fs::write(root.join("drafts/kept").join(FILE), "!*.log\n").unwrap();
        let mut rules = Rules::new(root, Path::new("/nowhere"));
        let table = [
            ("a.log", false, true),
            ("a.md", false, false),
            ("private", true, true),
            ("private/a.md", false, true),
            ("deep/private/a.md", false, false),
            ("drafts/a.md", false, true),
            ("drafts/a.txt", false, false),
            ("drafts/kept/a.log", false, false),
            ("node_modules/a/b.md", false, true),
            (".git/a.md", false, true),
            ("../elsewhere.md", false, true),
        ];
        for (path, is_folder, skipped) in table {
            assert_eq!(rules.skips(&root.join(path), is_folder), skipped, "{path}");
        }
        let mut rules = Rules::new(root, &root.join("workspace"));
        assert!(rules.skips(&root.join("workspace/blobs/ab/abcd"), false));
    }
}
