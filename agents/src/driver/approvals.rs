//! How does a person's decision reach the turn that waits for it?

use super::{Driver, Inner, lanes::Asked};
use crate::AgentError;
use protocol::{Actor, CallId, Decision, Event, RuleId, RuleSubject, Verdict};
use store::Change;

impl Driver {
    /// A person decides on a tool call. "Always" becomes a rule of the workspace.
    ///
    /// # Errors
    /// Nothing waits for it any more, the actor is no person, or "always" is not offered.
    pub async fn decide(&self, actor: &Actor, call: CallId, decision: Decision) -> Result<(), AgentError> {
        match actor {
            Actor::Person { .. } => {}
            Actor::Agent { .. } | Actor::System => return Err(AgentError::NotAPerson),
        }
        let inner = &self.0;
        let may_always = inner.lanes().asked(call).ok_or(AgentError::NotWaiting(call))?.may_always;
        let decision = match decision {
            Decision::AllowAlways if !may_always => return Err(AgentError::NeverAlways),
            // Only time expires an approval.
            Decision::Expired => Decision::Deny,
            Decision::AllowOnce | Decision::AllowAlways | Decision::Deny => decision,
        };
        let (turn, asked, decisions) = inner.lanes().take_asked(call).ok_or(AgentError::NotWaiting(call))?;
        if let Err(error) = inner.settle(actor, call, decision, Some(&asked)).await {
            // It was not decided: it waits on, and can be decided again.
            inner.lanes().ask(turn, asked);
            return Err(error);
        }
        // A turn that is gone by now needs no answer.
        decisions.send((call, decision)).await.ok();
        Ok(())
    }
}

impl Inner {
    /// Writes a decision, and its rule if it has one, and tells the clients.
    pub(super) async fn settle(
        &self,
        actor: &Actor,
        call: CallId,
        decision: Decision,
        asked: Option<&Asked>,
    ) -> Result<(), AgentError> {
        let rule = asked.filter(|_| decision == Decision::AllowAlways).map(|asked| Change::RuleSet {
            rule: RuleId::new(),
            subject: RuleSubject::Tool { name: asked.tool.clone() },
            verdict: Verdict::Allow,
        });
        let new_rule = rule.is_some();
        self.store
            .write(actor, async |tx| {
                tx.record(Change::ApprovalSettled { asked: call, decision }).await?;
                match rule {
                    Some(rule) => tx.record(rule).await.map(drop),
                    None => Ok(()),
                }
            })
            .await?;
        self.tell(Event::ApprovalSettled { asked: call, decision });
        if new_rule {
            self.tell(Event::RulesChanged(self.store.rules().await?));
        }
        Ok(())
    }

    /// Nobody has decided and nobody will: nothing was done. False where somebody just did.
    pub(super) async fn expire(&self, call: CallId) -> bool {
        let Some((_, asked, _)) = self.lanes().take_asked(call) else { return false };
        if let Err(error) = self.settle(&Actor::System, call, Decision::Expired, Some(&asked)).await {
            tracing::warn!(%error, %call, "an approval that expired could not be recorded");
            self.tell(Event::Notice(error.fault()));
        }
        true
    }
}
