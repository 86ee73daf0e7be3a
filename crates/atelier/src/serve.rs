//! `atelier serve`: the same interface for a browser on this machine.
//!
//! Loopback unless told otherwise. A one-time token in the printed address opens a session; every
//! request is checked for its Host (DNS rebinding), and what changes something for its Origin.

mod api;
mod guard;
mod session;

use crate::{cli::Serve, door::Door, out::Out};
use axum::{Router, extract::DefaultBodyLimit, middleware, routing};
use protocol::{Actor, Fault, FaultKind};
use session::Sessions;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use tower_http::services::ServeDir;

/// The largest request body: the largest file, sent in base64 by `ImportBytes`, and what is around it.
const MAX_BODY: usize = 64 << 20;
const _: () = assert!(MAX_BODY as u64 > protocol::LARGEST_UPLOAD / 3 * 4 + (1 << 20));

/// What every request handler reaches.
#[derive(Clone)]
pub(crate) struct Served {
    app: app::App,
    person: Actor,
    sessions: Arc<Sessions>,
    /// The address as browsers see it.
    address: SocketAddr,
}

pub(crate) async fn serve(door: &Door, options: Serve, out: &Out) -> Result<ExitCode, Fault> {
    if !options.listen.ip().is_loopback() && !options.allow_remote {
        return Err(Fault::new(
            FaultKind::Refused,
            "serve.not_loopback",
            format!("{} can be reached from other machines.", options.listen),
        )
        .with("address", options.listen)
        .safe("Nothing was opened.")
        .hint("Use a loopback address, or add --allow-remote if that is what you want."));
    }
    let ui = find_ui(options.ui)?;
    let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(|error| {
        Fault::new(FaultKind::Unavailable, "serve.bind", format!("{} cannot be opened: {error}.", options.listen))
            .with("address", options.listen)
            .with("detail", error)
            .hint("Choose another port with --listen.")
    })?;
    let address = listener.local_addr().map_err(|error| {
        Fault::new(FaultKind::Internal, "serve.address", format!("The address cannot be read: {error}."))
            .with("detail", error)
    })?;
    let sessions = Arc::new(Sessions::new()?);
    door.app.watch_folders();
    let served = Served { app: door.app.clone(), person: door.person.clone(), sessions: sessions.clone(), address };
    let url = |token: String| format!("http://{address}/#token={token}");
    out.value(&serde_json::json!({ "url": url(sessions.token()), "address": address.to_string() }), |_| {
        let plain = if address.ip().is_loopback() {
            ""
        } else {
            "\nThis is plain HTTP: others on the way can read it. Put a TLS proxy or an SSH tunnel in front."
        };
        format!(
            "Atelier is at  {}\nThe address works once, for one browser. Ctrl C ends it.{plain}",
            url(sessions.token())
        )
    });
    axum::serve(listener, router(served, &ui)).await.map_err(|error| {
        Fault::new(FaultKind::Internal, "serve.ended", format!("The server ended: {error}.")).with("detail", error)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn router(served: Served, ui: &Path) -> Router {
    Router::new()
        .route("/api/session", routing::post(api::open_session))
        .route("/api/call", routing::post(api::call))
        .route("/api/events", routing::get(api::events))
        .fallback_service(ServeDir::new(ui))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(served.clone(), guard::guard))
        .with_state(served)
}

/// The built interface: where it was named, installed with this program, or in the checkout it was built in.
pub(crate) fn find_ui(named: Option<PathBuf>) -> Result<PathBuf, Fault> {
    let program = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
    let installed = program.into_iter().flat_map(|folder| [folder.join("ui"), folder.join("../share/atelier/ui")]);
    // A build for people knows nothing of the folder that it was built in.
    let checkout = cfg!(debug_assertions).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist"));
    let candidates: Vec<PathBuf> = match named {
        Some(named) => vec![named],
        None => installed.chain(checkout).collect(),
    };
    candidates.iter().find(|ui| ui.join("index.html").is_file()).cloned().ok_or_else(|| {
        let looked: Vec<_> = candidates.iter().map(|ui| ui.display().to_string()).collect();
        Fault::new(
            FaultKind::Unavailable,
            "serve.no_ui",
            format!("The built interface was not found in {}.", looked.join(" or ")),
        )
        .with("folders", looked.join(", "))
        .hint("Build it with `cargo xtask ui`, or name its folder with --ui.")
    })
}
