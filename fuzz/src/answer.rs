//! Anything that a model may write, in every form of calls, cut into tokens at any places.

use crate::{
    bounded,
    parts::{Random, sections},
};
use engine::answer::{Answer, Form, Piece};

/// Every form, and none.
const FORMS: [Option<Form>; 13] = [
    None,
    Some(Form::Tagged),
    Some(Form::Functions),
    Some(Form::Keys),
    Some(Form::Bare),
    Some(Form::Listed),
    Some(Form::Piped),
    Some(Form::Prefixed),
    Some(Form::Action),
    Some(Form::Fenced),
    Some(Form::Python),
    Some(Form::Braced),
    Some(Form::Line),
];
/// A byte of a call may be a JSON value of its own, held with what was read before it.
const EACH: usize = 1024;

/// Sections: the form and flags, the answer.
///
/// # Panics
/// If what a client gets depends on where the answer was cut into tokens.
pub fn run(data: &[u8]) {
    let [how, text] = sections(data);
    let (form, flags) = (how.first().copied().unwrap_or(0), how.get(1).copied().unwrap_or(0));
    let form = FORMS[usize::from(form) % FORMS.len()];
    let stops: Vec<String> = [("END", 1), ("\n\n", 2), ("</", 4), ("é", 8)]
        .iter()
        .filter(|(_, flag)| flags & flag != 0)
        .map(|(stop, _)| (*stop).to_owned())
        .collect();
    let seed = how.iter().fold(0u64, |seed, byte| seed << 8 | u64::from(*byte));
    bounded(data, EACH, 1 << 20, || {
        let mut random = Random(seed);
        let mut cuts = |most: usize| {
            let mut rest = text;
            let mut answer = Answer::new(stops.clone(), form, flags & 16 != 0);
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                let (token, more) = rest.split_at((1 + random.below(most)).min(rest.len()));
                answer.push(token, &mut pieces);
                rest = more;
            }
            answer.finish(&mut pieces);
            (line(&pieces), answer.stopped())
        };
        let whole = cuts(1);
        for most in [2, 7, 64] {
            assert_eq!(whole, cuts(most), "cut into tokens of up to {most} bytes");
        }
    });
}

/// Pieces of a kind that follow each other are one.
fn line(pieces: &[Piece]) -> Vec<(u8, String)> {
    let mut line: Vec<(u8, String)> = Vec::new();
    for piece in pieces {
        let (kind, text) = match piece {
            Piece::Text(text) => (0, text),
            Piece::Reasoning(text) => (1, text),
            Piece::Arguments(text) => (2, text),
            Piece::Call { name, arguments } => {
                line.push((3, name.clone()));
                (2, arguments)
            }
        };
        match line.last_mut() {
            Some((last, all)) if *last == kind => all.push_str(text),
            _ => line.push((kind, text.clone())),
        }
    }
    line
}
