//! Who is this browser: a one-time token in the address buys a session cookie.

use protocol::{Fault, FaultKind};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The most browsers at a time; one more takes the place of the one that was silent for longest.
const MAX_SESSIONS: usize = 16;
/// So many used tokens are remembered, to tell them from wrong ones.
const MAX_SPENT: usize = 64;
/// A browser that asks for nothing this long has to be let in again.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The token that is good now, and the sessions that are open.
pub(crate) struct Sessions(Mutex<Inner>);

/// What came of a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It bought this session.
    Session(String),
    /// It was used already.
    Spent,
    /// It was never one of this server.
    Unknown,
}

struct Inner {
    token: String,
    /// The tokens that were used, the last ones first.
    spent: VecDeque<String>,
    open: Vec<Session>,
}

struct Session {
    secret: String,
    used: Instant,
}

impl Sessions {
    pub(crate) fn new() -> Result<Self, Fault> {
        Ok(Self(Mutex::new(Inner { token: secret()?, spent: VecDeque::new(), open: Vec::new() })))
    }

    /// The token that the next browser may use.
    pub(crate) fn token(&self) -> String {
        self.lock().token.clone()
    }

    /// Turns the one-time token into a session; the token is spent and another takes its place.
    pub(crate) fn open(&self, token: &str) -> Result<Entry, Fault> {
        self.open_at(token, Instant::now())
    }

    fn open_at(&self, token: &str, now: Instant) -> Result<Entry, Fault> {
        let (fresh, session) = (secret()?, secret()?);
        let mut inner = self.lock();
        if !same(&inner.token, token) {
            let spent = inner.spent.iter().any(|spent| same(spent, token));
            return Ok(if spent { Entry::Spent } else { Entry::Unknown });
        }
        let used = std::mem::replace(&mut inner.token, fresh);
        inner.spent.push_front(used);
        inner.spent.truncate(MAX_SPENT);
        inner.open.retain(|open| now.duration_since(open.used) < UNUSED);
        if inner.open.len() >= MAX_SESSIONS
            && let Some(oldest) = (0..inner.open.len()).min_by_key(|at| inner.open[*at].used)
        {
            inner.open.swap_remove(oldest);
        }
        inner.open.push(Session { secret: session.clone(), used: now });
        Ok(Entry::Session(session))
    }

    /// Whether a session is open; it is used by that.
    pub(crate) fn knows(&self, session: &str) -> bool {
        self.knows_at(session, Instant::now())
    }

    fn knows_at(&self, session: &str, now: Instant) -> bool {
        let mut inner = self.lock();
        let mut known = false;
        for open in &mut inner.open {
            if same(&open.secret, session) && now.duration_since(open.used) < UNUSED {
                open.used = now;
                known = true;
            }
        }
        known
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 random bits, hex.
fn secret() -> Result<String, Fault> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Fault::new(FaultKind::Internal, "serve.random", format!("The system gives no random numbers: {error}."))
            .with("detail", error)
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Compares in a time that does not tell how much was right.
fn same(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.bytes().zip(right.bytes()).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_once() {
        let sessions = Sessions::new().unwrap();
        let token = sessions.token();
        let Entry::Session(session) = sessions.open(&token).unwrap() else { panic!("it is refused") };
        assert!(sessions.knows(&session));
        assert_eq!(sessions.open(&token).unwrap(), Entry::Spent);
        assert!(matches!(sessions.open(&sessions.token()).unwrap(), Entry::Session(_)));
    }

    #[test]
    fn what_is_unused_ends_and_the_oldest_gives_way() {
        let (sessions, start) = (Sessions::new().unwrap(), Instant::now());
        let open = |now| match sessions.open_at(&sessions.token(), now).unwrap() {
            Entry::Session(session) => session,
            Entry::Spent | Entry::Unknown => panic!("the token is refused"),
        };
        let first = open(start);
        assert!(sessions.knows_at(&first, start + UNUSED / 2));
        assert!(sessions.knows_at(&first, start + UNUSED), "it was used meanwhile");
        assert!(!sessions.knows_at(&first, start + 3 * UNUSED));
        let many: Vec<String> =
            (1..=MAX_SESSIONS as u32).map(|n| open(start + 3 * UNUSED + Duration::from_secs(u64::from(n)))).collect();
        let now = start + 3 * UNUSED + Duration::from_secs(60);
        assert!(sessions.knows_at(&many[0], now));
        open(now);
        assert!(sessions.knows_at(&many[0], now), "it was used last");
        assert!(!sessions.knows_at(&many[1], now), "silent for longest");
    }

    #[test]
    fn a_wrong_token_opens_nothing() {
        let sessions = Sessions::new().unwrap();
        for wrong in ["", "0", &"0".repeat(64)] {
            assert_eq!(sessions.open(wrong).unwrap(), Entry::Unknown);
            assert!(!sessions.knows(wrong));
        }
    }
}
