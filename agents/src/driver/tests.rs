//! Turns from question to record, with the real store and library; only the model is a script.

mod answers;
mod control;
mod house;
mod tool_calls;
