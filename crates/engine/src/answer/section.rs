//! Reading what a model writes after the marker of a call, as it comes.
//!
//! Nothing is a call before its name is certain and its arguments have begun; until then all of it may turn
//! out to be text and is kept. From then on the arguments are handed out as they come.

use super::{
    Piece,
    calls::{Body, Form, is_name},
    json::{Cursor, Got, Through},
    parts::{Begun, Part, called, from_head, lined, named, partial, tag_part, tagged, written_part},
};
use serde_json::json;

/// What is to happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More text is needed.
    More,
    /// The section is over; what is left is text.
    Ended,
    /// What is left is no call.
    Broken,
}

/// What follows on what there is of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More may come.
    Open,
    /// Nothing: the model was done.
    Over,
    /// Nothing: the answer was cut off.
    Cut,
}

enum State {
    /// Before a call.
    Head,
    /// Inside arguments that are JSON already.
    Through(Through),
    /// Behind them, inside the call's object.
    Tail,
    /// Inside arguments that become JSON, with how many of them there are.
    Parts(usize),
    /// Behind a call.
    Between,
}

/// One section of calls.
pub(super) struct Section {
    form: Form,
    state: State,
    /// Whether nothing but its keys tells the call from an answer in JSON.
    strict: bool,
    /// Whether a list is open.
    list: bool,
    /// Whether more of an object follows its arguments.
    tail: bool,
    /// Whether a call has begun.
    pub(super) begun: bool,
}

impl Section {
    /// A section of calls; without a marker before it, only the strict beginning of one is taken.
    pub(super) fn new(form: Form, marked: bool) -> Self {
        Self { form, state: State::Head, strict: !marked, list: false, tail: false, begun: false }
    }

    /// Takes from `held` what is certain.
    pub(super) fn read(&mut self, held: &mut String, next: Next, out: &mut Vec<Piece>) -> Step {
        let last = next != Next::Open;
        loop {
            let step = match &mut self.state {
                State::Head => self.head(held, out),
                State::Through(through) => {
                    let mut arguments = String::new();
                    let ended = through.pass(held, &mut arguments);
                    if !arguments.is_empty() {
                        out.push(Piece::Arguments(arguments));
                    }
                    if !ended {
                        return Step::More;
                    }
                    self.state = if self.tail { State::Tail } else { State::Between };
                    None
                }
                State::Tail => {
                    let mut cursor = Cursor::new(held);
                    match cursor.tail() {
                        Got::Done(()) => drop(held.drain(..cursor.at)),
                        Got::More if !last => return Step::More,
                        Got::More | Got::Broken => {}
                    }
                    self.state = State::Between;
                    None
                }
                State::Parts(_) => self.parts(held, next, out),
                State::Between => self.between(held, last),
            };
            if let Some(step) = step {
                return match (step, next) {
                    // So far it was a call and nothing else: half of its markup is no text for a person.
                    (Step::More, Next::Cut) if !self.strict => {
                        held.clear();
                        Step::Ended
                    }
                    (Step::More, Next::Over | Next::Cut) => Step::Broken,
                    (step, _) => step,
                };
            }
        }
    }

    fn head(&mut self, held: &mut String, out: &mut Vec<Piece>) -> Option<Step> {
        let separator = |c: char| c.is_whitespace() || self.begun && matches!(c, ',' | ';');
        let text = held.trim_start_matches(separator);
        let mut skipped = held.len() - text.len();
        let mut list = self.list;
        if self.form == Form::Fenced && !self.begun {
            // The fence's first line.
            match partial(text, "```json") {
                Got::More => return Some(Step::More),
                Got::Broken => return Some(Step::Broken),
                Got::Done(length) => skipped += length,
            }
        }
        let text = held[skipped..].trim_start();
        if !list && text.starts_with('[') {
            skipped = held.len() - text.len() + 1;
            list = true;
        }
        let begun = match self.begin(&held[skipped..], list) {
            Got::More => return Some(Step::More),
            Got::Broken => return Some(Step::Broken),
            Got::Done(begun) => begun,
        };
        (self.begun, self.list) = (true, list);
        let (call, end, state) = match begun {
            Begun::Json { name, end, tail } => {
                self.tail = tail;
                ((name, String::new()), end, State::Through(Through::default()))
            }
            Begun::Whole(name, arguments, end) => ((name, arguments), end, State::Between),
            Begun::Parts(name, end) => ((name, "{".to_owned()), end, State::Parts(0)),
        };
        out.push(Piece::Call { name: call.0, arguments: call.1 });
        held.drain(..skipped + end);
        self.state = state;
        None
    }

    fn begin(&self, text: &str, list: bool) -> Got<Begun> {
        let object = text.trim_start().starts_with('{');
        match self.form.body() {
            Body::Named if !list && !object => named(text),
            Body::Line => lined(text),
            Body::ByName => from_head(Cursor::new(text).by_name()),
            Body::Tags(tags) if !object => tagged(text, tags, self.form.end()),
            Body::Written(dialect) => called(text, dialect),
            Body::Objects | Body::Named | Body::Tags(_) => from_head(Cursor::new(text).head(self.strict)),
        }
    }

    fn parts(&mut self, held: &mut String, next: Next, out: &mut Vec<Piece>) -> Option<Step> {
        let State::Parts(count) = self.state else { return None };
        let got = match self.form.body() {
            Body::Tags(tags) => tag_part(held, tags, self.form.end()),
            Body::Written(dialect) => written_part(held, dialect, count == 0),
            Body::Objects | Body::Named | Body::ByName | Body::Line => Got::Broken,
        };
        match got {
            Got::Done(Part::Value { key, value, end }) => {
                let comma = if count == 0 { "" } else { ", " };
                out.push(Piece::Arguments(format!("{comma}{}: {value}", json!(key))));
                held.drain(..end);
                self.state = State::Parts(count + 1);
            }
            Got::Done(Part::End { end }) => {
                out.push(Piece::Arguments("}".to_owned()));
                held.drain(..end);
                self.state = State::Between;
            }
            Got::More if next == Next::Open => return Some(Step::More),
            // The answer ends inside the call: what there is of it is its arguments, as it stands. Where the model was
            // done it only left out the call's end; where it was cut off, more arguments may have been to come.
            Got::More => {
                let rest = std::mem::take(held);
                if !rest.trim().is_empty() {
                    out.push(Piece::Arguments(rest));
                } else if next == Next::Over {
                    out.push(Piece::Arguments("}".to_owned()));
                }
                self.state = State::Between;
            }
            Got::Broken => {
                out.push(Piece::Arguments("}".to_owned()));
                self.state = State::Between;
            }
        }
        None
    }

    fn between(&mut self, held: &mut String, last: bool) -> Option<Step> {
        let text = held.trim_start();
        let (end, more) = (self.form.end(), if last { Step::Ended } else { Step::More });
        if text.is_empty() {
            if last {
                held.clear();
            }
            return Some(more);
        }
        if !end.is_empty() {
            if let Some(rest) = text.strip_prefix(end) {
                *held = rest.to_owned();
                return Some(Step::Ended);
            }
            if end.starts_with(text) {
                return Some(more);
            }
        }
        if self.list
            && let Some(rest) = text.strip_prefix(']')
        {
            *held = rest.to_owned();
            self.list = false;
            // Behind its list nothing but the end marker can belong to the section.
            return if end.is_empty() && self.form != Form::Bare { Some(Step::Ended) } else { None };
        }
        let next = text.trim_start_matches([',', ';']).trim_start();
        if next.is_empty() && !last {
            return Some(more);
        }
        let again = match self.form.body() {
            Body::Objects | Body::ByName => next.starts_with('{'),
            Body::Named => self.list && next.starts_with('{'),
            Body::Written(_) => self.list && next.starts_with(is_name) && next.len() < text.len(),
            Body::Line | Body::Tags(_) => false,
        };
        if again {
            // The separator stays until what follows it is known to be a call.
            self.state = State::Head;
            return None;
        }
        Some(Step::Ended)
    }
}
