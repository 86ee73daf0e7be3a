//! How a command waits for an answer: it listens, and reads again where it may have missed something.

use crate::{door::Door, out::Out};
use futures::{Stream, StreamExt};
use protocol::*;

/// Waits for the end of a turn and returns its answer. `heard` sees every event on the way.
pub(super) async fn answer(
    door: &Door,
    mut events: impl Stream<Item = Envelope> + Unpin,
    chat: ChatId,
    turn: TurnId,
    out: &Out,
    mut heard: impl FnMut(&Event),
) -> Result<ItemView, Fault> {
    let mut last = None;
    loop {
        let Some(Envelope { event, .. }) = events.next().await else {
            return Err(Fault::new(FaultKind::Unavailable, "app.closing", "Atelier is closing.")
                .safe("The answer so far is kept."));
        };
        heard(&event);
        match event {
            // Events are lost: what they told is read instead, and the turn may be over already.
            Event::Resync => {
                let now = door.call(Open {}).await?;
                for asked in now.approvals.iter().filter(|asked| asked.chat == chat) {
                    refuse(door, asked, out).await?;
                }
                last = None;
                if !now.turns.iter().any(|running| running.turn == turn) {
                    break;
                }
            }
            Event::ItemChanged(item) | Event::ItemAdded(item) if item.chat == chat && item.kind == ItemKind::Answer => {
                last = Some(item);
            }
            Event::ApprovalAsked(asked) if asked.chat == chat => refuse(door, &asked, out).await?,
            Event::TurnEnded { turn: ended, .. } if ended == turn => break,
            Event::ItemChanged(_)
            | Event::ItemAdded(_)
            | Event::ApprovalAsked(_)
            | Event::TurnEnded { .. }
            | Event::ChatChanged(_)
            | Event::ChatRemoved(_)
            | Event::Delta { .. }
            | Event::TurnMoved { .. }
            | Event::StepChanged { .. }
            | Event::ApprovalSettled { .. }
            | Event::DocumentChanged(_)
            | Event::DocumentRemoved(_)
            | Event::FolderChanged(_)
            | Event::FolderRemoved(_)
            | Event::NeighboursChanged(_)
            | Event::ImportMoved(_)
            | Event::ModelsChanged(_)
            | Event::DownloadsMoved(_)
            | Event::EngineMoved(_)
            | Event::EgressMoved(_)
            | Event::SettingsChanged(_)
            | Event::RulesChanged(_)
            | Event::Notice(_) => {}
        }
    }
    if let Some(item) = last.filter(|item| item.status != ItemStatus::Writing) {
        return Ok(item);
    }
    let page = door.call(ReadChat { chat, before: None, limit: 2 }).await?;
    page.items
        .into_iter()
        .rfind(|item| item.kind == ItemKind::Answer)
        .ok_or_else(|| Fault::new(FaultKind::Internal, "ask.no_answer", "The turn ended without an answer."))
}

/// Nobody can see and answer it here; a refusal is the safe side.
async fn refuse(door: &Door, asked: &ApprovalView, out: &Out) -> Result<(), Fault> {
    out.note(&format!("{} asks: {} — refused, since this terminal cannot show it", asked.agent, asked.summary));
    door.call(Decide { asked: asked.asked, decision: Decision::Deny }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::Config;
    use futures::stream;

    fn envelope(event: Event) -> Envelope {
        Envelope { seq: 1, event }
    }

    #[tokio::test]
    async fn a_listener_that_missed_the_end_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data: dir.path().join("data"),
            models: dir.path().join("models"),
            engine: dir.path().join("no-engine"),
            worker: Vec::new(),
            model: None,
            max_tokens: None,
            keychain: false,
        };
        let out = Out::new(true, false);
        let door = Door::open(config, &out).await.unwrap();
        let opened = door.call(Open {}).await.unwrap();
        let agent = opened.agents.iter().find(|agent| agent.role == "researcher").unwrap().id;
        let chat = door.call(StartChat { agent }).await.unwrap().id;
        let text = "What is the rent?".to_owned();
        let turn = door.call(SendMessage { chat, text, attached: Vec::new() }).await.unwrap();

        // The real events, to the end.
        let events = door.app.events(&door.person, opened.seq);
        let mut count = 0;
        let item = answer(&door, events, chat, turn, &out, |_| count += 1).await.unwrap();
        assert!(item.status != ItemStatus::Writing && !item.text.is_empty() && count > 2, "{item:?}");

        // Only the word that events were lost, after the turn's end.
        let lost = stream::iter([envelope(Event::Resync)]);
        assert_eq!(answer(&door, lost, chat, turn, &out, |_| {}).await.unwrap(), item);
        // Lost in the middle: the answer as it was then is not taken for its end.
        let writing = ItemView { status: ItemStatus::Writing, text: "The".into(), ..item.clone() };
        let lost = stream::iter([envelope(Event::ItemAdded(writing)), envelope(Event::Resync)]);
        assert_eq!(answer(&door, lost, chat, turn, &out, |_| {}).await.unwrap(), item);
        // Nothing more will come.
        let fault = answer(&door, stream::iter([]), chat, turn, &out, |_| {}).await.unwrap_err();
        assert_eq!(fault.code, "app.closing");
        door.close().await;
    }
}
