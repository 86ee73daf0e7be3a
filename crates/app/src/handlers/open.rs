//! The first screen's data.

use crate::App;
use protocol::*;

pub(crate) async fn open(app: &App, _: &Actor, _: Open) -> Result<Snapshot, Fault> {
    // The number first: what happens while the rest is read is sent again, and folding an event
    // twice does no harm; missing one would.
    let seq = app.bus().seq();
    let store = app.store();
    let home = store.home();
    let settings = store.settings().await?;
    Ok(Snapshot {
        seq,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workspace: WorkspaceView {
            id: home.workspace,
            name: home.name.clone(),
            member: home.member,
            member_name: if settings.name.is_empty() { home.member_name.clone() } else { settings.name.clone() },
            device: home.device,
            key_place: home.key_place,
            public_key: home.public_key.clone(),
            data_dir: app.config().data.display().to_string(),
        },
        agents: store.agents().await?,
        chats: store.chats().await?,
        documents: store.documents().await?,
        folders: app.library().folders().await?,
        neighbours: super::neighbours::views(app).await?,
        import: app.library().progress(),
        models: super::models::view(app).await?,
        engine: app.models().engine_state(),
        egress: app.totals(),
        approvals: store.approvals_waiting().await?,
        turns: app.driver().running(),
        settings,
        notices: app.notices().to_vec(),
    })
}
