//! The extract worker alone: what `atelier extract-worker` runs, for tests and for trying parsers by hand.

fn main() -> std::process::ExitCode {
    library::run_worker()
}
