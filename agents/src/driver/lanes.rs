//! Which turns run and which wait? One lane per chat: its first turn runs.

use protocol::{CallId, ChatId, Decision, ItemId, RunningTurn, StepView, TurnId, TurnState};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// How many turns may wait in one chat.
pub(super) const LANE: usize = 16;

/// All turns that have not ended.
#[derive(Default)]
pub(super) struct Lanes {
    turns: HashMap<TurnId, Handle>,
    lanes: HashMap<ChatId, VecDeque<TurnId>>,
}

/// The way of decisions to a turn.
pub(super) type Decisions = mpsc::Sender<(CallId, Decision)>;

/// An answer as far as the clients were told of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub text: String,
    pub steps: Vec<StepView>,
}

struct Handle {
    chat: ChatId,
    item: ItemId,
    told: Told,
    state: TurnState,
    controls: Controls,
    decisions: Decisions,
    asked: Option<Asked>,
}

/// What a person can do to a turn.
#[derive(Clone, Default)]
pub(super) struct Controls {
    /// It is this turn's time.
    pub go: Arc<Notify>,
    /// Stop after the current token.
    pub soft: CancellationToken,
    /// Stop at once.
    pub hard: CancellationToken,
}

/// What a turn that enters is about.
pub(super) struct Entrant {
    pub chat: ChatId,
    pub item: ItemId,
    /// What it goes on from.
    pub told: Told,
}

/// An approval that a turn waits for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub call: CallId,
    pub tool: String,
    pub may_always: bool,
}

/// A turn that moved up in its queue.
pub(super) struct MovedUp {
    pub turn: TurnId,
    pub item: ItemId,
    pub ahead: u32,
}

impl Lanes {
    /// How many turns a chat has that have not ended.
    pub fn waiting(&self, chat: ChatId) -> usize {
        self.lanes.get(&chat).map_or(0, VecDeque::len)
    }

    /// Whether an answer is being written or waits to be.
    pub fn writes(&self, item: ItemId) -> bool {
        self.turns.values().any(|handle| handle.item == item)
    }

    /// Puts a turn at the end of its chat's lane; says how many are ahead of it.
    pub fn enter(&mut self, turn: TurnId, entrant: Entrant, controls: Controls, decisions: Decisions) -> u32 {
        let Entrant { chat, item, told } = entrant;
        let lane = self.lanes.entry(chat).or_default();
        let ahead = u32::try_from(lane.len()).unwrap_or(u32::MAX);
        lane.push_back(turn);
        if ahead == 0 {
            controls.go.notify_one();
        }
        let state = TurnState::Queued { ahead };
        self.turns.insert(turn, Handle { chat, item, told, state, controls, decisions, asked: None });
        ahead
    }

    /// Takes a turn out; the next one may go. Returns those that still wait, with their new places.
    pub fn leave(&mut self, turn: TurnId) -> Vec<MovedUp> {
        let Some(handle) = self.turns.remove(&turn) else { return Vec::new() };
        let Some(lane) = self.lanes.get_mut(&handle.chat) else { return Vec::new() };
        lane.retain(|other| *other != turn);
        if lane.is_empty() {
            self.lanes.remove(&handle.chat);
            return Vec::new();
        }
        let mut moved = Vec::new();
        for (ahead, turn) in (0u32..).zip(lane.iter()) {
            let Some(handle) = self.turns.get_mut(turn) else { continue };
            let TurnState::Queued { ahead: before } = handle.state else { continue };
            if ahead == 0 {
                handle.controls.go.notify_one();
            } else if ahead != before {
                handle.state = TurnState::Queued { ahead };
                moved.push(MovedUp { turn: *turn, item: handle.item, ahead });
            }
        }
        moved
    }

    /// Remembers where a turn is.
    pub fn moved(&mut self, turn: TurnId, state: &TurnState) {
        if let Some(handle) = self.turns.get_mut(&turn) {
            handle.state = state.clone();
        }
    }

    /// Remembers text that the clients are told.
    pub fn wrote(&mut self, turn: TurnId, text: &str) {
        if let Some(handle) = self.turns.get_mut(&turn) {
            handle.told.text.push_str(text);
        }
    }

    /// Remembers a step that the clients are told.
    pub fn stepped(&mut self, turn: TurnId, index: usize, step: &StepView) {
        let Some(handle) = self.turns.get_mut(&turn) else { return };
        match handle.told.steps.get_mut(index) {
            Some(old) => old.clone_from(step),
            None => handle.told.steps.push(step.clone()),
        }
    }

    /// What the clients were told of an answer that is being written.
    pub fn told(&self, item: ItemId) -> Option<&Told> {
        self.turns.values().find(|handle| handle.item == item).map(|handle| &handle.told)
    }

    /// Asks a turn to stop.
    pub fn stop(&mut self, turn: TurnId, now: bool) {
        if let Some(Handle { controls, .. }) = self.turns.get(&turn) {
            if now || controls.soft.is_cancelled() {
                controls.hard.cancel();
            }
            controls.soft.cancel();
        }
    }

    /// A turn waits for a person.
    pub fn ask(&mut self, turn: TurnId, asked: Asked) {
        if let Some(handle) = self.turns.get_mut(&turn) {
            handle.asked = Some(asked);
        }
    }

    /// The call that a turn asks a person about.
    pub fn asked_by(&self, turn: TurnId) -> Option<CallId> {
        self.turns.get(&turn)?.asked.as_ref().map(|asked| asked.call)
    }

    /// What waits under this call.
    pub fn asked(&self, call: CallId) -> Option<&Asked> {
        self.turns.values().filter_map(|handle| handle.asked.as_ref()).find(|asked| asked.call == call)
    }

    /// Takes what waits under this call: whoever gets it settles it, and nobody else.
    pub fn take_asked(&mut self, call: CallId) -> Option<(TurnId, Asked, Decisions)> {
        let found = self.turns.iter_mut().find(|(_, handle)| handle.asked.as_ref().is_some_and(|a| a.call == call));
        let (turn, handle) = found?;
        Some((*turn, handle.asked.take()?, handle.decisions.clone()))
    }

    /// All turns, those that wait after those that run.
    pub fn running(&self) -> Vec<RunningTurn> {
        let mut running: Vec<RunningTurn> = self
            .turns
            .iter()
            .map(|(turn, handle)| RunningTurn {
                turn: *turn,
                chat: handle.chat,
                item: Some(handle.item),
                state: handle.state.clone(),
            })
            .collect();
        let place = |turn: &RunningTurn| match turn.state {
            TurnState::Queued { ahead } => ahead,
            _ => 0,
        };
        running.sort_by_key(|running| (place(running), running.turn));
        running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrant(chat: ChatId) -> Entrant {
        Entrant { chat, item: ItemId::new(), told: Told::default() }
    }

    #[test]
    fn turns_go_one_by_one_in_order() {
        let (chat, other) = (ChatId::new(), ChatId::new());
        let mut lanes = Lanes::default();
        let (decisions, _keep) = mpsc::channel(1);
        let enter = |lanes: &mut Lanes, chat| {
            let turn = TurnId::new();
            let ahead = lanes.enter(turn, entrant(chat), Controls::default(), decisions.clone());
            (turn, ahead)
        };
        let (a, b, c) = (enter(&mut lanes, chat), enter(&mut lanes, chat), enter(&mut lanes, chat));
        let d = enter(&mut lanes, other);
        assert_eq!([a.1, b.1, c.1, d.1], [0, 1, 2, 0]);
        lanes.moved(a.0, &TurnState::Writing);
        assert_eq!(lanes.running().last().map(|running| running.turn), Some(c.0));

        let moved: Vec<_> = lanes.leave(a.0).into_iter().map(|moved| (moved.turn, moved.ahead)).collect();
        assert_eq!(moved, [(c.0, 1)], "the next one goes, the one after moves up");
        assert!(lanes.leave(a.0).is_empty());
        assert!(lanes.leave(c.0).is_empty(), "one may leave from the middle");
        assert_eq!(lanes.waiting(chat), 1);
        lanes.leave(b.0);
        assert_eq!((lanes.waiting(chat), lanes.waiting(other)), (0, 1));
    }

    #[test]
    fn a_second_stop_is_a_hard_one_and_an_approval_is_taken_once() {
        let mut lanes = Lanes::default();
        let (decisions, _keep) = mpsc::channel(1);
        let (turn, call, controls) = (TurnId::new(), CallId::new(), Controls::default());
        lanes.enter(turn, entrant(ChatId::new()), controls.clone(), decisions);
        lanes.stop(turn, false);
        assert_eq!((controls.soft.is_cancelled(), controls.hard.is_cancelled()), (true, false));
        lanes.stop(turn, false);
        assert!(controls.hard.is_cancelled());

        lanes.ask(turn, Asked { call, tool: "rename_chat".into(), may_always: true });
        assert!(lanes.take_asked(CallId::new()).is_none());
        assert!(lanes.take_asked(call).is_some());
        assert!(lanes.take_asked(call).is_none());
    }
}
