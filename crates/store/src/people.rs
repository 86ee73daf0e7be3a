//! Who is in the workspace.

use crate::{Store, StoreError};
use ed25519_dalek::Signer;
use protocol::{AgentId, AgentView};
use std::sync::Arc;
use uuid::Uuid;

/// How many agents are listed.
const AGENTS: i64 = 1_000;

/// Signs a message with an Ed25519 key.
pub type SignFn = Arc<dyn Fn(&[u8]) -> [u8; 64] + Send + Sync>;

/// Signs messages with this device's key.
#[derive(Clone)]
pub struct DeviceSigner {
    /// The public key.
    pub key: [u8; 32],
    /// Signs a message.
    pub sign: SignFn,
}

impl Store {
    /// What signs with this device's key. A message must begin with what it is for, so that no signature
    /// of one thing can pass for one of another.
    ///
    /// # Errors
    /// The workspace is only visited.
    pub async fn signer(&self) -> Result<DeviceSigner, StoreError> {
        let key = self.writing()?.chain.lock().await.key.clone();
        Ok(DeviceSigner {
            key: key.verifying_key().to_bytes(),
            sign: Arc::new(move |message| key.sign(message).to_bytes()),
        })
    }

    /// The public keys of the devices that write in this workspace.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn device_keys(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let keys = sqlx::query_scalar!("SELECT public_key FROM devices").fetch_all(self.pool()).await?;
        Ok(keys.into_iter().filter_map(|key| key.try_into().ok()).collect())
    }

    /// The agents, oldest first.
    pub async fn agents(&self) -> Result<Vec<AgentView>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id: Uuid", role, name, about, mark AS "mark: u8" FROM agents ORDER BY ms, id LIMIT ?"#,
            AGENTS
        );
        let agents = rows.fetch_all(self.pool()).await?.into_iter().map(|row| AgentView {
            id: AgentId(row.id),
            role: row.role,
            name: row.name,
            about: row.about,
            mark: row.mark,
        });
        Ok(agents.collect())
    }
}
