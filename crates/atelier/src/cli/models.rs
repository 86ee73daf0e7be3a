//! `atelier models …`, as it is typed.

use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

/// `atelier models …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier models list" "atelier models add ~/Downloads/MODEL.gguf"))]
pub(crate) enum ModelsCommand {
    /// List the models, what they need and whether they fit.
    #[command(after_help = examples!("atelier models list"))]
    List,
    /// List the models that can be fetched: whose they are, their licence, and whether they fit.
    #[command(after_help = examples!("atelier models catalogue" "atelier models catalogue --all"))]
    Catalogue {
        /// Also those that this machine has no memory or no disk space for.
        #[arg(long)]
        all: bool,
    },
    /// Fetch models of the catalogue, or a GGUF file from an address. What was stopped goes on.
    #[command(after_help = examples!(
        "atelier models get MODEL"
        "atelier models get https://models.example/MODEL.gguf --sha256 HASH"
        "atelier models get MODEL MODEL --mirror https://mirror.example"
    ))]
    Get {
        /// Ids of the catalogue, or addresses.
        #[arg(required = true)]
        models: Vec<String>,
        /// The SHA-256 of the file at the address.
        #[arg(long)]
        sha256: Option<String>,
        /// The address of a mirror of the hub, from now on; an empty one for the hub itself.
        #[arg(long)]
        mirror: Option<String>,
    },
    /// Check a model file or a pack, and copy it into the models folder.
    #[command(after_help = examples!("atelier models add ~/Downloads/MODEL.gguf" "atelier models add /media/stick/MODEL.atelier-models --signer FINGERPRINT"))]
    Add {
        /// A GGUF file, a folder with model.safetensors and tokenizer.json, or a pack.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// The fingerprint that was shown where the pack was made.
        #[arg(long)]
        signer: Option<String>,
    },
    /// Write models into a signed folder, to be added on a machine without a network.
    #[command(after_help = examples!("atelier models pack MODEL --to /media/stick"))]
    Pack {
        /// The models' ids.
        #[arg(required = true)]
        models: Vec<String>,
        /// Where the folder is made.
        #[arg(long, value_hint = ValueHint::DirPath)]
        to: PathBuf,
    },
    /// Delete a model, or what is here of one that was stopped.
    #[command(after_help = examples!("atelier models remove MODEL"))]
    Remove {
        /// The model's id.
        model: String,
    },
    /// Measure how fast a model writes here.
    #[command(after_help = examples!("atelier models measure MODEL"))]
    Measure {
        /// The model's id.
        model: String,
    },
    /// Choose the model that answers from now on.
    #[command(after_help = examples!("atelier models choose MODEL" "atelier models choose endpoint:office"))]
    Choose {
        /// The model's id, or endpoint:NAME.
        model: String,
    },
    /// Check a model's header, sizes and SHA-256 again.
    #[command(after_help = examples!("atelier models verify" "atelier models verify MODEL"))]
    Verify {
        /// The model's id; all models without one.
        model: Option<String>,
    },
}
