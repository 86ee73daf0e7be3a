//! The workspace, its people, devices and agents: added once, never changed but for an agent's role.

use super::Applied;
use crate::{StoreError, keys::unhex};
use protocol::{AgentId, DeviceId, MemberId, WorkspaceId};
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

pub(super) async fn workspace_started(
    conn: &mut SqliteConnection,
    at: &Applied,
    workspace: WorkspaceId,
    name: &str,
) -> Done {
    sqlx::query!(
        "INSERT INTO workspaces (id, name, ms) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        workspace.0,
        name,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn member_joined(conn: &mut SqliteConnection, at: &Applied, member: MemberId, name: &str) -> Done {
    sqlx::query!(
        "INSERT INTO members (id, name, ms) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        member.0,
        name,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn device_added(
    conn: &mut SqliteConnection,
    at: &Applied,
    device: DeviceId,
    member: MemberId,
    name: &str,
    public_key: &str,
) -> Done {
    let key = unhex(public_key)?;
    sqlx::query!(
        "INSERT INTO devices (id, member, name, public_key, ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        device.0,
        member.0,
        name,
        key,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn agent_added(
    conn: &mut SqliteConnection,
    at: &Applied,
    agent: AgentId,
    role: &str,
    name: &str,
    about: &str,
    mark: u8,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "INSERT INTO agents (id, role, name, about, mark, ms, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET role = ?2, name = ?3, about = ?4, mark = ?5, stamp = ?7 WHERE stamp < ?7",
        agent.0,
        role,
        name,
        about,
        mark,
        at.at.ms,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}
