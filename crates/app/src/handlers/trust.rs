//! The outbound ledger, the seal, the rules and the log.

use crate::App;
use protocol::*;
use store::Change;

/// The most lines of one page of the ledger or the log.
const MAX_LINES: u32 = 10_000;

pub(crate) async fn ledger(
    app: &App,
    _: &Actor,
    ReadLedger { before, limit }: ReadLedger,
) -> Result<Vec<LedgerEntry>, Fault> {
    app.store().ledger(before, limit.clamp(1, MAX_LINES)).await.map_err(Fault::from)
}

pub(crate) async fn seal(app: &App, actor: &Actor, Seal { sealed }: Seal) -> Result<(), Fault> {
    by_a_person(actor)?;
    // Closing comes before the record and opening after it: at no moment is more allowed than is
    // written down.
    if sealed {
        app.gate().set_sealed(true);
    }
    app.record(actor, Change::Sealed { sealed }).await?;
    app.gate().set_sealed(sealed);
    app.bus().send(Event::EgressMoved(app.totals()));
    Ok(())
}

pub(crate) async fn rules(app: &App, _: &Actor, _: ListRules) -> Result<Vec<RuleView>, Fault> {
    app.store().rules().await.map_err(Fault::from)
}

pub(crate) async fn add_rule(
    app: &App,
    actor: &Actor,
    AddRule { subject, verdict }: AddRule,
) -> Result<RuleView, Fault> {
    by_a_person(actor)?;
    let (named, fits) = match &subject {
        RuleSubject::Host { host } => (host, egress::is_host(host)),
        RuleSubject::Tool { name } => (name, !name.is_empty() && !name.contains(char::is_whitespace)),
    };
    if !fits {
        return Err(Fault::new(FaultKind::Invalid, "rule.subject", format!("“{named}” is not a host or a tool."))
            .with("named", named)
            .hint("A host is a name or an address, with or without a port: no address path and no stars."));
    }
    let rule = RuleId::new();
    app.record(actor, Change::RuleSet { rule, subject, verdict }).await?;
    let rules = app.refresh_rules().await?;
    rules
        .into_iter()
        .find(|known| known.id == rule)
        .ok_or_else(|| Fault::new(FaultKind::Internal, "rule.lost", "The rule was written and is not there."))
}

pub(crate) async fn remove_rule(app: &App, actor: &Actor, RemoveRule { rule }: RemoveRule) -> Result<(), Fault> {
    by_a_person(actor)?;
    app.record(actor, Change::RuleRemoved { rule }).await?;
    app.refresh_rules().await.map(drop)
}

/// What is allowed is a person's to say: no agent can open a way for itself.
pub(crate) fn by_a_person(actor: &Actor) -> Result<(), Fault> {
    match actor {
        Actor::Person { .. } => Ok(()),
        Actor::Agent { .. } | Actor::System => {
            Err(Fault::new(FaultKind::Refused, "policy.person", "Only a person can change what is allowed.")
                .safe("Nothing was changed."))
        }
    }
}

pub(crate) async fn verify_log(app: &App, _: &Actor, _: VerifyLog) -> Result<LogReport, Fault> {
    let mut report = app.store().verify(app.store().home().workspace).await?;
    if report.intact {
        report.altered = app.store().altered_tables().await?;
        report.intact = report.altered.is_empty();
    }
    Ok(report)
}

pub(crate) async fn check_documents(app: &App, _: &Actor, _: CheckDocuments) -> Result<DocumentsReport, Fault> {
    app.library().check_documents().await.map_err(|error| error.fault())
}

pub(crate) async fn read_log(app: &App, _: &Actor, ReadLog { before, limit }: ReadLog) -> Result<Vec<LogLine>, Fault> {
    app.store().log_lines(before, limit.clamp(1, MAX_LINES)).await.map_err(Fault::from)
}
