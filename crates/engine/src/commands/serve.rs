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
use tokio::net::TcpListener;

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
    if how.exit_with_stdin {
        thread::Builder::new().name("stdin".to_owned()).spawn(end_with_stdin)?;
    }
    let server = Arc::new(Server { loading, token: how.token, address });
    tokio::select! {
        served = axum::serve(listener, server::router(server)).into_future() => served,
        // Answers under way are cut: their clients have asked for the end or have gone.
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

fn end_with_stdin() {
    let mut ignored = [0; 256];
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.read(&mut ignored) {
            Ok(0) => std::process::exit(0),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => std::process::exit(0),
        }
    }
}
