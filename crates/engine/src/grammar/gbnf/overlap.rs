//! Could a lexeme take what belongs to something behind it? Then it is divided.
//!
//! A lexeme ends where no lexeme goes on any more. Where a text `w` is one lexeme L, and the same `w` with the next
//! character is the beginning of a lexeme M, llguidance waits for the end of M, although L could have ended. That
//! matters if that character may follow L. Whether there is such a text is found by walking through the positions of L
//! and M at once (Glushkov, "The abstract theory of automata", 1961): what can follow a position is computed from the
//! lexeme's shape alone. Numbers in braces count as "any number" here, and every two lexemes as possible at one
//! place: that finds too many conflicts and never too few, and dividing a lexeme changes no text that the grammar
//! allows.

use super::{
    Node, Set, Wrong,
    shape::{Lexemes, Part, Shaped},
};
use std::collections::HashSet;

/// Steps between positions of one lexeme before it is divided without looking further.
const MAX_STEPS: usize = 400_000;
/// Work on one grammar: parts and pairs of positions that are looked at. About three seconds.
const MAX_WORK: usize = 30_000_000;

/// The positions of a lexeme: each character or set of it.
#[derive(Debug, Default)]
struct Positions {
    sets: Vec<Set>,
    first: Vec<usize>,
    last: Vec<bool>,
    follow: Vec<Vec<usize>>,
    /// The characters it can begin with.
    begin: Set,
    empty: bool,
    steps: usize,
}

/// Where a part of a lexeme begins and ends, and whether it may be empty.
struct Ends {
    first: Vec<usize>,
    last: Vec<usize>,
    empty: bool,
}

impl Positions {
    /// Of a lexeme; `None` if there are too many steps between them.
    fn new(node: &Node) -> Option<Self> {
        let mut all = Self::default();
        let Ends { first, last, empty } = all.walk(node)?;
        all.last = vec![false; all.sets.len()];
        last.into_iter().for_each(|at| all.last[at] = true);
        for at in &first {
            all.begin.add(&all.sets[*at]);
        }
        all.first = first;
        all.empty = empty;
        Some(all)
    }

    fn connect(&mut self, last: &[usize], first: &[usize]) -> Option<()> {
        self.steps += last.len() * first.len();
        for from in last {
            self.follow[*from].extend(first);
        }
        (self.steps <= MAX_STEPS).then_some(())
    }

    fn walk(&mut self, node: &Node) -> Option<Ends> {
        match node {
            Node::One(set) => {
                let at = self.sets.len();
                self.sets.push(set.clone());
                self.follow.push(Vec::new());
                Some(Ends { first: vec![at], last: vec![at], empty: false })
            }
            // A lexeme has no names in it.
            Node::Rule(_) => None,
            Node::Seq(nodes) => {
                let mut all = Ends { first: Vec::new(), last: Vec::new(), empty: true };
                for node in nodes {
                    let next = self.walk(node)?;
                    self.connect(&all.last, &next.first)?;
                    if all.empty {
                        all.first.extend(&next.first);
                    }
                    if next.empty {
                        all.last.extend(&next.last);
                    } else {
                        all.last = next.last;
                    }
                    all.empty &= next.empty;
                }
                Some(all)
            }
            Node::Any(nodes) => {
                let mut all = Ends { first: Vec::new(), last: Vec::new(), empty: false };
                for node in nodes {
                    let next = self.walk(node)?;
                    all.first.extend(next.first);
                    all.last.extend(next.last);
                    all.empty |= next.empty;
                }
                Some(all)
            }
            Node::Many(node, least, most) => {
                let mut all = self.walk(node)?;
                if *most != Some(1) {
                    self.connect(&all.last, &all.first)?;
                }
                all.empty |= *least == 0;
                Some(all)
            }
        }
    }
}

/// What follows what in a grammar.
struct Order<'a> {
    shaped: &'a Shaped,
    positions: &'a [Option<Positions>],
    /// What each rule can begin with, and whether it may be empty.
    begin: Vec<(Set, bool)>,
    /// What can follow each rule and each lexeme.
    behind: Vec<Set>,
    after: Vec<Set>,
    changed: bool,
}

/// What may still be looked at.
struct Left(usize);

impl Left {
    fn take(&mut self, work: usize) -> Result<(), Wrong> {
        self.0 = self.0.checked_sub(work).ok_or_else(|| Wrong::Whole("the grammar is too ambiguous".to_owned()))?;
        Ok(())
    }
}

fn parts(part: &Part) -> usize {
    match part {
        Part::Lexeme(_) | Part::Rule(_) => 1,
        Part::Seq(all) | Part::Any(all) => 1 + all.iter().map(parts).sum::<usize>(),
        Part::Many(part, ..) => 1 + parts(part),
    }
}

impl<'a> Order<'a> {
    fn new(shaped: &'a Shaped, positions: &'a [Option<Positions>], left: &mut Left) -> Result<Self, Wrong> {
        let size: usize = shaped.rules.iter().map(parts).sum();
        let (rules, lexemes) = (shaped.rules.len(), shaped.lexemes.nodes.len());
        let mut order = Self {
            shaped,
            positions,
            begin: vec![(Set::default(), false); rules],
            behind: vec![Set::default(); rules],
            after: vec![Set::default(); lexemes],
            changed: true,
        };
        while std::mem::take(&mut order.changed) {
            left.take(size)?;
            // What is called mostly stands behind what calls it.
            for (rule, part) in shaped.rules.iter().enumerate().rev() {
                let (set, empty) = order.begins(part);
                order.changed |= order.begin[rule].0.add(&set) || empty != order.begin[rule].1;
                order.begin[rule].1 = empty;
            }
        }
        order.changed = true;
        while std::mem::take(&mut order.changed) {
            left.take(2 * size)?;
            for (rule, part) in shaped.rules.iter().enumerate() {
                let behind = order.behind[rule].clone();
                order.follow(part, &behind);
            }
        }
        Ok(order)
    }

    fn begins(&self, part: &Part) -> (Set, bool) {
        match part {
            Part::Lexeme(number) => match &self.positions[*number] {
                Some(positions) => (positions.begin.clone(), positions.empty),
                None => (Set::all(), empty(&self.shaped.lexemes.nodes[*number])),
            },
            Part::Rule(rule) => self.begin[*rule].clone(),
            Part::Seq(all) => {
                let mut set = Set::default();
                for part in all {
                    let (begin, empty) = self.begins(part);
                    set.add(&begin);
                    if !empty {
                        return (set, false);
                    }
                }
                (set, true)
            }
            Part::Any(all) => all.iter().fold((Set::default(), false), |(mut set, empty), part| {
                let (begin, one) = self.begins(part);
                set.add(&begin);
                (set, empty || one)
            }),
            Part::Many(part, least, _) => {
                let (set, empty) = self.begins(part);
                (set, empty || *least == 0)
            }
        }
    }

    /// Notes that `behind` can follow a part.
    fn follow(&mut self, part: &Part, behind: &Set) {
        match part {
            Part::Lexeme(number) => self.changed |= self.after[*number].add(behind),
            Part::Rule(rule) => self.changed |= self.behind[*rule].add(behind),
            Part::Seq(all) => {
                let mut behind = behind.clone();
                for part in all.iter().rev() {
                    self.follow(part, &behind);
                    let (begin, empty) = self.begins(part);
                    if empty {
                        behind.add(&begin);
                    } else {
                        behind = begin;
                    }
                }
            }
            Part::Any(all) => all.iter().for_each(|part| self.follow(part, behind)),
            Part::Many(part, _, most) => {
                let mut behind = behind.clone();
                if *most != Some(1) {
                    behind.add(&self.begins(part).0);
                }
                self.follow(part, &behind);
            }
        }
    }
}

/// Whether a lexeme matches the empty text.
pub(super) fn empty(node: &Node) -> bool {
    match node {
        Node::One(_) | Node::Rule(_) => false,
        Node::Seq(all) => all.iter().all(empty),
        Node::Any(all) => all.iter().any(empty),
        Node::Many(node, least, _) => *least == 0 || empty(node),
    }
}

/// Whether `long` can go on behind a text that is `short`, with a character that may follow `short`.
fn conflict(short: &Positions, long: &Positions, after: &Set, left: &mut Left) -> Result<bool, Wrong> {
    let mut seen = HashSet::new();
    let meet = |a: usize, b: usize| short.sets[a].meets(&long.sets[b]);
    let pairs = |from: &[usize], to: &[usize]| -> Vec<(usize, usize)> {
        from.iter().flat_map(|a| to.iter().map(|b| (*a, *b))).filter(|(a, b)| meet(*a, *b)).collect()
    };
    let mut open = pairs(&short.first, &long.first);
    while let Some((a, b)) = open.pop() {
        if !seen.insert((a, b)) {
            continue;
        }
        left.take(short.follow[a].len() * long.follow[b].len() + 1)?;
        if short.last[a] && long.follow[b].iter().any(|next| long.sets[*next].meets(after)) {
            return Ok(true);
        }
        open.extend(pairs(&short.follow[a], &long.follow[b]));
    }
    Ok(false)
}

/// The same grammar with lexemes that take nothing that is not theirs.
pub(super) fn divided(mut shaped: Shaped) -> Result<Shaped, Wrong> {
    let mut left = Left(MAX_WORK);
    // Each round divides one at least; how often that is possible is bounded by the height of a lexeme.
    loop {
        let count = shaped.lexemes.nodes.len();
        let positions: Vec<Option<Positions>> = shaped.lexemes.nodes.iter().map(Positions::new).collect();
        left.take(positions.iter().flatten().map(|positions| positions.sets.len() + positions.steps).sum())?;
        let order = Order::new(&shaped, &positions, &mut left)?;
        let mut greedy = vec![false; count];
        for (long, node) in shaped.lexemes.nodes.iter().enumerate() {
            if matches!(node, Node::One(_)) {
                continue;
            }
            left.take(count)?;
            for short in (0..count).filter(|short| !order.after[*short].is_empty()) {
                greedy[long] = match (&positions[short], &positions[long]) {
                    (Some(one), Some(other)) => {
                        one.begin.meets(&other.begin) && conflict(one, other, &order.after[short], &mut left)?
                    }
                    _ => true,
                };
                if greedy[long] {
                    break;
                }
            }
        }
        if !greedy.contains(&true) {
            return Ok(shaped);
        }
        let mut lexemes = Lexemes::default();
        let rules = shaped.rules.iter().map(|part| divide(part, &shaped.lexemes, &greedy, &mut lexemes)).collect();
        shaped = Shaped { lexemes, rules };
    }
}

fn divide(part: &Part, old: &Lexemes, greedy: &[bool], new: &mut Lexemes) -> Part {
    let mut each = |all: &[Part]| all.iter().map(|part| divide(part, old, greedy, new)).collect();
    match part {
        Part::Rule(rule) => Part::Rule(*rule),
        Part::Seq(all) => Part::Seq(each(all)),
        Part::Any(all) => Part::Any(each(all)),
        Part::Many(part, least, most) => Part::Many(Box::new(divide(part, old, greedy, new)), *least, *most),
        Part::Lexeme(number) => {
            let node = &old.nodes[*number];
            if !greedy[*number] {
                return new.part(node.clone());
            }
            match node {
                Node::Seq(all) => Part::Seq(all.iter().map(|node| new.part(node.clone())).collect()),
                Node::Any(all) => Part::Any(all.iter().map(|node| new.part(node.clone())).collect()),
                Node::Many(node, least, most) => Part::Many(Box::new(new.part((**node).clone())), *least, *most),
                Node::One(_) | Node::Rule(_) => new.part(node.clone()),
            }
        }
    }
}
