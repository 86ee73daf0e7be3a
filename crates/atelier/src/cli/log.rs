//! What can be asked of the log.

use clap::Subcommand;

/// `atelier log …`.
#[derive(Subcommand, Debug)]
#[command(after_help = examples!("atelier log verify" "atelier log show --limit 100"))]
pub(crate) enum LogCommand {
    /// Check every record's hash, signature and place; exit 6 names the first bad one.
    #[command(after_help = examples!("atelier log verify && echo intact" "atelier log verify --documents"))]
    Verify {
        /// Also read every document again from its file, and compare the stored pages and the quotes
        /// of all answers with it. Takes about as long as the import did.
        #[arg(long)]
        documents: bool,
    },
    /// Show the newest records.
    #[command(after_help = examples!("atelier log show --limit 100" "atelier log show --before 1200"))]
    Show {
        /// How many.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Only records before this number.
        #[arg(long)]
        before: Option<u64>,
    },
}
