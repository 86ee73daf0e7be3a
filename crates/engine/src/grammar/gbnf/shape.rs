//! Which parts of a grammar are regular, so that one lexeme can stand for them?

use super::{Node, Rules, Set, Wrong};
use std::collections::{HashMap, HashSet};

/// Characters and sets in one lexeme.
const MAX_LEXEME: usize = 10_000;
/// How deep a lexeme may be nested: llguidance's library for regular expressions has a limit.
const MAX_HEIGHT: usize = 50;
/// Characters and sets in all lexemes together.
const MAX_ALL: usize = 400_000;
/// Ways through a rule that calls itself at its end, each with all that stands before.
const MAX_WAYS: usize = 20_000;

/// A rule of which the regular parts are lexemes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Lexeme(usize),
    Rule(usize),
    Seq(Vec<Part>),
    Any(Vec<Part>),
    Many(Box<Part>, u32, Option<u32>),
}

/// A grammar over lexemes; the first rule is the root.
#[derive(Debug, Default)]
pub(super) struct Shaped {
    pub(super) lexemes: Lexemes,
    pub(super) rules: Vec<Part>,
}

/// Lexemes by number; equal ones are one.
#[derive(Debug, Default)]
pub(super) struct Lexemes {
    pub(super) nodes: Vec<Node>,
    numbers: HashMap<Node, usize>,
}

impl Lexemes {
    pub(super) fn part(&mut self, node: Node) -> Part {
        if node == Node::Seq(Vec::new()) {
            return Part::Seq(Vec::new());
        }
        let next = self.nodes.len();
        let number = *self.numbers.entry(node).or_insert_with_key(|node| {
            self.nodes.push(node.clone());
            next
        });
        Part::Lexeme(number)
    }
}

/// One behind the other, without needless layers.
pub(super) fn seq(parts: impl IntoIterator<Item = Node>) -> Node {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Node::Seq(inner) => all.extend(inner),
            other => all.push(other),
        }
    }
    if all.len() == 1 { all.remove(0) } else { Node::Seq(all) }
}

/// One of these, without needless layers; single characters become one set.
fn any(parts: impl IntoIterator<Item = Node>) -> Node {
    let (mut all, mut set, mut seen) = (Vec::new(), Set::default(), HashSet::new());
    for part in parts {
        let inner = if let Node::Any(inner) = part { inner } else { vec![part] };
        for part in inner {
            match part {
                Node::One(one) => {
                    set.add(&one);
                }
                other if seen.contains(&other) => {}
                other => {
                    seen.insert(other.clone());
                    all.push(other);
                }
            }
        }
    }
    if !set.is_empty() {
        all.push(Node::One(set));
    }
    if all.len() == 1 { all.remove(0) } else { Node::Any(all) }
}

fn many(node: Node, least: u32, most: Option<u32>) -> Node {
    match (least, most) {
        (1, Some(1)) => node,
        (_, Some(0)) => Node::Seq(Vec::new()),
        _ if node == Node::Seq(Vec::new()) => node,
        _ => Node::Many(Box::new(node), least, most),
    }
}

/// The rules over lexemes.
pub(super) fn shaped(rules: &Rules) -> Result<Shaped, Wrong> {
    let bodies: Vec<Node> = rules.bodies.iter().enumerate().map(|(own, body)| without_tail(body, own)).collect();
    let ends = ending(&bodies);
    if let Some(own) = ends.iter().position(|ends| !ends) {
        return Err(Wrong::Whole(format!("the rule '{:.60}' never ends", rules.names[own])));
    }
    let mut shaper =
        Shaper { regular: vec![None; bodies.len()], all: 0, out: Shaped::default(), numbers: HashMap::new() };
    // As long as there are rules that only name regular ones. Each round finds one at least.
    let mut kept = 0;
    loop {
        let mut more = false;
        // What is called mostly stands behind what calls it.
        for (own, body) in bodies.iter().enumerate().rev() {
            let size = if shaper.regular[own].is_none() { shaper.measure(body) } else { None };
            let Some(size) = size.filter(|size| size.fits() && kept + size.count <= MAX_ALL) else { continue };
            kept += size.count;
            let node = shaper.inlined(body);
            let size = size_of(&node);
            shaper.regular[own] = Some((node, size));
            more = true;
        }
        if !more {
            break;
        }
    }
    // Rules that are reached only, each once.
    let mut reached = vec![0];
    shaper.numbers.insert(0, 0);
    let mut next = 0;
    while let Some(own) = reached.get(next).copied() {
        let part = match shaper.regular[own].clone() {
            Some((node, _)) => shaper.lexeme(node)?,
            None => shaper.part(&bodies[own], &mut reached)?,
        };
        shaper.out.rules.push(part);
        next += 1;
    }
    Ok(shaper.out)
}

struct Shaper {
    /// Of each rule that is regular, what it consists of, without names, and its size.
    regular: Vec<Option<(Node, Size)>>,
    /// Characters in lexemes so far.
    all: usize,
    out: Shaped,
    /// The new number of each rule that is kept.
    numbers: HashMap<usize, usize>,
}

impl Shaper {
    /// Whether a lexeme can stand for it.
    fn fits(&self, node: &Node) -> bool {
        self.measure(node).is_some_and(Size::fits)
    }

    /// `None` if it is not regular.
    fn measure(&self, node: &Node) -> Option<Size> {
        measure(node, &|rule| self.regular[rule].as_ref().map(|(_, size)| *size))
    }

    /// What a regular node consists of, without names.
    fn inlined(&self, node: &Node) -> Node {
        match node {
            Node::One(set) => Node::One(set.clone()),
            Node::Rule(other) => self.regular[*other].as_ref().map_or(Node::Rule(*other), |(node, _)| node.clone()),
            Node::Seq(all) => seq(all.iter().map(|node| self.inlined(node))),
            Node::Any(all) => any(all.iter().map(|node| self.inlined(node))),
            Node::Many(node, least, most) => many(self.inlined(node), *least, *most),
        }
    }

    fn lexeme(&mut self, node: Node) -> Result<Part, Wrong> {
        self.all += size_of(&node).count;
        if self.all > MAX_ALL {
            return Err(Wrong::Whole("the grammar is too large".to_owned()));
        }
        Ok(self.out.lexemes.part(node))
    }

    /// A node over lexemes: those that stand side by side and are regular become one.
    fn part(&mut self, node: &Node, reached: &mut Vec<usize>) -> Result<Part, Wrong> {
        if self.fits(node) {
            return self.lexeme(self.inlined(node));
        }
        Ok(match node {
            Node::One(set) => self.lexeme(Node::One(set.clone()))?,
            Node::Rule(other) => {
                let next = reached.len();
                let number = *self.numbers.entry(*other).or_insert_with(|| {
                    reached.push(*other);
                    next
                });
                Part::Rule(number)
            }
            Node::Seq(all) => {
                let (mut parts, mut run, mut size) = (Vec::new(), Vec::new(), Size::default());
                for node in all {
                    let own = self.measure(node).filter(|own| own.fits());
                    let together = own.map(|own| size.beside(own).above()).filter(|all| all.fits());
                    if together.is_none() {
                        self.flush(&mut run, &mut parts)?;
                        size = Size::default();
                    }
                    match own {
                        Some(own) if own.above().fits() => {
                            run.push(node.clone());
                            size = size.beside(own);
                        }
                        _ => parts.push(self.part(node, reached)?),
                    }
                }
                self.flush(&mut run, &mut parts)?;
                Part::Seq(parts)
            }
            Node::Any(all) => {
                let (regular, others): (Vec<&Node>, Vec<&Node>) = all.iter().partition(|node| self.fits(node));
                let together = any(regular.iter().map(|node| self.inlined(node)));
                let mut parts = Vec::new();
                if self.fits(&together) {
                    if !regular.is_empty() {
                        parts.push(self.lexeme(together)?);
                    }
                } else {
                    for node in regular {
                        parts.push(self.lexeme(self.inlined(node))?);
                    }
                }
                for node in others {
                    parts.push(self.part(node, reached)?);
                }
                Part::Any(parts)
            }
            Node::Many(node, least, most) => Part::Many(Box::new(self.part(node, reached)?), *least, *most),
        })
    }

    fn flush(&mut self, run: &mut Vec<Node>, parts: &mut Vec<Part>) -> Result<(), Wrong> {
        if !run.is_empty() {
            let node = self.inlined(&Node::Seq(std::mem::take(run)));
            parts.push(self.lexeme(node)?);
        }
        Ok(())
    }
}

/// How large a node is: its characters, sets and layers, and how many layers lie on each other.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    count: usize,
    height: usize,
}

impl Size {
    fn fits(self) -> bool {
        self.count <= MAX_LEXEME && self.height <= MAX_HEIGHT
    }
    fn beside(self, other: Self) -> Self {
        Self { count: self.count + other.count, height: self.height.max(other.height) }
    }
    fn above(self) -> Self {
        Self { count: self.count + 1, height: self.height + 1 }
    }
}

/// The size of a node, with those of the rules that it names; `None` if one of them has none.
fn measure(node: &Node, named: &impl Fn(usize) -> Option<Size>) -> Option<Size> {
    let inside = match node {
        Node::One(set) => Size { count: set.ranges().len(), height: 0 },
        Node::Rule(rule) => return named(*rule),
        Node::Seq(all) | Node::Any(all) => {
            all.iter().try_fold(Size::default(), |size, node| Some(size.beside(measure(node, named)?)))?
        }
        Node::Many(node, ..) => measure(node, named)?,
    };
    Some(inside.above())
}

/// The size of a node without names.
fn size_of(node: &Node) -> Size {
    measure(node, &|_| None).unwrap_or_default()
}

/// Which rules can come to an end.
fn ending(bodies: &[Node]) -> Vec<bool> {
    fn ends(node: &Node, known: &[bool]) -> bool {
        match node {
            Node::One(_) => true,
            Node::Rule(other) => known[*other],
            Node::Seq(all) => all.iter().all(|node| ends(node, known)),
            Node::Any(all) => all.iter().any(|node| ends(node, known)),
            Node::Many(node, least, _) => *least == 0 || ends(node, known),
        }
    }
    let mut known = vec![false; bodies.len()];
    loop {
        let before = known.clone();
        for (own, body) in bodies.iter().enumerate() {
            known[own] = known[own] || ends(body, &known);
        }
        if known == before {
            return known;
        }
    }
}

/// A rule that only calls itself at its end, such as `ws ::= ([ \t] ws)?`, as a repetition.
fn without_tail(body: &Node, own: usize) -> Node {
    if !names(body, own) {
        return body.clone();
    }
    let mut split = Split { own, left: MAX_WAYS, again: Vec::new(), ends: Vec::new() };
    match split.take(&[], body) {
        Some(()) if !split.ends.is_empty() => {
            let again: Vec<Node> = split.again.into_iter().filter(|node| *node != Node::Seq(Vec::new())).collect();
            let ends = any(split.ends);
            if again.is_empty() { ends } else { seq([many(any(again), 0, None), ends]) }
        }
        _ => body.clone(),
    }
}

fn names(node: &Node, rule: usize) -> bool {
    match node {
        Node::One(_) => false,
        Node::Rule(other) => *other == rule,
        Node::Seq(all) | Node::Any(all) => all.iter().any(|node| names(node, rule)),
        Node::Many(node, ..) => names(node, rule),
    }
}

/// The ways through a rule: those that call it again at their end, without that call, and those that do not.
struct Split {
    own: usize,
    /// Parts that may still be copied.
    left: usize,
    again: Vec<Node>,
    ends: Vec<Node>,
}

impl Split {
    /// Ways that begin with `before`; `None` if the rule is called anywhere else.
    fn take(&mut self, before: &[Node], node: &Node) -> Option<()> {
        let copied = before.iter().map(|node| size_of(node).count + 1).sum::<usize>() + 1;
        self.left = self.left.checked_sub(copied)?;
        let whole = |last: Node| seq(before.iter().cloned().chain([last]));
        match node {
            Node::Rule(other) if *other == self.own => self.again.push(whole(Node::Seq(Vec::new()))),
            node if !names(node, self.own) => self.ends.push(whole(node.clone())),
            Node::Any(all) => all.iter().try_for_each(|node| self.take(before, node))?,
            Node::Seq(all) => {
                let (last, first) = all.split_last()?;
                if first.iter().any(|node| names(node, self.own)) {
                    return None;
                }
                self.take(&[before, first].concat(), last)?;
            }
            Node::Many(node, 0, Some(1)) => {
                self.ends.push(whole(Node::Seq(Vec::new())));
                self.take(before, node)?;
            }
            Node::One(_) | Node::Rule(_) | Node::Many(..) => return None,
        }
        Some(())
    }
}
