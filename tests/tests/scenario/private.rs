//! Who else on this machine can look into a workspace: nobody.
#![cfg(unix)]

use atelier_tests::{sample, serve::Served, workspace::Workspace};
use protocol::Open;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The folders at and under a place that others than their owner can enter.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mode = fs::metadata(folder).unwrap().permissions().mode();
    let below = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut found: Vec<_> = below.flat_map(|folder| open_to_others(&folder)).collect();
    if mode & 0o077 != 0 {
        found.push(folder.to_owned());
    }
    found
}

#[test]
fn every_folder_of_a_workspace_is_its_users_alone() {
    let workspace = Workspace::new();
    // A folder from before, open to others, as an older version made it.
    fs::create_dir_all(workspace.data()).unwrap();
    fs::set_permissions(workspace.data(), fs::Permissions::from_mode(0o755)).unwrap();
    workspace.json(["import".as_ref(), sample::folder().join("travel-policy.md").as_os_str()]);
    let mut served = Served::start(&workspace);
    served.log_in();
    served.call(Open {});
    assert_eq!(open_to_others(&workspace.data()), Vec::<PathBuf>::new());
    for folder in ["blobs", "heads", "index", "log"] {
        assert!(workspace.data().join(folder).is_dir(), "{folder} is not where it was looked for");
    }
}
