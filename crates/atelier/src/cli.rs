//! What can be typed: every command, option and example.

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  atelier import ~/Contracts
  atelier search \"notice period\" --limit 5
  atelier ask \"When must an incident be reported?\" --role researcher
  atelier --json ask \"What is the rent?\" --import lease.pdf
  atelier log verify
  atelier serve

Exit codes:
  0 done   1 internal fault   2 wrong usage   3 not found   4 refused
  5 busy   6 damaged   7 unavailable   8 done in part (some files failed)";

/// Work with agents on your own documents, on this machine.
#[derive(Parser, Debug)]
#[command(name = "atelier", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    /// The workspace's folder.
    #[arg(long, global = true, value_name = "DIR", env = "ATELIER_DATA", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// Print one JSON value (or one a line, where noted) instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Import files and folders, wait until they are searchable, and say what failed.
    Import {
        /// Files and folders.
        #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// Only say what would be done.
        #[arg(long)]
        plan: bool,
    },
    /// List the documents and how far each one is.
    Documents {
        /// Remove this document (its id or name); undo with --restore.
        #[arg(long, value_name = "DOCUMENT", conflicts_with_all = ["restore", "retry", "purge"])]
        remove: Option<String>,
        /// Bring a removed document back.
        #[arg(long, value_name = "ID", conflicts_with_all = ["retry", "purge"])]
        restore: Option<String>,
        /// Read a document again.
        #[arg(long, value_name = "DOCUMENT", conflicts_with = "purge")]
        retry: Option<String>,
        /// Erase a removed document for good.
        #[arg(long, value_name = "ID")]
        purge: Option<String>,
    },
    /// List the chats and documents that were removed.
    Removed,
    /// Bring a removed chat or document back.
    Restore {
        /// Its id, as `removed` prints it.
        id: String,
    },
    /// Erase a removed chat or document for good.
    Erase {
        /// Its id, as `removed` prints it.
        id: String,
        /// Of a document: also erase the text of the answers that it was shown for.
        #[arg(long)]
        answers: bool,
        /// Do it; without this only the consequence is said.
        #[arg(long)]
        yes: bool,
    },
    /// Find passages in the documents.
    Search {
        /// What to look for.
        query: String,
        /// By words, by meaning, or both.
        #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
        mode: Mode,
        /// The most passages.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Ask about the documents; the answer streams, with its sources at the end.
    Ask(Ask),
    /// List the chats.
    Chats,
    /// Print a chat as Markdown with its sources.
    Export {
        /// The chat's id.
        chat: String,
    },
    /// The log of everything that was done.
    Log {
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Repeat a greedy answer and say what differs.
    Replay {
        /// The answer's id, as `ask --json` prints it.
        item: String,
    },
    /// The models on this machine.
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Serve the interface to a browser on this machine.
    Serve(Serve),
    /// What left this machine, and the rules for it.
    Egress(Egress),
    /// Measure this installation and print the figures as JSON.
    Bench {
        /// A folder of documents for the measured import; else nothing is imported.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        corpus: Option<PathBuf>,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Read untrusted files for another Atelier process (internal).
    #[command(hide = true)]
    ExtractWorker,
}

/// How to search.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// Words and meaning.
    Hybrid,
    /// Words.
    Text,
    /// Meaning.
    Vector,
}

impl From<Mode> for protocol::SearchMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Hybrid => Self::Hybrid,
            Mode::Text => Self::Text,
            Mode::Vector => Self::Vector,
        }
    }
}

/// `atelier ask`.
#[derive(Args, Debug)]
pub(crate) struct Ask {
    /// The question.
    pub(crate) question: String,
    /// Import these first.
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub(crate) import: Vec<PathBuf>,
    /// A model: its id, a GGUF file, or endpoint:NAME.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<String>,
    /// Who answers: researcher (from the documents only) or assistant.
    #[arg(long, default_value = "researcher")]
    pub(crate) role: String,
    /// Go on in this chat instead of starting one.
    #[arg(long, value_name = "CHAT")]
    pub(crate) chat: Option<String>,
    /// The longest answer in tokens.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// With --json: print every event as a line before the answer.
    #[arg(long)]
    pub(crate) stream: bool,
}

/// `atelier log …`.
#[derive(Subcommand, Debug)]
pub(crate) enum LogCommand {
    /// Check every record's hash, signature and place; exit 6 names the first bad one.
    Verify,
    /// Show the newest records.
    Show {
        /// How many.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only records before this number.
        #[arg(long)]
        before: Option<u64>,
    },
}

/// `atelier models …`.
#[derive(Subcommand, Debug)]
pub(crate) enum ModelsCommand {
    /// List the models, what they need and whether they fit.
    List,
    /// Check a model file and copy it into the models folder.
    Add {
        /// A GGUF file, or a folder with model.safetensors and tokenizer.json.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Check a model's header, sizes and SHA-256 again.
    Verify {
        /// The model's id; all models without one.
        model: Option<String>,
    },
}

/// `atelier serve`.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The address. Anything but a loopback address lets other machines in: only with a reason.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Allow an address that is not loopback.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// The folder of the built interface.
    #[arg(long, value_name = "DIR", env = "ATELIER_UI", value_hint = ValueHint::DirPath)]
    pub(crate) ui: Option<PathBuf>,
}

/// `atelier egress`.
#[derive(Args, Debug)]
pub(crate) struct Egress {
    /// Show this many lines of the ledger.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Refuse every outbound connection.
    #[arg(long, conflicts_with = "unseal")]
    pub(crate) seal: bool,
    /// Take the seal off; the rules decide again.
    #[arg(long)]
    pub(crate) unseal: bool,
    /// Allow connections to this host.
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(crate) allow: Option<String>,
    /// Deny connections to this host.
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub(crate) deny: Option<String>,
    /// Configure a remote model: NAME=URL,MODEL (key from the variable ATELIER_ENDPOINT_KEY).
    #[arg(long, value_name = "NAME=URL,MODEL")]
    pub(crate) endpoint: Option<String>,
    /// List the rules.
    #[arg(long)]
    pub(crate) rules: bool,
}
