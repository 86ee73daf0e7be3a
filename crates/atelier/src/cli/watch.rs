//! What can be typed after `atelier watch`.

use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

/// `atelier watch …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier watch add ~/Contracts" "atelier watch list" "atelier watch sweep"))]
pub(crate) enum WatchCommand {
    /// Watch a folder from now on, and look through it once. Changes are noticed while the window is open
    /// or `atelier serve` runs, and when either starts.
    #[command(after_help = examples!("atelier watch add ~/Contracts"))]
    Add {
        /// The folder.
        #[arg(value_hint = ValueHint::DirPath)]
        path: PathBuf,
    },
    /// List the watched folders and what goes on with each.
    #[command(after_help = examples!("atelier watch list" "atelier --json watch list"))]
    List,
    /// Pause watching a folder.
    #[command(after_help = examples!("atelier watch pause ~/Contracts"))]
    Pause {
        /// Its path or id.
        folder: String,
    },
    /// Watch a paused folder again.
    #[command(after_help = examples!("atelier watch resume ~/Contracts"))]
    Resume {
        /// Its path or id.
        folder: String,
    },
    /// Stop watching a folder; its documents stay.
    #[command(after_help = examples!("atelier watch remove ~/Contracts" "atelier watch remove ~/Contracts --documents"))]
    Remove {
        /// Its path or id.
        folder: String,
        /// Remove its documents too; `atelier restore` undoes that.
        #[arg(long)]
        documents: bool,
    },
    /// Look through a folder now, or through all of them, and wait until what is new can be found.
    #[command(after_help = examples!("atelier watch sweep" "atelier watch sweep ~/Contracts"))]
    Sweep {
        /// Its path or id; all of them without it.
        folder: Option<String>,
    },
    /// Bring back the documents whose files are gone from a folder, or from all of them.
    #[command(after_help = examples!("atelier watch undo" "atelier watch undo ~/Contracts"))]
    Undo {
        /// Its path or id; all of them without it.
        folder: Option<String>,
    },
}
