//! What can be typed after `atelier neighbours`.

use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

/// `atelier neighbours …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier neighbours add ~/Atelier/Estate" "atelier neighbours list" "atelier search rent --everywhere"))]
pub(crate) enum NeighboursCommand {
    /// Search another workspace from this one, from now on. Nothing in it is changed, and agents do not see it.
    #[command(after_help = examples!("atelier neighbours add ~/Atelier/Estate"))]
    Add {
        /// Its data folder.
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// List the workspaces that are searched from this one.
    #[command(after_help = examples!("atelier neighbours list" "atelier --json neighbours list"))]
    List,
    /// No longer search a workspace from this one.
    #[command(after_help = examples!("atelier neighbours remove Estate"))]
    Remove {
        /// Its name, its folder or its id.
        workspace: String,
    },
}
