//! Which models are on their way, which wait, and which were stopped?
//!
//! Orders are kept in a file of the models folder, so that a download goes on after a restart or a power
//! cut. It does not go on by itself then: a connection is opened only when a person asks for it in this
//! run of Atelier.

use super::{Order, Proof, fetch::Report, finish, folder, hub, meter::Meter};
use crate::{
    ModelError, ModelsEvent, catalogue,
    files::{self, Digest, Shelf},
    memory,
    models::blocking,
};
use egress::{Errand, Gate};
use protocol::{DownloadState, DownloadView};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// Where orders are kept, inside the models folder.
const FILE: &str = ".downloads.json";
/// So many are fetched at once; the others wait.
const AT_ONCE: usize = 3;
/// More orders than a person gives.
const MAX_ORDERS: usize = 64;

/// The downloads of a models folder.
pub(crate) struct Board {
    shelf: Arc<Shelf>,
    gate: Gate,
    events: broadcast::Sender<ModelsEvent>,
    entries: Mutex<BTreeMap<String, Entry>>,
    turns: Semaphore,
    /// The first wait after a failure.
    backoff: Duration,
    closing: CancellationToken,
}

struct Entry {
    order: Order,
    state: DownloadState,
    done: u64,
    total: Option<u64>,
    meter: Meter,
    stop: CancellationToken,
    /// What is here belongs to an older order and is of no use.
    anew: bool,
    /// Held by the task that writes: two never write at once.
    writer: Arc<tokio::sync::Mutex<()>>,
}

impl Entry {
    fn new(order: Order, shelf: &Shelf) -> Self {
        let (done, total) = (order.done(shelf.folder()), order.total());
        Self {
            order,
            state: DownloadState::Paused,
            done,
            total,
            meter: Meter::default(),
            stop: CancellationToken::new(),
            anew: false,
            writer: Arc::default(),
        }
    }

    fn view(&self, now: Instant) -> DownloadView {
        let rate = self.meter.rate(now).filter(|_| self.state == DownloadState::Running);
        let rest = self.total.map(|total| total.saturating_sub(self.done));
        let left = rest.zip(rate.filter(|rate| *rate > 0)).map(|(rest, rate)| rest.saturating_mul(1000) / rate);
        DownloadView {
            id: self.order.id.clone(),
            name: self.order.name.clone(),
            host: self.order.host(),
            done: self.done,
            total: self.total,
            bytes_per_second: rate,
            left_ms: left,
            state: self.state.clone(),
        }
    }

    fn ended(&self) -> bool {
        matches!(self.state, DownloadState::Paused | DownloadState::Failed { .. })
    }
}

impl Board {
    /// The downloads that were left in the folder: all of them are stopped. Orders that cannot be read
    /// are forgotten, with what was fetched of them.
    pub(crate) fn open(
        shelf: Arc<Shelf>,
        gate: Gate,
        events: broadcast::Sender<ModelsEvent>,
        backoff: Duration,
        closing: CancellationToken,
    ) -> Self {
        let text = std::fs::read(shelf.folder().join(FILE)).unwrap_or_default();
        let orders: Vec<Order> = serde_json::from_slice(&text).unwrap_or_default();
        let sound = orders.into_iter().filter(|order| files::is_id(&order.id)).take(MAX_ORDERS);
        let entries = sound.map(|order| (order.id.clone(), Entry::new(order, &shelf))).collect();
        Self { shelf, gate, events, entries: Mutex::new(entries), turns: Semaphore::new(AT_ONCE), backoff, closing }
    }

    /// All downloads there are.
    pub(crate) fn views(&self) -> Vec<DownloadView> {
        let now = Instant::now();
        self.entries().values().map(|entry| entry.view(now)).collect()
    }

    pub(crate) fn view(&self, id: &str) -> Option<DownloadView> {
        self.entries().get(id).map(|entry| entry.view(Instant::now()))
    }

    /// Whether this is being fetched or waits for its turn.
    pub(crate) fn runs(&self, id: &str) -> bool {
        self.entries().get(id).is_some_and(|entry| !entry.ended())
    }

    /// Takes an order in, or the one that is there already under its id, and gives back what runs it:
    /// nothing, where it runs.
    pub(crate) fn begin(self: &Arc<Self>, order: Option<Order>, id: &str) -> Result<Option<Run>, ModelError> {
        let mut entries = self.entries();
        let (stop, full) = (self.closing.child_token(), entries.len() >= MAX_ORDERS);
        match (entries.get_mut(id), order) {
            (Some(entry), _) if !entry.ended() => return Ok(None),
            (Some(entry), order) => {
                // The catalogue may name another file by now: then what is here is of no use.
                if let Some(order) = order.filter(|order| !same(order, &entry.order)) {
                    entry.order = order;
                    entry.total = entry.order.total();
                    entry.anew = true;
                }
                entry.stop = stop;
                entry.state = DownloadState::Waiting;
            }
            (None, Some(order)) if !full => {
                let entry = Entry { stop, state: DownloadState::Waiting, ..Entry::new(order, &self.shelf) };
                entries.insert(id.to_owned(), entry);
            }
            (None, Some(_)) => return Err(ModelError::Busy),
            (None, None) => return Err(ModelError::NotFound { id: id.to_owned() }),
        }
        drop(entries);
        self.keep();
        self.moved();
        Ok(Some(Run { board: self.clone(), id: id.to_owned() }))
    }

    /// Stops one; what is here is kept.
    pub(crate) fn pause(&self, id: &str) -> Result<(), ModelError> {
        let mut entries = self.entries();
        let entry = entries.get_mut(id).ok_or_else(|| ModelError::NotFound { id: id.to_owned() })?;
        entry.stop.cancel();
        entry.state = DownloadState::Paused;
        drop(entries);
        self.moved();
        Ok(())
    }

    /// Gives one up: what is here of it is deleted.
    pub(crate) async fn give_up(&self, id: &str) -> Result<(), ModelError> {
        let gone = self.entries().remove(id).ok_or_else(|| ModelError::NotFound { id: id.to_owned() })?;
        gone.stop.cancel();
        // Until it writes no more.
        let _writer = gone.writer.lock().await;
        let folder = folder(self.shelf.folder(), id);
        self.keep();
        self.moved();
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ModelError::io(&folder, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes an entry, if this run is still the one that it has, and tells.
    fn change(&self, id: &str, stop: &CancellationToken, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries().get_mut(id)
            && !stop.is_cancelled()
        {
            change(entry);
        }
        self.moved();
    }

    fn moved(&self) {
        // Nobody listening is fine.
        let _ = self.events.send(ModelsEvent::Downloads(self.views()));
    }

    /// Writes the orders down. Losing them costs the way back to what was fetched, so it is told.
    fn keep(&self) {
        let orders: Vec<Order> = self.entries().values().map(|entry| entry.order.clone()).collect();
        let written = serde_json::to_vec_pretty(&orders)
            .map_err(std::io::Error::from)
            .and_then(|text| files::write_whole(&self.shelf.folder().join(FILE), &text));
        if let Err(error) = written {
            tracing::warn!(%error, "the list of downloads could not be kept");
        }
    }
}

/// Whether two orders are for the same weights, however far the one has learned about them.
fn same(new: &Order, known: &Order) -> bool {
    let weights = |order: &Order| order.pieces.iter().find(|piece| catalogue::is_weights(&piece.to)).cloned();
    let (Some(new_weights), Some(known_weights)) = (weights(new), weights(known)) else { return false };
    let proof = match (&new_weights.proof, &known_weights.proof) {
        (Proof::Sha256(new), Proof::Sha256(known)) => new.eq_ignore_ascii_case(known),
        (Proof::Sha256(_), Proof::Blob(_) | Proof::Nothing) => false,
        (Proof::Blob(_) | Proof::Nothing, _) => true,
    };
    new_weights.to == known_weights.to && new.host() == known.host() && proof
}

/// Work that fetches one order.
pub(crate) struct Run {
    board: Arc<Board>,
    id: String,
}

impl Run {
    /// Fetches it to its end. The model is in the folder if this says so.
    pub(crate) async fn run(self) -> Result<(), ModelError> {
        let Self { board, id } = self;
        let taken = board.entries().get_mut(&id).map(|entry| {
            (entry.order.clone(), entry.stop.clone(), entry.writer.clone(), std::mem::take(&mut entry.anew))
        });
        let Some((mut order, stop, writer, anew)) = taken else { return Err(ModelError::Stopped) };
        let _writer = writer.lock().await;
        if anew {
            // What cannot be deleted is shown to be wrong when it is compared.
            let _ = tokio::fs::remove_dir_all(order.folder(board.shelf.folder())).await;
        }
        // Held until the end is told: who waits begins after that.
        let turn = tokio::select! {
            biased;
            () = stop.cancelled() => Err(ModelError::Stopped),
            turn = board.turns.acquire() => turn.map_err(|_| ModelError::Closed),
        };
        let fetched = match &turn {
            Ok(_) => board.whole(&mut order, &stop).await,
            Err(error) => Err(error.clone()),
        };
        match &fetched {
            Ok(()) => {
                board.entries().remove(&id);
                board.keep();
                board.moved();
            }
            Err(ModelError::Stopped) => board.change(&id, &stop, |entry| entry.state = DownloadState::Paused),
            Err(error) => {
                let fault = error.fault();
                board.change(&id, &stop, |entry| entry.state = DownloadState::Failed { fault });
            }
        }
        fetched
    }
}

impl Board {
    /// Fetches, proves and names a model.
    async fn whole(&self, order: &mut Order, stop: &CancellationToken) -> Result<(), ModelError> {
        let digest = self.fetch(order, stop).await?;
        let (shelf, order) = (self.shelf.clone(), order.clone());
        blocking(move || finish::publish(&shelf, &order, digest)).await
    }

    /// Fetches and proves every piece. Gives back what reading the weights has shown, if they were read.
    async fn fetch(&self, order: &mut Order, stop: &CancellationToken) -> Result<Option<Digest>, ModelError> {
        let errand = Errand::new(&order.by, format!("fetches the model {}", order.name));
        self.change(&order.id, stop, |entry| entry.state = DownloadState::Running);
        let folder = order.folder(self.shelf.folder());
        tokio::fs::create_dir_all(&folder).await.map_err(|error| ModelError::io(&folder, &error))?;
        hub::ask(&self.gate, order, &errand, self.backoff, stop).await?;
        self.change(&order.id, stop, |entry| {
            entry.order = order.clone();
            entry.total = order.total();
        });
        self.keep();
        self.room(order)?;
        let mut digest = None;
        for piece in &order.pieces {
            let whole = piece.whole(&folder);
            if whole.exists() {
                continue;
            }
            if let Some(parent) = whole.parent() {
                tokio::fs::create_dir_all(parent).await.map_err(|error| ModelError::io(parent, &error))?;
            }
            let others = order
                .done(self.shelf.folder())
                .saturating_sub(piece.part(&folder).metadata().map_or(0, |data| data.len()));
            let single = order.pieces.len() == 1;
            let report: Report<'_> =
                &|done, total| self.progress(&order.id, stop, others + done, total.filter(|_| single));
            super::fetch::fetch(&self.gate, &errand, piece, &folder, self.backoff, report, stop).await?;
            self.change(&order.id, stop, |entry| entry.state = DownloadState::Checking);
            let (one, place) = (piece.clone(), folder.clone());
            digest = blocking(move || finish::prove(&one, &place)).await?.or(digest);
            self.change(&order.id, stop, |entry| entry.state = DownloadState::Running);
        }
        if stop.is_cancelled() { Err(ModelError::Stopped) } else { Ok(digest) }
    }

    /// Whether the rest fits on the disk.
    fn room(&self, order: &Order) -> Result<(), ModelError> {
        let Some(total) = order.total() else { return Ok(()) };
        let need = total.saturating_sub(order.done(self.shelf.folder()));
        let free = memory::disk_free(self.shelf.folder());
        if free != 0 && need > free {
            return Err(ModelError::Disk { file: order.name.clone(), need, free });
        }
        Ok(())
    }

    /// Bytes arrived: kept always, told now and then.
    fn progress(&self, id: &str, stop: &CancellationToken, done: u64, total: Option<u64>) {
        let mut due = false;
        if let Some(entry) = self.entries().get_mut(id)
            && !stop.is_cancelled()
        {
            entry.done = done;
            entry.total = total.or(entry.total);
            due = entry.meter.mark(Instant::now(), done);
        }
        if due {
            self.moved();
        }
    }
}
