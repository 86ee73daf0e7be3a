//! What the system tells of watched folders as it happens.
//!
//! On Linux a watch is one directory: they are set one by one, for those that are entered only, so that a
//! `node_modules` costs none. A user has a limited number of watches, which other programs need too: this
//! takes no more than half of them. Where they run out, or events come faster than they are taken, that
//! is said, and looking through the folder finds what was not told.

use super::{quiet::Touch, rules};
use notify::{
    Config, Error, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::mpsc;

/// Events that wait to be taken.
const EVENTS: usize = 8_192;
/// Where the system's limits cannot be read.
const USUAL_WATCHES: usize = 8_192;
/// Whether a watch is one directory, not all below it.
const EACH: bool = cfg!(target_os = "linux");

/// A path and what happened to it.
pub(super) type Happened = (PathBuf, Touch);

/// The watches of all folders.
pub(super) struct Live {
    /// None where the system gives none.
    watcher: Option<RecommendedWatcher>,
    watched: HashMap<PathBuf, Watched>,
    taken: usize,
    most: usize,
    /// Keeps the events open where there is no watcher.
    _open: mpsc::Sender<Happened>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Yes,
    /// There was none left for it.
    No,
}

/// What the watcher tells.
pub(super) struct Told {
    pub events: mpsc::Receiver<Happened>,
    /// Events were lost: only looking through everything finds what they said.
    pub lost: Arc<AtomicBool>,
}

impl Live {
    /// Begins to listen; `most` watches are taken, None: half of what the system allows.
    pub fn new(most: Option<usize>) -> (Self, Told) {
        let (sender, events) = mpsc::channel(EVENTS);
        let open = sender.clone();
        let lost = Arc::new(AtomicBool::new(false));
        let told = Told { events, lost: lost.clone() };
        let watcher = RecommendedWatcher::new(move |event| pass_on(event, &sender, &lost), Config::default());
        let watcher = watcher.inspect_err(|error| tracing::warn!(%error, "folders cannot be watched as they change"));
        let most = most.unwrap_or_else(|| allowed() / 2);
        (Self { watcher: watcher.ok(), watched: HashMap::new(), taken: 0, most, _open: open }, told)
    }

    /// Watches a directory of a folder, before it is read. One that is watched already is watched anew: it
    /// may be another directory of the same name.
    pub fn enter(&mut self, root: &Path, dir: &Path) {
        if !EACH && dir != root {
            return;
        }
        let had = self.watched.get(dir) == Some(&Watched::Yes);
        let room = had || self.taken < self.most;
        let watched = match self.watcher.as_mut().filter(|_| room) {
            None => Watched::No,
            Some(watcher) => {
                let mode = if EACH { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
                match watcher.watch(dir, mode) {
                    Ok(()) => Watched::Yes,
                    Err(Error { kind: ErrorKind::MaxFilesWatch, .. }) => {
                        // Others have taken theirs meanwhile.
                        self.most = self.taken;
                        Watched::No
                    }
                    // Gone already, or not to be read: reading it says so.
                    Err(_) => return self.forget(dir),
                }
            }
        };
        self.forget(dir);
        self.taken += usize::from(watched == Watched::Yes);
        self.watched.insert(dir.to_owned(), watched);
    }

    fn forget(&mut self, dir: &Path) {
        if self.watched.remove(dir) == Some(Watched::Yes) {
            self.taken -= 1;
        }
    }

    /// Lets go of what lies under a folder and was not entered.
    pub fn only(&mut self, root: &Path, entered: &HashSet<PathBuf>) {
        let old: Vec<PathBuf> =
            self.watched.keys().filter(|dir| dir.starts_with(root) && !entered.contains(*dir)).cloned().collect();
        for dir in old {
            self.forget(&dir);
            if let Some(watcher) = &mut self.watcher {
                // Of a directory that is gone there is none any more.
                let _ = watcher.unwatch(&dir);
            }
        }
    }

    /// How many directories of a folder are watched, and how many there are.
    pub fn count(&self, root: &Path) -> (usize, usize) {
        let of = || self.watched.iter().filter(|(dir, _)| dir.starts_with(root));
        (of().filter(|(_, watched)| **watched == Watched::Yes).count(), of().count())
    }

    /// Whether the limit was met: later looks try again.
    pub fn try_again(&mut self, most: Option<usize>) {
        self.most = most.unwrap_or_else(|| allowed() / 2);
    }
}

/// How many watches a user has on this system.
fn allowed() -> usize {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches");
    limit.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(USUAL_WATCHES * 2)
}

fn pass_on(event: notify::Result<Event>, sender: &mpsc::Sender<Happened>, lost: &AtomicBool) {
    let Ok(event) = event else { return lost.store(true, Ordering::Release) };
    if event.need_rescan() {
        lost.store(true, Ordering::Release);
    }
    let Some(touch) = touch(event.kind) else { return };
    for path in event.paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if rules::by_name(&name).is_some() && name != rules::FILE {
            continue;
        }
        if sender.try_send((path, touch)).is_err() {
            lost.store(true, Ordering::Release);
        }
    }
}

fn touch(kind: EventKind) -> Option<Touch> {
    match kind {
        // Reading a file changes nothing; this program does it all the time.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Touch::Done),
        EventKind::Access(_) => None,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => Some(Touch::Written),
        // Where the system tells no close, what was created is told of again while it is written.
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
            Some(Touch::Done)
        }
    }
}
