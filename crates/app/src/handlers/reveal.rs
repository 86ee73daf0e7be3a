//! Showing the file that a document came from, where the person has it.

use crate::App;
use protocol::*;
use std::{path::Path, sync::Arc};

/// Opens the machine's file manager on a file, or says why it could not.
pub type Reveal = Arc<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

pub(crate) async fn reveal(app: &App, actor: &Actor, RevealDocument { document }: RevealDocument) -> Result<(), Fault> {
    super::trust::by_a_person(actor)?;
    // In a browser the machine may be another one, with nobody before it.
    let reveal = app.reveal().ok_or_else(only_in_the_window)?.clone();
    let origin = app.holder(actor, document).await?.store().document(document).await?.origin;
    let broken = origin.clone();
    // It asks a disk, which may be far away, and another program: both may take their time.
    let shown = tokio::task::spawn_blocking(move || {
        // What came in a message or an archive has its place in there for an end of its path.
        let places = Path::new(&origin).ancestors();
        let there = places.take_while(|place| place.parent().is_some()).find(|place| place.is_file());
        let there = there.ok_or_else(|| gone(&origin))?;
        reveal(there).map_err(|reason| no_file_manager(&origin, &reason))
    });
    shown.await.unwrap_or_else(|error| Err(no_file_manager(&broken, &error.to_string())))
}

fn only_in_the_window() -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "document.only_in_the_window",
        "Files are shown in their folder by the window only.",
    )
    .hint("Open this workspace in the desktop window.")
}

fn gone(origin: &str) -> Fault {
    Fault::new(FaultKind::NotFound, "document.origin_gone", format!("The file is no longer at {origin}."))
        .safe("The workspace has a copy of its own, which is unchanged.")
        .with("origin", origin)
}

fn no_file_manager(origin: &str, reason: &str) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "document.no_file_manager",
        format!("The file manager could not be opened: {reason}. The file lies at {origin}."),
    )
    .with("origin", origin)
    .with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::opened;
    use std::{
        path::PathBuf,
        sync::{Arc, Mutex},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn the_file_is_shown_and_what_is_gone_is_told() {
        let (dir, app) = opened().await;
        let path = dir.path().join("lease.md");
        std::fs::write(&path, "The tenant gives notice.").unwrap();
        let person = app.person();
        let document =
            app.call(&person, ImportPaths { paths: vec![path.display().to_string()] }).await.unwrap().documents[0];
        let code =
            async |actor: &Actor| app.call(actor, RevealDocument { document }).await.err().map(|fault| fault.code);
        assert_eq!(code(&person).await.as_deref(), Some("document.only_in_the_window"));
        let shown: Arc<Mutex<Vec<PathBuf>>> = Arc::default();
        let seen = shown.clone();
        app.reveal_with(Arc::new(move |path| {
            seen.lock().unwrap().push(path.to_owned());
            Ok(())
        }));
        assert_eq!(code(&person).await, None);
        assert_eq!(shown.lock().unwrap().as_slice(), std::slice::from_ref(&path));
        assert_eq!(code(&Actor::System).await.as_deref(), Some("policy.person"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code(&person).await.as_deref(), Some("document.origin_gone"));
        app.shutdown().await;
    }
}
