//! The records of a presentation, and the texts in them.

use super::super::ole::{u16_at, u32_at, utf16};

/// Records inside one another, at most.
const DEEPEST: usize = 40;
/// Texts on one slide.
const MOST_TEXTS: usize = 10_000;

/// A record.
#[derive(Clone, Copy)]
pub(super) struct Atom<'a> {
    pub kind: u16,
    pub instance: u16,
    pub body: &'a [u8],
    /// Whether it holds other records.
    holds: bool,
    length: usize,
}

impl<'a> Atom<'a> {
    pub fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let (head, kind, length) = (u16_at(bytes, at)?, u16_at(bytes, at + 2)?, u32_at(bytes, at + 4)? as usize);
        let body = &bytes[at + 8..];
        let body = &body[..length.min(body.len())];
        Some(Self { kind, instance: head >> 4, body, holds: head & 15 == 15, length: body.len() + 8 })
    }
}

/// The records of a container.
pub(super) fn children(body: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let atom = Atom::at(body, at)?;
        at += atom.length;
        Some(atom)
    })
}

/// Something that a slide says.
pub(super) enum Said {
    Title(String),
    /// Whether it stands in the place for the slide's text.
    Text(bool, String),
    Comment(String, String),
    Foot(String),
}

/// What the records of a slide say; `places` are the texts that they refer to.
pub(super) fn said(body: &[u8], places: &[Said]) -> Vec<Said> {
    let mut reader = Reader { places, said: Vec::new(), kind: 4, comment: [String::new(), String::new()] };
    reader.walk(body, 0);
    reader.said
}

/// What records that follow each other say.
pub(super) fn all(atoms: &[Atom<'_>]) -> Vec<Said> {
    let mut reader = Reader { places: &[], said: Vec::new(), kind: 4, comment: [String::new(), String::new()] };
    for atom in atoms {
        reader.atom(*atom, 0);
    }
    reader.said
}

struct Reader<'a> {
    places: &'a [Said],
    said: Vec<Said>,
    /// What the next text is.
    kind: u32,
    comment: [String; 2],
}

impl Reader<'_> {
    fn walk(&mut self, body: &[u8], depth: usize) {
        for atom in children(body) {
            self.atom(atom, depth);
        }
    }

    fn atom(&mut self, atom: Atom<'_>, depth: usize) {
        if self.said.len() >= MOST_TEXTS || depth > DEEPEST {
            return;
        }
        match atom.kind {
            // What the next text is.
            0x0f9f => self.kind = u32_at(atom.body, 0).unwrap_or(4),
            0x0fa0 => self.text(utf16(atom.body)),
            0x0fa8 => self.text(atom.body.iter().map(|byte| char::from(*byte)).collect()),
            // A text of the list of slides.
            0x0f9e => {
                let place = u32_at(atom.body, 0).and_then(|at| self.places.get(at as usize));
                match place {
                    Some(Said::Title(text)) => self.said.push(Said::Title(text.clone())),
                    Some(Said::Text(is_body, text)) => self.said.push(Said::Text(*is_body, text.clone())),
                    Some(Said::Comment(..) | Said::Foot(_)) | None => {}
                }
            }
            // A comment: author, text.
            0x2ee0 => {
                self.comment = [String::new(), String::new()];
                for part in children(atom.body).filter(|part| part.kind == 0x0fba && part.instance < 2) {
                    self.comment[usize::from(part.instance)] = utf16(part.body);
                }
                let [author, text] = std::mem::take(&mut self.comment);
                if !text.trim().is_empty() {
                    self.said.push(Said::Comment(author, text));
                }
            }
            // Header and footer.
            0x0fd9 => {
                for part in children(atom.body).filter(|part| part.kind == 0x0fba && matches!(part.instance, 1 | 2)) {
                    self.said.push(Said::Foot(utf16(part.body)));
                }
            }
            // Bytes of other programs that hold records too.
            0x138b => self.walk(atom.body, depth + 1),
            _ if atom.holds => {
                self.kind = 4;
                self.walk(atom.body, depth + 1);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: String) {
        // A lone star stands for the slide's number.
        if text.trim().is_empty() || text.trim() == "*" {
            // Its place in the list counts all the same.
            return self.said.push(Said::Text(false, String::new()));
        }
        self.said.push(match self.kind {
            0 | 6 => Said::Title(text),
            1 | 5 | 7 | 8 => Said::Text(true, text),
            _ => Said::Text(false, text),
        });
    }
}
