//! The text so far of an answer that is being written, and what becomes of it after a crash.

use crate::{Change, Store, StoreError, Tx, clock::now};
use protocol::{Actor, CallId, Decision, Fault, FaultKind, ItemId, ItemStatus};
use uuid::Uuid;

/// How many unfinished answers one start picks up; more than a crash can leave behind.
const RECOVERED: i64 = 10_000;

impl Store {
    /// Keeps the text so far of an answer that is being written. Not a record: the record comes
    /// with `AnswerEnded`, here or, after a crash, at the next start.
    pub async fn checkpoint(&self, item: ItemId, text: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let ms = now();
        let done = sqlx::query!(
            "INSERT INTO checkpoints (item, text, ms)
             SELECT id, ?2, ?3 FROM items WHERE id = ?1 AND ended_stamp IS NULL
             ON CONFLICT (item) DO UPDATE SET text = ?2, ms = ?3",
            item.0,
            text,
            ms
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("answer that is being written", item));
        }
        Ok(tx.commit().await?)
    }
}

/// Ends what the last run left unfinished: answers are interrupted with their text so far, and
/// what was asked of a person expires, since the turn that asked is gone.
pub(crate) async fn recover(store: &Store) -> Result<Option<Fault>, StoreError> {
    let unended = sqlx::query_scalar!(
        r#"SELECT id AS "id: Uuid" FROM items WHERE ended_stamp IS NULL ORDER BY stamp LIMIT ?"#,
        RECOVERED
    )
    .fetch_all(store.pool())
    .await?;
    let waiting = sqlx::query_scalar!(
        r#"SELECT asked AS "asked: Uuid" FROM approvals WHERE decision IS NULL ORDER BY ms LIMIT ?"#,
        RECOVERED
    )
    .fetch_all(store.pool())
    .await?;
    if unended.is_empty() && waiting.is_empty() {
        return Ok(None);
    }
    let mut ends = Vec::with_capacity(unended.len());
    for id in &unended {
        let item = store.item(ItemId(*id)).await?;
        let explanation = store.explanation(item.id).await?;
        ends.push(Change::AnswerEnded {
            item: item.id,
            text: item.text,
            status: ItemStatus::Interrupted,
            steps: item.steps,
            citations: item.citations,
            unsupported: item.unsupported,
            supported: item.supported,
            made: item.made,
            explanation: explanation.map(Box::new),
        });
    }
    store
        .write(&Actor::System, async |tx: &mut Tx| {
            for end in ends {
                tx.record(end).await?;
            }
            for asked in waiting {
                tx.record(Change::ApprovalSettled { asked: CallId(asked), decision: Decision::Expired }).await?;
            }
            Ok(())
        })
        .await?;
    Ok((!unended.is_empty()).then(|| {
        Fault::new(FaultKind::Unavailable, "store.interrupted", "Atelier ended while an answer was being written.")
            .safe("What was written is there, marked as interrupted.")
            .hint("Continue the answer, or ask again.")
            .with("count", unended.len())
    }))
}
