//! How a command gets to the app: opened for this run, closed properly at its end.

use crate::out::Out;
use app::{App, Config};
use protocol::{Actor, Call, Fault, FaultKind};
use std::path::Path;

/// The app as the person at this terminal sees it.
pub(crate) struct Door {
    pub(crate) app: App,
    pub(crate) person: Actor,
}

impl Door {
    /// Opens the workspace and says what a person should know about it.
    pub(crate) async fn open(config: Config, out: &Out) -> Result<Self, Fault> {
        let app = App::open(config).await?;
        let person = app.person();
        let door = Self { app, person };
        for notice in door.app.notices() {
            out.note(&format!("note: {}", out.lang().fault(notice)));
        }
        Ok(door)
    }

    /// Asks one thing.
    pub(crate) async fn call<C: Call>(&self, call: C) -> Result<C::Reply, Fault> {
        self.app.call(&self.person, call).await
    }

    /// Ends everything that runs and closes the workspace.
    pub(crate) async fn close(self) {
        self.app.shutdown().await;
    }
}

/// An id typed by a person, or a fault that names it.
pub(crate) fn id<T: std::str::FromStr>(typed: &str, what: &str) -> Result<T, Fault> {
    typed.parse().map_err(|_| {
        Fault::new(FaultKind::Invalid, "cli.bad_id", format!("“{typed}” is not an id ({what})."))
            .with("typed", typed)
            .hint(format!("Copy the id from the list of {what}s."))
    })
}

/// A path as the backend wants it: absolute, so that it means the same there.
pub(crate) fn absolute(path: &Path) -> Result<String, Fault> {
    let absolute = std::path::absolute(path).map_err(|error| {
        Fault::new(FaultKind::Invalid, "cli.bad_path", format!("The path {} cannot be used: {error}.", path.display()))
            .with("path", path.display())
            .with("detail", error)
    })?;
    absolute.into_os_string().into_string().map_err(|path| {
        Fault::new(
            FaultKind::Invalid,
            "cli.path_unicode",
            format!("The path {} is not valid Unicode.", path.to_string_lossy()),
        )
        .with("path", path.to_string_lossy())
        .hint("Rename the file, then import it.")
    })
}
