//! Which document each file of a watched folder is: pure, decided from what is recorded and what was seen.
//!
//! What a file says is who it is. Content that a document here has already makes the file one of that
//! document's places, so a file that was renamed, moved, exchanged with another or copied over another is
//! the document that it was. Content that nobody has, at the place that is a document's home, is an edit:
//! a version of that document, also where a copy of the earlier content lies elsewhere; the copy is a
//! document of its own then. A document whose last place is gone is gone. It decides from the state
//! alone, so that a look that was cut off anywhere is gone on with by the next one.

use protocol::DocumentId;
use std::collections::{BTreeMap, BTreeSet};
use store::{Paper, Standing};

/// A file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// BLAKE3, hex.
    pub hash: String,
    /// The format, by its first bytes and its name.
    pub format: String,
}

/// What is recorded, as far as the files at hand are concerned: the documents that their paths belonged
/// to or whose content they have, and all the places of those.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    pub papers: BTreeMap<DocumentId, Paper>,
    /// Which document a path belongs to, and the content that it had.
    pub places: BTreeMap<String, (DocumentId, String)>,
    /// The watched folders, each with a separator at its end: a document that is at home anywhere else
    /// needs no place in them.
    pub roots: Vec<String>,
}

/// What is to be recorded, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A new document, at home at this path.
    Add { document: DocumentId, path: String, content: Content },
    /// The document has this content from now on; it was read at this path.
    Revise { document: DocumentId, path: String, content: Content },
    /// A document that was gone is back.
    Return { document: DocumentId },
    /// The path belongs to the document.
    Hold { path: String, document: DocumentId, hash: String },
    /// The path belongs to none.
    Drop { path: String },
    /// The document is at home at this path.
    Move { document: DocumentId, path: String },
    /// The document has no place left.
    Gone { document: DocumentId },
}

impl Desk {
    /// What follows from the content of files that are new or changed, and from paths that are gone.
    pub fn see(mut self, now: &BTreeMap<String, Content>, missing: &BTreeSet<String>) -> Vec<Deed> {
        let mut work = Work::new(&self);
        work.edits(&mut self, now);
        let copies = work.copies(&self, now, missing);
        for (path, content) in now {
            if !work.edited.contains(path) {
                work.take(&mut self, path, content);
            }
        }
        for (path, content) in &copies {
            work.take(&mut self, path, content);
        }
        for path in missing {
            if let Some((document, _)) = self.places.remove(path) {
                work.touched.insert(document);
                work.deeds.push(Deed::Drop { path: path.clone() });
            }
        }
        work.settle(&mut self, now);
        work.deeds
    }

    fn is_home(&self, document: DocumentId, path: &str) -> bool {
        self.papers.get(&document).is_some_and(|paper| paper.origin == path)
    }
}

/// What is known while it is decided.
struct Work {
    deeds: Vec<Deed>,
    /// Which document has which content: of those that are here, were taken out, and are gone.
    here: BTreeMap<String, DocumentId>,
    removed: BTreeMap<String, DocumentId>,
    gone: BTreeMap<String, DocumentId>,
    /// Paths whose new content became a version, and the documents with what they had before.
    edited: BTreeSet<String>,
    before: Vec<(DocumentId, Content)>,
    /// Documents that won or lost a place.
    touched: BTreeSet<DocumentId>,
}

impl Work {
    fn new(desk: &Desk) -> Self {
        let with = |standing: Standing| {
            let papers = desk.papers.values().filter(move |paper| paper.standing == standing);
            // The first one of several stays.
            papers.rev().map(|paper| (paper.hash.clone(), paper.document)).collect()
        };
        Self {
            deeds: Vec::new(),
            here: with(Standing::Here),
            removed: with(Standing::Removed),
            gone: with(Standing::Gone),
            edited: BTreeSet::new(),
            before: Vec::new(),
            touched: BTreeSet::new(),
        }
    }

    /// Content that nobody here has, at a document's home. A version frees the content before it, which
    /// may make another path's content one that nobody has: so until nothing changes any more.
    fn edits(&mut self, desk: &mut Desk, now: &BTreeMap<String, Content>) {
        loop {
            let before = self.edited.len();
            for (path, content) in now {
                if self.edited.contains(path) || self.here.contains_key(&content.hash) {
                    continue;
                }
                let Some((document, had)) = desk.places.get(path).cloned() else { continue };
                if had == content.hash || !desk.is_home(document, path) {
                    continue;
                }
                let Some(paper) = desk.papers.get_mut(&document) else { continue };
                let holders = match paper.standing {
                    Standing::Here => &mut self.here,
                    Standing::Removed => &mut self.removed,
                    Standing::Gone => continue,
                };
                if holders.get(&paper.hash) == Some(&document) {
                    holders.remove(&paper.hash);
                }
                holders.insert(content.hash.clone(), document);
                self.before.push((document, Content { hash: had, format: paper.format.clone() }));
                (paper.hash, paper.format) = (content.hash.clone(), content.format.clone());
                desk.places.insert(path.clone(), (document, content.hash.clone()));
                self.edited.insert(path.clone());
                let (path, hash) = (path.clone(), content.hash.clone());
                self.deeds.push(Deed::Revise { document, path: path.clone(), content: content.clone() });
                self.deeds.push(Deed::Hold { path, document, hash });
            }
            if self.edited.len() == before {
                return;
            }
        }
    }

    /// Paths that still have what an edited document had before.
    fn copies(
        &self,
        desk: &Desk,
        now: &BTreeMap<String, Content>,
        missing: &BTreeSet<String>,
    ) -> Vec<(String, Content)> {
        let stale = desk.places.iter().filter(|(path, _)| !now.contains_key(*path) && !missing.contains(*path));
        stale
            .filter_map(|(path, (document, hash))| {
                let before = self.before.iter().find(|(edited, had)| edited == document && had.hash == *hash);
                before.map(|(_, had)| (path.clone(), had.clone()))
            })
            .collect()
    }

    /// The path belongs to whoever has its content.
    fn take(&mut self, desk: &mut Desk, path: &str, content: &Content) {
        let hash = &content.hash;
        let before = desk.places.get(path).cloned();
        let same = before.as_ref().is_some_and(|(document, had)| {
            // The document may have become another version meanwhile.
            had == hash && desk.papers.get(document).is_some_and(|paper| paper.hash == *hash)
        });
        let document = if let Some((document, _)) = before.as_ref().filter(|_| same) {
            *document
        } else if let Some(document) = self.here.get(hash).or_else(|| self.removed.get(hash)) {
            *document
        } else if let Some(document) = self.gone.remove(hash) {
            if let Some(paper) = desk.papers.get_mut(&document) {
                paper.standing = Standing::Here;
            }
            self.here.insert(hash.clone(), document);
            self.deeds.push(Deed::Return { document });
            document
        } else {
            let document = DocumentId::new();
            let (hash, format, origin) = (hash.clone(), content.format.clone(), path.to_owned());
            self.here.insert(hash.clone(), document);
            desk.papers.insert(document, Paper { document, hash, origin, format, standing: Standing::Here });
            self.deeds.push(Deed::Add { document, path: path.to_owned(), content: content.clone() });
            document
        };
        desk.places.insert(path.to_owned(), (document, hash.clone()));
        self.touched.insert(document);
        self.touched.extend(before.map(|(document, _)| document));
        self.deeds.push(Deed::Hold { path: path.to_owned(), document, hash: hash.clone() });
    }

    /// A document's home is one of its places; without any it is gone.
    fn settle(&mut self, desk: &mut Desk, now: &BTreeMap<String, Content>) {
        for document in std::mem::take(&mut self.touched) {
            let Some(paper) = desk.papers.get_mut(&document) else { continue };
            let mut places = desk.places.iter().filter(|(_, (of, _))| *of == document).map(|(path, _)| path);
            let at_home = desk.places.get(&paper.origin).is_some_and(|(of, _)| *of == document);
            let watched = desk.roots.iter().any(|root| paper.origin.starts_with(root.as_str()));
            if at_home || !watched || paper.standing == Standing::Gone {
                continue;
            }
            match places.next() {
                Some(path) => {
                    let path = path.clone();
                    paper.origin.clone_from(&path);
                    let format = now.get(&path).map(|content| content.format.clone());
                    self.deeds.push(Deed::Move { document, path: path.clone() });
                    // Its name may say that it is of another kind.
                    if let Some(format) = format.filter(|format| *format != paper.format) {
                        let content = Content { hash: paper.hash.clone(), format };
                        self.deeds.push(Deed::Revise { document, path, content });
                    }
                }
                None if paper.standing == Standing::Here => {
                    paper.standing = Standing::Gone;
                    self.deeds.push(Deed::Gone { document });
                }
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
