//! What differs between a folder as it was seen last and as it is: pure.

use std::collections::{BTreeSet, HashMap};

/// What a directory says of a file without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub bytes: u64,
    /// Nanoseconds since 1970.
    pub mtime: i64,
    /// The number of its file system.
    pub disk: i64,
}

impl Stat {
    /// Whether a file that had this is the same unread. The number of a disk may change with every start.
    fn unchanged(&self, now: &Stat) -> bool {
        (self.bytes, self.mtime) == (now.bytes, now.mtime)
    }
}

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diff {
    /// Files that were not there.
    pub fresh: Vec<(String, Stat)>,
    /// Files whose size or time is another.
    pub changed: Vec<(String, Stat)>,
    /// Files that are the same on a disk with another number.
    pub renumbered: Vec<(String, Stat)>,
    /// Files that are no longer there, with what they were.
    pub missing: Vec<(String, Stat)>,
    /// Files that cannot be seen now: their folder cannot be read, or their disk is not there.
    pub unseen: usize,
}

/// Compares. `unread` are folders that could not be read (each with a separator at its end), `disks` the
/// file systems that folders were read on: a file is missing only where it would have been seen.
pub(super) fn diff(
    mut known: HashMap<String, Stat>,
    seen: Vec<(String, Stat)>,
    unread: &[String],
    disks: &BTreeSet<i64>,
) -> Diff {
    let mut diff = Diff::default();
    // A disk with another number is still there where files of it are.
    let mut there = disks.clone();
    for (path, now) in seen {
        match known.remove(&path) {
            None => diff.fresh.push((path, now)),
            Some(before) => {
                there.insert(before.disk);
                if !before.unchanged(&now) {
                    diff.changed.push((path, now));
                } else if before.disk != now.disk {
                    diff.renumbered.push((path, now));
                }
            }
        }
    }
    for (path, before) in known {
        let hidden = unread.iter().any(|folder| path.starts_with(folder.as_str()));
        if hidden || !there.contains(&before.disk) {
            diff.unseen += 1;
        } else {
            diff.missing.push((path, before));
        }
    }
    diff.missing.sort_by(|(a, _), (b, _)| a.cmp(b));
    diff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stat(bytes: u64, mtime: i64, disk: i64) -> Stat {
        Stat { bytes, mtime, disk }
    }

    fn run(known: &[(&str, Stat)], seen: &[(&str, Stat)], unread: &[&str], disks: &[i64]) -> Diff {
        let owned = |files: &[(&str, Stat)]| files.iter().map(|(path, stat)| ((*path).to_owned(), *stat)).collect();
        let seen: Vec<(String, Stat)> = owned(seen);
        let known: Vec<(String, Stat)> = owned(known);
        let unread: Vec<String> = unread.iter().map(|path| (*path).to_owned()).collect();
        diff(known.into_iter().collect(), seen, &unread, &disks.iter().copied().collect())
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let known =
            [("/f/a", stat(1, 1, 1)), ("/f/b", stat(1, 1, 1)), ("/f/c", stat(1, 1, 1)), ("/f/d", stat(1, 1, 1))];
        let seen = [("/f/a", stat(1, 1, 1)), ("/f/b", stat(1, 2, 1)), ("/f/c", stat(2, 1, 1)), ("/f/e", stat(1, 1, 1))];
        let diff = run(&known, &seen, &[], &[1]);
        assert_eq!(diff.fresh, [("/f/e".to_owned(), stat(1, 1, 1))]);
        assert_eq!(diff.changed.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/f/b", "/f/c"]);
        assert_eq!(diff.missing, [("/f/d".to_owned(), stat(1, 1, 1))]);
        assert_eq!((diff.renumbered.len(), diff.unseen), (0, 0));
    }

    #[test]
    fn what_cannot_be_seen_is_not_missing() {
        let known = [("/f/a", stat(1, 1, 1)), ("/f/locked/b", stat(1, 1, 1)), ("/f/stick/c", stat(1, 1, 7))];
        let diff = run(&known, &[("/f/a", stat(1, 1, 1))], &["/f/locked/"], &[1]);
        assert_eq!((diff.missing.len(), diff.unseen), (0, 2));
        // The folder of a disk that is not there is empty, and of the disk below it.
        let diff = run(&[("/f/a", stat(1, 1, 7)), ("/f/b", stat(1, 1, 7))], &[], &[], &[1]);
        assert_eq!((diff.missing.len(), diff.unseen), (0, 2));
        // There again under another number: what is not on it any more is missing.
        let diff = run(&[("/f/a", stat(1, 1, 7)), ("/f/b", stat(1, 1, 7))], &[("/f/a", stat(1, 1, 9))], &[], &[9]);
        assert_eq!((diff.missing.len(), diff.unseen, diff.renumbered.len()), (1, 0, 1));
        // Emptied by hand.
        let diff = run(&[("/f/a", stat(1, 1, 1))], &[], &[], &[1]);
        assert_eq!((diff.missing.len(), diff.unseen), (1, 0));
    }

    proptest! {
        #[test]
        fn every_file_is_told_once(
            known in prop::collection::hash_map(0..40_u8, (0..3_u64, 0..3_i64, 1..3_i64), 0..30),
            seen in prop::collection::hash_map(0..40_u8, (0..3_u64, 0..3_i64, 1..3_i64), 0..30),
        ) {
            let stats = |files: &std::collections::HashMap<u8, (u64, i64, i64)>| -> Vec<(String, Stat)> {
                files.iter().map(|(n, (bytes, mtime, disk))| (format!("/f/{n}"), stat(*bytes, *mtime, *disk))).collect()
            };
            let diff = diff(stats(&known).into_iter().collect(), stats(&seen), &[], &BTreeSet::from([1]));
            let unchanged = seen.iter().filter(|(n, now)| known.get(n) == Some(now)).count();
            let told = diff.fresh.len() + diff.changed.len() + diff.renumbered.len();
            prop_assert_eq!(told + unchanged, seen.len());
            prop_assert_eq!(diff.missing.len() + diff.unseen, known.keys().filter(|n| !seen.contains_key(*n)).count());
        }
    }
}
