//! RTF: its paragraphs, headings, lists, tables and notes, in whatever encoding each part of it has.

mod encodings;
mod reader;
mod tokens;

use super::{Flow, Page, load};
use protocol::Fault;
use reader::Reader;
use std::path::Path;
use tokens::{Token, Tokens};

/// Groups inside one another, at most.
const DEEPEST: usize = 2_000;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    flow(&load(path)?)?.pages(out)?;
    Ok(Vec::new())
}

fn flow(bytes: &[u8]) -> Result<Flow, Fault> {
    let start = bytes.windows(5).take(1_024).position(|five| five == b"{\\rtf");
    let start = start.ok_or_else(|| crate::faults::damaged("it does not begin as RTF does"))?;
    let mut reader = Reader::new();
    let mut tokens = Tokens::of(&bytes[start..]);
    while let Some(token) = tokens.next() {
        match token {
            Token::Open => {
                if reader.saved.len() >= DEEPEST {
                    return Err(crate::faults::damaged("it is nested too deeply"));
                }
                reader.saved.push(reader.now.clone());
                continue;
            }
            Token::Close => {
                reader.close();
                if reader.saved.is_empty() {
                    break;
                }
            }
            Token::Star => {
                reader.star = true;
                continue;
            }
            Token::Word(word, number) => {
                if word == "bin" {
                    tokens.pass(number.unwrap_or(0).max(0) as usize);
                } else {
                    reader.word(word, number);
                }
            }
            Token::Byte(byte) => reader.byte(byte),
            Token::Text(text) => text.iter().for_each(|byte| reader.byte(*byte)),
            Token::Sign(c) => reader.char(c),
        }
        reader.star = false;
    }
    reader.end();
    Ok(reader.flow)
}

#[cfg(test)]
mod tests;
