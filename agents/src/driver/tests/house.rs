//! A workspace with documents, and a model that does as it is told.

use super::super::{Driver, ModelSource, Timing};
use crate::AgentError;
use async_trait::async_trait;
use egress::Gate;
use futures::{StreamExt, stream, stream::BoxStream};
use library::{Library, LibraryConfig};
use models::{ChatModel, Delta, Finish, ModelCard, ModelError, Prompt};
use protocol::*;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use store::{Change, NewChunk, NewPage, Reading, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What the scripted model does in one run.
#[derive(Clone)]
pub enum Act {
    Say(&'static str),
    Call(&'static str, &'static str),
    /// Waits until the test lets it go on.
    Wait(Arc<Notify>),
    /// Never says anything again.
    Hang,
    /// The engine goes away.
    Crash,
    /// Our own code breaks.
    Break,
    End(Finish),
}

pub struct Script {
    pub card: ModelCard,
    pub runs: Mutex<VecDeque<Vec<Act>>>,
    pub prompts: Mutex<Vec<Prompt>>,
}

#[async_trait]
impl ChatModel for Script {
    fn card(&self) -> &ModelCard {
        &self.card
    }
    async fn chat(
        &self,
        prompt: Prompt,
        stop: CancellationToken,
    ) -> Result<BoxStream<'static, Result<Delta, ModelError>>, ModelError> {
        self.prompts.lock().unwrap().push(prompt);
        let acts = self.runs.lock().unwrap().pop_front().ok_or(ModelError::NoModel)?;
        let acted = stream::iter(acts).then(|act| async move {
            match act {
                Act::Say(text) => Some(Ok(Delta::Text(text.to_owned()))),
                Act::Call(name, arguments) => Some(Ok(Delta::ToolCall {
                    id: "call_1".into(),
                    name: name.to_owned(),
                    arguments: arguments.to_owned(),
                })),
                Act::Wait(go) => {
                    go.notified().await;
                    None
                }
                Act::Hang => std::future::pending().await,
                Act::Break => panic!("the turn breaks, as this test wants"),
                Act::Crash => Some(Err(ModelError::NoModel)),
                Act::End(finish) => Some(Ok(Delta::Done {
                    finish,
                    prompt_tokens: 40,
                    completion_tokens: 8,
                    tokens_per_second: Some(12.5),
                    ttft: None,
                })),
            }
        });
        Ok(acted.filter_map(|delta| async move { delta }).take_until(stop.cancelled_owned()).boxed())
    }
    async fn count_tokens(&self, prompt: &Prompt) -> Result<u32, ModelError> {
        let chars: usize = prompt.messages.iter().map(|message| message.content.chars().count()).sum();
        Ok(u32::try_from(chars / 4).unwrap())
    }
}

pub struct House {
    pub driver: Driver,
    pub store: Store,
    pub model: Arc<Script>,
    pub chat: ChatId,
    pub actor: Actor,
    pub events: Arc<Mutex<Vec<Event>>>,
    news: Arc<Notify>,
    _index: tempfile::TempDir,
}

pub const LEASE: &str = "The tenant pays 900 euros in rent every month.\nAnna Keller owns the house on the hill.";

pub fn quick() -> Timing {
    Timing { frame: Duration::from_millis(5), checkpoint: Duration::from_millis(20), ..Timing::default() }
}

/// A chat with `role`, one document, and a model that will do `runs`.
pub async fn house(role: &str, tools: bool, timing: Timing, runs: Vec<Vec<Act>>) -> House {
    house_with(role, tools, timing, runs, LEASE).await
}

/// The same with another document.
pub async fn house_with(role: &str, tools: bool, timing: Timing, runs: Vec<Vec<Act>>, document: &str) -> House {
    let store = Store::in_memory().await.unwrap();
    crate::introduce(&store).await.unwrap();
    let actor = Actor::Person { member: store.home().member };
    add_document(&store, &actor, "lease.md", document).await;
    let index = tempfile::tempdir().unwrap();
    // Nothing is read in these tests, so no worker is ever started.
    let library = Library::open(store.clone(), LibraryConfig::new(index.path(), Vec::new())).await.unwrap();
    library.idle().await;
    let agent = store.agents().await.unwrap().into_iter().find(|agent| agent.role == role).unwrap();
    let chat = ChatId::new();
    store.record(&actor, Change::ChatStarted { chat, agent: agent.id, title: String::new() }).await.unwrap();

    let card = ModelCard {
        id: "script".into(),
        name: "Script".into(),
        place: Place::Here,
        context: 4_096,
        parameters: 8_000_000_000,
        tools,
        sha256: "00ff".into(),
        engine: "script 1".into(),
    };
    let model = Arc::new(Script { card, runs: Mutex::new(runs.into()), prompts: Mutex::default() });
    let (events, news) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (sink_events, sink_news) = (events.clone(), news.clone());
    let sink = Arc::new(move |event| {
        sink_events.lock().unwrap().push(event);
        sink_news.notify_waiters();
    });
    // The script opens no connection, so nothing is ever written here.
    let gate = Gate::new(Arc::new(|_| Box::pin(async { Ok(()) })));
    let driver = Driver::with(store.clone(), library, ModelSource::Script(model.clone()), gate, sink, timing);
    House { driver, store, model, chat, actor, events, news, _index: index }
}

/// Puts a document into the tables as the library's reader does.
async fn add_document(store: &Store, actor: &Actor, name: &str, text: &str) {
    let document = DocumentId::new();
    let added = Change::DocumentAdded {
        document,
        name: name.into(),
        origin: String::new(),
        format: "md".into(),
        bytes: text.len() as u64,
        hash: "00".repeat(32),
    };
    store.record(actor, added).await.unwrap();
    let derived = store.derived();
    derived.enqueue(&[document]).await.unwrap();
    derived.take_job(&[], u64::MAX, &[]).await.unwrap().unwrap();
    let chunk = NewChunk { end: text.chars().count() as u32, language: Some("en".into()), ..NewChunk::default() };
    let page = NewPage { number: 1, text: text.into(), chunks: vec![chunk], ..NewPage::default() };
    assert!(derived.add_pages(document, &[page]).await.unwrap());
    let reading = Reading { pages: 1, passages: 1, language: Some("en".into()), ..Reading::default() };
    assert!(derived.finish_reading(document, &reading).await.unwrap());
}

impl House {
    pub async fn ask(&self, text: &str) -> TurnId {
        self.driver.ask(&self.actor, self.chat, text.to_owned(), Vec::new()).await.unwrap()
    }

    /// Asks and waits for the end; the answer as it is stored.
    pub async fn answer(&self, text: &str) -> ItemView {
        let turn = self.ask(text).await;
        self.ended(turn).await
    }

    /// Waits until a turn has ended; the last item of the shown branch.
    pub async fn ended(&self, turn: TurnId) -> ItemView {
        self.until(|event| matches!(event, Event::TurnEnded { turn: ended, .. } if *ended == turn).then_some(())).await;
        self.last().await
    }

    pub async fn last(&self) -> ItemView {
        self.store.chat_page(self.chat, None, 10).await.unwrap().items.pop().unwrap()
    }

    /// Waits for an event and takes what is wanted from it.
    pub async fn until<T>(&self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let find = || self.events.lock().unwrap().iter().find_map(&wanted);
        let waiting = async {
            loop {
                let heard = self.news.notified();
                tokio::pin!(heard);
                heard.as_mut().enable();
                if let Some(found) = find() {
                    return found;
                }
                heard.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(found) => found,
            Err(_) => panic!("not in time: {:#?}", self.events.lock().unwrap()),
        }
    }

    /// Waits until this much of an answer was told to the clients.
    pub async fn told(&self, text: &str) {
        let told = Mutex::new(String::new());
        self.until(|event| match event {
            Event::Delta { at, text: more, .. } => {
                let mut told = told.lock().unwrap();
                let place = told.char_indices().nth(*at as usize).map_or(told.len(), |(place, _)| place);
                told.truncate(place);
                told.push_str(more);
                (*told == text).then_some(())
            }
            _ => None,
        })
        .await;
    }

    /// Waits for an approval.
    pub async fn asked(&self) -> ApprovalView {
        self.until(|event| match event {
            Event::ApprovalAsked(view) => Some(view.clone()),
            _ => None,
        })
        .await
    }

    pub async fn decide(&self, call: CallId, decision: Decision) -> Result<(), AgentError> {
        self.driver.decide(&self.actor, call, decision).await
    }

    pub fn prompts(&self) -> Vec<Prompt> {
        self.model.prompts.lock().unwrap().clone()
    }

    pub fn forget_events(&self) {
        self.events.lock().unwrap().clear();
    }
}
