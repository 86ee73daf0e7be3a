//! Looking: through a whole folder, or at the paths in it that were touched.

use super::{
    diff::{Diff, Stat, diff},
    quiet::Touch,
    read::{Outcome, read},
    record::{AT_ONCE, Batch},
    rules::Rules,
    task::{Task, place},
    walk::{Walked, below, disk},
};
use crate::{LibraryError, faults, library::blocking};
use futures::StreamExt;
use protocol::{FolderId, FolderState};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::{Source, WatchedFolder};
use tokio_util::sync::CancellationToken;

/// Rows that are read at once.
const ROWS: u32 = 5_000;
/// Files that are read side by side: enough to keep a disk busy, and no more.
const SIDE_BY_SIDE: usize = 4;
/// Files that were renamed or edited together are recorded together up to this many.
const TOGETHER: usize = AT_ONCE * 5;
/// How often a look says how far it is.
const TELL_EVERY: Duration = Duration::from_millis(400);

/// What a look is about.
struct Looking {
    folder: WatchedFolder,
    token: CancellationToken,
    told: Instant,
    done: u32,
    total: u32,
    /// Whether it says how far it is.
    whole: bool,
}

impl Task {
    /// Looks through a folder.
    pub(super) async fn sweep(&mut self, id: FolderId) -> Result<(), LibraryError> {
        let Some((at, root)) = self.folders.get(&id).map(|folder| (folder.at.clone(), folder.root.clone())) else {
            return Ok(());
        };
        let began = Instant::now();
        let mut looking = self.begin(at, true);
        self.say(&looking, FolderState::Looking { done: 0, total: 0 }).await;
        let there = {
            let root = root.clone();
            blocking(move || Ok(place(&root))).await?
        };
        if let Some(folder) = self.folders.get_mut(&id) {
            folder.place = there;
        }
        if there.is_none() {
            let fault = faults::unreachable(&looking.folder.path);
            self.say(&looking, FolderState::Unreachable { fault }).await;
            return Ok(());
        }
        self.live().try_again(self.config.most_watches);
        let mut walked = self.walk(&root, vec![root.clone()], &looking).await?;
        if walked.cut {
            return Ok(());
        }
        self.live().only(&root, &walked.folders);
        let known = self.known(id, &mut walked, None).await?;
        let (some, none) = (!known.is_empty(), walked.seen.is_empty());
        let found = diff(known, std::mem::take(&mut walked.seen), &walked.unread, &walked.disks);
        let unseen = found.unseen;
        if let Some(status) = self.inner.watch.states().get_mut(&id) {
            status.left_out = std::mem::take(&mut walked.left_out);
            (status.more_left_out, status.passed_over) = (walked.more_left_out, walked.passed_over);
            status.note = (unseen > 0).then(|| faults::unseen(unseen));
        }
        if some && none && found.missing.is_empty() {
            // An empty folder where there were files, on another disk: the place that theirs was put in.
            let fault = faults::disk_gone(&looking.folder.path);
            self.say(&looking, FolderState::Unreachable { fault }).await;
            return Ok(());
        }
        if !self.work(&mut looking, found).await? {
            return Ok(());
        }
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.inner.derived.looked(id, took).await?;
        let (watched, all) = self.live().count(&root);
        if watched < all
            && let Some(status) = self.inner.watch.states().get_mut(&id)
        {
            let minutes = self.config.every_unwatched.as_secs().div_ceil(60);
            status.note.get_or_insert_with(|| faults::watches_out(watched, all, minutes));
        }
        self.say(&looking, FolderState::Watching).await;
        Ok(())
    }

    /// Looks at paths that have come to rest.
    pub(super) async fn glance(&mut self, paths: Vec<String>) -> Result<(), LibraryError> {
        let mut by_folder: HashMap<FolderId, Vec<PathBuf>> = HashMap::new();
        for path in paths.into_iter().map(PathBuf::from) {
            let folders = self.folders.values().map(|folder| &folder.at).filter(|folder| !folder.paused);
            if let Some(folder) = super::folder_of(folders, &path) {
                by_folder.entry(folder.id).or_default().push(path);
            }
        }
        for (id, paths) in by_folder {
            let Some((at, root)) = self.folders.get(&id).map(|folder| (folder.at.clone(), folder.root.clone())) else {
                continue;
            };
            let mut looking = self.begin(at, false);
            let at = root.clone();
            let now = blocking(move || Ok(place(&at))).await?;
            if now != self.folders.get(&id).and_then(|folder| folder.place) {
                // Not what it was: the next look says what it is.
                if let Some(folder) = self.folders.get_mut(&id) {
                    folder.due = Instant::now();
                }
                continue;
            }
            // Nothing stands there, as before: that nothing is found in it says nothing of its files.
            if now.is_none() {
                continue;
            }
            let mut walked = self.walk(&root, paths.clone(), &looking).await?;
            if walked.cut {
                continue;
            }
            for path in paths.iter().filter(|path| !walked.folders.contains(*path)) {
                // A directory that is gone is watched no more.
                self.live().only(path, &walked.folders);
            }
            let known = self.known(id, &mut walked, Some(&paths)).await?;
            let found = diff(known, std::mem::take(&mut walked.seen), &walked.unread, &walked.disks);
            if self.work(&mut looking, found).await? && looking.total > 0 {
                let state = self.inner.watch.states().get(&id).and_then(|status| status.state.clone());
                self.say(&looking, state.unwrap_or(FolderState::Waiting)).await;
            }
        }
        Ok(())
    }

    fn begin(&self, folder: WatchedFolder, whole: bool) -> Looking {
        let mut states = self.inner.watch.states();
        let status = states.entry(folder.id).or_default();
        status.token = self.inner.stop.child_token();
        Looking { token: status.token.clone(), folder, told: Instant::now(), done: 0, total: 0, whole }
    }

    async fn say(&self, looking: &Looking, state: FolderState) {
        if looking.token.is_cancelled() {
            return;
        }
        if let Some(status) = self.inner.watch.states().get_mut(&looking.folder.id) {
            status.state = Some(state);
        }
        self.inner.tell_folder(&looking.folder).await;
    }

    /// What stands at these paths and below them.
    async fn walk(&self, root: &Path, paths: Vec<PathBuf>, looking: &Looking) -> Result<Walked, LibraryError> {
        let (root, own, stop) = (root.to_owned(), self.inner.store.dir().to_owned(), looking.token.clone());
        let live = self.live.clone();
        blocking(move || {
            let own = own.canonicalize().unwrap_or(own);
            let (mut rules, mut walked) = (Rules::new(&root, &own), Walked::default());
            let mut enter = |dir: &Path| live.lock().unwrap_or_else(PoisonError::into_inner).enter(&root, dir);
            if let Ok(meta) = root.symlink_metadata() {
                walked.disks.insert(disk(&meta));
            }
            for path in paths {
                let meta = match path.symlink_metadata() {
                    Ok(meta) => meta,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => {
                        walked.unread.push(below(&path));
                        walked.held.insert(path.to_string_lossy().into_owned());
                        walked.leave_out(&path, faults::unreadable(&error.to_string()));
                        continue;
                    }
                };
                // Behind a link, it is no part of the folder.
                let inside =
                    path == root || path.parent().is_some_and(|dir| dir.canonicalize().is_ok_and(|real| real == dir));
                if !inside || (path != root && rules.skips(&path, meta.is_dir())) {
                    continue;
                }
                match meta.is_dir() {
                    true => walked.folder(&path, &mut rules, &stop, &mut enter),
                    false if meta.is_symlink() => {}
                    false => walked.file(&path, &meta),
                }
            }
            Ok(walked)
        })
        .await
    }

    /// What was known of a folder, or of these paths and what is below them, and can be compared now.
    async fn known(
        &self,
        id: FolderId,
        walked: &mut Walked,
        paths: Option<&[PathBuf]>,
    ) -> Result<HashMap<String, Stat>, LibraryError> {
        let mut known = HashMap::new();
        let mut take = |source: Source| {
            let stat = Stat { bytes: source.bytes, mtime: source.mtime, disk: source.disk };
            known.insert(source.path, stat);
        };
        let begins: Vec<String> = match paths {
            None => vec![String::new()],
            Some(paths) => {
                for path in paths.iter().filter_map(|path| path.to_str()) {
                    self.inner.derived.source(path).await?.into_iter().for_each(&mut take);
                }
                paths.iter().map(|path| below(path)).collect()
            }
        };
        for begin in begins {
            let mut after = begin.clone();
            loop {
                let rows = self.inner.derived.sources(id, &after, ROWS).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.path);
                let ends = rows.len() < ROWS as usize || !after.starts_with(&begin);
                rows.into_iter().filter(|source| source.path.starts_with(&begin)).for_each(&mut take);
                if ends {
                    break;
                }
            }
        }
        // There, and no document now: of an edit that left it empty, what was read before stays.
        known.retain(|path, _| !walked.held.contains(path));
        Ok(known)
    }

    /// Reads and records what differs; false where it was ended before.
    async fn work(&mut self, looking: &mut Looking, found: Diff) -> Result<bool, LibraryError> {
        let id = looking.folder.id;
        for some in found.renumbered.chunks(AT_ONCE) {
            self.inner.derived.renumbered(some.iter().map(|(path, stat)| (path.as_str(), stat.disk))).await?;
        }
        looking.total =
            u32::try_from(found.fresh.len() + found.changed.len() + found.missing.len()).unwrap_or(u32::MAX);
        if looking.total == 0 {
            return Ok(true);
        }
        let known: HashSet<u64> = self.inner.store.document_sizes().await?.into_iter().collect();
        let known = Arc::new(known);
        // What may be a file that is missing elsewhere, or was changed elsewhere, is decided together with it.
        let lost: HashSet<u64> = found.missing.iter().map(|(_, stat)| stat.bytes).collect();
        let (near, fresh): (Vec<_>, Vec<_>) = found.fresh.into_iter().partition(|(_, stat)| {
            lost.contains(&stat.bytes) || (!found.changed.is_empty() && known.contains(&stat.bytes))
        });
        let near: Vec<String> = found.changed.into_iter().chain(near).map(|(path, _)| path).collect();
        let missing: BTreeSet<String> = found.missing.into_iter().map(|(path, _)| path).collect();
        if near.len() + missing.len() <= TOGETHER {
            let batch = Batch { now: Default::default(), missing };
            if !self.batch(looking, near, batch, &known).await? {
                return Ok(false);
            }
        } else {
            // First the new places, then those that are gone: in between a document has both.
            for some in near.chunks(AT_ONCE) {
                if !self.batch(looking, some.to_vec(), Batch::default(), &known).await? {
                    return Ok(false);
                }
            }
            let missing: Vec<String> = missing.into_iter().collect();
            for some in missing.chunks(AT_ONCE) {
                let batch = Batch { now: Default::default(), missing: some.iter().cloned().collect() };
                if !self.batch(looking, Vec::new(), batch, &known).await? {
                    return Ok(false);
                }
            }
        }
        let fresh: Vec<String> = fresh.into_iter().map(|(path, _)| path).collect();
        for some in fresh.chunks(AT_ONCE) {
            if !self.batch(looking, some.to_vec(), Batch::default(), &known).await? {
                return Ok(false);
            }
        }
        tracing::debug!(folder = %id, total = looking.total, "a watched folder was looked at");
        Ok(true)
    }

    /// Reads some files and records them together with what is gone; false where the look was ended.
    async fn batch(
        &mut self,
        looking: &mut Looking,
        paths: Vec<String>,
        mut batch: Batch,
        known: &Arc<HashSet<u64>>,
    ) -> Result<bool, LibraryError> {
        let (count, rest) = (paths.len() + batch.missing.len(), self.config.waits.closed);
        let inner = self.inner.clone();
        let mut read = futures::stream::iter(paths)
            .map(|path| {
                let (inner, known) = (inner.clone(), known.clone());
                async move {
                    let outcome = read(&inner, PathBuf::from(&path), &known, rest).await;
                    (path, outcome)
                }
            })
            .buffered(SIDE_BY_SIDE);
        let (mut unsettled, mut left_out) = (Vec::new(), Vec::new());
        while let Some((path, outcome)) = read.next().await {
            match outcome? {
                Outcome::Kept(kept) => drop(batch.now.insert(path, kept)),
                Outcome::Unsettled => unsettled.push(path),
                Outcome::LeftOut(fault) => left_out.push((path, fault)),
                // Its folder was read before it went: what goes is told, or found by the next look.
                Outcome::Vanished => unsettled.push(path),
            }
            if looking.token.is_cancelled() {
                return Ok(false);
            }
        }
        drop(read);
        for path in unsettled {
            self.quiet.touch(path, Touch::Done, Instant::now());
        }
        if let Some(status) = self.inner.watch.states().get_mut(&looking.folder.id) {
            for (path, fault) in left_out {
                status.leave_out(path, fault);
            }
        }
        self.inner.record_seen(looking.folder.id, &batch).await?;
        looking.done += u32::try_from(count).unwrap_or(u32::MAX);
        self.drain();
        if looking.whole && looking.told.elapsed() >= TELL_EVERY {
            looking.told = Instant::now();
            let (done, total) = (looking.done, looking.total);
            self.say(looking, FolderState::Looking { done, total }).await;
        }
        Ok(!looking.token.is_cancelled())
    }
}
