//! Where does one server-sent event end and the next begin? A parser that knows no IO.

use crate::ModelError;

/// The longest event that is taken; a server that sends more is not one that we understand.
const LIMIT: usize = 4 << 20;

/// Splits a byte stream into the data of its events, wherever the pieces are cut.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    data: Option<String>,
    /// A CR ended the last line, so that a LF right after it belongs to the same end.
    after_cr: bool,
    started: bool,
}

impl Parser {
    /// Takes the next piece and appends the data of every event that it completes.
    pub(crate) fn feed(&mut self, piece: &[u8], events: &mut Vec<String>) -> Result<(), String> {
        for &byte in piece {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => {}
                b'\r' | b'\n' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(events)?;
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                    if self.line.len() > LIMIT {
                        return Err(format!("an event is longer than {LIMIT} bytes"));
                    }
                }
            }
        }
        Ok(())
    }

    fn end_line(&mut self, events: &mut Vec<String>) -> Result<(), String> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            events.extend(self.data.take());
            return Ok(());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = colon.map_or((line, &b""[..]), |at| (&line[..at], &line[at + 1..]));
        // Comments have an empty field; event names, ids and retry times say nothing that we need.
        if field != b"data" {
            return Ok(());
        }
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let value = std::str::from_utf8(value).map_err(|_| "an event is not UTF-8".to_owned())?;
        match &mut self.data {
            None => self.data = Some(value.to_owned()),
            Some(data) if data.len() + value.len() < LIMIT => {
                data.push('\n');
                data.push_str(value);
            }
            Some(_) => return Err(format!("an event is longer than {LIMIT} bytes")),
        }
        Ok(())
    }
}

/// A broken event as a person's error.
pub(crate) fn broken(server: &str, reason: String) -> ModelError {
    ModelError::Protocol { server: server.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &[u8]) -> Vec<String> {
        let (mut parser, mut events) = (Parser::default(), Vec::new());
        parser.feed(text, &mut events).unwrap();
        events
    }

    #[test]
    fn the_standard_in_a_table() {
        let table: &[(&str, &[&str])] = &[
            ("data: a\n\n", &["a"]),
            ("data:a\n\n", &["a"]),
            ("data:  a\n\n", &[" a"]),
            ("data: a\r\n\r\n", &["a"]),
            ("data: a\r\rdata: b\r\r", &["a", "b"]),
            ("data: a\r\n\ndata: b\n\r\n", &["a", "b"]),
            (": ping\n\ndata: a\n\n", &["a"]),
            ("data: a\n: ping\ndata: b\n\n", &["a\nb"]),
            ("event: x\nid: 1\nretry: 5\ndata: a\n\n", &["a"]),
            ("data\n\n", &[""]),
            ("data: {\"x\":\"a: b\"}\n\n", &["{\"x\":\"a: b\"}"]),
            ("\u{feff}data: a\n\n", &["a"]),
            ("data: é€😀\n\n", &["é€😀"]),
            ("data: a", &[]),
            ("data: a\n", &[]),
            ("\n\n\n", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(whole(text.as_bytes()), *expected, "{text:?}");
        }
    }

    #[test]
    fn endless_and_broken_events_are_errors() {
        let mut parser = Parser::default();
        let long = vec![b'x'; LIMIT + 1];
        assert!(parser.feed(&long, &mut Vec::new()).is_err());
        assert!(Parser::default().feed(b"data: \xff\n\n", &mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn where_pieces_are_cut_does_not_matter(
            lines in prop::collection::vec("(data: ?[a-z é€😀]{0,5}|: c|event: e|)(\r\n|\n|\r)", 0..20),
            cuts in prop::collection::vec(0usize..200, 0..10),
        ) {
            let text = lines.concat().into_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let (mut parser, mut events, mut from) = (Parser::default(), Vec::new(), 0);
            for cut in cuts {
                parser.feed(&text[from..cut], &mut events).unwrap();
                from = cut;
            }
            prop_assert_eq!(events, whole(&text));
        }
    }
}
