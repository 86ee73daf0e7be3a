//! `atelier-engine`: the command line of the local model server.

use clap::{Args, Parser, Subcommand};
use engine::{
    arch::Processor,
    commands::{
        bench::{Plan, bench},
        inspect::inspect,
        machine::machine,
        perplexity::perplexity,
        serve::{Serve, serve},
    },
    error::EngineError,
    models::Choice,
    scheduler::Disk,
};
use std::{io::IsTerminal, path::PathBuf, process::ExitCode, thread};
use tracing_subscriber::fmt::format::FmtSpan;

/// The local model server of Atelier.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Compute with these vector instructions; else with the fastest that the processor has.
    #[arg(long, global = true, value_name = "NAME", value_parser = instructions)]
    instructions: Option<kernels::Isa>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve models on 127.0.0.1; the bearer token comes from `ATELIER_ENGINE_TOKEN`.
    Serve(ServeArgs),
    /// Say what a model file holds.
    Inspect {
        /// A GGUF file.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say which kernels run here and how fast memory is read.
    Machine {
        /// Threads; all cores unless given.
        #[arg(short, long)]
        threads: Option<usize>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Measure how fast a model reads and writes.
    Bench(BenchArgs),
    /// Measure how well a model foresees a text, as llama.cpp's tool of that name does.
    Perplexity(PerplexityArgs),
}

#[derive(Args)]
struct ServeArgs {
    /// A GGUF file for chats.
    #[arg(long)]
    model: Option<PathBuf>,
    /// A folder with a sentence encoder, or a GGUF file of one.
    #[arg(long)]
    embedding: Option<PathBuf>,
    /// A folder with a cross-encoder that ranks documents.
    #[arg(long)]
    reranker: Option<PathBuf>,
    /// How the weights of both are kept: as in their file, in half precision, or in 8 bits.
    #[arg(long, value_enum, default_value_t)]
    encoder_weights: EncoderWeights,
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Threads to compute with; all cores unless given.
    #[arg(long)]
    threads: Option<usize>,
    /// What computes the chat model: `cpu`, or `cuda` or `metal` where this program was built with it.
    #[arg(long, default_value_t)]
    device: Processor,
    /// Tokens of prompt and answer together.
    #[arg(long)]
    context: Option<usize>,
    /// Answers written at a time.
    #[arg(long)]
    streams: Option<usize>,
    /// Tokens of all texts whose keys and values are kept, so that they are not read again; the context unless
    /// given.
    #[arg(long)]
    kept: Option<usize>,
    /// How keys and values are remembered: `q8_0` takes about half the memory and is somewhat slower.
    #[arg(long, value_enum, default_value_t)]
    kv: Kv,
    /// Never guess tokens from the text.
    #[arg(long)]
    no_draft: bool,
    /// A folder where texts stay while the model is not loaded. What they say can be told from it.
    #[arg(long)]
    texts: Option<PathBuf>,
    /// The most megabytes in that folder.
    #[arg(long, default_value_t = 512)]
    texts_mb: u64,
    /// End when standard input closes.
    #[arg(long)]
    exit_with_stdin: bool,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum EncoderWeights {
    #[default]
    File,
    F16,
    Int8,
}

impl From<EncoderWeights> for kernels::Precision {
    fn from(weights: EncoderWeights) -> Self {
        match weights {
            EncoderWeights::File => Self::File,
            EncoderWeights::F16 => Self::F16,
            EncoderWeights::Int8 => Self::Int8,
        }
    }
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Kv {
    #[default]
    F16,
    #[value(name = "q8_0")]
    Q8,
}

impl From<Kv> for kernels::KvKind {
    fn from(kv: Kv) -> Self {
        match kv {
            Kv::F16 => Self::F16,
            Kv::Q8 => Self::Q8_0,
        }
    }
}

#[derive(Args)]
struct BenchArgs {
    /// A GGUF file.
    file: PathBuf,
    /// Tokens to read.
    #[arg(short, long, default_value_t = 512)]
    prompt: usize,
    /// Tokens to write.
    #[arg(short = 'n', long, default_value_t = 128)]
    write: usize,
    /// Times each is measured.
    #[arg(short, long, default_value_t = 5)]
    runs: usize,
    /// Threads; all cores unless given.
    #[arg(short, long)]
    threads: Option<usize>,
    /// What computes: `cpu`, or `cuda` or `metal` where this program was built with it.
    #[arg(long, default_value_t)]
    device: Processor,
    /// How keys and values are remembered.
    #[arg(long, value_enum, default_value_t)]
    kv: Kv,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct PerplexityArgs {
    /// A GGUF file.
    file: PathBuf,
    /// A text file in UTF-8.
    text: PathBuf,
    /// Tokens of a window, of which the second half counts.
    #[arg(short, long, default_value_t = 512)]
    window: usize,
    /// Threads; all cores unless given.
    #[arg(short, long)]
    threads: Option<usize>,
    /// How keys and values are remembered.
    #[arg(long, value_enum, default_value_t)]
    kv: Kv,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        // A span that ends says how long it took. `RUST_LOG=engine=debug` shows requests and answers, `=trace`
        // every step of the model.
        .with_span_events(FmtSpan::CLOSE)
        // In a file or a pipe the codes of colours are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let Cli { instructions, command } = Cli::parse();
    if let Some(instructions) = instructions {
        instructions.keep_to();
    }
    match command {
        Command::Serve(args) => run_serve(args),
        Command::Inspect { file, json } => match inspect(&file) {
            Ok(found) if json => print_json(&found),
            Ok(found) => {
                print!("{}", found.table());
                ExitCode::SUCCESS
            }
            Err(error) => failed(&error, json),
        },
        Command::Machine { threads: wanted, json } => {
            let found = machine(threads(wanted));
            if json {
                return print_json(&found);
            }
            print!("{}", found.table());
            ExitCode::SUCCESS
        }
        Command::Bench(args) => {
            let threads = threads(args.threads);
            let (prompt, write, runs, processor) = (args.prompt, args.write, args.runs, args.device);
            let plan = Plan { prompt, write, runs, threads, processor, kv: args.kv.into() };
            match bench(&args.file, plan) {
                Ok(measured) if args.json => print_json(&measured),
                Ok(measured) => {
                    print!("{}", measured.table());
                    ExitCode::SUCCESS
                }
                Err(error) => failed(&error, args.json),
            }
        }
        Command::Perplexity(args) => {
            let threads = threads(args.threads);
            match perplexity(&args.file, &args.text, args.window, threads, args.kv.into()) {
                Ok(found) if args.json => print_json(&found),
                Ok(found) => {
                    print!("{}", found.table());
                    ExitCode::SUCCESS
                }
                Err(error) => failed(&error, args.json),
            }
        }
    }
}

/// Instructions by their name.
fn instructions(name: &str) -> Result<kernels::Isa, String> {
    kernels::Isa::named(name).ok_or_else(|| {
        let names: Vec<&str> = kernels::Isa::available().map(kernels::Isa::name).collect();
        format!("this processor has {}", names.join(", "))
    })
}

fn run_serve(args: ServeArgs) -> ExitCode {
    let Some(token) = std::env::var("ATELIER_ENGINE_TOKEN").ok().filter(|t| !t.is_empty()) else {
        eprintln!("atelier-engine: set ATELIER_ENGINE_TOKEN to the bearer token that clients must send");
        return ExitCode::from(2);
    };
    if args.model.is_none() && args.embedding.is_none() && args.reranker.is_none() {
        eprintln!("atelier-engine: give --model, --embedding, --reranker or several");
        return ExitCode::from(2);
    }
    let threads = threads(args.threads);
    let choice = Choice {
        chat: args.model,
        embedding: args.embedding,
        reranker: args.reranker,
        encoder_weights: args.encoder_weights.into(),
        threads,
        processor: args.device,
        context: args.context,
        streams: args.streams,
        kept: args.kept,
        kv: args.kv.into(),
        no_draft: args.no_draft,
        disk: args.texts.map(|folder| Disk { folder, most: args.texts_mb << 20 }),
    };
    let how = Serve { choice, port: args.port, token, exit_with_stdin: args.exit_with_stdin };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(how))) {
        // The model's threads do not end by themselves; nothing they hold outlives the process.
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("atelier-engine: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The number of threads, also told to candle, which reads it from the environment.
fn threads(asked: Option<usize>) -> usize {
    let count = asked.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).clamp(1, 512);
    // SAFETY: called from `main` before any other thread exists, so that nobody reads the
    // environment meanwhile.
    unsafe { std::env::set_var("RAYON_NUM_THREADS", count.to_string()) };
    count
}

fn print_json(value: &impl serde::Serialize) -> ExitCode {
    match serde_json::to_string_pretty(value) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("atelier-engine: {error}");
            ExitCode::FAILURE
        }
    }
}

fn failed(error: &EngineError, json: bool) -> ExitCode {
    if json {
        let error = serde_json::json!({"code": error.code(), "message": error.to_string(), "hint": error.hint()});
        println!("{}", serde_json::json!({"error": error}));
    } else {
        eprintln!("atelier-engine: {error}. {}", error.hint());
    }
    ExitCode::FAILURE
}
