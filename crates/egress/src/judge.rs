//! May a request go to this destination? A pure function over the rules in force.

use protocol::{GateVerdict, RuleSubject, RuleView, Verdict};
use reqwest::Url;
use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, SocketAddr},
};

/// Where a request would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The host as the URL standard writes it: lower case, punycode, IPv6 in brackets.
    pub host: String,
    /// The port, given or implied by the scheme.
    pub port: u16,
    /// Whether a server sent us there. The trusted engine is trusted only when we chose it.
    pub redirected: bool,
}

impl Destination {
    /// The destination of an http or https address, or why it is none.
    pub fn of(url: &Url) -> Result<Self, &'static str> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only http and https addresses can be reached");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address must not carry a user name or password");
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the address names no host")?;
        let port = url.port_or_known_default().ok_or("the address names no port")?;
        Ok(Self { host: plain(host), port, redirected: false })
    }

    /// The socket, when the host is a literal address and no name has to be looked up.
    fn socket(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        Some(SocketAddr::new(ip, self.port))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A host, and a port where the rule names one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HostRule {
    host: String,
    port: Option<u16>,
}

impl HostRule {
    /// Reads `host` or `host:port` the way the URL standard reads hosts, so that a rule and an
    /// address that mean the same host compare equal. `None` for anything else.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // A parser drops line ends and tabs and takes a star for a letter: neither is a host.
        let odd = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '@' | '?' | '#' | '\\' | '*' | '%');
        if text.is_empty() || text.contains(odd) {
            return None;
        }
        // A parser hides the default port of its scheme; asking with both schemes shows any port.
        let http = Url::parse(&format!("http://{text}/")).ok()?;
        let https = Url::parse(&format!("https://{text}/")).ok()?;
        Some(Self { host: plain(http.host_str()?), port: http.port().or(https.port()) })
    }

    fn covers(&self, to: &Destination) -> bool {
        self.host == to.host && self.port.is_none_or(|port| port == to.port)
    }
}

/// Whether a rule can be made about this: `host` or `host:port`, and nothing more.
pub fn is_host(text: &str) -> bool {
    HostRule::read(text).is_some()
}

/// A trailing dot means the same host.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// What [`judge`] looks at: the seal, the rules about hosts, and the engine that we started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    sealed: bool,
    deny: BTreeSet<HostRule>,
    /// A deny rule could not be read: nobody knows which host it meant.
    deny_all: bool,
    allow: BTreeSet<HostRule>,
    engines: BTreeSet<SocketAddr>,
}

impl Rules {
    /// The same rules with the hosts of `views`. Rules about tools are not the gate's business.
    /// `Ask` allows nothing by itself: it stays refused until a person has said `Allow`. Of a rule
    /// that cannot be read nobody knows which host it meant: an allow rule allows none, a deny rule
    /// denies all.
    #[must_use]
    pub fn with_hosts(mut self, views: &[RuleView]) -> Self {
        self.deny.clear();
        self.deny_all = false;
        self.allow.clear();
        for view in views {
            let host = match &view.subject {
                RuleSubject::Host { host } => host,
                RuleSubject::Tool { .. } => continue,
            };
            let Some(rule) = HostRule::read(host) else {
                self.deny_all |= view.verdict == Verdict::Deny;
                tracing::warn!(host, verdict = ?view.verdict, "a rule about a host cannot be read");
                continue;
            };
            match view.verdict {
                Verdict::Allow => self.allow.insert(rule),
                Verdict::Deny => self.deny.insert(rule),
                Verdict::Ask => false,
            };
        }
        self
    }

    /// The same rules, sealed or not.
    #[must_use]
    pub fn with_seal(mut self, sealed: bool) -> Self {
        self.sealed = sealed;
        self
    }

    /// The same rules with `engine` trusted. Only a loopback socket can be: `false` otherwise.
    pub fn trust(&mut self, engine: SocketAddr) -> bool {
        let here = engine.ip().is_loopback();
        if here {
            self.engines.insert(engine);
        }
        here
    }

    /// Takes the trust back.
    pub fn distrust(&mut self, engine: SocketAddr) {
        self.engines.remove(&engine);
    }

    /// Whether everything outside is refused.
    pub fn sealed(&self) -> bool {
        self.sealed
    }

    /// Whether this is the engine that Atelier itself started on this machine. What goes there
    /// never leaves the machine, so it is neither in the ledger nor in the totals.
    pub fn is_engine(&self, to: &Destination) -> bool {
        !to.redirected && to.socket().is_some_and(|socket| self.engines.contains(&socket))
    }
}

/// Judges a destination. The first line that applies decides:
///
/// 1. the trusted engine's exact loopback socket, chosen by us and not by a redirect: **allowed**,
///    sealed or not, since nothing leaves the machine;
/// 2. the workspace is sealed: **sealed**;
/// 3. a deny rule covers the host (any port) or the host and port, or cannot be read: **denied**;
/// 4. an allow rule covers them: **allowed**;
/// 5. nothing covers them: **denied**. That includes every other loopback address and `localhost`.
pub fn judge(rules: &Rules, to: &Destination) -> GateVerdict {
    if rules.is_engine(to) {
        GateVerdict::Allowed
    } else if rules.sealed {
        GateVerdict::Sealed
    } else if rules.deny_all || rules.deny.iter().any(|rule| rule.covers(to)) {
        GateVerdict::Denied
    } else if rules.allow.iter().any(|rule| rule.covers(to)) {
        GateVerdict::Allowed
    } else {
        GateVerdict::Denied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{GateVerdict::*, RuleId};

    fn rule(host: &str, verdict: Verdict) -> RuleView {
        RuleView { id: RuleId::new(), subject: RuleSubject::Host { host: host.into() }, verdict, at: 0 }
    }

    fn to(url: &str) -> Destination {
        Destination::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn the_first_line_that_applies_decides() {
        let (allow, deny, ask) = (Verdict::Allow, Verdict::Deny, Verdict::Ask);
        type Case<'a> = (&'a [(&'a str, Verdict)], bool, &'a str, GateVerdict);
        let table: &[Case] = &[
            (&[], false, "https://a.test/", Denied),
            (&[("a.test", allow)], false, "https://a.test/x?y", Allowed),
            (&[("a.test", allow)], false, "http://a.test:8080/", Allowed),
            (&[("a.test", allow)], false, "https://b.a.test/", Denied),
            (&[("a.test", allow)], false, "https://aa.test/", Denied),
            (&[("A.Test.", allow)], false, "https://a.test/", Allowed),
            (&[("a.test", allow)], false, "https://a.test./", Allowed),
            (&[("a.test:443", allow)], false, "https://a.test/", Allowed),
            (&[("a.test:443", allow)], false, "http://a.test/", Denied),
            (&[("a.test:80", allow)], false, "http://a.test/", Allowed),
            (&[("a.test:80", allow)], false, "https://a.test/", Denied),
            (&[("a.test", ask)], false, "https://a.test/", Denied),
            (&[("a.test", allow), ("a.test", deny)], false, "https://a.test/", Denied),
            (&[("a.test", deny), ("a.test:443", allow)], false, "https://a.test/", Denied),
            (&[("a.test", allow), ("a.test:8443", deny)], false, "https://a.test/", Allowed),
            (&[("a.test", allow)], true, "https://a.test/", Sealed),
            (&[("a.test", deny)], true, "https://a.test/", Sealed),
            (&[], false, "http://127.0.0.1:4000/", Denied),
            (&[("127.0.0.1:4000", allow)], false, "http://127.0.0.1:4000/", Allowed),
            (&[("127.0.0.1:4000", allow)], false, "http://127.1:4000/", Allowed),
            (&[("127.0.0.1:4000", deny)], false, "http://0x7f000001:4000/", Denied),
            (&[("[::1]:4000", allow)], false, "http://[0:0::1]:4000/", Allowed),
            (&[("bücher.test", allow)], false, "https://xn--bcher-kva.test/", Allowed),
            (&[("https://a.test/", allow)], false, "https://a.test/", Denied),
            (&[("user@a.test", allow)], false, "https://a.test/", Denied),
            (&[("", allow)], false, "https://a.test/", Denied),
            (&[("*.test", allow)], false, "https://a.test/", Denied),
            // A deny that cannot be read denies all but the engine.
            (&[("a.test", allow), ("https://b.test/", deny)], false, "https://a.test/", Denied),
            (&[("a.test", allow), ("*.b.test", deny)], false, "https://a.test/", Denied),
            (&[("a.test", allow), ("b.test:port", deny)], false, "https://a.test/", Denied),
            (&[("a.test", allow), ("b@c.test", deny)], false, "http://127.0.0.1:5000/", Allowed),
            (&[("a.test", allow), ("*.b.test", ask)], false, "https://a.test/", Allowed),
            (&[], false, "http://127.0.0.1:5000/", Allowed), // the engine
            (&[], true, "http://127.0.0.1:5000/", Allowed),
            (&[], true, "http://127.0.0.1:5001/", Sealed),
            (&[], false, "http://localhost:5000/", Denied),
            (&[], false, "http://127.0.0.2:5000/", Denied),
            (&[], false, "http://[::1]:5000/", Denied),
        ];
        for (hosts, sealed, url, expected) in table {
            let views: Vec<_> = hosts.iter().map(|(host, verdict)| rule(host, *verdict)).collect();
            let mut rules = Rules::default().with_hosts(&views).with_seal(*sealed);
            assert!(rules.trust("127.0.0.1:5000".parse().unwrap()));
            assert_eq!(judge(&rules, &to(url)), *expected, "{hosts:?} sealed={sealed} {url}");
        }
    }

    #[test]
    fn rules_are_about_hosts_and_nothing_else() {
        for (text, expected) in [
            ("a.test", true),
            (" A.Test. ", true),
            ("a.test:8443", true),
            ("127.0.0.1", true),
            ("[::1]:80", true),
            ("bücher.test", true),
            ("", false),
            ("a.test:port", false),
            ("a.test:99999", false),
            ("https://a.test", false),
            ("a.test/x", false),
            ("a@b.test", false),
            ("a.test?x", false),
            ("*.test", false),
            ("a b.test", false),
            ("a\tb.test", false),
            ("%61.test", false),
            ("[::1", false),
        ] {
            assert_eq!(is_host(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_redirect_never_reaches_the_engine() {
        let mut rules = Rules::default();
        rules.trust("127.0.0.1:5000".parse().unwrap());
        let sent_there = Destination { redirected: true, ..to("http://127.0.0.1:5000/") };
        assert_eq!(judge(&rules, &sent_there), Denied);
    }

    #[test]
    fn only_loopback_can_be_trusted_and_trust_ends() {
        let mut rules = Rules::default();
        assert!(!rules.trust("10.0.0.1:5000".parse().unwrap()));
        assert_eq!(judge(&rules, &to("http://10.0.0.1:5000/")), Denied);
        rules.trust("127.0.0.1:5000".parse().unwrap());
        rules.distrust("127.0.0.1:5000".parse().unwrap());
        assert_eq!(judge(&rules, &to("http://127.0.0.1:5000/")), Denied);
    }

    #[test]
    fn addresses_that_are_no_destination() {
        for url in ["ftp://a.test/", "file:///etc/passwd", "data:,x", "http://me:secret@a.test/", "http://me@a.test/"] {
            assert!(Destination::of(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
    }
}
