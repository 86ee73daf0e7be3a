//! What does a file's metadata say about its architecture? Numbers under the architecture's own name, checked.

use crate::{
    error::Result,
    gguf::{Gguf, Value},
};

/// The metadata under the architecture's name: `llama.block_count` is `block_count` here.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub file: &'a Gguf,
    architecture: &'a str,
}

/// No size of a model on a laptop passes this; a file whose does is damaged.
pub(super) const MOST: usize = 1 << 20;
/// Scales, factors and caps lie between this and its inverse; the largest that is used is some hundreds.
const MOST_SCALE: f32 = 1e6;

impl<'a> Keys<'a> {
    pub fn new(file: &'a Gguf) -> Result<Self> {
        Ok(Self { file, architecture: file.architecture()? })
    }

    /// The architecture's name.
    pub fn architecture(&self) -> &'a str {
        self.architecture
    }

    /// The whole name of a key.
    pub fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.file.get(&self.name(key))
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key).and_then(Value::as_str)
    }

    /// A whole number that may be missing or 0.
    pub fn count(&self, key: &str) -> Option<usize> {
        self.get(key).and_then(Value::as_usize)
    }

    /// A size that must be there: from 1 to [`MOST`].
    pub fn size(&self, key: &str) -> Result<usize> {
        match self.count(key) {
            None => Err(self.file.missing(&self.name(key))),
            Some(n) if n == 0 || n > MOST => Err(self.file.malformed(format!("{} is {n}", self.name(key)))),
            Some(n) => Ok(n),
        }
    }

    /// A size for each of `layers` layers: one number for all, or a list as long. None where it is missing.
    pub fn each(&self, key: &str, layers: usize) -> Result<Option<Vec<usize>>> {
        let wrong = |what: String| self.file.malformed(format!("{} {what}", self.name(key)));
        match self.get(key) {
            None => Ok(None),
            Some(Value::Counts(list)) if list.len() != layers => {
                Err(wrong(format!("has {} numbers for {layers} layers", list.len())))
            }
            Some(Value::Counts(list)) => {
                let sizes = list.iter().map(|n| usize::try_from(*n).ok().filter(|n| *n <= MOST));
                sizes.collect::<Option<_>>().map(Some).ok_or_else(|| wrong("has an impossible number".to_owned()))
            }
            Some(value) => match value.as_usize() {
                Some(n) if n <= MOST => Ok(Some(vec![n; layers])),
                _ => Err(wrong("is no size".to_owned())),
            },
        }
    }

    /// A size that is the same in all layers, where the file may list it for each.
    pub fn uniform(&self, key: &str, layers: usize) -> Result<Option<usize>> {
        let Some(sizes) = self.each(key, layers)? else { return Ok(None) };
        match sizes.first() {
            Some(first) if sizes.iter().all(|size| size == first) => Ok(Some(*first)),
            _ => Err(self.file.unsupported(format!("layers that differ in {}", self.name(key)))),
        }
    }

    /// A scale, factor or cap: a positive number of a sensible magnitude. None where it is missing or 0, which
    /// is how files say that there is none.
    pub fn scale(&self, key: &str) -> Result<Option<f32>> {
        match self.get(key).map(|value| value.as_f32().unwrap_or(f32::NAN)) {
            None | Some(0.0) => Ok(None),
            Some(scale) if (1.0 / MOST_SCALE..=MOST_SCALE).contains(&scale) => Ok(Some(scale)),
            Some(scale) => Err(self.file.malformed(format!("{} is {scale}", self.name(key)))),
        }
    }

    /// A number for each layer from a key with its whole name: one for all, or a list as long.
    pub fn fractions(&self, name: &str, layers: usize) -> Result<Vec<f32>> {
        let values = match self.file.get(name) {
            None => return Err(self.file.missing(name)),
            Some(Value::Fractions(list)) => list.clone(),
            Some(value) => vec![value.as_f32().unwrap_or(f32::NAN); layers],
        };
        if values.len() == layers && values.iter().all(|value| value.abs() <= MOST_SCALE) {
            return Ok(values);
        }
        Err(self.file.malformed(format!("{name} is no list of {layers} sensible numbers")))
    }

    /// In which layers attention has a window: a flag for each in the file, or every layer but each `period`-th.
    pub fn windowed(&self, period: usize, layers: usize) -> Result<Vec<bool>> {
        let key = "attention.sliding_window_pattern";
        let period = match self.get(key) {
            Some(Value::Flags(flags)) if flags.len() == layers => return Ok(flags.clone()),
            Some(Value::Counts(flags)) if flags.len() == layers => {
                return Ok(flags.iter().map(|flag| *flag != 0).collect());
            }
            Some(value) => value
                .as_usize()
                .ok_or_else(|| self.file.malformed(format!("{} is no pattern of {layers} layers", self.name(key))))?,
            None => period,
        };
        Ok((0..layers).map(|layer| period == 0 || layer % period < period - 1).collect())
    }
}
