//! What of the bytes a model writes is text, reasoning or a tool call, and where it must stop.
//!
//! Nothing is shown before it is certain: half a character, and the beginning of what may become a
//! stop string or a marker, are held back until the next token decides.

mod calls;

pub use calls::{Form, SPOKEN};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text for the person.
    Text(String),
    /// Text the model wrote to itself.
    Reasoning(String),
    /// A call of a tool.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments, a JSON object as text.
        arguments: String,
    },
}

/// What the text at hand belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Text,
    Reasoning,
    Call,
}

const THINK: &str = "<think>";
const THOUGHT: &str = "</think>";

/// Turns bytes into pieces.
pub struct Answer {
    stops: Vec<String>,
    calls: Option<Form>,
    mode: Mode,
    /// Whether any text has been shown: reasoning only comes first.
    begun: bool,
    /// Whether reasoning came before: the empty lines behind it belong to neither.
    thought: bool,
    bytes: Vec<u8>,
    held: String,
    stopped: bool,
}

impl Answer {
    /// An answer that stops at `stops`. With `calls`, tool calls of that form are parsed. With `reasoning`, the
    /// prompt has opened a thought already.
    #[must_use]
    pub fn new(stops: Vec<String>, calls: Option<Form>, reasoning: bool) -> Self {
        let mode = if reasoning { Mode::Reasoning } else { Mode::Text };
        let stops = stops.into_iter().filter(|s| !s.is_empty()).collect();
        Self {
            stops,
            calls,
            mode,
            begun: false,
            thought: false,
            bytes: Vec::new(),
            held: String::new(),
            stopped: false,
        }
    }

    /// Whether a stop string has been met.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes the bytes of one token and appends what has become certain.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        if self.stopped {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        take_characters(&mut self.bytes, &mut self.held);
        self.settle(out);
    }

    /// The answer is over: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        if self.stopped {
            return;
        }
        self.held.push_str(&String::from_utf8_lossy(&self.bytes));
        self.bytes.clear();
        self.settle(out);
        let rest = std::mem::take(&mut self.held);
        match self.mode {
            // Some forms have no closing marker, and a model may forget it at the very end.
            Mode::Call => self.read(&rest, out),
            Mode::Text | Mode::Reasoning => self.show(rest, out),
        }
    }

    /// The markers that matter now.
    fn markers(&self) -> Vec<&str> {
        match self.mode {
            Mode::Reasoning => vec![THOUGHT],
            Mode::Call if self.calls == Some(Form::Tagged) => vec![calls::TAG_END],
            Mode::Call => Vec::new(),
            Mode::Text => {
                let mut markers: Vec<&str> = self.stops.iter().map(String::as_str).collect();
                match self.calls {
                    // This one is a call only where an answer begins with it.
                    Some(Form::Bare) if self.begun => {}
                    Some(form) => markers.push(form.begin()),
                    None => {}
                }
                if !self.begun {
                    markers.push(THINK);
                }
                markers
            }
        }
    }

    fn settle(&mut self, out: &mut Vec<Piece>) {
        // Each round passes one marker; a text holds fewer markers than characters.
        loop {
            if self.mode == Mode::Text && !self.begun && self.calls == Some(Form::Bare) {
                self.mode = if self.held.trim_start().starts_with('{') { Mode::Call } else { Mode::Text };
            }
            let markers = self.markers();
            let found = markers.iter().filter_map(|m| self.held.find(m).map(|at| (at, m.to_string()))).min();
            let Some((at, marker)) = found else {
                let mut keep = if self.mode == Mode::Call { self.held.len() } else { undecided(&self.held, &markers) };
                let blank = self.held[..self.held.len() - keep].trim().is_empty();
                if self.mode == Mode::Text && !self.begun && blank {
                    keep = self.held.len();
                }
                let rest = self.held.split_off(self.held.len() - keep);
                let certain = std::mem::replace(&mut self.held, rest);
                self.show(certain, out);
                return;
            };
            let rest = self.held.split_off(at + marker.len());
            let mut before = std::mem::replace(&mut self.held, rest);
            before.truncate(at);
            match (self.mode, marker.as_str()) {
                (Mode::Call, _) => {
                    self.read(&before, out);
                    self.mode = Mode::Text;
                    self.begun = true;
                }
                (Mode::Reasoning, _) => {
                    self.show(before, out);
                    self.mode = Mode::Text;
                    self.thought = true;
                }
                (Mode::Text, THINK) if before.trim().is_empty() && !self.stops.iter().any(|s| s == THINK) => {
                    self.mode = Mode::Reasoning;
                }
                (Mode::Text, THINK) if !self.stops.iter().any(|s| s == THINK) => {
                    self.begun = true;
                    self.show(before + THINK, out);
                }
                (Mode::Text, marker)
                    if self.calls.is_some_and(|form| form.begin() == marker)
                        && !self.stops.iter().any(|s| s == marker) =>
                {
                    self.show(before, out);
                    self.mode = Mode::Call;
                }
                (Mode::Text, _) => {
                    self.show(before, out);
                    self.held.clear();
                    self.stopped = true;
                    return;
                }
            }
        }
    }

    fn read(&self, text: &str, out: &mut Vec<Piece>) {
        match self.calls {
            Some(form) => form.read(text, out),
            None => out.push(Piece::Text(text.to_owned())),
        }
    }

    fn show(&mut self, mut text: String, out: &mut Vec<Piece>) {
        if self.mode == Mode::Text && self.thought && !self.begun {
            text = text.trim_start().to_owned();
        }
        if text.is_empty() {
            return;
        }
        match self.mode {
            Mode::Reasoning => out.push(Piece::Reasoning(text)),
            Mode::Text | Mode::Call => {
                self.begun |= !text.trim().is_empty();
                out.push(Piece::Text(text));
            }
        }
    }
}

/// How many bytes at the end of a text may be the beginning of a marker.
fn undecided(text: &str, markers: &[&str]) -> usize {
    let beginning = |marker: &&str| {
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
mod tests {
    use super::*;

    /// Pieces as one line, joined where they are of a kind: `text`, `(reasoning)`, `[name arguments]`.
    fn run(stops: &[&str], calls: Option<Form>, tokens: &[&[u8]]) -> (String, bool) {
        let mut answer = Answer::new(stops.iter().map(|s| (*s).to_owned()).collect(), calls, false);
        let mut pieces = Vec::new();
        for token in tokens {
            answer.push(token, &mut pieces);
        }
        answer.finish(&mut pieces);
        let line = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Reasoning(text) => format!("({text})"),
            Piece::Call { name, arguments } => format!("[{name} {arguments}]"),
        });
        (line.collect(), answer.stopped())
    }

    #[test]
    fn stops_and_markers_may_span_tokens() {
        /// Stop strings, the form of calls, tokens, the line that is shown, whether it stopped.
        type Case = (&'static [&'static str], Option<Form>, &'static [&'static [u8]], &'static str, bool);
        const TAGGED: Option<Form> = Some(Form::Tagged);
        const CALL: &[u8] = br#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#;
        let cases: &[Case] = &[
            (&[], None, &[b"Hel", b"lo"], "Hello", false),
            (&["END"], None, &[b"a E", b"N", b"D b"], "a ", true),
            (&["END"], None, &[b"a E", b"N", b"d"], "a ENd", false),
            (&["END"], None, &[b"a EN"], "a EN", false),
            (&["b", "ab"], None, &[b"xab"], "x", true),
            (&["\n\n"], None, &[b"one\n", b"\ntwo"], "one", true),
            (&["é"], None, &[b"caf", &[0xC3], &[0xA9], b"!"], "caf", true),
            (&[""], None, &[b"x"], "x", false),
            (
                &[],
                TAGGED,
                &[b"ok ", b"<tool", br#"_call>{"name":"f","arguments":{"a":1}}</tool_call>"#],
                r#"ok [f {"a":1}]"#,
                false,
            ),
            (&[], None, &[CALL], r#"<tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#, false),
            (&[], TAGGED, &[b"<tool_call>{broken</tool_call>"], "<tool_call>{broken</tool_call>", false),
            (&[], TAGGED, &[br#"<tool_call>{"name":"g"}"#], "[g {}]", false),
            (&["stop"], TAGGED, &[br#"<tool_call>{"name":"stop"}</tool_call>"#, b" stop"], "[stop {}] ", true),
            (&[], None, &[b"\n", b"<th", b"ink>why</thi", b"nk>\n", b"\nso\n"], "(why)so\n", false),
            (&[], None, &[b" ", b" x"], "  x", false),
            (&[], None, &[b"a <think> b"], "a <think> b", false),
        ];
        for (stops, calls, tokens, expected, stopped) in cases {
            let name = String::from_utf8_lossy(&tokens.concat()).into_owned();
            assert_eq!(run(stops, *calls, tokens), ((*expected).to_owned(), *stopped), "{name}");
        }
    }

    #[test]
    fn calls_of_every_family_are_read() {
        use Form::{Bare, Listed, Tagged};
        for (form, text, expected) in [
            (
                Tagged,
                r#"Let me see. <tool_call>{"name":"f","arguments":{"a":1}}</tool_call>"#,
                r#"Let me see. [f {"a":1}]"#,
            ),
            (Tagged, r#"<tool_call>{"name":"f"}</tool_call><tool_call>{"name":"g"}</tool_call>"#, "[f {}][g {}]"),
            (Bare, r#"{"name": "f", "parameters": {"a": 1}}"#, r#"[f {"a":1}]"#),
            (Bare, "\n<|python_tag|>{\"name\": \"f\", \"parameters\": {}}", "\n[f {}]"),
            (
                Bare,
                r#"{"name": "f", "parameters": {}}; {"name": "g", "parameters": {"b": ";"}}"#,
                r#"[f {}][g {"b":";"}]"#,
            ),
            (Bare, r#"{"capital": "Paris"}"#, r#"{"capital": "Paris"}"#),
            (Bare, r#"{"name": "f", "parameters": "#, r#"{"name": "f", "parameters": "#),
            (Bare, r#"Here: {"name": "f", "parameters": {}}"#, r#"Here: {"name": "f", "parameters": {}}"#),
            (Listed, r#"[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}, {"name": "g"}]"#, r#"[f {"a":1}][g {}]"#),
            (
                Listed,
                r#"Well. [TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[CALL_ID]123456789[ARGS]{}"#,
                r#"Well. [f {"a":1}][g {}]"#,
            ),
            (Listed, "[TOOL_CALLS] none", "[TOOL_CALLS] none"),
            (Listed, "a [list] of things", "a [list] of things"),
        ] {
            // Whatever the tokens are.
            for size in [1, 3, 7, text.len()] {
                let tokens: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                assert_eq!(run(&[], Some(form), &tokens).0, expected, "{form:?}, {size} bytes at once: {text}");
            }
        }
    }

    #[test]
    fn characters_are_never_broken() {
        let text = "naïve 日本語 🦀 end";
        for size in 1..5 {
            let tokens: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let mut answer = Answer::new(Vec::new(), None, false);
            let mut pieces = Vec::new();
            for token in tokens {
                answer.push(token, &mut pieces);
            }
            assert!(pieces.iter().all(|p| matches!(p, Piece::Text(t) if !t.contains(char::REPLACEMENT_CHARACTER))));
            assert_eq!(run(&[], None, &text.as_bytes().chunks(size).collect::<Vec<_>>()).0, text);
        }
        assert_eq!(run(&[], None, &[&[0xFF], b"a", &[0xE6, 0x97]]).0, "\u{FFFD}a\u{FFFD}");
    }
}
