//! What a record is made of, and what its hash and signature cover.
//!
//! The header is encoded canonically: a domain, then every field in a fixed order, fixed-size ones
//! as they are and texts with their length before them. The hash is BLAKE3 of that encoding, the
//! signature Ed25519 over the hash. The body enters only as `BLAKE3(salt ‖ body)`: erasing body and
//! salt leaves a chain that still verifies, and a hash that cannot be guessed back.

use crate::{Stamp, StoreError};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use protocol::{Actor, AgentId, DeviceId, MemberId, RecordId, WorkspaceId};
use uuid::Uuid;

/// A hash; also of nothing, before the first record.
pub(crate) type Hash = [u8; 32];

const DOMAIN: &[u8] = b"atelier.record.1";

/// Everything about a record except its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub id: RecordId,
    pub workspace: WorkspaceId,
    pub device: DeviceId,
    pub seq: u64,
    pub at: Stamp,
    pub actor: String,
    pub kind: String,
    pub subject: String,
    pub scope: Option<Uuid>,
    pub body_hash: Hash,
    pub prev: Hash,
}

impl Header {
    /// The hash of the canonical encoding.
    pub fn hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN);
        hasher.update(self.id.0.as_bytes());
        hasher.update(self.workspace.0.as_bytes());
        hasher.update(self.device.0.as_bytes());
        hasher.update(&self.seq.to_be_bytes());
        hasher.update(&self.at.ms.to_be_bytes());
        hasher.update(&self.at.counter.to_be_bytes());
        for text in [&self.actor, &self.kind, &self.subject] {
            hasher.update(&(text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&[u8::from(self.scope.is_some())]);
        hasher.update(self.scope.unwrap_or_default().as_bytes());
        hasher.update(&self.body_hash);
        hasher.update(&self.prev);
        *hasher.finalize().as_bytes()
    }
}

/// The hash under which a header knows its body.
pub(crate) fn body_hash(salt: &[u8], body: &[u8]) -> Hash {
    *blake3::Hasher::new().update(salt).update(body).finalize().as_bytes()
}

/// A salt that nobody can guess.
pub(crate) fn salt() -> Result<[u8; 32], StoreError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| StoreError::Key(format!("no random numbers: {error}")))?;
    Ok(salt)
}

/// Signs a hash.
pub(crate) fn sign(key: &SigningKey, hash: &Hash) -> [u8; 64] {
    key.sign(hash).to_bytes()
}

/// Whether a signature over a hash is this key's. Strict: no second signature fits the same hash.
pub(crate) fn signed_by(key: &VerifyingKey, hash: &Hash, signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(hash, &signature).is_ok())
}

/// An actor as a header holds it.
pub(crate) fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Person { member } => format!("person:{member}"),
        Actor::Agent { agent, member } => format!("agent:{agent}:{member}"),
        Actor::System => "system".into(),
    }
}

/// The actor that a header names.
pub(crate) fn actor_from(text: &str) -> Option<Actor> {
    let mut parts = text.split(':');
    let actor = match (parts.next()?, parts.next(), parts.next()) {
        ("person", Some(member), None) => Actor::Person { member: MemberId(member.parse().ok()?) },
        ("agent", Some(agent), Some(member)) => {
            Actor::Agent { agent: AgentId(agent.parse().ok()?), member: MemberId(member.parse().ok()?) }
        }
        ("system", None, None) => Actor::System,
        _ => return None,
    };
    parts.next().is_none().then_some(actor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            id: RecordId(Uuid::from_u128(1)),
            workspace: WorkspaceId(Uuid::from_u128(2)),
            device: DeviceId(Uuid::from_u128(3)),
            seq: 4,
            at: Stamp { ms: 5, counter: 6 },
            actor: "system".into(),
            kind: "sealed".into(),
            subject: "s".into(),
            scope: None,
            body_hash: [7; 32],
            prev: [8; 32],
        }
    }

    /// The encoding is a promise: a log written today must verify in ten years.
    #[test]
    fn the_hash_stays_what_it_is() {
        insta::assert_snapshot!(blake3::Hash::from_bytes(header().hash()).to_hex().as_str());
    }

    #[test]
    fn every_field_is_in_the_hash() {
        let one = header();
        let id = Uuid::from_u128(99);
        let changed = [
            Header { id: RecordId(id), ..one.clone() },
            Header { workspace: WorkspaceId(id), ..one.clone() },
            Header { device: DeviceId(id), ..one.clone() },
            Header { seq: 99, ..one.clone() },
            Header { at: Stamp { ms: 99, counter: 6 }, ..one.clone() },
            Header { at: Stamp { ms: 5, counter: 99 }, ..one.clone() },
            Header { actor: "systemsealed".into(), kind: String::new(), ..one.clone() },
            Header { kind: "sealeds".into(), subject: String::new(), ..one.clone() },
            Header { subject: "t".into(), ..one.clone() },
            Header { scope: Some(id), ..one.clone() },
            Header { scope: Some(Uuid::nil()), ..one.clone() },
            Header { body_hash: [9; 32], ..one.clone() },
            Header { prev: [9; 32], ..one.clone() },
        ];
        for other in changed {
            assert_ne!(other.hash(), one.hash(), "{other:?}");
        }
    }

    #[test]
    fn actors_come_back() {
        let (agent, member) = (AgentId(Uuid::from_u128(1)), MemberId(Uuid::from_u128(2)));
        for actor in [Actor::System, Actor::Person { member }, Actor::Agent { agent, member }] {
            assert_eq!(actor_from(&actor_text(&actor)), Some(actor));
        }
        for text in ["", "person", "person:x", "agent:a", "system:1", "person:1:2:3"] {
            assert_eq!(actor_from(text), None, "{text}");
        }
    }
}
