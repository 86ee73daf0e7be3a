//! How often do clients hear of new text? Once a frame: tokens in between are put together.

use super::Inner;
use protocol::{ChatId, Event, ItemId, TurnId};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A turn's way to the clients. Everything goes through it, so that the order is kept.
pub(super) struct Voice {
    inner: Arc<Inner>,
    turn: TurnId,
    held: Option<Held>,
    told: Option<Instant>,
}

struct Held {
    chat: ChatId,
    item: ItemId,
    at: u64,
    text: String,
}

impl Voice {
    pub fn new(inner: Arc<Inner>, turn: TurnId) -> Self {
        Self { inner, turn, held: None, told: None }
    }

    /// Tells an event: text at the next frame, anything else now and after the text before it.
    pub fn say(&mut self, event: Event) {
        match event {
            Event::Delta { chat, item, at, text } => {
                match &mut self.held {
                    Some(held) => held.text.push_str(&text),
                    None => self.held = Some(Held { chat, item, at, text }),
                }
                if self.due().is_none_or(|due| due <= Instant::now()) {
                    self.flush();
                }
            }
            event => {
                self.flush();
                if let Event::TurnMoved { turn, state, .. } = &event {
                    self.inner.lanes().moved(*turn, state);
                }
                if let Event::StepChanged { index, step, .. } = &event {
                    self.inner.lanes().stepped(self.turn, *index as usize, step);
                }
                self.inner.tell(event);
            }
        }
    }

    /// When held text must be told; None while nothing was ever told.
    pub fn due(&self) -> Option<Instant> {
        self.told.map(|told| told + self.frame())
    }

    /// Whether text is held.
    pub fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// Tells what is held.
    pub fn flush(&mut self) {
        if let Some(Held { chat, item, at, text }) = self.held.take() {
            self.told = Some(Instant::now());
            self.inner.lanes().wrote(self.turn, &text);
            self.inner.tell(Event::Delta { chat, item, at, text });
        }
    }

    fn frame(&self) -> Duration {
        self.inner.timing.frame
    }
}
