//! `atelier-engine serve`: the server, until it is told to end.

use crate::{
    models::{Choice, Loading},
    server::{self, Server},
};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    thread,
};
use tokio::{net::TcpListener, sync::oneshot};

/// How to serve.
pub struct Serve {
    /// What to load.
    pub choice: Choice,
    /// The port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// The bearer token that clients must carry.
    pub token: String,
    /// End when standard input closes: the one who started the engine has gone.
    pub exit_with_stdin: bool,
}

/// Binds, says where on standard output, loads in the background, and serves until interrupted.
pub async fn serve(how: Serve) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, how.port))).await?;
    let address = listener.local_addr()?;
    let loading = Loading::start(how.choice).map_err(|e| io::Error::other(e.to_string()))?;
    let greeting = serde_json::json!({"listening": address.to_string(), "version": env!("CARGO_PKG_VERSION")});
    {
        let mut out = io::stdout().lock();
        writeln!(out, "{greeting}")?;
        out.flush()?;
    }
    let (gone, stdin) = oneshot::channel();
    if how.exit_with_stdin {
        thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            read_to_the_end();
            // Fails only when the server has ended already.
            let _ = gone.send(());
        })?;
    } else {
        // Kept: nobody says that standard input has closed.
        std::mem::forget(gone);
    }
    let server = Arc::new(Server { loading: loading.clone(), token: how.token, address });
    let ended = tokio::select! {
        served = axum::serve(listener, server::router(server)).into_future() => served,
        // Answers under way are cut: their clients have asked for the end or have gone.
        interrupted = tokio::signal::ctrl_c() => interrupted,
        terminated = terminated() => terminated,
        _ = stdin => Ok(()),
    };
    tokio::task::spawn_blocking(move || loading.close()).await.map_err(io::Error::other)?;
    ended
}

/// Until the system asks the program to end.
#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    std::future::pending().await
}

/// Reads standard input until it closes.
fn read_to_the_end() {
    let mut ignored = [0; 256];
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.read(&mut ignored) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
