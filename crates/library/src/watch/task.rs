//! The task that keeps the library in step: what is due next, and what happened meanwhile.

use super::{
    WatchConfig, folder_of,
    live::{Happened, Live, Told},
    quiet::Quiet,
    rules,
};
use crate::{
    LibraryError,
    library::{Inner, blocking},
    setback::Setback,
};
use protocol::FolderId;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};
use store::WatchedFolder;

/// Longer than any wait.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// How long a look waits for files that are still being written.
const SETTLING: Duration = Duration::from_secs(10);
/// A folder is not looked through again before so many times as long have passed as it took.
const AT_MOST_ONE_IN: u32 = 20;
/// Where nothing is due for longer.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Watches folders until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>, config: WatchConfig) {
    let begun = blocking(move || Ok(Live::new(config.most_watches))).await;
    let Ok((live, told)) = begun else { return };
    let mut task = Task {
        quiet: Quiet::new(config.waits),
        live: Arc::new(Mutex::new(live)),
        told,
        folders: BTreeMap::new(),
        pulse: Instant::now(),
        first: true,
        swept: None,
        config,
        inner: inner.clone(),
    };
    inner.watch.asked().reload = true;
    let mut setback = Setback::default();
    while !inner.stop.is_cancelled() {
        let pause = match task.step().await {
            Ok(true) => {
                setback.over();
                continue;
            }
            Ok(false) => task.rest(),
            Err(LibraryError::Closed) => break,
            Err(error) => {
                tracing::error!(%error, "watching folders");
                let wait = setback.wait();
                if setback.is_new() {
                    inner.tell_trouble(error.fault());
                }
                task.done();
                wait
            }
        };
        tokio::select! {
            () = inner.stop.cancelled() => break,
            () = inner.watch.wake.notified() => {}
            happened = task.told.events.recv() => happened.into_iter().for_each(|happened| task.note(happened)),
            () = tokio::time::sleep(pause) => {}
        }
    }
    // Nobody waits for what will not be done.
    inner.watch.looks.send_modify(|(_, done)| *done = u64::MAX);
}

/// A folder that is watched now.
pub(super) struct Folder {
    pub at: WatchedFolder,
    pub root: PathBuf,
    /// When it is looked through next.
    pub due: Instant,
    /// Its directory's own number, to see that another one stands in its place; None: none did.
    pub place: Option<(i64, u64)>,
}

pub(super) struct Task {
    pub inner: Arc<Inner>,
    pub config: WatchConfig,
    pub live: Arc<Mutex<Live>>,
    pub told: Told,
    pub quiet: Quiet,
    pub folders: BTreeMap<FolderId, Folder>,
    pulse: Instant,
    first: bool,
    /// Since when every folder that was asked for is looked through.
    swept: Option<Instant>,
}

impl Task {
    /// Does what is due; false where nothing is.
    async fn step(&mut self) -> Result<bool, LibraryError> {
        let (asked, done) = *self.inner.watch.looks.borrow();
        self.reload().await?;
        self.drain();
        let now = Instant::now();
        if now >= self.pulse {
            self.feel().await?;
            self.pulse = now + self.config.pulse;
        }
        let next = self.folders.values().filter(|folder| !folder.at.paused && folder.due <= now);
        if let Some(folder) = next.min_by_key(|folder| folder.due).map(|folder| folder.at.id) {
            let began = Instant::now();
            self.swept = None;
            // What is told meanwhile makes it due again: other rules hold than it began with.
            if let Some(folder) = self.folders.get_mut(&folder) {
                folder.due = began + FAR;
            }
            let ended = self.sweep(folder).await;
            let again = self.again(folder, began.elapsed(), ended.is_err());
            if let Some(folder) = self.folders.get_mut(&folder) {
                folder.due = folder.due.min(again);
            }
            return ended.map(|()| true);
        }
        if done < asked {
            // Who asked means what was written a moment ago as well; what is written all the time is not waited for.
            let since = *self.swept.get_or_insert(now);
            if self.quiet.next().is_none() || now.saturating_duration_since(since) >= SETTLING {
                self.swept = None;
                self.inner.watch.looks.send_modify(|(_, done)| *done = asked);
            }
        }
        let rested = self.quiet.rested(now);
        if rested.is_empty() {
            return Ok(false);
        }
        self.glance(rested).await?;
        Ok(true)
    }

    /// Nothing can be done now: nobody waits for it.
    fn done(&self) {
        self.inner.watch.looks.send_modify(|(asked, done)| *done = *asked);
    }

    /// How long until something is due.
    fn rest(&self) -> Duration {
        let folders = self.folders.values().filter(|folder| !folder.at.paused).map(|folder| folder.due);
        let next = folders.chain(self.quiet.next()).chain([self.pulse]).min();
        next.map_or(LONGEST_REST, |next| next.saturating_duration_since(Instant::now())).min(LONGEST_REST)
    }

    /// When a folder that was just looked through is due again.
    fn again(&self, folder: FolderId, took: Duration, failed: bool) -> Instant {
        let Some(folder) = self.folders.get(&folder) else { return Instant::now() };
        let (watched, all) = self.live().count(&folder.root);
        let every = match () {
            () if failed || folder.place.is_none() => self.config.pulse,
            () if watched < all => self.config.every_unwatched,
            () => self.config.every,
        };
        Instant::now() + every.max(took * AT_MOST_ONE_IN)
    }

    /// Takes over which folders there are, and what was asked for.
    async fn reload(&mut self) -> Result<(), LibraryError> {
        let (reload, look) = {
            let mut asked = self.inner.watch.asked();
            (std::mem::take(&mut asked.reload), std::mem::take(&mut asked.look))
        };
        if !reload {
            return Ok(());
        }
        let all = match self.inner.store.folders().await {
            Ok(all) => all,
            Err(error) => {
                self.inner.watch.asked().reload = true;
                self.inner.watch.asked().look.extend(look);
                return Err(error.into());
            }
        };
        let ids: BTreeSet<FolderId> = all.iter().map(|folder| folder.id).collect();
        let paused = all.iter().filter(|folder| folder.paused).map(|folder| folder.id);
        let quiet: Vec<FolderId> = paused.chain(self.folders.keys().copied().filter(|id| !ids.contains(id))).collect();
        for id in quiet {
            if let Some(folder) = self.folders.get(&id) {
                self.live().only(&folder.root, &Default::default());
            }
        }
        self.folders.retain(|id, _| ids.contains(id));
        let wait = if std::mem::take(&mut self.first) { self.config.start_after } else { Duration::ZERO };
        for at in all {
            let due = Instant::now() + if look.contains(&at.id) { Duration::ZERO } else { wait };
            self.inner.watch.states().entry(at.id).or_default();
            match self.folders.get_mut(&at.id) {
                Some(folder) => {
                    if look.contains(&at.id) {
                        folder.due = due;
                    }
                    folder.at = at;
                }
                None => {
                    let root = PathBuf::from(&at.path);
                    self.folders.insert(at.id, Folder { root, due, place: None, at });
                }
            }
        }
        Ok(())
    }

    /// Takes what was told, so that there is room for more.
    pub fn drain(&mut self) {
        while let Ok(happened) = self.told.events.try_recv() {
            self.note(happened);
        }
        if self.told.lost.swap(false, Ordering::AcqRel) {
            tracing::info!("more happened in watched folders than could be noted: they are looked through");
            self.look_at_all();
        }
    }

    fn note(&mut self, (path, touch): Happened) {
        if path.file_name().is_some_and(|name| name == rules::FILE) {
            // Other files are passed over now.
            let folders = self.folders.values().map(|folder| &folder.at);
            let id = folder_of(folders, &path).map(|folder| folder.id);
            if let Some(folder) = id.and_then(|id| self.folders.get_mut(&id)) {
                folder.due = folder.due.min(Instant::now() + self.config.waits.closed);
            }
            return;
        }
        let Some(path) = path.to_str() else { return };
        if !self.quiet.touch(path.to_owned(), touch, Instant::now()) {
            self.quiet.clear();
            self.look_at_all();
        }
    }

    fn look_at_all(&mut self) {
        let soon = Instant::now() + self.config.waits.closed;
        for folder in self.folders.values_mut() {
            folder.due = folder.due.min(soon);
        }
    }

    /// Whether each folder is still there, or there again.
    async fn feel(&mut self) -> Result<(), LibraryError> {
        let roots: Vec<(FolderId, PathBuf)> =
            self.folders.values().map(|folder| (folder.at.id, folder.root.clone())).collect();
        let places =
            blocking(move || Ok(roots.into_iter().map(|(id, root)| (id, place(&root))).collect::<Vec<_>>())).await?;
        for (id, place) in places {
            // One that was not looked at yet is due by itself.
            let seen = self.inner.watch.states().get(&id).is_some_and(|status| status.state.is_some());
            if let Some(folder) = self.folders.get_mut(&id).filter(|folder| seen && folder.place != place) {
                folder.due = folder.due.min(Instant::now());
            }
        }
        Ok(())
    }

    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a directory; None where there is none, or a link in its place.
pub(super) fn place(root: &Path) -> Option<(i64, u64)> {
    let meta = root.symlink_metadata().ok().filter(std::fs::Metadata::is_dir)?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let inode = 0;
    Some((super::walk::disk(&meta), inode))
}
