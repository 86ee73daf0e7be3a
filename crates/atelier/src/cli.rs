//! What can be typed: every command, option and example.

use app::Lang;
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
  5 busy   6 damaged   7 unavailable   8 done in part (some files failed)
  130 stopped with Ctrl C   143 asked to end";

/// One command's examples, as its help shows them.
macro_rules! examples {
    ($($line:literal)*) => { concat!("Examples:" $(, "\n  ", $line)*) };
}

mod eval;
mod log;
mod models;
mod neighbours;
mod watch;
pub(crate) use eval::{Answers, Cache, EvalCommand, Half, IndexCommand, Retrieval, Scale};
pub(crate) use log::LogCommand;
pub(crate) use models::ModelsCommand;
pub(crate) use neighbours::NeighboursCommand;
pub(crate) use watch::WatchCommand;

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
    /// The language of faults and of what follows an answer; else what LANG says.
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    lang: Option<Language>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Whether each JSON value stands on one line: where more than one is printed.
    pub(crate) fn lines(&self) -> bool {
        matches!(&self.command, Command::Ask(ask) if ask.stream)
    }

    /// The language that people read.
    pub(crate) fn lang(&self) -> Lang {
        match self.lang {
            Some(Language::En) => Lang::En,
            Some(Language::Fr) => Lang::Fr,
            None => Lang::choose("system"),
        }
    }
}

/// A language, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Import files and folders, wait until they are searchable, and say what failed.
    #[command(after_help = examples!("atelier import ~/Contracts ~/Letters/2025" "atelier import --plan ~/Contracts"))]
    Import {
        /// Files and folders.
        #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// Only say what would be done.
        #[arg(long)]
        plan: bool,
    },
    /// List the documents and how far each one is.
    #[command(after_help = examples!("atelier documents" "atelier documents --remove lease.pdf" "atelier documents --retry lease.pdf"))]
    Documents {
        /// Remove this document (its id or name); `atelier restore` undoes it.
        #[arg(long, value_name = "DOCUMENT", conflicts_with_all = ["restore", "retry", "purge"])]
        remove: Option<String>,
        /// Bring a removed document back: the same as `atelier restore`.
        #[arg(long, value_name = "ID", hide = true, conflicts_with_all = ["retry", "purge"])]
        restore: Option<String>,
        /// Read a document again.
        #[arg(long, value_name = "DOCUMENT", conflicts_with = "purge")]
        retry: Option<String>,
        /// Read again every document that an earlier version of Atelier read.
        #[arg(long, conflicts_with_all = ["remove", "restore", "retry", "purge"])]
        retry_earlier: bool,
        /// Erase a removed document for good: the same as `atelier erase --yes`.
        #[arg(long, value_name = "ID", hide = true)]
        purge: Option<String>,
    },
    /// Give documents a label, to find them by: `atelier search 'label:"Client A" notice'`.
    #[command(after_help = examples!("atelier label 'Client A' lease.pdf letter.docx" "atelier label urgent lease.pdf --remove"))]
    Label {
        /// The label.
        #[arg(value_name = "LABEL")]
        label: String,
        /// The documents, by their ids or names.
        #[arg(required = true, value_name = "DOCUMENT")]
        documents: Vec<String>,
        /// Take it from them instead.
        #[arg(long)]
        remove: bool,
    },
    /// List the labels, and how many documents have each.
    #[command(after_help = examples!("atelier labels" "atelier --json labels"))]
    Labels,
    /// Folders that the documents are kept in step with.
    Watch {
        #[command(subcommand)]
        command: WatchCommand,
    },
    /// List the chats and documents that were removed.
    #[command(after_help = examples!("atelier removed" "atelier --json removed"))]
    Removed,
    /// Bring a removed chat or document back.
    #[command(after_help = examples!("atelier restore 01900000-0000-7000-8000-000000000001"))]
    Restore {
        /// Its id, as `removed` prints it.
        id: String,
    },
    /// Erase a removed chat or document for good.
    #[command(after_help = examples!(
        "atelier erase 01900000-0000-7000-8000-000000000001"
        "atelier erase 01900000-0000-7000-8000-000000000001 --yes --answers"
    ))]
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
    #[command(after_help = examples!("atelier search \"notice period\" --limit 5" "atelier search Kündigungsfrist --mode text" "atelier search \"type:pdf before:2024 notice -pets\"" "atelier search \"notice period\" --everywhere"))]
    Search {
        /// What to look for: words, "in a row", -not, leas*, word~, AND OR NOT ( ), file: in: author: label: type: lang:
        /// date: added: before: after: sort:new.
        #[arg(allow_hyphen_values = true)]
        query: String,
        /// By words, by meaning, or both.
        #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
        mode: Mode,
        /// The most passages.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// Also in the other workspaces on this machine that are searched from this one (`atelier neighbours`).
        #[arg(long)]
        everywhere: bool,
    },
    /// Other workspaces on this machine that are searched from this one.
    Neighbours {
        #[command(subcommand)]
        command: NeighboursCommand,
    },
    /// Ask about the documents; the answer streams, with its sources at the end.
    Ask(Ask),
    /// List the chats.
    #[command(after_help = examples!("atelier chats" "atelier chats --remove CHAT" "atelier --json chats"))]
    Chats {
        /// Remove this chat; `atelier restore` undoes it, `atelier erase` erases it for good.
        #[arg(long, value_name = "CHAT")]
        remove: Option<String>,
    },
    /// Print a chat as Markdown with its sources.
    #[command(after_help = examples!("atelier export CHAT > chat.md"))]
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
    #[command(after_help = examples!("atelier replay ITEM"))]
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
    #[command(after_help = examples!("atelier bench" "atelier bench --corpus ~/Contracts"))]
    Bench {
        /// A folder of documents for the measured import; else a few notes that are made for it.
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        corpus: Option<PathBuf>,
    },
    /// Measure how good and how fast search is, on sets with known answers.
    Eval {
        #[command(subcommand)]
        command: EvalCommand,
    },
    /// Check or rebuild what search finds things with.
    Index {
        #[command(subcommand)]
        command: IndexCommand,
    },
    /// Print a completion script for a shell.
    #[command(after_help = examples!("atelier completions bash > ~/.local/share/bash-completion/completions/atelier"))]
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
    /// Words and meaning, the best of it in the order of a reranker, where one is installed.
    Reranked,
}

impl From<Mode> for protocol::SearchMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Hybrid => Self::Hybrid,
            Mode::Text => Self::Text,
            Mode::Vector => Self::Vector,
            Mode::Reranked => Self::Reranked,
        }
    }
}

/// `atelier ask`.
#[derive(Args, Debug)]
#[command(after_help = examples!(
    "atelier ask \"When must an incident be reported?\""
    "atelier ask \"What is the rent?\" --import lease.pdf"
    "atelier ask \"And when is it due?\" --chat CHAT"
    "atelier ask --continue ITEM"
    "atelier --json ask --stream \"What is the rent?\""
))]
pub(crate) struct Ask {
    /// The question.
    #[arg(required_unless_present = "go_on")]
    pub(crate) question: Option<String>,
    /// Go on with an answer that was stopped, interrupted or cut short, instead of asking.
    #[arg(long = "continue", value_name = "ITEM", conflicts_with_all = ["question", "import", "role", "chat"])]
    pub(crate) go_on: Option<String>,
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

/// `atelier serve`.
#[derive(Args, Debug)]
#[command(after_help = examples!("atelier serve" "atelier serve --listen 127.0.0.1:8080"))]
pub(crate) struct Serve {
    /// The address. Anything but a loopback address lets other machines in: only with a reason.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Allow an address that is not loopback. The traffic is plain HTTP, which others on the way can
    /// read: put a TLS proxy or an SSH tunnel in front.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// The folder of the built interface.
    #[arg(long, value_name = "DIR", env = "ATELIER_UI", value_hint = ValueHint::DirPath)]
    pub(crate) ui: Option<PathBuf>,
}

/// `atelier egress`.
#[derive(Args, Debug)]
#[command(after_help = examples!(
    "atelier egress"
    "atelier egress --seal"
    "atelier egress --allow models.example"
    "atelier egress --remove-rule models.example"
    "ATELIER_ENDPOINT_KEY=… atelier egress --endpoint office=https://models.example/v1,large"
))]
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
    /// Take a rule back: its id, or its host.
    #[arg(long, value_name = "RULE")]
    pub(crate) remove_rule: Option<String>,
    /// Configure a remote model: NAME=URL,MODEL (key from the variable ATELIER_ENDPOINT_KEY).
    #[arg(long, value_name = "NAME=URL,MODEL")]
    pub(crate) endpoint: Option<String>,
    /// Forget a remote model and its key.
    #[arg(long, value_name = "NAME")]
    pub(crate) remove_endpoint: Option<String>,
    /// Only the rules, without the ledger.
    #[arg(long)]
    pub(crate) rules: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_examples_that_parse() {
        let mut cli = Cli::command();
        cli.build();
        let mut open: Vec<clap::Command> = cli.get_subcommands().cloned().collect();
        let mut seen = 0;
        while let Some(command) = open.pop() {
            if command.is_hide_set() || command.get_name() == "help" {
                continue;
            }
            open.extend(command.get_subcommands().cloned());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let mut lines = help.lines();
            assert_eq!(lines.next(), Some("Examples:"), "{} has no examples", command.get_name());
            for line in lines {
                seen += 1;
                // What a shell makes of it: variables before, redirections after, quotes around.
                let typed = line.split(" > ").next().unwrap().split(" && ").next().unwrap();
                let typed = &typed[typed.find("atelier ").unwrap()..];
                let parts = typed.split('"').enumerate();
                let words = parts.flat_map(|(at, part)| match at % 2 {
                    0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
                    _ => vec![part.to_owned()],
                });
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
