//! `atelier egress`: the outbound ledger, the seal, the rules and the endpoints.

use crate::{
    cli::Egress,
    door::Door,
    out::{Out, bytes, counted, when},
};
use protocol::*;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Shown {
    totals: EgressTotals,
    rules: Vec<RuleView>,
    endpoints: Vec<EndpointView>,
    entries: Vec<LedgerEntry>,
}

pub(super) async fn egress(door: &Door, egress: Egress, out: &Out) -> Result<ExitCode, Fault> {
    if egress.seal || egress.unseal {
        door.call(Seal { sealed: egress.seal }).await?;
        out.note(if egress.seal {
            "sealed: every outbound connection is refused"
        } else {
            "the seal is off: the rules decide"
        });
    }
    for (host, verdict) in [(egress.allow, Verdict::Allow), (egress.deny, Verdict::Deny)] {
        if let Some(host) = host {
            let rule = door.call(AddRule { subject: RuleSubject::Host { host }, verdict }).await?;
            out.note(&format!("from now on: {}", told_rule(&rule)));
        }
    }
    if let Some(named) = egress.remove_rule {
        remove_rules(door, &named).await?;
    }
    if let Some(endpoint) = egress.endpoint {
        let endpoint = parse_endpoint(&endpoint)?;
        let added = format!("added the remote model {} at {}", endpoint.name, endpoint.url);
        door.call(endpoint).await?;
        out.note(&added);
    }
    if let Some(name) = egress.remove_endpoint {
        let known = door.call(ListModels {}).await?.endpoints.iter().any(|endpoint| endpoint.name == name);
        if !known {
            return Err(Fault::new(FaultKind::NotFound, "endpoint.unknown", format!("There is no endpoint “{name}”."))
                .with("name", &name)
                .hint("List them with `atelier models list`."));
        }
        door.call(RemoveEndpoint { name }).await?;
    }
    let totals = door.call(Open {}).await?.egress;
    let rules = door.call(ListRules {}).await?;
    let entries = match egress.rules {
        true => Vec::new(),
        false => door.call(ReadLedger { before: None, limit: egress.limit }).await?,
    };
    let endpoints = door.call(ListModels {}).await?.endpoints;
    out.value(&Shown { totals, rules, endpoints, entries }, |shown| {
        let mut lines = vec![format!(
            "{}{} sent outside today, {} received, {} refused",
            if shown.totals.sealed { "SEALED. " } else { "" },
            bytes(shown.totals.sent_today),
            bytes(shown.totals.received_today),
            counted(shown.totals.refused_today, "request")
        )];
        lines.extend(shown.rules.iter().map(|rule| format!("rule {}  {}", rule.id, told_rule(rule))));
        lines.extend(shown.endpoints.iter().map(|at| format!("remote {}  {} at {}", at.name, at.model, at.url)));
        lines.extend(shown.entries.iter().map(|entry| {
            format!(
                "{}  {:<10} {:<24} {:<28} {:>9} out {:>9} in  {:?}{}",
                when(entry.at),
                entry.who,
                entry.why,
                entry.host,
                bytes(entry.sent),
                bytes(entry.received),
                entry.verdict,
                if entry.open { ", not ended: these bytes or more" } else { "" }
            )
        }));
        lines.join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

fn told_rule(rule: &RuleView) -> String {
    let verdict = match rule.verdict {
        Verdict::Allow => "allow",
        Verdict::Ask => "ask before",
        Verdict::Deny => "deny",
    };
    match &rule.subject {
        RuleSubject::Host { host } => format!("{verdict} host {host}"),
        RuleSubject::Tool { name } => format!("{verdict} tool {name}"),
    }
}

/// Takes back the rule of this id, or all rules about this host or tool.
async fn remove_rules(door: &Door, named: &str) -> Result<(), Fault> {
    let rules = door.call(ListRules {}).await?;
    let meant = |rule: &&RuleView| {
        let (RuleSubject::Host { host: about } | RuleSubject::Tool { name: about }) = &rule.subject;
        rule.id.to_string() == named || about == named
    };
    let found: Vec<RuleId> = rules.iter().filter(meant).map(|rule| rule.id).collect();
    if found.is_empty() {
        return Err(Fault::new(FaultKind::NotFound, "rule.unknown", format!("There is no rule “{named}”."))
            .with("name", named)
            .hint("List them with `atelier egress`."));
    }
    for rule in found {
        door.call(RemoveRule { rule }).await?;
    }
    Ok(())
}

/// `NAME=URL,MODEL`; the key never stands on a command line, where other users could read it.
fn parse_endpoint(typed: &str) -> Result<AddEndpoint, Fault> {
    let parts = typed.split_once('=').and_then(|(name, rest)| Some((name, rest.rsplit_once(',')?)));
    let Some((name, (url, model))) = parts else {
        // Not repeated: people type keys into addresses.
        return Err(Fault::new(FaultKind::Invalid, "cli.bad_endpoint", "An endpoint is given as NAME=URL,MODEL."));
    };
    let key = std::env::var("ATELIER_ENDPOINT_KEY").ok().filter(|key| !key.is_empty());
    Ok(AddEndpoint { name: name.into(), url: url.into(), model: model.into(), key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_name_url_model() {
        let endpoint =
            parse_endpoint("bank=https://llm.bank.example/v1,mistral,large").map(|e| (e.name, e.url, e.model));
        assert_eq!(endpoint, Ok(("bank".into(), "https://llm.bank.example/v1,mistral".into(), "large".into())));
        assert!(parse_endpoint("bank").is_err());
    }
}
