//! How views talk to the backend: typed calls out, the stream of events in.

mod reading;

use self::reading::{Next, Reading};
use crate::{
    dom,
    fold::{Folded, News, fold},
    screen::Screen,
    state::{Link, Workspace, WorkspaceStoreFields, notify},
    transport::{Arrival, Events, Transport, broken},
    views, voice,
};
use futures::{FutureExt, StreamExt, channel::oneshot, select_biased};
use leptos::prelude::*;
use protocol::*;
use reactive_stores::Store;
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// The longest pause before the workspace is opened again.
const LONGEST_PAUSE_MS: u32 = 8_000;
/// A hidden page gets no frames; then events are applied this often.
const UNSEEN_MS: u64 = 250;

/// Calls, and what follows from their replies. Copied freely.
#[derive(Clone, Copy)]
pub struct Client {
    transport: Transport,
    /// What the backend knows.
    pub store: Store<Workspace>,
    /// What this screen knows.
    pub screen: Screen,
    reading: StoredValue<Reading>,
}

/// The client of this page.
pub fn use_client() -> Client {
    expect_context::<Client>()
}

/// The workspace's store.
pub fn use_space() -> Store<Workspace> {
    use_client().store
}

/// This screen.
pub fn use_screen() -> Screen {
    use_client().screen
}

impl Client {
    /// A client that has not opened the workspace yet.
    pub fn new(store: Store<Workspace>, screen: Screen) -> Self {
        Self { transport: Transport::detect(), store, screen, reading: StoredValue::new(Reading::default()) }
    }

    /// Opens another page in the person's browser. Only after they said so.
    pub fn open_page(self, address: String) {
        // The seal holds for everything that leaves from here, a person's click included.
        if self.store.egress().with_untracked(|egress| egress.sealed) {
            let fault =
                Fault::new(FaultKind::Refused, "link.sealed", "The workspace is sealed: the page was not opened.")
                    .hint("Unseal the workspace, or copy the address.");
            self.screen.fault.set(Some(fault));
            return;
        }
        self.transport.open_page(address);
    }

    /// Whether this page is in the desktop window, which has paths and dialogs of its own.
    pub fn in_window(self) -> bool {
        self.transport == Transport::Ipc
    }

    /// Calls and waits for the reply.
    pub async fn call<C: Call>(self, call: C) -> Result<C::Reply, Fault> {
        let value = self.transport.send(&call.into()).await?;
        serde_json::from_value(value).map_err(|error| broken(&error.to_string()))
    }

    /// Calls, then does something with the reply; a fault is shown.
    pub fn ask<C: Call + 'static>(self, call: C, then: impl FnOnce(C::Reply) + 'static) {
        spawn_local(async move {
            match self.call(call).await {
                Ok(reply) => then(reply),
                Err(fault) => self.screen.fault.set(Some(fault)),
            }
        });
    }

    /// The same, unless what `busy` stands for is under way already.
    pub fn once<C: Call + 'static>(self, busy: RwSignal<bool>, call: C, then: impl FnOnce(C::Reply) + 'static) {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let reply = self.call(call).await;
            busy.try_set(false);
            match reply {
                Ok(reply) => then(reply),
                Err(fault) => self.screen.fault.set(Some(fault)),
            }
        });
    }

    /// Calls where the reply says nothing; a fault is shown.
    pub fn tell<C: Call + 'static>(self, call: C) {
        self.ask(call, |_| ());
    }

    /// Applies news and tells the readers of what changed.
    pub fn fold(self, news: News) {
        let Some(folded) = self.store.try_update_untracked(|space| fold(space, news)) else { return };
        match folded {
            Folded::Touched(touched) => notify(self.store, &touched),
            Folded::Reread(touched) => {
                notify(self.store, &touched);
                self.read();
            }
            Folded::Reopen => {
                spawn_local(async move {
                    if let Err(fault) = self.open().await {
                        self.screen.fault.set(Some(fault));
                    }
                });
            }
        }
    }

    /// Shows a chat: its newest items are read.
    pub fn open_chat(self, chat: ChatId) {
        self.reading.update_value(|reading| reading.choose(None));
        self.fold(News::Asked(chat));
        self.read();
    }

    /// Shows the branch of the shown chat that an item is on.
    pub fn choose_branch(self, item: ItemId) {
        self.reading.update_value(|reading| reading.choose(Some(item)));
        self.read();
    }

    /// So many of the items before those that are here, if there are any.
    pub async fn older(self, limit: u32) -> Result<Option<ChatPage>, Fault> {
        let wanted = self.store.with_untracked(|space| {
            let before = space.items.first().map(|item| item.id);
            space.open.filter(|_| space.older && before.is_some()).map(|chat| ReadChat { chat, before, limit })
        });
        match wanted {
            Some(call) => self.call(call).await.map(Some),
            None => Ok(None),
        }
    }

    /// Reads the shown chat, once at a time; what is asked for meanwhile is read after that.
    fn read(self) {
        if self.reading.try_update_value(Reading::begin) != Some(true) {
            return;
        }
        spawn_local(async move {
            loop {
                let shown = self.store.with_untracked(|space| space.shown.chat);
                match self.reading.try_update_value(|reading| reading.next(shown, dom::now())) {
                    Some(Next::Read(chat, branch)) => self.read_page(chat, branch).await,
                    Some(Next::Pause(ms)) => dom::sleep(ms).await,
                    Some(Next::Rest) | None => break,
                }
            }
        });
    }

    async fn read_page(self, chat: ChatId, branch: Option<ItemId>) {
        self.fold(News::Asked(chat));
        let page = match branch {
            Some(item) => self.call(ChooseBranch { item }).await,
            None => self.call(ReadChat { chat, before: None, limit: CHAT_PAGE }).await,
        };
        match page {
            Ok(page) => self.fold(News::Newest(Box::new(page))),
            Err(fault) => {
                if self.store.with_untracked(|space| space.open == Some(chat)) {
                    self.screen.fault.set(Some(fault.clone()));
                }
                self.fold(News::Unread(chat, fault));
            }
        }
    }

    async fn open(self) -> Result<u64, Fault> {
        let snapshot = self.call(Open {}).await?;
        let seq = snapshot.seq;
        self.fold(News::Opened(Box::new(snapshot)));
        Ok(seq)
    }

    /// Opens the workspace and follows its events for as long as the page lives.
    pub async fn run(self) {
        if let Err(fault) = self.transport.enter().await {
            self.fold(News::Link(Link::Failed(fault)));
            return;
        }
        let mut pause_ms = 250;
        loop {
            match self.follow().await {
                Ok(()) => pause_ms = 250,
                Err(fault) => {
                    let open = self.store.home().with_untracked(Option::is_some);
                    self.fold(News::Link(Link::without(fault, open)));
                    pause_ms = (pause_ms * 2).min(LONGEST_PAUSE_MS);
                }
            }
            dom::sleep(pause_ms).await;
        }
    }

    /// Follows events until there is a gap in them.
    async fn follow(self) -> Result<(), Fault> {
        let mut last = self.open().await?;
        let Events { mut arrivals, _alive } = self.transport.events(last)?;
        while let Some(first) = arrivals.next().await {
            // All that arrives before the next frame is drawn is applied at once.
            next_frame().await;
            let mut arrival = Some(first);
            while let Some(now) = arrival {
                match now {
                    Arrival::Back => self.fold(News::Link(Link::Live)),
                    Arrival::Lost => {
                        self.fold(News::Link(Link::Lost));
                        if self.in_window() {
                            return Ok(());
                        }
                    }
                    Arrival::Envelope(envelope) => {
                        let Envelope { seq, event } = *envelope;
                        if matches!(event, Event::Resync) || seq > last + 1 {
                            return Ok(());
                        }
                        if seq > last {
                            last = seq;
                            if let Event::ChatRemoved(chat) = event {
                                views::chat::forget_draft(chat);
                            }
                            if let Some(words) = self.store.with_untracked(|space| voice::words(space, &event)) {
                                self.screen.say(words);
                            }
                            self.fold(News::Event(Box::new(event)));
                        }
                    }
                }
                arrival = arrivals.next().now_or_never().flatten();
            }
        }
        Ok(())
    }
}

/// Waits until just before the next frame is drawn.
pub async fn next_frame() {
    let (painted, frame) = oneshot::channel::<()>();
    let (late, timer) = oneshot::channel::<()>();
    request_animation_frame(move || {
        let _ = painted.send(());
    });
    set_timeout(
        move || {
            let _ = late.send(());
        },
        Duration::from_millis(UNSEEN_MS),
    );
    select_biased! {
        _ = frame.fuse() => {}
        _ = timer.fuse() => {}
    }
}
