//! Where can a template make something large? Each such place gets a call that measures what was made.
//!
//! minijinja counts instructions and not bytes, and a text that is joined with itself doubles with each
//! instruction. So the compiled template is written anew: sums, products and the results of filters and
//! methods pass through a function that knows the limits. The instructions are minijinja's own and may
//! change with a version; `Cargo.lock` keeps the one that this was written for, and tests notice.
//!
//! Nor does minijinja count how deep values nest. It descends into them to write, compare and drop them, so that
//! one built in a loop overflows the stack, which ends the process. What may nest is therefore measured too.

use super::looks;
use minijinja::{
    Error, ErrorKind, Value,
    machinery::{Instruction, Instructions, Token, WhitespaceConfig, tokenize},
    syntax::SyntaxConfig,
};

/// Products that a template may be written with. minijinja works out those of constants while compiling,
/// up to 100 MB each, before anything here can measure them.
const MAX_PRODUCTS: usize = 8;
/// Operators, dots, pipes and brackets between two braces, and `elif`s in all. minijinja's parser bounds what is
/// nested in brackets but not chains such as `a + a + a` or `a.b.c`; its compiler descends into each link.
const MAX_CHAIN: usize = 400;

/// The names of the measuring functions; no template can spell them.
pub(super) const GROWN: &str = "\u{1}grown";
pub(super) const NESTED: &str = "\u{1}nested";
pub(super) const ASSIGNED: &str = "\u{1}assigned";
pub(super) const JOINED: &str = "\u{1}joined";
/// The names of those that pay for looking, in `looks`.
pub(super) const COMPARED: &str = "\u{1}compared";
pub(super) const SORTED: &str = "\u{1}sorted";
pub(super) const KEYED: &str = "\u{1}keyed";
pub(super) const HELD: &str = "\u{1}held";
pub(super) const PASSED: &str = "\u{1}passed";

/// Refuses a template whose compilation alone may take too much memory or stack.
pub(super) fn check(source: &str) -> Result<(), Error> {
    let refused = |what: String| Err(Error::new(ErrorKind::InvalidOperation, what));
    let (mut products, mut chain, mut otherwise) = (0, 0, 0);
    for token in tokenize(source, false, SyntaxConfig::default(), WhitespaceConfig::default()) {
        let token = token?.0;
        products += usize::from(matches!(token, Token::Mul));
        otherwise += usize::from(matches!(token, Token::Ident("elif")));
        match token {
            Token::VariableStart | Token::BlockStart => chain = 0,
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Dot
            | Token::Tilde
            | Token::Pipe
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte
            | Token::BracketOpen
            | Token::ParenOpen
            | Token::Ident("not" | "and" | "or" | "is" | "in") => chain += 1,
            // minijinja's list of tokens may grow; the others make no chain.
            _ => {}
        }
        if chain > MAX_CHAIN || otherwise > MAX_CHAIN {
            return refused(format!("it has more than {MAX_CHAIN} operators in one expression"));
        }
    }
    if products > MAX_PRODUCTS {
        return refused(format!("it multiplies {products} times; {MAX_PRODUCTS} are allowed"));
    }
    Ok(())
}

/// A compiled template with the measuring calls.
pub(super) fn guarded<'a>(compiled: &Instructions<'a>) -> Instructions<'a> {
    let all: Vec<&Instruction<'a>> = (0u32..).map_while(|index| compiled.get(index)).collect();
    // Where each instruction will stand; a jump may go behind the last.
    let mut places = Vec::with_capacity(all.len() + 1);
    let mut next = 0u32;
    for instruction in &all {
        places.push(next);
        let (before, after) = around(instruction);
        next += 1 + (before.len() + after.len()) as u32;
    }
    places.push(next);
    let moved = |target: u32| places.get(target as usize).copied().unwrap_or(next);
    let mut out = Instructions::new(compiled.name(), compiled.source());
    for (index, instruction) in (0u32..).zip(&all) {
        let this = match instruction {
            // Through the formatter, which counts what is written.
            Instruction::EmitRaw(text) => Instruction::LoadConst(Value::from(*text)),
            Instruction::StringConcat => Instruction::CallFunction(JOINED, Some(2)),
            Instruction::Iterate(target) => Instruction::Iterate(moved(*target)),
            Instruction::Jump(target) => Instruction::Jump(moved(*target)),
            Instruction::JumpIfFalse(target) => Instruction::JumpIfFalse(moved(*target)),
            Instruction::JumpIfFalseOrPop(target) => Instruction::JumpIfFalseOrPop(moved(*target)),
            Instruction::JumpIfTrueOrPop(target) => Instruction::JumpIfTrueOrPop(moved(*target)),
            Instruction::BuildMacro(name, target, flags) => Instruction::BuildMacro(name, moved(*target), *flags),
            other => (*other).clone(),
        };
        let line = compiled.get_line(index).and_then(|line| u16::try_from(line).ok()).unwrap_or(0);
        let (before, after) = around(instruction);
        for one in before.iter().cloned().chain([this]).chain(after.iter().cloned()) {
            out.add_with_line(one, line);
        }
    }
    out
}

/// What is added before and behind an instruction.
fn around(instruction: &Instruction<'_>) -> (Vec<Instruction<'static>>, Vec<Instruction<'static>>) {
    let (before, after) = measured(instruction);
    let mut before = before.to_vec();
    if let Some((name, count)) = looks::before(instruction) {
        // The function gives its values back as a list; laying them out again says how many there were.
        before.extend([Instruction::CallFunction(name, count), Instruction::UnpackLists(1)]);
        if count.is_some() {
            before.push(Instruction::DiscardTop);
        }
    }
    (before, after.to_vec())
}

fn measured(instruction: &Instruction<'_>) -> (&'static [Instruction<'static>], &'static [Instruction<'static>]) {
    match instruction {
        Instruction::EmitRaw(_) => (&[], &[Instruction::Emit]),
        // Lists that are joined are no deeper than they were.
        Instruction::Add => (&[], &[Instruction::CallFunction(GROWN, Some(1))]),
        Instruction::Mul
        | Instruction::Slice
        | Instruction::BuildList(_)
        | Instruction::BuildMap(_)
        | Instruction::ApplyFilter(..)
        | Instruction::CallFunction(..)
        | Instruction::CallMethod(..)
        | Instruction::CallObject(_) => (&[], &[Instruction::CallFunction(NESTED, Some(1))]),
        // The function takes the value and the namespace, and gives them back as a list.
        Instruction::SetAttr(_) => (&[Instruction::CallFunction(ASSIGNED, Some(2)), Instruction::UnpackList(2)], &[]),
        _ => (&[], &[]),
    }
}
