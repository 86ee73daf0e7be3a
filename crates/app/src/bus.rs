//! The event bus: gap-free numbers, a bounded memory for clients that reconnect, many listeners.

use futures::stream::{BoxStream, StreamExt};
use protocol::{Envelope, Event};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast;

/// Events kept for clients that reconnect. Some minutes of streaming fit.
const KEPT: usize = 8192;

/// Numbers events and hands them to every listener.
#[derive(Clone)]
pub(crate) struct Bus(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    live: broadcast::Sender<Envelope>,
}

#[derive(Default)]
struct State {
    seq: u64,
    kept: VecDeque<Envelope>,
}

impl Bus {
    pub(crate) fn new() -> Self {
        let (live, _) = broadcast::channel(KEPT);
        Self(Arc::new(Inner { state: Mutex::default(), live }))
    }

    /// Numbers an event and sends it. Cheap and never blocks on a listener.
    pub(crate) fn send(&self, event: Event) {
        // The lock covers number, memory and broadcast, so that every listener sees one order.
        let mut state = self.lock();
        state.seq += 1;
        let envelope = Envelope { seq: state.seq, event };
        if state.kept.len() == KEPT {
            state.kept.pop_front();
        }
        state.kept.push_back(envelope.clone());
        // An error only says that nobody listens now.
        let _ = self.0.live.send(envelope);
    }

    /// Forgets what was sent so far: words in it were erased. Every client is told to read again.
    pub(crate) fn forget(&self) {
        self.lock().kept.clear();
        self.send(Event::Resync);
    }

    /// The number of the last event.
    pub(crate) fn seq(&self) -> u64 {
        self.lock().seq
    }

    /// Every event after number `after`, past ones first. One `Resync` where the memory does not
    /// reach back that far, or the listener was too slow.
    pub(crate) fn after(&self, after: u64) -> BoxStream<'static, Envelope> {
        let (missed, gap, seq, mut live) = {
            let state = self.lock();
            let oldest = state.seq + 1 - state.kept.len() as u64;
            let gap = after > state.seq || after + 1 < oldest;
            let missed: Vec<Envelope> =
                if gap { Vec::new() } else { state.kept.iter().filter(|kept| kept.seq > after).cloned().collect() };
            (missed, gap, state.seq, self.0.live.subscribe())
        };
        async_stream::stream! {
            if gap {
                yield Envelope { seq, event: Event::Resync };
            }
            let mut last = seq;
            for envelope in missed {
                yield envelope;
            }
            loop {
                match live.recv().await {
                    Ok(envelope) => {
                        last = envelope.seq;
                        yield envelope;
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        yield Envelope { seq: last, event: Event::Resync };
                    }
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
        }
        .boxed()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while the lock was held cannot have left a half-numbered event behind.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::EgressTotals;

    fn event(n: u64) -> Event {
        Event::EgressMoved(EgressTotals { sent_today: n, ..EgressTotals::default() })
    }

    #[tokio::test]
    async fn a_late_listener_gets_what_it_missed_then_what_comes() {
        let bus = Bus::new();
        for n in 1..=3 {
            bus.send(event(n));
        }
        let mut events = bus.after(1);
        bus.send(event(4));
        for n in 2..=4 {
            assert_eq!(events.next().await, Some(Envelope { seq: n, event: event(n) }));
        }
    }

    #[tokio::test]
    async fn a_listener_from_before_the_memory_or_another_run_is_told_to_start_over() {
        let bus = Bus::new();
        for n in 0..(KEPT as u64 + 10) {
            bus.send(event(n));
        }
        for after in [3, 1_000_000] {
            let first = bus.after(after).next().await;
            assert_eq!(first, Some(Envelope { seq: bus.seq(), event: Event::Resync }));
        }
    }

    #[tokio::test]
    async fn what_was_forgotten_is_sent_to_nobody() {
        let bus = Bus::new();
        for n in 1..=3 {
            bus.send(event(n));
        }
        bus.forget();
        for (after, first) in [(1, Event::Resync), (3, Event::Resync), (0, Event::Resync)] {
            assert_eq!(bus.after(after).next().await, Some(Envelope { seq: 4, event: first }));
        }
    }

    #[tokio::test]
    async fn a_fresh_listener_on_a_fresh_bus_waits() {
        let bus = Bus::new();
        let mut events = bus.after(0);
        bus.send(event(1));
        assert_eq!(events.next().await.map(|envelope| envelope.seq), Some(1));
    }
}
