//! A metadata value. Arrays keep one type, so that a vocabulary takes no more than its strings.

/// A value in a file's metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any unsigned or non-negative whole number.
    Count(u64),
    /// A negative whole number.
    Negative(i64),
    /// Any fraction.
    Fraction(f64),
    /// A flag.
    Flag(bool),
    /// A text.
    Text(String),
    /// An array of texts.
    Texts(Vec<String>),
    /// An array of whole numbers.
    Counts(Vec<i64>),
    /// An array of fractions.
    Fractions(Vec<f32>),
    /// An array of flags.
    Flags(Vec<bool>),
}

impl Value {
    /// As a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(s) = self { Some(s) } else { None }
    }
    /// As a whole number.
    #[must_use]
    pub fn as_usize(&self) -> Option<usize> {
        if let Self::Count(n) = self { usize::try_from(*n).ok() } else { None }
    }
    /// As a fraction; whole numbers count.
    #[must_use]
    pub fn as_f32(&self) -> Option<f32> {
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "f32 is what models are in")]
        match self {
            Self::Fraction(x) => Some(*x as f32),
            Self::Count(n) => Some(*n as f32),
            Self::Negative(n) => Some(*n as f32),
            Self::Flag(_) | Self::Text(_) | Self::Texts(_) | Self::Counts(_) | Self::Fractions(_) | Self::Flags(_) => {
                None
            }
        }
    }
    /// As a flag.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Flag(b) = self { Some(*b) } else { None }
    }
    /// As texts.
    #[must_use]
    pub fn as_texts(&self) -> Option<&[String]> {
        if let Self::Texts(v) = self { Some(v) } else { None }
    }
    /// As whole numbers.
    #[must_use]
    pub fn as_counts(&self) -> Option<&[i64]> {
        if let Self::Counts(v) = self { Some(v) } else { None }
    }
    /// As fractions.
    #[must_use]
    pub fn as_fractions(&self) -> Option<&[f32]> {
        if let Self::Fractions(v) = self { Some(v) } else { None }
    }
}
