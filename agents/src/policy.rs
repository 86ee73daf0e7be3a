//! May this tool call happen? A pure function of rules, tool and scope; no text can reach it.

use protocol::{Reach, RuleSubject, RuleView, Summary, Verdict};

/// What all is known about a tool: one record for the model, the person and the policy.
#[derive(Debug)]
pub struct ToolSpec {
    /// Its name, unique in the table.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: &'static str,
    /// Its arguments as a JSON Schema, for the model.
    pub parameters: &'static str,
    /// How far it reaches at most.
    pub reach: Reach,
    /// Whether a person may allow it for good.
    pub may_always: bool,
}

/// What one call would touch, found by code from its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// How far this call reaches.
    pub reach: Reach,
    /// Hosts that it would contact (`host` or `host:port`).
    pub hosts: Vec<String>,
    /// Exactly what it would do, for a person.
    pub summary: Summary,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// The rules as the log has them.
    Known {
        /// The rules.
        rules: Vec<RuleView>,
        /// Whether the workspace is sealed.
        sealed: bool,
    },
    /// The rules could not be read.
    Unreadable,
}

/// Judges one call. The first line that applies decides:
///
/// 1. rules that cannot be read: ask;
/// 2. built-in deny: a call that reaches further than its tool declares; outside while sealed;
/// 3. a rule that denies the tool or any host of the call;
/// 4. a rule that asks for the tool or any host of the call;
/// 5. a rule that allows: the tool, for what stays on this machine; every single host, for what
///    goes outside (allowing a tool does not open the way out);
/// 6. the default by reach: Read is allowed, everything else asks.
///
/// Nothing that a model, a document or a tool wrote is an argument here except as the name of a host
/// or a length of reach, and there the only way is towards no: text can deny, it can never grant.
pub fn judge(policy: &Policy, tool: &ToolSpec, scope: &Scope) -> Verdict {
    let Policy::Known { rules, sealed } = policy else { return Verdict::Ask };
    let reach = tool.reach.max(scope.reach);
    let outside = reach == Reach::Outside || !scope.hosts.is_empty();
    if scope.reach > tool.reach || (outside && tool.reach != Reach::Outside) || (outside && *sealed) {
        return Verdict::Deny;
    }
    let says = |verdict: Verdict, subject: &dyn Fn(&RuleSubject) -> bool| {
        rules.iter().any(|rule| rule.verdict == verdict && subject(&rule.subject))
    };
    let this_tool = |subject: &RuleSubject| matches!(subject, RuleSubject::Tool { name } if name == tool.name);
    let concerns = |subject: &RuleSubject| match subject {
        RuleSubject::Tool { .. } => this_tool(subject),
        RuleSubject::Host { host } => scope.hosts.iter().any(|wanted| covers(host, wanted)),
    };
    if says(Verdict::Deny, &concerns) {
        return Verdict::Deny;
    }
    if says(Verdict::Ask, &concerns) {
        return Verdict::Ask;
    }
    let allowed = if outside {
        let open = |wanted: &String| {
            says(Verdict::Allow, &|subject| matches!(subject, RuleSubject::Host { host } if covers(host, wanted)))
        };
        !scope.hosts.is_empty() && scope.hosts.iter().all(open)
    } else {
        says(Verdict::Allow, &this_tool)
    };
    if allowed { Verdict::Allow } else { default_by_reach(reach) }
}

/// What holds where no rule says anything.
pub fn default_by_reach(reach: Reach) -> Verdict {
    match reach {
        Reach::Read => Verdict::Allow,
        Reach::Write | Reach::Machine | Reach::Outside => Verdict::Ask,
    }
}

/// Whether a rule's host means the wanted one: `host` covers every port of it, `host:port` one.
fn covers(rule: &str, wanted: &str) -> bool {
    if rule.is_empty() {
        return false;
    }
    let bare = match wanted.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => wanted,
    };
    rule.eq_ignore_ascii_case(wanted) || rule.eq_ignore_ascii_case(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Reach::{Machine, Outside, Read, Write};
    use Verdict::{Allow, Ask, Deny};
    use protocol::RuleId;

    fn spec(reach: Reach) -> ToolSpec {
        ToolSpec { name: "tool", description: "", parameters: "{}", reach, may_always: true }
    }
    fn rule(subject: RuleSubject, verdict: Verdict) -> RuleView {
        RuleView { id: RuleId::new(), subject, verdict, at: 0 }
    }
    fn tool(verdict: Verdict) -> RuleView {
        rule(RuleSubject::Tool { name: "tool".into() }, verdict)
    }
    fn other(verdict: Verdict) -> RuleView {
        rule(RuleSubject::Tool { name: "other".into() }, verdict)
    }
    fn host(host: &str, verdict: Verdict) -> RuleView {
        rule(RuleSubject::Host { host: host.into() }, verdict)
    }

    /// Every reach against every set of tool rules: the precedence itself, not examples of it.
    #[test]
    fn every_combination_of_rules_and_reach() {
        let verdicts = [Allow, Ask, Deny];
        for reach in [Read, Write, Machine] {
            for set in 0u8..8 {
                let rules: Vec<RuleView> =
                    (0..3).filter(|bit| set & (1 << bit) != 0).map(|bit| tool(verdicts[bit])).collect();
                let expected = match set {
                    0 => default_by_reach(reach),
                    1 => Allow,
                    2 | 3 => Ask,
                    _ => Deny,
                };
                for order in 0..2 {
                    let mut rules = rules.clone();
                    rules.extend([other(Allow), other(Deny), host("h", Allow)]);
                    if order == 1 {
                        rules.reverse();
                    }
                    for sealed in [false, true] {
                        let policy = Policy::Known { rules: rules.clone(), sealed };
                        let scope = Scope { reach, hosts: vec![], summary: Summary::Text(String::new()) };
                        assert_eq!(judge(&policy, &spec(reach), &scope), expected, "{reach:?} {set:03b} {sealed}");
                    }
                }
            }
        }
    }

    /// A call may reach less far than its tool declares, never further.
    #[test]
    fn no_call_reaches_further_than_its_tool() {
        for declared in [Read, Write, Machine, Outside] {
            for wanted in [Read, Write, Machine, Outside] {
                let policy = Policy::Known { rules: vec![tool(Allow)], sealed: false };
                let scope = Scope { reach: wanted, hosts: vec![], summary: Summary::Text(String::new()) };
                let verdict = judge(&policy, &spec(declared), &scope);
                assert_eq!(verdict == Deny, wanted > declared, "{declared:?} {wanted:?}");
            }
        }
    }

    #[test]
    fn outside_needs_every_host() {
        let cases: &[(&[&str], Vec<RuleView>, bool, Verdict)] = &[
            (&["a:443"], vec![], false, Ask),
            (&["a:443"], vec![tool(Allow)], false, Ask),
            (&["a:443"], vec![host("a", Allow)], false, Allow),
            (&["A:443"], vec![host("a", Allow)], false, Allow),
            (&["a:443"], vec![host("a:443", Allow)], false, Allow),
            (&["a:80"], vec![host("a:443", Allow)], false, Ask),
            (&["a:443"], vec![host("", Allow)], false, Ask),
            (&["aa:443"], vec![host("a", Allow)], false, Ask),
            (&["a:443", "b:443"], vec![host("a", Allow)], false, Ask),
            (&["a:443", "b:443"], vec![host("a", Allow), host("b", Allow)], false, Allow),
            (&["a:443", "b:443"], vec![host("a", Allow), host("b", Deny)], false, Deny),
            (&["a:443", "b:443"], vec![host("a", Allow), host("b", Allow), host("b", Ask)], false, Ask),
            (&["a:443"], vec![host("a", Allow), tool(Deny)], false, Deny),
            (&["a:443"], vec![host("a", Allow), tool(Ask)], false, Ask),
            (&["a:443"], vec![host("a", Allow)], true, Deny),
            (&[], vec![tool(Allow)], false, Ask),
            (&[], vec![tool(Allow)], true, Deny),
        ];
        for (hosts, rules, sealed, expected) in cases {
            let policy = Policy::Known { rules: rules.clone(), sealed: *sealed };
            let hosts = hosts.iter().map(ToString::to_string).collect();
            let scope = Scope { reach: Outside, hosts, summary: Summary::Text(String::new()) };
            assert_eq!(judge(&policy, &spec(Outside), &scope), *expected, "{scope:?} {rules:?} {sealed}");
        }
    }

    #[test]
    fn hosts_without_reach_are_refused_and_unreadable_rules_ask() {
        let scope = Scope { reach: Read, hosts: vec!["a".into()], summary: Summary::Text(String::new()) };
        let open = Policy::Known { rules: vec![host("a", Allow), tool(Allow)], sealed: false };
        assert_eq!(judge(&open, &spec(Read), &scope), Deny);
        for reach in [Read, Write, Machine, Outside] {
            let scope = Scope { reach, hosts: vec![], summary: Summary::Text("allow everything".into()) };
            assert_eq!(judge(&Policy::Unreadable, &spec(reach), &scope), Ask);
        }
    }
}
