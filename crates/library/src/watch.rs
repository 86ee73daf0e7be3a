//! Watched folders: the library is kept in step with them.
//!
//! One task looks through each folder when it is added, when the app starts, now and then, and whenever
//! it may have missed something; in between the system tells it what happens ([`live`]). Both ways only
//! find out what differs ([`diff`]); which document each file is then is decided from the state alone
//! ([`desk`]), and recorded with the places and the queue in one transaction ([`record`]), so that a kill
//! at any instant loses and doubles nothing. Why it is so: docs/decisions/0024-watched-folders.md.

mod desk;
mod diff;
mod live;
mod look;
mod quiet;
mod read;
mod record;
mod rules;
mod task;
mod walk;

pub use quiet::Waits;

use crate::{
    Library, LibraryError, faults,
    library::{Inner, LibraryEvent, blocking},
    unpacking,
};
use protocol::{Actor, Fault, FolderId, FolderState, FolderView, LeftOutFile, MemberId, PassedOver};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{Change, Tx, WatchedFolder};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// The most folders.
const MOST_FOLDERS: usize = 100;
/// Files that are listed as left out of a folder; more are counted.
const LISTED: usize = 50;
/// Documents that are brought back in one transaction.
const BACK_AT_ONCE: usize = 50;
/// Where the system keeps what is no file of anybody's.
const SYSTEM: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

/// How folders are watched.
#[derive(Clone, Copy, Debug)]
pub struct WatchConfig {
    /// When a file that was touched may be read.
    pub waits: Waits,
    /// How long after the start the first look begins: what a person wants first comes first.
    pub start_after: Duration,
    /// How often a folder is looked through whose every change is told.
    pub every: Duration,
    /// How often one is looked through that has more directories than there are watches.
    pub every_unwatched: Duration,
    /// How often it is seen whether a folder is still there, or again.
    pub pulse: Duration,
    /// The most watches that are taken; None: half of what the system allows.
    pub most_watches: Option<usize>,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            waits: Waits::default(),
            start_after: Duration::from_secs(2),
            every: Duration::from_secs(20 * 60),
            every_unwatched: Duration::from_secs(5 * 60),
            pulse: Duration::from_secs(20),
            most_watches: None,
        }
    }
}

/// What the task shares with those who ask.
#[derive(Default)]
pub(crate) struct Watch {
    states: Mutex<BTreeMap<FolderId, Status>>,
    asked: Mutex<Asked>,
    wake: Notify,
    /// How many looks were asked for, and up to which all are done.
    looks: watch::Sender<(u64, u64)>,
}

/// What the task is to do.
#[derive(Default)]
struct Asked {
    /// The folders are other ones.
    reload: bool,
    look: BTreeSet<FolderId>,
}

/// What is known of a folder in this run.
#[derive(Clone, Default)]
struct Status {
    /// None: it is to be looked through.
    state: Option<FolderState>,
    note: Option<Fault>,
    left_out: Vec<LeftOutFile>,
    more_left_out: u32,
    passed_over: PassedOver,
    /// Ends the look that is under way.
    token: CancellationToken,
}

impl Status {
    /// A file is no document, for this reason.
    fn leave_out(&mut self, path: String, fault: Fault) {
        self.left_out.retain(|known| known.path != path);
        if self.left_out.len() < LISTED {
            self.left_out.push(LeftOutFile { path, fault });
        } else {
            self.more_left_out += 1;
        }
    }
}

impl Watch {
    fn states(&self) -> MutexGuard<'_, BTreeMap<FolderId, Status>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, folders: impl IntoIterator<Item = FolderId>) {
        self.looks.send_modify(|(asked, _)| *asked += 1);
        let mut asked = self.asked();
        asked.reload = true;
        asked.look.extend(folders);
        drop(asked);
        self.wake.notify_one();
    }
}

impl Library {
    /// Begins to watch the folders of this workspace, until it closes. Once; asked again it does nothing.
    pub fn start_watching(&self, config: WatchConfig) {
        if !self.inner.watching.swap(true, std::sync::atomic::Ordering::AcqRel) {
            self.inner.tasks.spawn(task::run(self.inner.clone(), config));
        }
    }

    /// Has a folder watched from now on.
    pub async fn watch_folder(&self, actor: &Actor, path: &Path) -> Result<FolderView, LibraryError> {
        let member = person(actor)?;
        let shown = path.display().to_string();
        let own = self.inner.store.dir().to_owned();
        let (real, own) = blocking({
            let path = path.to_owned();
            move || Ok((path.canonicalize(), own.canonicalize().unwrap_or(own)))
        })
        .await?;
        let real = real.map_err(|error| LibraryError::Refused(faults::not_found(&error)))?;
        if !real.is_dir() {
            return Err(LibraryError::Refused(faults::not_a_folder(&shown)));
        }
        let system = SYSTEM.iter().any(|system| real.starts_with(system));
        if real.parent().is_none() || system || real.starts_with(&own) {
            return Err(LibraryError::Refused(faults::not_to_be_watched(&shown)));
        }
        let Some(text) = real.to_str().map(str::to_owned) else {
            return Err(LibraryError::Refused(faults::watched_name()));
        };
        // One at a time, so that no two that overlap are added.
        let _turn = self.inner.adding.lock().await;
        let all = self.inner.store.folders().await?;
        let overlaps =
            |other: &&WatchedFolder| real.starts_with(&other.path) || Path::new(&other.path).starts_with(&real);
        if let Some(other) = all.iter().find(overlaps) {
            return Err(LibraryError::Refused(faults::watched_already(&shown, &other.path)));
        }
        if all.len() >= MOST_FOLDERS {
            return Err(LibraryError::Refused(faults::too_many_folders(MOST_FOLDERS)));
        }
        let folder = FolderId::new();
        self.inner.store.record(actor, Change::FolderWatched { folder, member, path: text }).await?;
        self.inner.watch.ask([folder]);
        let folder = self.inner.watched(folder).await?;
        self.inner.tell_folder(&folder).await;
        self.inner.folder_view(&folder).await
    }

    /// The watched folders.
    pub async fn folders(&self) -> Result<Vec<FolderView>, LibraryError> {
        let mut views = Vec::new();
        for folder in self.inner.store.folders().await? {
            views.push(self.inner.folder_view(&folder).await?);
        }
        Ok(views)
    }

    /// Pauses or resumes watching a folder.
    pub async fn pause_folder(&self, actor: &Actor, folder: FolderId, paused: bool) -> Result<(), LibraryError> {
        person(actor)?;
        if self.inner.watched(folder).await?.paused != paused {
            self.inner.store.record(actor, Change::FolderPaused { folder, paused }).await?;
        }
        if let Some(status) = self.inner.watch.states().get_mut(&folder) {
            status.token.cancel();
            status.state = None;
        }
        self.inner.watch.ask((!paused).then_some(folder));
        self.inner.tell_folder(&self.inner.watched(folder).await?).await;
        Ok(())
    }

    /// Looks through a folder now, or through all of them.
    pub async fn look_again(&self, folder: Option<FolderId>) -> Result<(), LibraryError> {
        let folders = match folder {
            Some(folder) => vec![self.inner.watched(folder).await?.id],
            None => self.inner.store.folders().await?.into_iter().map(|folder| folder.id).collect(),
        };
        self.inner.watch.ask(folders);
        Ok(())
    }

    /// Stops watching a folder; its documents stay, or are removed.
    pub async fn unwatch(&self, actor: &Actor, folder: FolderId, documents: bool) -> Result<(), LibraryError> {
        person(actor)?;
        self.inner.watched(folder).await?;
        if let Some(status) = self.inner.watch.states().get_mut(&folder) {
            status.token.cancel();
        }
        let own = if documents { self.inner.derived.only_in(folder).await? } else { Vec::new() };
        let forget = async |tx: &mut Tx| {
            tx.record(Change::FolderForgotten { folder }).await?;
            tx.drop_sources(folder).await
        };
        self.inner.store.write(actor, forget).await?;
        self.inner.watch.states().remove(&folder);
        self.inner.watch.ask([]);
        // Nobody listening is fine.
        let _ = self.inner.events.send(LibraryEvent::FolderRemoved(folder));
        for some in own.chunks(BACK_AT_ONCE) {
            let remove = async |tx: &mut Tx| {
                let mut gone = Vec::new();
                for document in some {
                    if !gone.contains(document) {
                        gone.extend(unpacking::remove(tx, *document).await?);
                    }
                }
                Ok(gone)
            };
            let gone = self.inner.store.write(actor, remove).await?;
            self.inner.drop_documents(&gone).await?;
        }
        Ok(())
    }

    /// Brings back every document whose file is gone from a folder, or from all of them; how many.
    pub async fn restore_gone(&self, actor: &Actor, folder: Option<FolderId>) -> Result<u32, LibraryError> {
        person(actor)?;
        let gone = self.inner.store.gone(folder).await?;
        for some in gone.chunks(BACK_AT_ONCE) {
            let restore = async |tx: &mut Tx| {
                let mut back = Vec::new();
                for document in some {
                    if !back.contains(document) {
                        back.extend(unpacking::restore(tx, *document).await?);
                    }
                }
                Ok(back)
            };
            let back = self.inner.store.write(actor, restore).await?;
            self.inner.enqueue(&back).await?;
        }
        self.inner.tell_folders().await;
        Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
    }

    /// Waits until every look that was asked for so far has ended, one way or another.
    pub async fn looked(&self) {
        let mut looks = self.inner.watch.looks.subscribe();
        let asked = looks.borrow().0;
        // An error means that the library is gone: then nothing is going on.
        let waited = looks.wait_for(|(_, done)| *done >= asked).await;
        drop(waited);
    }
}

/// A folder is a reach into the disk that lasts: only a person may ask for it.
fn person(actor: &Actor) -> Result<MemberId, LibraryError> {
    match actor {
        Actor::Person { member } => Ok(*member),
        Actor::Agent { .. } | Actor::System => Err(LibraryError::Refused(faults::only_a_person())),
    }
}

impl Inner {
    async fn watched(&self, folder: FolderId) -> Result<WatchedFolder, LibraryError> {
        let all = self.store.folders().await?;
        let found = all.into_iter().find(|known| known.id == folder);
        found.ok_or_else(|| LibraryError::Refused(faults::not_watched()))
    }

    async fn folder_view(&self, folder: &WatchedFolder) -> Result<FolderView, LibraryError> {
        let status = self.watch.states().get(&folder.id).cloned().unwrap_or_default();
        let listed = status.left_out.len().min(LISTED);
        let more = status.more_left_out + u32::try_from(status.left_out.len() - listed).unwrap_or(u32::MAX);
        Ok(FolderView {
            id: folder.id,
            path: folder.path.clone(),
            added_at: folder.added_at,
            files: self.derived.source_count(folder.id).await?,
            gone: self.store.gone_count(folder.id).await?,
            looked_at: self.derived.look(folder.id).await?.map(|(at, _)| at),
            state: match status.state {
                _ if folder.paused => FolderState::Paused,
                Some(state) => state,
                None => FolderState::Waiting,
            },
            note: status.note.filter(|_| !folder.paused),
            left_out: status.left_out.into_iter().take(LISTED).collect(),
            more_left_out: more,
            passed_over: status.passed_over,
        })
    }

    async fn tell_folder(&self, folder: &WatchedFolder) {
        match self.folder_view(folder).await {
            Ok(view) => drop(self.events.send(LibraryEvent::Folder(Box::new(view)))),
            Err(error) => tracing::warn!(%error, "a watched folder cannot be told of"),
        }
    }
}

impl Inner {
    /// Tells of every folder: what is gone from them may be here again.
    pub async fn tell_folders(&self) {
        match self.store.folders().await {
            Ok(all) => {
                for folder in all {
                    self.tell_folder(&folder).await;
                }
            }
            Err(error) => tracing::warn!(%error, "the watched folders cannot be told of"),
        }
    }
}

/// The folder that a path lies in.
fn folder_of<'a>(folders: impl Iterator<Item = &'a WatchedFolder>, path: &Path) -> Option<&'a WatchedFolder> {
    folders.into_iter().find(|folder| path.starts_with(PathBuf::from(&folder.path)))
}
