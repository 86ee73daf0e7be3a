//! Mailboxes in one file (MBOX): a page that lists the messages, and each message as a file of its own.
//!
//! A message is what one finds, cites and dates, and its attachments belong to it; a mailbox that grew and
//! comes again brings only its new messages. So each is a document, and the mailbox their container.

use super::{
    Page, mail,
    parts::{LeftOut, MOST_PARTS, Sink, contents},
};
use crate::faults;
use protocol::Fault;
use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

/// A message larger than this is left out.
const LARGEST_MESSAGE: usize = 128 << 20;
/// A line begins a message with this word.
const MARK: &[u8] = b"From ";

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let mut places = Vec::new();
    let mut messages = open(path)?;
    while let Some(message) = messages.next().map_err(unreadable)? {
        if places.len() < MOST_PARTS {
            places.push(place(&message, places.len() + 1));
        }
    }
    if places.is_empty() {
        return Err(faults::damaged("it holds no message"));
    }
    contents(&places).pages(out)?;
    Ok(Vec::new())
}

/// Hands out the messages.
pub fn parts(path: &Path, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut messages = open(path)?;
    let mut number = 0;
    while let Some(message) = messages.next().map_err(unreadable)? {
        if !sink.takes() {
            continue;
        }
        number += 1;
        let place = place(&message, number);
        match message.whole {
            true => sink.part(&place, message.bytes.len() as u64, &mut message.bytes.as_slice())?,
            false => sink.leave_out(&place, LeftOut::Large),
        }
    }
    Ok(())
}

/// Whether a file begins as a mailbox does: a line of `From `, a sender and a time, then a header field.
pub fn looks_like(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(MARK) else { return false };
    let mut lines = rest.split(|b| *b == b'\n');
    let has_time = lines
        .next()
        .is_some_and(|line| line.windows(3).any(|w| w[1] == b':' && w[0].is_ascii_digit() && w[2].is_ascii_digit()));
    has_time && lines.next().is_some_and(mail::is_field)
}

fn open(path: &Path) -> Result<Messages<BufReader<File>>, Fault> {
    Ok(Messages::new(BufReader::new(File::open(path).map_err(unreadable)?)))
}

fn unreadable(error: io::Error) -> Fault {
    faults::unreadable(&error.to_string())
}

/// The name of a message: its day and what it is about.
fn place(message: &Raw, number: usize) -> String {
    let (day, subject) = mail::title(&message.bytes);
    let subject = subject.unwrap_or_else(|| number.to_string()).replace(['/', '\\'], "-");
    let subject: String = subject.chars().take(90).collect();
    match day {
        Some(day) => format!("{day} {}.eml", subject.trim()),
        None => format!("{}.eml", subject.trim()),
    }
}

/// A message as it stands in the mailbox, without the line that begins it.
struct Raw {
    bytes: Vec<u8>,
    /// False: it is larger than is read, and only its beginning is here.
    whole: bool,
}

/// Cuts a mailbox into its messages, one at a time in memory.
struct Messages<R> {
    from: R,
    begun: bool,
    ended: bool,
}

impl<R: BufRead> Messages<R> {
    fn new(from: R) -> Self {
        Self { from, begun: false, ended: false }
    }

    fn next(&mut self) -> io::Result<Option<Raw>> {
        let mut message = Raw { bytes: Vec::new(), whole: true };
        let (mut line, mut after_gap) = (Vec::new(), true);
        while !self.ended {
            line.clear();
            if read_line(&mut self.from, &mut line)? == 0 {
                self.ended = true;
                break;
            }
            // Only after an empty line: a sentence may begin with this word too.
            if after_gap && line.starts_with(MARK) && (self.begun || message.bytes.is_empty()) {
                let before = std::mem::replace(&mut self.begun, true);
                if before && !message.bytes.iter().all(u8::is_ascii_whitespace) {
                    return Ok(Some(message));
                }
                message.bytes.clear();
                after_gap = false;
                continue;
            }
            after_gap = line.iter().all(u8::is_ascii_whitespace);
            if !self.begun {
                // What stands before the first message is none.
                continue;
            }
            if message.bytes.len() + line.len() > LARGEST_MESSAGE {
                message.whole = false;
                continue;
            }
            // Lines of a message that look like a beginning are marked with `>`.
            let marks = line.iter().take_while(|b| **b == b'>').count();
            let quoted = marks > 0 && line[marks..].starts_with(MARK);
            message.bytes.extend_from_slice(&line[usize::from(quoted)..]);
        }
        let any = self.begun && !message.bytes.iter().all(u8::is_ascii_whitespace);
        Ok(any.then_some(message))
    }
}

/// A line with its end; one that is longer than a message may be comes in pieces.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    io::Read::take(from, LARGEST_MESSAGE as u64).read_until(b'\n', line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mailbox: &str) -> Vec<String> {
        let mut messages = Messages::new(mailbox.as_bytes());
        let mut found = Vec::new();
        while let Some(message) = messages.next().unwrap() {
            found.push(String::from_utf8(message.bytes).unwrap());
        }
        found
    }

    #[test]
    fn a_mailbox_is_cut_into_its_messages() {
        let mailbox = "From ada@example.org Thu Jan  1 09:00:00 2026\nSubject: One\n\nFirst.\nFrom here on it is text.\n\
                       >From a quote.\n>>From twice.\n\nFrom bob@example.org Fri Jan  2 10:00:00 2026\nSubject: Two\n\nSecond.\n";
        let found = all(mailbox);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], "Subject: One\n\nFirst.\nFrom here on it is text.\nFrom a quote.\n>From twice.\n\n");
        assert!(found[1].starts_with("Subject: Two") && found[1].ends_with("Second.\n"));
    }

    #[test]
    fn hostile_mailboxes_end() {
        for (mailbox, count) in [
            ("", 0),
            ("\n\n\n", 0),
            ("no mailbox at all", 0),
            ("From x 1:1\n", 0),
            ("From x 1:1\n\nFrom y 2:2\n\nFrom z 3:3\n\n", 0),
            ("From x 1:1\nSubject: a\n\nFrom y 2:2\nSubject: b", 2),
        ] {
            assert_eq!(all(mailbox).len(), count, "{mailbox:?}");
        }
        let long = format!("From x 1:1\nSubject: a\n\n{}", "x".repeat(1 << 20));
        assert_eq!(all(&long).len(), 1);
    }

    #[test]
    fn a_mailbox_is_told_by_its_beginning() {
        assert!(looks_like(b"From ada@example.org Thu Jan  1 09:00:00 2026\nReceived: by x\n"));
        assert!(!looks_like(b"From here on the rent is 3:1 of income.\nIt rises.\n"));
        assert!(!looks_like(b"From ada\nSubject: x\n"));
    }
}
