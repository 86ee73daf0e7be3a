//! How the window starts and ends: the app opens beside it, so that the window is never late.

use crate::{commands, look};
use app::{App, Config};
use protocol::{Fault, FaultKind};
use std::{io::IsTerminal, process::ExitCode};
use tauri::Manager;
use tokio::{
    sync::watch,
    time::{Duration, Instant, sleep},
};

/// How long a window that closes may keep the workspace from the next one.
const CLOSING: Duration = Duration::from_secs(15);
/// How often the workspace is tried meanwhile.
const AGAIN: Duration = Duration::from_millis(200);

/// The app once it has opened, or why it could not.
pub(crate) type Opened = Option<Result<App, Fault>>;

/// What the commands reach: the door, as soon as it is open.
pub(crate) struct Door(pub(crate) watch::Receiver<Opened>);

impl Door {
    /// Waits for the app; a fault while opening is the answer to every call.
    pub(crate) async fn app(&self) -> Result<App, Fault> {
        let mut opened = self.0.clone();
        let ready = opened.wait_for(Option::is_some).await.map_err(|_| closing())?;
        ready.clone().unwrap_or_else(|| Err(closing()))
    }
}

fn closing() -> Fault {
    Fault::new(FaultKind::Unavailable, "app.closing", "Atelier is closing.")
}

/// Opens the window and runs until it is closed.
pub fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("ATELIER_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        // In a file or a pipe the codes of colours are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (opened, door) = watch::channel(None);
    let built = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .manage(Door(door.clone()))
        .manage(commands::Sending::default())
        .invoke_handler(tauri::generate_handler![commands::call, commands::events])
        .setup(move |tauri| {
            let window = tauri.get_webview_window("main");
            window.iter().for_each(look::begin);
            tauri::async_runtime::spawn(async move {
                let app = match Config::from_env(None) {
                    Ok(config) => open(config).await,
                    Err(fault) => Err(fault),
                };
                if let Ok(app) = &app {
                    app.watch_folders();
                    app.reveal_with(std::sync::Arc::new(|path| {
                        tauri_plugin_opener::reveal_item_in_dir(path).map_err(|error| error.to_string())
                    }));
                }
                if let (Ok(app), Some(window)) = (&app, window) {
                    tauri::async_runtime::spawn(look::follow(app.clone(), window));
                }
                // Nobody listens any more only when the window is gone already.
                let _ = opened.send(Some(app));
            });
            Ok(())
        })
        .build(tauri::generate_context!());
    let tauri = match built {
        Ok(tauri) => tauri,
        Err(error) => {
            eprintln!("atelier-desktop: the window cannot be opened: {error}");
            eprintln!("The same interface is served to a browser by `atelier serve`.");
            return ExitCode::FAILURE;
        }
    };
    tauri.run(|handle, event| {
        if let tauri::RunEvent::Exit = event {
            let opened = handle.state::<Door>().0.borrow().clone();
            if let Some(Ok(app)) = opened {
                tauri::async_runtime::block_on(app.shutdown());
            }
        }
    });
    ExitCode::SUCCESS
}

/// Opens the workspace. Where another process has it, that is most often the window that was closed
/// a moment ago and still ends its engine: it gets some time.
async fn open(config: Config) -> Result<App, Fault> {
    let since = Instant::now();
    loop {
        match App::open(config.clone()).await {
            Err(fault) if fault.code == "store.in_use" && since.elapsed() < CLOSING => sleep(AGAIN).await,
            opened => return opened,
        }
    }
}
