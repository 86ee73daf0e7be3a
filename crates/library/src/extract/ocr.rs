//! The text in a picture, through the program Tesseract where it is on this machine.
//!
//! It is started by the worker and has the worker's limits; the picture goes in and the words come out
//! through pipes, so it has nothing to read or write on the disk but its own language files.

mod gray;
mod skew;
pub(super) mod table;

use crate::{faults, worker::limits};
pub use gray::Gray;
use protocol::Fault;
use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};
pub use table::Recognised;

/// The most time for one picture.
const LONGEST: Duration = Duration::from_secs(40);
/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The most that it may say.
const MOST_SAID: u64 = 32 << 20;
/// Languages that are read where they are installed, those of most documents first.
const LANGUAGES: &[&str] = &["eng", "fra", "deu", "spa", "ita", "nld", "por", "pol"];
/// More at once make it slower and no better.
const MOST_LANGUAGES: usize = 4;

/// Tesseract as it was found: the program, and the languages to read.
struct Found {
    program: String,
    languages: String,
    /// Whether it can tell which way up a page is; a page that was laid into the scanner the other way round is
    /// letters of no language otherwise.
    turns: bool,
}

/// Pages are drawn large for it: with less memory than this they are not looked at.
const LEAST_MEMORY: u64 = 512 << 20;

/// Whether text in pictures can be read here.
pub fn is_here() -> bool {
    found().is_some()
}

/// Reads the text in a picture (PNG, JPEG, TIFF and what else Tesseract knows). A PNG or JPEG whose lines are
/// askew is set straight first; the boxes are those on the picture as it is.
pub fn read(picture: Vec<u8>) -> Result<Recognised, Fault> {
    let Some(straight) = read_straight(&picture) else { return read_as_it_is(picture) };
    // What lies askew may be a picture on a level page.
    match read_as_it_is(picture) {
        Ok(level) if level.certain() > straight.certain() => Ok(level),
        Ok(_) | Err(_) => Ok(straight),
    }
}

/// Reads a picture whose lines are askew; None where they are not, or nothing was read that way.
fn read_straight(picture: &[u8]) -> Option<Recognised> {
    let page = Gray::of_png(picture).or_else(|| super::pdf::gray_of_jpeg(picture))?;
    let (turned, turn) = page.turned(skew::skew(&page)?);
    let read = read_as_it_is(turned.png()?).ok().filter(|read| !read.text.is_empty())?;
    let words = read.words.into_iter().map(|word| turn.box_back(word)).collect();
    Some(Recognised { words, width: page.width, height: page.height, ..read })
}

fn read_as_it_is(picture: Vec<u8>) -> Result<Recognised, Fault> {
    let found = found().ok_or_else(faults::no_ocr)?;
    let layout = if found.turns { "1" } else { "3" };
    let arguments = ["stdin", "stdout", "-l", &found.languages, "--psm", layout, "tsv"];
    let said = run(&found.program, &arguments, picture, LONGEST)
        .ok_or_else(|| faults::damaged("its picture cannot be read"))?;
    Ok(table::read(&said))
}

fn found() -> Option<&'static Found> {
    static FOUND: OnceLock<Option<Found>> = OnceLock::new();
    FOUND.get_or_init(find).as_ref()
}

fn find() -> Option<Found> {
    if !limits::allow(LEAST_MEMORY) {
        return None;
    }
    let named = std::env::var("ATELIER_TESSERACT").ok().filter(|named| !named.is_empty());
    if named.as_deref() == Some("off") {
        return None;
    }
    let program = named.unwrap_or_else(|| "tesseract".to_owned());
    let said = run(&program, &["--list-langs"], Vec::new(), Duration::from_secs(10))?;
    let installed: Vec<&str> = said.lines().map(str::trim).collect();
    let known: Vec<&str> =
        LANGUAGES.iter().copied().filter(|language| installed.contains(language)).take(MOST_LANGUAGES).collect();
    let other = || installed.iter().skip(1).copied().find(|language| !language.is_empty() && *language != "osd");
    let languages = if known.is_empty() { other()?.to_owned() } else { known.join("+") };
    Some(Found { program, languages, turns: installed.contains(&"osd") })
}

/// Runs the program to its end; None where it cannot, fails, or takes too long.
fn run(program: &str, arguments: &[&str], input: Vec<u8>, longest: Duration) -> Option<String> {
    // The owner of the worker starts what the worker needs.
    #[allow(clippy::disallowed_methods)]
    let mut command = Command::new(program);
    // One thread: the worker is one of several things that a person's machine does.
    command.args(arguments).env("OMP_THREAD_LIMIT", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let (mut to, from) = (child.stdin.take()?, child.stdout.take()?);
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may end before it has read all: then there is nobody to write to.
            let _ = to.write_all(&input);
        });
        let said = scope.spawn(move || {
            let mut said = Vec::new();
            from.take(MOST_SAID).read_to_end(&mut said).ok().map(|_| said)
        });
        let ended = wait(&mut child, longest);
        let said = said.join().ok().flatten()?;
        ended.then(|| String::from_utf8_lossy(&said).into_owned())
    })
}

/// Whether it ends well in time; ended it is in any case.
fn wait(child: &mut Child, longest: Duration) -> bool {
    let until = Instant::now() + longest;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < until => thread::sleep(LOOK_EVERY),
            Ok(None) | Err(_) => {
                // Gone already is as good.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
