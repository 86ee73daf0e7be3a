//! How does an answer get into the log, with all that is needed to explain and repeat it?

use super::run::Run;
use crate::{prompt::spoken, turn::Ended};
use library::Passage;
use protocol::{Event, Explanation, ItemStatus, ItemView, Made, PassageView};
use std::time::Duration;
use store::{Change, StoreError};
use tokio::time::timeout;

/// The wait before an end is tried to be written again, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(10)];
/// How many lines of the ledger an answer's own are looked for in.
const LEDGER: u32 = 500;
/// How long the closing lines of an answer's connections are waited for.
const CLOSING: Duration = Duration::from_secs(5);

impl Run {
    /// Writes the end of the answer and tells the clients how it looks now.
    pub(super) async fn record(&mut self, ended: Ended) {
        // Its connection, if it is still open, is over: that closes its line in the ledger.
        self.stream = None;
        let made = self.made(&ended).await;
        let explanation = self.explanation(&ended);
        let change = Change::AnswerEnded {
            item: self.brief.answer,
            text: ended.text.clone(),
            status: ended.status.clone(),
            steps: ended.steps,
            citations: ended.citations,
            unsupported: ended.unsupported,
            supported: ended.supported,
            made,
            explanation: explanation.map(Box::new),
        };
        let written = self.write(change).await;
        let (item, chat) = (self.brief.answer, self.brief.chat);
        let view = self.inner.store.item(item).await;
        match (written, view) {
            (Ok(()), Ok(view)) => self.voice.say(Event::ItemChanged(view)),
            (Err(error), Ok(view)) => {
                // The log does not have this end: the next start finds the last checkpoint. Say so.
                let status = ItemStatus::Failed { fault: error.fault() };
                self.voice.say(Event::ItemChanged(ItemView { text: ended.text, status, ..view }));
            }
            (Ok(()), Err(error)) | (Err(error), Err(_)) => self.voice.say(Event::Notice(error.fault())),
        }
        if let Ok(chat) = self.inner.store.chat(chat).await {
            self.voice.say(Event::ChatChanged(chat));
        }
    }

    /// Writes until it is on the disk: one that is full has room again some day. What trying again
    /// cannot cure ends it, and so does closing.
    async fn write(&mut self, change: Change) -> Result<(), StoreError> {
        let (store, closing) = (self.inner.store.clone(), self.inner.closing.clone());
        let [mut pause, longest] = PAUSES;
        let mut told = false;
        loop {
            let last = closing.is_cancelled();
            let written = match store.record(&self.brief.actor(), change.clone()).await {
                Ok(_) => return store.settled().await,
                Err(error) => error,
            };
            if last || !written.may_pass() {
                return Err(written);
            }
            tracing::warn!(error = %written, "the end of an answer could not be written yet");
            if !std::mem::replace(&mut told, true) {
                self.voice.say(Event::Notice(written.fault()));
            }
            tokio::select! { () = tokio::time::sleep(pause) => {}, () = closing.cancelled() => {} }
            pause = longest.min(pause * 2);
        }
    }

    async fn made(&mut self, ended: &Ended) -> Option<Made> {
        let prepared = self.prepared.as_ref().filter(|_| ended.asked_model)?;
        let card = prepared.model.as_ref().ok()?.card();
        Some(Made {
            model: card.name.clone(),
            place: card.place,
            prompt_tokens: ended.usage.prompt_tokens,
            completion_tokens: ended.usage.completion_tokens,
            ttft_ms: ended.ttft_ms.unwrap_or_default(),
            tokens_per_second: ended.usage.tokens_per_second,
            egress_bytes: self.sent().await,
        })
    }

    /// Bytes that went out for this answer: what the ledger says of this turn's errand, wherever the
    /// model is. Our own engine is not in the ledger; any other server is, on this machine too.
    async fn sent(&mut self) -> u64 {
        let errand = self.errand();
        if timeout(CLOSING, self.inner.gate.settled_for(&errand)).await.is_err() {
            tracing::warn!(errand.why, "a connection of this answer is still open; its bytes so far are counted");
        }
        let why = errand.why;
        let lines = self.inner.store.ledger(None, LEDGER).await.unwrap_or_default();
        lines.iter().filter(|line| line.at >= self.begun_at && line.why == why).map(|line| line.sent).sum()
    }

    fn explanation(&self, ended: &Ended) -> Option<Explanation> {
        let prepared = self.prepared.as_ref()?;
        let model = prepared.model.as_ref().ok().filter(|_| ended.asked_model);
        let card = model.map(|model| model.card());
        let built = self.built.as_ref();
        let sampling = built.map_or(&prepared.sampling, |built| &built.prompt.sampling);
        let mut prompt = built.map(|built| spoken(&built.prompt.messages)).unwrap_or_default();
        if let Some(built) = built.filter(|built| !built.prompt.tools.is_empty()) {
            prompt.insert(0, ("tools".to_owned(), serde_json::to_string(&built.prompt.tools).unwrap_or_default()));
        }
        Some(Explanation {
            item: self.brief.answer,
            model: card.map(|card| card.name.clone()).unwrap_or_default(),
            model_hash: card.map(|card| card.sha256.clone()).unwrap_or_default(),
            engine: card.map(|card| card.engine.clone()).unwrap_or_default(),
            temperature: sampling.temperature,
            top_p: sampling.top_p.unwrap_or(1.0),
            top_k: sampling.top_k,
            min_p: sampling.min_p,
            seed: sampling.seed.unwrap_or_default(),
            max_tokens: sampling.max_tokens,
            stop: sampling.stop.clone(),
            prompt,
            passages: self.seen.iter().map(passage_view).collect(),
            left_out: built.map(|built| built.fitted.left_out.clone()).unwrap_or_default(),
            evidence: self.evidence.as_deref().cloned(),
        })
    }
}

pub(super) fn passage_view(passage: &Passage) -> PassageView {
    PassageView {
        document: passage.document,
        name: passage.name.clone(),
        page: passage.page,
        start: passage.start,
        end: passage.end,
        hash: passage.hash.clone(),
        score: passage.score,
        words: passage.words,
        meaning: passage.meaning,
        place: passage.place.clone(),
    }
}
