//! What can be typed after `atelier eval` and `atelier index`.

use super::Mode;
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// `atelier eval …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier eval retrieval --corpus ~/sets/scifact"))]
pub(crate) enum EvalCommand {
    /// Measure how well search finds the right document of a set in BEIR's format, in a workspace of
    /// its own: nDCG@10, recall@100, MRR@10 and times, for each mode.
    #[command(after_help = examples!(
        "atelier eval retrieval --corpus ~/sets/scifact"
        "atelier --json eval retrieval --corpus ~/sets/nfcorpus --split dev --mode hybrid --limit 200"
    ))]
    Retrieval(Retrieval),
    /// Measure whether questions about documents are answered with evidence and refused without it, in
    /// a workspace of its own: passages, quotes, citations, refusals.
    #[command(after_help = examples!("atelier eval answers --set ~/sets/filings/questions.jsonl"))]
    Answers(Answers),
    /// Measure how import and search behave as a library grows: generated text, random vectors, in a
    /// workspace of its own.
    #[command(after_help = examples!(
        "atelier eval scale --chunks 1000,10000"
        "atelier eval scale --chunks 1000,10000,100000 --real ~/Contracts --picture scale.svg"
    ))]
    Scale(Scale),
}

/// `atelier eval scale`.
#[derive(Args, Debug)]
pub(crate) struct Scale {
    /// How many passages, one size after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) chunks: Vec<u32>,
    /// A folder of real documents that are imported first.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) real: Option<PathBuf>,
    /// Draw the curves into this SVG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: Option<PathBuf>,
    /// Show what an earlier run measured (what it printed with --json), and measure nothing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["chunks", "real"])]
    pub(crate) again: Option<PathBuf>,
}

/// `atelier eval answers`.
#[derive(Args, Debug)]
pub(crate) struct Answers {
    /// The questions, one JSON value a line: question, answerable, answers, document; with `evidence`
    /// (page) for documents with pages. The documents are in the folder `documents` beside it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) set: PathBuf,
    /// Only so many questions, spread over the set.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) cache: Cache,
}

/// `atelier eval retrieval`.
#[derive(Args, Debug)]
pub(crate) struct Retrieval {
    /// The folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) corpus: PathBuf,
    /// Which file of qrels.
    #[arg(long, default_value = "test")]
    pub(crate) split: String,
    /// By words, by meaning, both fused, or one after the other.
    #[arg(long, value_enum, default_value_t = Modes::All)]
    pub(crate) mode: Modes,
    /// Also with a reranker, where one is installed.
    #[arg(long)]
    pub(crate) rerank: bool,
    /// Only one half of the questions, chosen by a hash of their ids: the one that constants were set on, or
    /// the other.
    #[arg(long, value_enum)]
    pub(crate) half: Option<Half>,
    /// Only so many questions, spread over the set.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Write the ranked lists into this folder, in TREC's form.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) runs: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) cache: Cache,
}

/// Which half of the questions.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Half {
    /// The half that constants were set on.
    Tuning,
    /// The half that nothing was set on.
    Report,
}

/// Where measurements keep what they need again.
#[derive(Args, Debug)]
pub(crate) struct Cache {
    /// Where vectors are kept between runs; else in the user's cache folder.
    #[arg(long = "cache", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
}

/// Which modes are measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Modes {
    /// Words.
    Text,
    /// Meaning.
    Vector,
    /// Words and meaning.
    Hybrid,
    /// Each of them.
    All,
}

impl Modes {
    /// The modes, one after the other.
    pub(crate) fn list(self) -> Vec<protocol::SearchMode> {
        let one = |mode: Mode| vec![mode.into()];
        match self {
            Self::Text => one(Mode::Text),
            Self::Vector => one(Mode::Vector),
            Self::Hybrid => one(Mode::Hybrid),
            Self::All => [Mode::Text, Mode::Vector, Mode::Hybrid].map(Into::into).to_vec(),
        }
    }
}

/// `atelier index …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier index check" "atelier index rebuild"))]
pub(crate) enum IndexCommand {
    /// Compare the index and the vectors with what is stored, and mend what differs.
    #[command(after_help = examples!("atelier index check" "atelier --json index check --look"))]
    Check {
        /// Only say what differs; exit 6 where something does.
        #[arg(long)]
        look: bool,
    },
    /// Build the index anew from what is stored. Search finds the same as before.
    #[command(after_help = examples!("atelier index rebuild"))]
    Rebuild,
}
