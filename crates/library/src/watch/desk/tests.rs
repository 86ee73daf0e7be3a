//! Files that are written, renamed, exchanged, copied and deleted in any order, and what becomes of them.

use super::*;
use proptest::prelude::*;

/// Files with a letter for their content, and what the library knows of them.
#[derive(Clone, Debug)]
struct World {
    files: BTreeMap<String, char>,
    desk: Desk,
    /// What a person brought back may say what another document says by now.
    brought: BTreeSet<DocumentId>,
}

impl Default for World {
    fn default() -> Self {
        let roots = vec!["/a/".to_owned(), "/b/".to_owned()];
        Self { files: BTreeMap::new(), brought: BTreeSet::new(), desk: Desk { roots, ..Desk::default() } }
    }
}

const PLACES: [&str; 6] = ["/a/Lease.md", "/a/lease.md", "/a/new/lease.md", "/b/rent.md", "/b/x.md", "/b/y.md"];

fn hash(content: char) -> String {
    content.to_string()
}

fn content(letter: char) -> Content {
    Content { hash: hash(letter), format: "md".into() }
}

impl World {
    fn write(&mut self, path: &str, letter: char) {
        self.files.insert(path.to_owned(), letter);
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(letter) = self.files.remove(from) {
            self.files.insert(to.to_owned(), letter);
        }
    }

    fn swap(&mut self, one: &str, other: &str) {
        if let (Some(a), Some(b)) = (self.files.get(one).copied(), self.files.get(other).copied()) {
            self.write(one, b);
            self.write(other, a);
        }
    }

    /// Looks at what differs, decides, and records it.
    fn look(&mut self) -> Vec<Deed> {
        let had = |path: &String| self.desk.places.get(path).map(|(_, hash)| hash.clone());
        let differs = self.files.iter().filter(|(path, letter)| had(path) != Some(hash(**letter)));
        let now: BTreeMap<String, Content> = differs.map(|(path, letter)| (path.clone(), content(*letter))).collect();
        let missing: BTreeSet<String> =
            self.desk.places.keys().filter(|path| !self.files.contains_key(*path)).cloned().collect();
        let deeds = self.desk.clone().see(&now, &missing);
        for deed in &deeds {
            self.record(deed);
        }
        deeds
    }

    fn record(&mut self, deed: &Deed) {
        match deed.clone() {
            Deed::Add { document, path, content: Content { hash, format } } => {
                let paper = Paper { document, hash, origin: path, format, standing: Standing::Here };
                assert!(self.desk.papers.insert(document, paper).is_none());
            }
            Deed::Revise { document, content, .. } => {
                let paper = self.desk.papers.get_mut(&document).unwrap();
                (paper.hash, paper.format) = (content.hash, content.format);
            }
            Deed::Return { document } => self.stand(document, Standing::Gone, Standing::Here),
            Deed::Gone { document } => self.stand(document, Standing::Here, Standing::Gone),
            Deed::Hold { path, document, hash } => drop(self.desk.places.insert(path, (document, hash))),
            Deed::Drop { path } => assert!(self.desk.places.remove(&path).is_some()),
            Deed::Move { document, path } => self.desk.papers.get_mut(&document).unwrap().origin = path,
        }
    }

    fn stand(&mut self, document: DocumentId, from: Standing, to: Standing) {
        let paper = self.desk.papers.get_mut(&document).unwrap();
        assert_eq!(paper.standing, from);
        paper.standing = to;
    }

    fn at(&self, path: &str) -> DocumentId {
        self.desk.places[path].0
    }

    fn standing(&self, document: DocumentId) -> Standing {
        self.desk.papers[&document].standing
    }

    /// What must be so after every look.
    fn check(&mut self) {
        for (path, letter) in &self.files {
            let (document, had) = &self.desk.places[path];
            let paper = &self.desk.papers[document];
            assert_eq!((had, &paper.hash), (&hash(*letter), &hash(*letter)), "{path} is the document that it says");
            assert_ne!(paper.standing, Standing::Gone, "{path} is there");
        }
        assert_eq!(self.desk.places.len(), self.files.len());
        let here = || self.desk.papers.values().filter(|paper| paper.standing == Standing::Here);
        for paper in here() {
            let places = self.desk.places.values().filter(|(document, _)| *document == paper.document).count();
            let restored = places == 0;
            assert!(restored || self.at(&paper.origin) == paper.document, "a document is at home where it is");
            let mut same = here().filter(|other| other.hash == paper.hash && other.document != paper.document);
            let brought = |paper: &Paper| self.brought.contains(&paper.document);
            assert!(brought(paper) || same.all(brought), "one document for one content");
        }
        let before = format!("{:?}", self.desk);
        assert_eq!(self.look(), [], "looked again, nothing changes");
        assert_eq!(format!("{:?}", self.desk), before);
    }
}

fn world(files: &[(&str, char)]) -> World {
    let mut world = World::default();
    for (path, letter) in files {
        world.write(path, *letter);
    }
    world.look();
    world.check();
    world
}

fn only_moves(deeds: &[Deed]) -> bool {
    deeds.iter().all(|deed| matches!(deed, Deed::Hold { .. } | Deed::Drop { .. } | Deed::Move { .. }))
}

#[test]
fn what_is_renamed_is_the_document_that_it_was() {
    let mut world = world(&[("/a/lease.md", 'l'), ("/b/rent.md", 'r')]);
    let (lease, rent) = (world.at("/a/lease.md"), world.at("/b/rent.md"));
    // Another case, another folder, exchanged, over another name and back.
    let steps: [fn(&mut World); 4] = [
        |world| world.rename("/a/lease.md", "/a/Lease.md"),
        |world| world.rename("/a/Lease.md", "/b/x.md"),
        |world| world.swap("/b/x.md", "/b/rent.md"),
        |world| world.swap("/b/x.md", "/b/rent.md"),
    ];
    for step in steps {
        step(&mut world);
        let deeds = world.look();
        assert!(only_moves(&deeds), "{deeds:?}");
        world.check();
    }
    assert_eq!((world.at("/b/x.md"), world.at("/b/rent.md")), (lease, rent));
    assert_eq!(world.desk.papers[&lease].origin, "/b/x.md");
}

#[test]
fn an_edit_is_a_version_also_where_a_copy_was_made_before() {
    let mut world = world(&[("/a/lease.md", 'l')]);
    let lease = world.at("/a/lease.md");
    world.write("/a/lease.md", 'm');
    assert!(matches!(world.look()[..], [Deed::Revise { document, .. }, Deed::Hold { .. }] if document == lease));
    world.check();
    // A copy that was noticed, then an edit of the original.
    world.write("/b/x.md", 'm');
    world.look();
    assert_eq!(world.at("/b/x.md"), lease, "the same content is the same document");
    world.write("/a/lease.md", 'n');
    world.look();
    world.check();
    assert_eq!(world.at("/a/lease.md"), lease);
    assert_ne!(world.at("/b/x.md"), lease);
    // Copied and edited between two looks.
    world.write("/b/y.md", 'n');
    world.write("/a/lease.md", 'o');
    world.look();
    world.check();
    assert_eq!(world.at("/a/lease.md"), lease);
    // A copy that is edited is another document.
    world.write("/a/new/lease.md", 'o');
    world.look();
    world.write("/a/new/lease.md", 'p');
    world.look();
    world.check();
    assert_eq!((world.at("/a/lease.md") == lease, world.at("/a/new/lease.md") == lease), (true, false));
}

#[test]
fn what_is_deleted_is_gone_and_comes_back_as_what_it_was() {
    let mut world = world(&[("/a/lease.md", 'l'), ("/b/x.md", 'l')]);
    let lease = world.at("/a/lease.md");
    world.files.remove("/a/lease.md");
    assert!(only_moves(&world.look()), "its copy is still there");
    world.files.remove("/b/x.md");
    assert_eq!(world.look().last(), Some(&Deed::Gone { document: lease }));
    assert_eq!(world.standing(lease), Standing::Gone);
    world.write("/b/y.md", 'l');
    world.look();
    world.check();
    assert_eq!((world.at("/b/y.md"), world.standing(lease)), (lease, Standing::Here));
    assert_eq!(world.desk.papers[&lease].origin, "/b/y.md");
}

#[test]
fn what_a_person_took_out_stays_out() {
    let mut world = world(&[("/a/lease.md", 'l')]);
    let lease = world.at("/a/lease.md");
    world.stand(lease, Standing::Here, Standing::Removed);
    world.write("/a/lease.md", 'm');
    world.look();
    world.rename("/a/lease.md", "/b/x.md");
    world.look();
    world.write("/b/y.md", 'm');
    world.look();
    world.check();
    assert_eq!((world.at("/b/x.md"), world.at("/b/y.md"), world.standing(lease)), (lease, lease, Standing::Removed));
}

#[test]
fn what_a_person_brought_from_elsewhere_stays_when_its_copy_goes() {
    let mut world = World::default();
    let document = DocumentId::new();
    let paper = Paper {
        document,
        hash: hash('l'),
        origin: "/elsewhere/lease.md".into(),
        format: "md".into(),
        standing: Standing::Here,
    };
    world.desk.papers.insert(document, paper);
    world.write("/a/lease.md", 'l');
    world.look();
    assert_eq!(world.at("/a/lease.md"), document);
    world.files.clear();
    world.look();
    assert_eq!(world.standing(document), Standing::Here);
    assert_eq!(world.desk.papers[&document].origin, "/elsewhere/lease.md");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize, char),
    Rename(usize, usize),
    Swap(usize, usize),
    Copy(usize, usize),
    Delete(usize),
    TakeOut(usize),
    Restore(usize),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..PLACES.len();
    let letter = || prop::sample::select(vec!['k', 'l', 'm', 'n', 'o', 'p']);
    prop_oneof![
        3 => (place(), letter()).prop_map(|(at, letter)| Step::Write(at, letter)),
        2 => (place(), place()).prop_map(|(from, to)| Step::Rename(from, to)),
        2 => (place(), place()).prop_map(|(one, other)| Step::Swap(one, other)),
        2 => (place(), place()).prop_map(|(from, to)| Step::Copy(from, to)),
        2 => place().prop_map(Step::Delete),
        1 => place().prop_map(Step::TakeOut),
        1 => place().prop_map(Step::Restore),
        4 => Just(Step::Look),
    ]
}

fn play(world: &mut World, step: Step) {
    match step {
        Step::Write(at, letter) => world.write(PLACES[at], letter),
        Step::Rename(from, to) if from != to => world.rename(PLACES[from], PLACES[to]),
        Step::Rename(..) => {}
        Step::Swap(one, other) => world.swap(PLACES[one], PLACES[other]),
        Step::Copy(from, to) => {
            if let Some(letter) = world.files.get(PLACES[from]).copied() {
                world.write(PLACES[to], letter);
            }
        }
        Step::Delete(at) => drop(world.files.remove(PLACES[at])),
        Step::TakeOut(at) => {
            let here = world.desk.places.get(PLACES[at]).map(|(document, _)| *document);
            if let Some(document) = here.filter(|document| world.standing(*document) == Standing::Here) {
                world.stand(document, Standing::Here, Standing::Removed);
            }
        }
        Step::Restore(at) => {
            let mut papers = world.desk.papers.values_mut();
            if let Some(paper) = papers.find(|paper| paper.origin == PLACES[at] && paper.standing != Standing::Here) {
                paper.standing = Standing::Here;
                world.brought.insert(paper.document);
            }
        }
        Step::Look => {
            world.look();
            world.check();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn every_file_is_one_document_and_what_it_says(steps in prop::collection::vec(step(), 0..40)) {
        let mut world = World::default();
        for step in steps {
            play(&mut world, step);
        }
        world.look();
        world.check();
    }

    #[test]
    fn names_that_are_dealt_anew_change_no_document(names in Just(PLACES.to_vec()).prop_shuffle(), many in 1..=PLACES.len()) {
        let letters = ['k', 'l', 'm', 'n', 'o', 'p'];
        let files: Vec<(&str, char)> = PLACES.iter().copied().zip(letters).take(many).collect();
        let mut world = world(&files);
        let before: BTreeMap<char, DocumentId> = files.iter().map(|(path, letter)| (*letter, world.at(path))).collect();
        world.files = names.iter().map(|name| (*name).to_owned()).zip(letters).take(many).collect();
        let deeds = world.look();
        prop_assert!(only_moves(&deeds), "{:?}", deeds);
        world.check();
        for (path, letter) in world.files.clone() {
            prop_assert_eq!(world.at(&path), before[&letter]);
        }
    }

    #[test]
    fn a_look_that_is_cut_off_is_gone_on_with(steps in prop::collection::vec(step(), 0..30), kept in 0..8_usize) {
        let mut world = World::default();
        for step in steps {
            play(&mut world, step);
        }
        // Files in two transactions, as a look makes them: only the first was recorded.
        let whole = world.files.clone();
        let known = world.desk.places.clone();
        let had = |path: &String| known.get(path).map(|(_, hash)| hash.clone());
        let differs: Vec<String> =
            whole.iter().filter(|(path, letter)| had(path) != Some(hash(**letter))).map(|(path, _)| path.clone()).collect();
        let now: BTreeMap<String, Content> =
            differs.iter().take(kept).map(|path| (path.clone(), content(whole[path]))).collect();
        for deed in world.desk.clone().see(&now, &BTreeSet::new()) {
            world.record(&deed);
        }
        world.look();
        world.check();
    }
}
