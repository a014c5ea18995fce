//! The settings of the set-up page.
//!
//! Not here: how the page looks (`setup`).

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use url::Url;

use super::values::{path_or_empty, span};

/// The page's own grounds, light and dark, which its stylesheet has too.
const GROUNDS: [(Colour, &str); 2] = [(Colour(0xff, 0xff, 0xff), "light"), (Colour(0x1b, 0x1e, 0x23), "dark")];

/// How much what one can use has to stand out from its ground (WCAG 2.2, 1.4.11).
const STANDS_OUT: f64 = 3.0;

/// The set-up page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    #[serde(deserialize_with = "span")]
    pub link_term: Duration,
    /// Origins.
    #[serde(deserialize_with = "origins")]
    pub frame_ancestors: Vec<String>,
    pub brand: Brand,
}

/// Whose page it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    pub name: String,
    #[serde(deserialize_with = "path_or_empty")]
    pub logo: Option<PathBuf>,
    #[serde(deserialize_with = "accent")]
    pub accent: Colour,
}

/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(u8, u8, u8);

impl Colour {
    /// Black or white, whichever is read better on it. One of them always reads well.
    #[must_use]
    pub fn ink(self) -> Self {
        let [black, white] = [Self(0, 0, 0), Self(0xff, 0xff, 0xff)];
        if self.contrast(black) > self.contrast(white) { black } else { white }
    }

    /// The contrast of two colours by WCAG: from 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl FromStr for Colour {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or(())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| ());
        Ok(Self(part(0)?, part(2)?, part(4)?))
    }
}

fn accent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Colour, D::Error> {
    let text = String::deserialize(deserializer)?;
    let colour: Colour =
        text.parse().map_err(|()| serde::de::Error::custom(format!("`{text}` is no colour such as #1f7f8b")))?;
    for (ground, name) in GROUNDS {
        let contrast = colour.contrast(ground);
        if contrast < STANDS_OUT {
            let reason = format!("{colour} stands out from the {name} page by {contrast:.1}:1, and 3:1 is needed");
            return Err(serde::de::Error::custom(reason));
        }
    }
    Ok(colour)
}

/// Origins with blanks between them; https, or http of this machine.
fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let origin = |word: &str| {
        let url = Url::parse(word).ok()?;
        let is_here = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        let is_bare =
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        (is_secure && is_bare).then(|| url.origin().ascii_serialization())
    };
    let malformed = |word: &str| serde::de::Error::custom(format!("`{word}` is no origin such as https://app.example"));
    text.split_whitespace().map(|word| origin(word).ok_or_else(|| malformed(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::Colour;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let colour = |text: &str| text.parse::<Colour>().expect(text);
        let check = |one: &str, two: &str, expected: f64| {
            let contrast = colour(one).contrast(colour(two));
            assert!((contrast - expected).abs() < 0.01, "{one} {two} {contrast}");
        };
        check("#000000", "#ffffff", 21.0);
        check("#777777", "#ffffff", 4.48);
        check("#0000ff", "#ffffff", 8.59);
        assert_eq!(colour("#ffcc00").ink().to_string(), "#000000");
        assert_eq!(colour("#0b5d66").ink().to_string(), "#ffffff");
        assert!(["", "#fff", "1f7f8b", "#1f7f8g", "#é1f7f"].iter().all(|text| text.parse::<Colour>().is_err()));
    }
}
