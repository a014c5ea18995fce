//! Quantities as they are written on the command line: `auto` or a number, and sizes of
//! memory.
//!
//! Not here: what they are for ([`crate::cli`]), or what `auto` comes to
//! ([`crate::sizing`]).

use std::str::FromStr;

/// What somebody named, or what is found to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// What fits.
    Auto,
    /// Exactly this.
    Named(T),
}

/// A number of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub u32);

/// A size of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// What was written is no such quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No number of runs.
    #[error("write `auto` or a number from 1 to {}", Count::MOST)]
    Count,
    /// No size.
    #[error("write `auto` or a size such as 1500M or 2G, of 64M at least")]
    Bytes,
}

impl Count {
    const MOST: u32 = 1024;
}

impl Bytes {
    const LEAST: u64 = 64 << 20;
}

impl<T> Choice<T> {
    /// What somebody named.
    pub fn named(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Named(named) => Some(named),
        }
    }
}

impl<T: FromStr> FromStr for Choice<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Named) }
    }
}

impl FromStr for Count {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = text.parse().ok().filter(|count| (1..=Self::MOST).contains(count));
        count.map(Self).ok_or(QuantityError::Count)
    }
}

impl FromStr for Bytes {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [("M", 20), ("G", 30)];
        let read = units.iter().find_map(|(unit, shift)| {
            let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(1 << shift)
        });
        read.filter(|bytes| *bytes >= Self::LEAST).map(Self).ok_or(QuantityError::Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Choice, Count, QuantityError};

    #[test]
    fn auto_is_what_nobody_named() {
        assert_eq!("auto".parse::<Choice<Count>>(), Ok(Choice::Auto));
        assert_eq!("3".parse(), Ok(Choice::Named(Count(3))));
        assert_eq!(Choice::Named(3).named(), Some(3));
        assert_eq!(Choice::<Count>::Auto.named(), None);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "0", "1025", "-1", "many", "Auto"] {
            assert_eq!(text.parse::<Count>(), Err(QuantityError::Count), "{text}");
        }
        for text in ["", "0M", "63M", "1500", "1.5G", "2g", "99999999999999G"] {
            assert_eq!(text.parse::<Bytes>(), Err(QuantityError::Bytes), "{text}");
        }
    }

    #[test]
    fn sizes_have_a_unit() {
        assert_eq!("1500M".parse(), Ok(Bytes(1500 * 1024 * 1024)));
        assert_eq!("2G".parse(), Ok(Bytes(2 * 1024 * 1024 * 1024)));
    }
}
