//! What can be wrong with a watched folder.

use protocol::{Fault, FaultKind};

const NOTHING_REMOVED: &str = "No document was removed because of it.";

/// Somebody other than a person asked for it.
pub fn only_a_person() -> Fault {
    Fault::new(FaultKind::Refused, "watch.only_a_person", "Only a person can have a folder watched.")
        .hint("Add the folder yourself under Documents.")
}

/// It is no folder.
pub fn not_a_folder(path: &str) -> Fault {
    Fault::new(FaultKind::Invalid, "watch.not_a_folder", format!("“{path}” is no folder.")).with("path", path)
}

/// A folder of the system, or all of the disk.
pub fn not_to_be_watched(path: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "watch.not_to_be_watched",
        format!("“{path}” holds the system or Atelier’s own files and is not watched."),
    )
    .hint("Choose the folder in which your documents are.")
    .with("path", path)
}

/// It lies in a watched folder, or one lies in it.
pub fn watched_already(path: &str, other: &str) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "watch.already",
        format!("“{path}” is watched already, or a part of it is: as “{other}”."),
    )
    .hint("To watch the larger of the two, stop watching the other first; its documents stay.")
    .with("path", path)
    .with("other", other)
}

/// More folders than are watched.
pub fn too_many_folders(most: usize) -> Fault {
    Fault::new(FaultKind::Invalid, "watch.too_many_folders", format!("No more than {most} folders are watched."))
        .hint("Watch a folder that holds several of them.")
        .with("most", most)
}

/// The folder is not watched.
pub fn not_watched() -> Fault {
    Fault::new(FaultKind::NotFound, "watch.unknown", "This folder is not watched.")
}

/// The folder is not there.
pub fn unreachable(path: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "watch.unreachable", format!("The folder “{path}” cannot be reached now."))
        .safe(NOTHING_REMOVED)
        .hint("Plug in its disk or connect to its server; Atelier looks again by itself.")
        .with("path", path)
}

/// The folder is there and empty, on another disk than its files were.
pub fn disk_gone(path: &str) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "watch.disk_gone",
        format!("The folder “{path}” is empty, and the disk that its files were on is not there."),
    )
    .safe(NOTHING_REMOVED)
    .hint("Plug in its disk or connect to its server; Atelier looks again by itself.")
    .with("path", path)
}

/// Some of its files cannot be seen.
pub fn unseen(count: usize) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "watch.unseen",
        format!("Files that were read before cannot be seen now, since their folder or disk cannot be read ({count})."),
    )
    .safe(NOTHING_REMOVED)
    .with("count", count)
}

/// The system gives no more watches.
pub fn watches_out(watched: usize, folders: usize, minutes: u64) -> Fault {
    Fault::new(
        FaultKind::Unavailable,
        "watch.watches_out",
        format!(
            "The system’s watches have run out: {watched} of {folders} folders in it are watched at once, \
             changes in the others are found every {minutes} minutes."
        ),
    )
    .safe("Nothing is missed, only found later.")
    .hint("Raise the limit fs.inotify.max_user_watches, or watch a smaller folder.")
    .with("watched", watched)
    .with("folders", folders)
    .with("minutes", minutes)
}

/// The name cannot be written as text.
pub fn watched_name() -> Fault {
    Fault::new(FaultKind::Invalid, "watch.name", "The file’s name is not valid Unicode.")
        .safe("The file itself is unchanged.")
        .hint("Give it another name; it is read then.")
}

/// More files than are watched in one folder.
pub fn watched_too_many(most: usize) -> Fault {
    Fault::new(
        FaultKind::Invalid,
        "watch.too_many_files",
        format!("No more than {most} files of a folder are watched."),
    )
    .safe("The file itself is unchanged.")
    .hint("Watch its subfolders one by one, or name what is not needed in a file called .atelierignore.")
    .with("most", most)
}
