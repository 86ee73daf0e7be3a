//! Imports that are under way are remembered until they end, and given up only where they may be what ends the app.
#![allow(clippy::unwrap_used)] // a test fails loudly

mod common;

use common::*;
use protocol::Actor;
use std::path::PathBuf;

#[tokio::test]
async fn one_that_is_put_off_is_kept_and_one_that_ends_the_app_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let derived = store.derived();
    let paths = [PathBuf::from("/home/ada/Contracts")];
    let id = derived.begin_import(&Actor::System, &paths).await.unwrap();
    for _ in 0..9 {
        let begun = derived.begun_imports(3).await.unwrap();
        assert_eq!(
            begun.iter().map(|import| (import.id, import.paths.as_slice())).collect::<Vec<_>>(),
            [(id, &paths[..])]
        );
        derived.put_imports_off().await.unwrap();
    }
    for tries in 1..=4 {
        assert_eq!(derived.begun_imports(3).await.unwrap().len(), usize::from(tries <= 3), "try {tries}");
    }
    let id = derived.begin_import(&Actor::System, &paths).await.unwrap();
    derived.end_import(id).await.unwrap();
    assert!(derived.begun_imports(3).await.unwrap().is_empty());
}
