//! Where can a template make something large? Each such place gets a call that measures what was made.
//!
//! minijinja counts instructions and not bytes, and a text that is joined with itself doubles with each
//! instruction. So the compiled template is written anew: sums, products and the results of filters and
//! methods pass through a function that knows the limits. The instructions are minijinja's own and may
//! change with a version; `Cargo.lock` keeps the one that this was written for, and tests notice.

use minijinja::{
    Error, ErrorKind, Value,
    machinery::{Instruction, Instructions, Token, WhitespaceConfig, tokenize},
    syntax::SyntaxConfig,
};

/// Products that a template may be written with. minijinja works out those of constants while compiling,
/// up to 100 MB each, before anything here can measure them.
const MAX_PRODUCTS: usize = 8;

/// The names of the measuring functions; no template can spell them.
pub(super) const GROWN: &str = "\u{1}grown";
pub(super) const JOINED: &str = "\u{1}joined";

/// Refuses a template whose compilation alone may take too much memory.
pub(super) fn check(source: &str) -> Result<(), Error> {
    let mut products = 0;
    for token in tokenize(source, false, SyntaxConfig::default(), WhitespaceConfig::default()) {
        products += usize::from(matches!(token?.0, Token::Mul));
    }
    if products > MAX_PRODUCTS {
        let what = format!("it multiplies {products} times; {MAX_PRODUCTS} are allowed");
        return Err(Error::new(ErrorKind::InvalidOperation, what));
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
        next += if added(instruction) { 2 } else { 1 };
    }
    places.push(next);
    let moved = |target: u32| places.get(target as usize).copied().unwrap_or(next);
    let mut out = Instructions::new(compiled.name(), compiled.source());
    for (index, instruction) in (0u32..).zip(&all) {
        let first = match instruction {
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
        let second = match instruction {
            Instruction::EmitRaw(_) => Instruction::Emit,
            _ => Instruction::CallFunction(GROWN, Some(1)),
        };
        let line = compiled.get_line(index).and_then(|line| u16::try_from(line).ok()).unwrap_or(0);
        out.add_with_line(first, line);
        if added(instruction) {
            out.add_with_line(second, line);
        }
    }
    out
}

/// Whether something is added behind an instruction.
fn added(instruction: &Instruction<'_>) -> bool {
    matches!(
        instruction,
        Instruction::EmitRaw(_)
            | Instruction::Add
            | Instruction::Mul
            | Instruction::ApplyFilter(..)
            | Instruction::CallMethod(..)
    )
}
