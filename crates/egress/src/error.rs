//! Why a request did not get its answer.

use protocol::{Fault, FaultKind, GateVerdict};
use std::time::Duration;

/// Why a request did not get its answer. Names hosts, never whole addresses: those may hold secrets.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EgressError {
    /// The gate said no; nothing was sent.
    #[error("{}", refused(host, verdict, *redirected))]
    Refused {
        /// The host and port.
        host: String,
        /// The verdict.
        verdict: GateVerdict,
        /// Whether a server sent us there.
        redirected: bool,
    },
    /// A rule or the seal changed while the connection was open, so it was cut.
    #[error("the connection to {host} was cut: it is no longer allowed")]
    Cut {
        /// The host and port.
        host: String,
        /// What the gate says now.
        verdict: GateVerdict,
    },
    /// The ledger could not be written; nothing was sent.
    #[error("the outbound ledger could not be written, so nothing was sent to {host}: {reason}")]
    Ledger {
        /// The host and port.
        host: String,
        /// Why.
        reason: String,
    },
    /// The request itself is wrong.
    #[error("{reason}")]
    Address {
        /// Why.
        reason: String,
    },
    /// No connection could be made.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The host and port.
        host: String,
        /// Why.
        reason: String,
    },
    /// The other side was silent for too long.
    #[error("{host} was silent for {} s", after.as_secs())]
    Silent {
        /// The host and port.
        host: String,
        /// How long.
        after: Duration,
    },
    /// The connection broke.
    #[error("the connection to {host} broke: {reason}")]
    Broken {
        /// The host and port.
        host: String,
        /// Why.
        reason: String,
    },
    /// Too many redirects, or one that cannot be followed.
    #[error("{host} sent us elsewhere: {reason}")]
    Redirect {
        /// The host and port.
        host: String,
        /// Why it is not followed.
        reason: String,
    },
    /// The answer is longer than the caller takes.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLarge {
        /// The host and port.
        host: String,
        /// The caller's limit.
        limit: u64,
    },
}

fn refused(host: &str, verdict: &GateVerdict, redirected: bool) -> String {
    let how = if redirected { " (a redirect led there)" } else { "" };
    match verdict {
        GateVerdict::Sealed => format!("the workspace is sealed: nothing was sent to {host}{how}"),
        GateVerdict::Denied | GateVerdict::Allowed => format!("no rule allows {host}{how}: nothing was sent"),
    }
}

impl EgressError {
    /// What a person is told.
    pub fn fault(&self) -> Fault {
        let (kind, code, host, hint) = match self {
            Self::Refused { host, verdict: GateVerdict::Sealed, .. }
            | Self::Cut { host, verdict: GateVerdict::Sealed } => {
                (FaultKind::Refused, "egress.sealed", host.as_str(), "Unseal the workspace to reach other machines.")
            }
            Self::Refused { host, .. } => (
                FaultKind::Refused,
                "egress.denied",
                host.as_str(),
                "Allow this host in the workspace's rules if you trust it.",
            ),
            Self::Cut { host, .. } => (
                FaultKind::Refused,
                "egress.cut",
                host.as_str(),
                "Allow this host again in the workspace's rules to go on.",
            ),
            Self::Ledger { host, .. } => (
                FaultKind::Unavailable,
                "egress.ledger",
                host.as_str(),
                "Check that the disk of the data folder is not full or read-only.",
            ),
            Self::Address { .. } => (FaultKind::Invalid, "egress.address", "", "Check the address and the key."),
            Self::Unreachable { host, .. } => (
                FaultKind::Unavailable,
                "egress.unreachable",
                host.as_str(),
                "Check the network and the address, then try again.",
            ),
            Self::Silent { host, .. } => (
                FaultKind::Unavailable,
                "egress.silent",
                host.as_str(),
                "Try again; if it stays silent, ask whoever runs it.",
            ),
            Self::Broken { host, .. } => (FaultKind::Unavailable, "egress.broken", host.as_str(), "Try again."),
            Self::Redirect { host, .. } => (
                FaultKind::Refused,
                "egress.redirect",
                host.as_str(),
                "Use the address that it redirects to, if you trust it.",
            ),
            Self::TooLarge { host, .. } => {
                (FaultKind::Damaged, "egress.too_large", host.as_str(), "Check that this is the right server.")
            }
        };
        Fault::new(kind, code, Fault::sentence(&self.to_string())).hint(hint).with("host", host)
    }
}

impl From<EgressError> for Fault {
    fn from(error: EgressError) -> Self {
        error.fault()
    }
}
