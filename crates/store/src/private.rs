//! Who may look into a folder of the workspace: its user alone.

use std::{fs, io, path::Path};

/// Makes a folder, with those above it that are missing, that only this user can enter; one that is
/// there and open to others is closed to them. On Windows the profile's own rights protect it.
///
/// # Errors
/// The folder cannot be made, or belongs to somebody else and is open to more than this user.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(OWNER).create(dir)?;
        let mode = fs::metadata(dir)?.permissions().mode();
        if mode & OTHERS != 0 {
            fs::set_permissions(dir, fs::Permissions::from_mode(mode & OWNER))?;
            let left = fs::metadata(dir)?.permissions().mode() & OTHERS;
            if left != 0 {
                // A file system without rights of its own, such as that of a memory card.
                tracing::warn!(dir = %dir.display(), "this disk keeps no rights: others can read the folder");
            }
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(dir)
}

/// What the owner may do.
#[cfg(unix)]
const OWNER: u32 = 0o700;
/// What the group and everybody else may do.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_made_and_kept_for_its_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (outer, inner) = (dir.path().join("a"), dir.path().join("a/b"));
        private_dir(&inner).unwrap();
        assert_eq!((mode(&outer), mode(&inner)), (0o700, 0o700));
        // One from before, open to others, is closed; what its owner may do stays as it was.
        for (before, after) in [(0o755, 0o700), (0o777, 0o700), (0o500, 0o500), (0o700, 0o700)] {
            fs::set_permissions(&inner, fs::Permissions::from_mode(before)).unwrap();
            private_dir(&inner).unwrap();
            assert_eq!(mode(&inner), after, "{before:o}");
        }
    }
}
