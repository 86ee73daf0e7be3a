//! Who is in the workspace.

use crate::{Store, StoreError};
use protocol::{AgentId, AgentView};
use uuid::Uuid;

/// How many agents are listed.
const AGENTS: i64 = 1_000;

impl Store {
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
