//! What of the bytes a model writes is text, reasoning or a tool call, and where it must stop.
//!
//! Nothing is shown before it is certain: half a character, and the beginning of what may become a
//! stop string or a marker, are held back until the next token decides.

mod calls;
mod json;
mod parts;
mod section;
mod written;

pub use calls::{Form, SPOKEN};

use calls::THOUGHTS;
use section::{Next, Section, Step};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text for the person.
    Text(String),
    /// Text the model wrote to itself.
    Reasoning(String),
    /// A call of a tool begins.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments as far as they are known: the beginning of a JSON object, often empty.
        arguments: String,
    },
    /// More of the arguments of the last call. An answer that is cut off leaves them unfinished.
    Arguments(String),
}

/// What the text at hand belongs to.
enum Mode {
    Text,
    /// A thought; which pair opened it, unless the prompt did.
    Reasoning(Option<usize>),
    /// Calls, and whether a marker opened them.
    Calls(Section, bool),
}

/// What a marker is for.
#[derive(Clone, Copy)]
enum Mark {
    Stop,
    Call,
    Thought(usize),
    ThoughtEnd,
}

/// Turns bytes into pieces.
pub struct Answer {
    stops: Vec<String>,
    calls: Option<Form>,
    mode: Mode,
    /// Whether any text has been shown: reasoning only comes first.
    begun: bool,
    /// Whether reasoning or a call came just before: the empty lines behind it belong to neither.
    after: bool,
    bytes: Vec<u8>,
    held: String,
    /// The stop string that was met.
    stopped: Option<String>,
}

impl Answer {
    /// An answer that stops at `stops`. With `calls`, tool calls of that form are parsed. With `reasoning`, the
    /// prompt has opened a thought already.
    #[must_use]
    pub fn new(stops: Vec<String>, calls: Option<Form>, reasoning: bool) -> Self {
        let mode = if reasoning { Mode::Reasoning(None) } else { Mode::Text };
        let stops = stops.into_iter().filter(|s| !s.is_empty()).collect();
        let (bytes, held) = (Vec::new(), String::new());
        Self { stops, calls, mode, begun: false, after: false, bytes, held, stopped: None }
    }

    /// Whether a stop string has been met.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// The stop string that has been met.
    #[must_use]
    pub fn stopped_by(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// An answer in which nothing but stop strings has a meaning: the continuation of a text.
    #[must_use]
    pub fn plain(stops: Vec<String>) -> Self {
        // Thoughts only come before all else, so none are looked for.
        Self { begun: true, ..Self::new(stops, None, false) }
    }

    /// Whether a prompt that ends so has opened a thought.
    #[must_use]
    pub fn reasoning_opened_by(prompt: &str) -> bool {
        THOUGHTS.iter().any(|(open, _)| prompt.trim_end().ends_with(open.trim_end()))
    }

    /// Takes the bytes of one token and appends what has become certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        if self.stopped() {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        take_characters(&mut self.bytes, &mut self.held);
        self.settle(Next::Open, out);
    }

    /// The answer is over: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        self.end(Next::Over, out);
    }

    /// The same where the model was not done: a call that it was writing stays unfinished.
    pub fn cut_off(&mut self, out: &mut Vec<Piece>) {
        self.end(Next::Cut, out);
    }

    fn end(&mut self, next: Next, out: &mut Vec<Piece>) {
        if self.stopped() {
            return;
        }
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.bytes.clear();
        self.settle(next, out);
    }

    /// The markers that matter now.
    fn markers(&self) -> Vec<(&str, Mark)> {
        match self.mode {
            Mode::Reasoning(Some(pair)) => vec![(THOUGHTS[pair].1, Mark::ThoughtEnd)],
            Mode::Reasoning(None) => THOUGHTS.iter().map(|(_, end)| (*end, Mark::ThoughtEnd)).collect(),
            Mode::Calls(..) => Vec::new(),
            Mode::Text => {
                // Of markers at one place the first counts, and a stop string is the caller's wish.
                let mut markers: Vec<(&str, Mark)> = self.stops.iter().map(|s| (s.as_str(), Mark::Stop)).collect();
                match self.calls {
                    // This one is a call only where an answer begins with it.
                    Some(Form::Bare) if self.begun => {}
                    Some(form) if form.begin().is_empty() => {}
                    Some(form) => markers.push((form.begin(), Mark::Call)),
                    None => {}
                }
                if !self.begun {
                    markers.extend(THOUGHTS.iter().enumerate().map(|(i, (open, _))| (*open, Mark::Thought(i))));
                }
                markers
            }
        }
    }

    /// Hands out what is certain: all of it where nothing follows.
    fn settle(&mut self, next: Next, out: &mut Vec<Piece>) {
        let last = next != Next::Open;
        // Each round passes one marker or ends a section; a text holds fewer of them than characters.
        loop {
            if let Mode::Calls(section, marked) = &mut self.mode {
                let step = section.read(&mut self.held, next, out);
                let shown = if *marked && !section.begun { self.calls.map_or("", Form::begin) } else { "" };
                match step {
                    Step::More => return,
                    Step::Ended => self.after = true,
                    Step::Broken => {
                        if !shown.is_empty() {
                            out.push(Piece::Text(shown.to_owned()));
                        }
                        self.after = false;
                    }
                }
                (self.mode, self.begun) = (Mode::Text, true);
                continue;
            }
            if !self.begun && matches!(self.mode, Mode::Text) {
                let text = self.held.trim_start();
                match self.calls.map(|form| (form, form.at_start(text))) {
                    Some((form, Some(true))) => {
                        self.held = text.to_owned();
                        self.mode = Mode::Calls(Section::new(form, false), false);
                        continue;
                    }
                    Some((_, None)) if !last => return,
                    Some(_) | None => {}
                }
            }
            let markers = self.markers();
            let found = markers.iter().filter_map(|(m, mark)| self.held.find(m).map(|at| (at, m.len(), *mark)));
            let found = found.min_by_key(|(at, length, _)| (*at, *length));
            let certain = if last { self.held.len() } else { self.held.len() - undecided(&self.held, &markers) };
            let Some((at, length, mark)) = found.filter(|(at, ..)| *at <= certain) else {
                // Blanks before a thought or between calls are held until it is known what follows.
                let opening = matches!(self.mode, Mode::Text) && (!self.begun || self.after);
                let certain = if opening && self.held[..certain].trim().is_empty() { 0 } else { certain };
                let rest = self.held.split_off(if last { self.held.len() } else { certain });
                let text = std::mem::replace(&mut self.held, rest);
                if !(self.after && text.trim().is_empty()) {
                    self.show(text, out);
                }
                return;
            };
            let rest = self.held.split_off(at + length);
            let mut before = std::mem::replace(&mut self.held, rest);
            let marker = before.split_off(at);
            let blank = before.trim().is_empty();
            match mark {
                Mark::ThoughtEnd => {
                    self.show(before, out);
                    self.mode = Mode::Text;
                    self.after = true;
                }
                // Blanks inside a second thought are its own, whatever tokens they come in.
                Mark::Thought(pair) if blank => (self.mode, self.after) = (Mode::Reasoning(Some(pair)), false),
                // Behind a text it opens nothing, and what is in it is looked at again: a stop string may begin there.
                Mark::Thought(_) => {
                    self.show(before, out);
                    self.held.insert_str(0, &marker);
                }
                Mark::Call => {
                    if let Some(form) = self.calls {
                        if !blank || self.begun && !self.after {
                            self.show(before, out);
                        }
                        self.mode = Mode::Calls(Section::new(form, true), true);
                    }
                }
                Mark::Stop => {
                    if !(blank && self.after) {
                        self.show(before, out);
                    }
                    self.held.clear();
                    self.stopped = Some(marker);
                    return;
                }
            }
        }
    }

    fn show(&mut self, mut text: String, out: &mut Vec<Piece>) {
        match self.mode {
            Mode::Reasoning(_) => {
                if !text.is_empty() {
                    out.push(Piece::Reasoning(text));
                }
            }
            Mode::Text | Mode::Calls(..) => {
                if self.after {
                    text = text.trim_start().to_owned();
                }
                if text.is_empty() {
                    return;
                }
                if !text.trim().is_empty() {
                    (self.begun, self.after) = (true, false);
                }
                out.push(Piece::Text(text));
            }
        }
    }
}

/// How many bytes at the end of a text may be the beginning of a marker.
fn undecided(text: &str, markers: &[(&str, Mark)]) -> usize {
    let beginning = |(marker, _): &(&str, Mark)| {
        (1..marker.len()).rev().find(|n| marker.is_char_boundary(*n) && text.ends_with(&marker[..*n])).unwrap_or(0)
    };
    markers.iter().map(beginning).max().unwrap_or(0)
}

/// Moves whole characters from `bytes` to `text`; bytes that cannot become one turn into U+FFFD.
fn take_characters(bytes: &mut Vec<u8>, text: &mut String) {
    let mut done = 0;
    loop {
        match std::str::from_utf8(&bytes[done..]) {
            Ok(whole) => {
                text.push_str(whole);
                done = bytes.len();
                break;
            }
            Err(error) => {
                let valid = done + error.valid_up_to();
                text.push_str(&String::from_utf8_lossy(&bytes[done..valid]));
                done = valid;
                let Some(broken) = error.error_len() else { break };
                text.push(char::REPLACEMENT_CHARACTER);
                done += broken;
            }
        }
    }
    bytes.drain(..done);
}

#[cfg(test)]
mod tests;
