//! Which files a watched folder has, by its directories alone: no file is opened, no link is followed.

use super::{
    diff::Stat,
    rules::{Rules, Skip},
};
use crate::{
    faults,
    import::{LARGEST_FILE, MOST_LEFT_OUT},
};
use protocol::{Fault, LeftOutFile, PassedOver};
use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, Metadata},
    io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
    time::UNIX_EPOCH,
};
use tokio_util::sync::CancellationToken;

/// The most files of one folder.
pub(super) const MOST_FILES: usize = 250_000;
/// The deepest folder.
const DEEPEST: usize = 64;

/// What a walk saw.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub seen: Vec<(String, Stat)>,
    /// Files that are there and are no documents now: of one that was read before, what was read stays.
    pub held: HashSet<String>,
    /// Folders that could not be read, each with a separator at its end.
    pub unread: Vec<String>,
    /// The file systems that folders were read on.
    pub disks: BTreeSet<i64>,
    /// The folders that were entered.
    pub folders: HashSet<PathBuf>,
    pub left_out: Vec<LeftOutFile>,
    pub more_left_out: u32,
    pub passed_over: PassedOver,
    /// Whether it was ended before its end.
    pub cut: bool,
}

impl Walked {
    /// Walks through a folder and those in it. `enter` is called before each is read, so that it can be
    /// watched first and nothing that happens in between is missed.
    pub fn folder(&mut self, dir: &Path, rules: &mut Rules, stop: &CancellationToken, enter: &mut dyn FnMut(&Path)) {
        let mut open = vec![(dir.to_owned(), 0)];
        while let Some((dir, depth)) = open.pop() {
            if stop.is_cancelled() {
                self.cut = true;
                return;
            }
            enter(&dir);
            if let Err(error) = self.one(&dir, depth, rules, &mut open) {
                self.unread.push(below(&dir));
                self.leave_out(&dir, faults::unreadable(&error.to_string()));
            }
            self.folders.insert(dir);
        }
    }

    fn one(&mut self, dir: &Path, depth: usize, rules: &mut Rules, open: &mut Vec<(PathBuf, usize)>) -> io::Result<()> {
        let disk = disk(&fs::symlink_metadata(dir)?);
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = entry.file_name();
            match rules.skip(&path, &name.to_string_lossy(), kind.is_dir()) {
                Some(Skip::Hidden) => self.passed_over.hidden += 1,
                Some(Skip::System) => self.passed_over.system += 1,
                Some(Skip::Asked) => self.passed_over.ignored += 1,
                None if kind.is_symlink() => self.passed_over.links += 1,
                None if kind.is_dir() && depth >= DEEPEST => {
                    self.unread.push(below(&path));
                    self.leave_out(&path, faults::too_deep(DEEPEST));
                }
                None if kind.is_dir() => open.push((path, depth + 1)),
                None => match entry.metadata() {
                    Ok(meta) => self.file(&path, &meta),
                    // Gone since its folder was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => self.hold(&path, faults::unreadable(&error.to_string())),
                },
            }
        }
        self.disks.insert(disk);
        Ok(())
    }

    /// Takes a file; `meta` is its own, not that of what a link leads to.
    pub fn file(&mut self, path: &Path, meta: &Metadata) {
        let fault = match (path.to_str(), meta.len()) {
            (None, _) => faults::watched_name(),
            (Some(_), _) if !meta.is_file() => faults::not_a_file(),
            (Some(_), 0) => faults::empty(),
            (Some(_), bytes) if bytes > LARGEST_FILE => faults::too_large(LARGEST_FILE),
            (Some(_), _) if self.seen.len() >= MOST_FILES => faults::watched_too_many(MOST_FILES),
            (Some(path), _) => return self.seen.push((path.to_owned(), stat(meta))),
        };
        self.hold(path, fault);
    }

    /// A file that is there and is no document now.
    fn hold(&mut self, path: &Path, fault: Fault) {
        self.held.insert(path.to_string_lossy().into_owned());
        self.leave_out(path, fault);
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

/// What a file's metadata say of it.
pub(super) fn stat(meta: &Metadata) -> Stat {
    let mtime = meta.modified().map_or(0, |at| match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    });
    Stat { bytes: meta.len(), mtime, disk: disk(meta) }
}

/// The number of the file system, where the system has such numbers.
#[cfg(unix)]
pub(super) fn disk(meta: &Metadata) -> i64 {
    std::os::unix::fs::MetadataExt::dev(meta).cast_signed()
}

/// The number of the file system, where the system has such numbers.
#[cfg(not(unix))]
pub(super) fn disk(_: &Metadata) -> i64 {
    0
}

/// What the paths of everything below a folder begin with.
pub(super) fn below(dir: &Path) -> String {
    let mut below = dir.to_string_lossy().into_owned();
    if !below.ends_with(MAIN_SEPARATOR) {
        below.push(MAIN_SEPARATOR);
    }
    below
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_not_followed_and_every_folder_is_entered_before_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(root.join("node_modules")).unwrap();
        fs::create_dir_all(&outside).unwrap();
        for file in ["root/1.md", "root/a/2.md", "root/a/b/3.md", "root/~$1.md", "root/skip.log", "outside/secret.md"] {
            fs::write(dir.path().join(file), "A text.").unwrap();
        }
        fs::write(root.join("empty.md"), "").unwrap();
        fs::write(root.join(".atelierignore"), "*.log").unwrap();
        symlink(&outside, root.join("out")).unwrap();
        symlink(outside.join("secret.md"), root.join("secret.md")).unwrap();
        symlink(&root, root.join("a/circle")).unwrap();
        let mut entered = Vec::new();
        let mut walked = Walked::default();
        let mut rules = Rules::new(&root, Path::new("/nowhere"));
        walked.folder(&root, &mut rules, &CancellationToken::new(), &mut |dir| {
            if dir == root.join("a") {
                fs::write(dir.join("new.md"), "Written after it was entered.").unwrap();
            }
            entered.push(dir.to_owned());
        });
        let mut seen: Vec<&str> = walked.seen.iter().map(|(path, _)| path.rsplit('/').next().unwrap()).collect();
        seen.sort_unstable();
        assert_eq!(seen, ["1.md", "2.md", "3.md", "new.md"]);
        assert_eq!(walked.passed_over, PassedOver { hidden: 2, links: 3, system: 1, ignored: 1 });
        assert!(walked.held.contains(root.join("empty.md").to_str().unwrap()));
        assert_eq!((walked.left_out.len(), walked.unread.len(), walked.disks.len()), (1, 0, 1));
        assert_eq!(entered.len(), 3);
        let stopped = CancellationToken::new();
        stopped.cancel();
        let mut walked = Walked::default();
        walked.folder(&root, &mut rules, &stopped, &mut |_| ());
        assert!(walked.cut && walked.seen.is_empty());
    }
}
