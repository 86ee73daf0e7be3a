//! Writes the small random models that the parity tests compare, for another program to run: `tiny FOLDER`. Prints a
//! line for each: its file, a tab, its name. The same files come out every time.

#![allow(clippy::unwrap_used, reason = "what it shares with the tests does")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/parity/model.rs"]
mod model;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/parity/plans.rs"]
mod plans;

use std::{error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("tiny FOLDER")?);
    fs::create_dir_all(&folder)?;
    for (at, (name, plan)) in plans::recorded().into_iter().enumerate() {
        let file = format!("{at}.gguf");
        fs::write(folder.join(&file), model::image(plan))?;
        println!("{file}\t{name}");
    }
    Ok(())
}
