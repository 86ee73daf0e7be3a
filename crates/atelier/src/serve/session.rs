//! Who is this browser: a one-time token in the address buys a session cookie.

use protocol::{Fault, FaultKind};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// The most browsers at a time; more says that a token leaked.
const MAX_SESSIONS: usize = 16;

/// The token that is good now, and the sessions that are open.
pub(crate) struct Sessions(Mutex<Inner>);

struct Inner {
    token: String,
    open: HashSet<String>,
}

impl Sessions {
    pub(crate) fn new() -> Result<Self, Fault> {
        Ok(Self(Mutex::new(Inner { token: secret()?, open: HashSet::new() })))
    }

    /// The token that the next browser may use.
    pub(crate) fn token(&self) -> String {
        self.lock().token.clone()
    }

    /// Turns the one-time token into a session; the token is spent and another takes its place.
    pub(crate) fn open(&self, token: &str) -> Result<Option<String>, Fault> {
        let (fresh, session) = (secret()?, secret()?);
        let mut inner = self.lock();
        if !same(&inner.token, token) || inner.open.len() >= MAX_SESSIONS {
            return Ok(None);
        }
        inner.token = fresh;
        inner.open.insert(session.clone());
        Ok(Some(session))
    }

    /// Whether a session is open.
    pub(crate) fn knows(&self, session: &str) -> bool {
        self.lock().open.iter().fold(false, |found, open| same(open, session) | found)
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
        let session = sessions.open(&token).unwrap().unwrap();
        assert!(sessions.knows(&session));
        assert_eq!(sessions.open(&token).unwrap(), None);
        assert!(sessions.open(&sessions.token()).unwrap().is_some());
    }

    #[test]
    fn a_wrong_token_opens_nothing() {
        let sessions = Sessions::new().unwrap();
        for wrong in ["", "0", &"0".repeat(64)] {
            assert_eq!(sessions.open(wrong).unwrap(), None);
            assert!(!sessions.knows(wrong));
        }
    }
}
