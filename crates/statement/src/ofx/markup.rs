//! The markup of OFX, of 1 in SGML and of 2 in XML alike: elements with a value, whose end may be missing, and elements
//! with others in them.
//!
//! There are no attributes, no document types and no entities but XML's own; an ampersand that begins none of them is
//! an ampersand.
//!
//! Not here: what an element means.

use std::borrow::Cow;

use crate::format::Format;
use crate::meter::Meter;
use crate::refusal::Refusal;

/// A piece of a file.
pub(super) enum Piece<'a> {
    /// An element's beginning, with the value that follows it, blank if none does.
    Begin {
        name: &'a str,
        value: Cow<'a, str>,
        /// Whether the tag is its end, too: `<MEMO/>`.
        is_whole: bool,
    },
    /// An element's end.
    End { name: &'a str },
}

/// The pieces of a file.
pub(super) struct Markup<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Markup<'a> {
    /// The pieces behind the header.
    pub(super) fn of(text: &'a str) -> Result<Self, Refusal> {
        let at = text.find('<').ok_or(Refusal::Truncated { before: "the element OFX" })?;
        Ok(Self { text, at })
    }

    /// Where the next piece begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self, meter: &Meter) -> Result<Option<Piece<'a>>, Refusal> {
        loop {
            let Some(rest) = self.rest().strip_prefix('<') else {
                let end = Refusal::Truncated { before: "the end of a tag" };
                return if self.rest().is_empty() { Ok(None) } else { Err(end) };
            };
            if let Some(inside) = rest.strip_prefix("!--") {
                self.skip(inside, "-->")?;
            } else if let Some(inside) = rest.strip_prefix('?') {
                self.skip(inside, "?>")?;
            } else if rest.starts_with('!') {
                return Err(Refusal::DocumentType);
            } else {
                return self.tag(rest, meter).map(Some);
            }
        }
    }

    fn tag(&mut self, rest: &'a str, meter: &Meter) -> Result<Piece<'a>, Refusal> {
        let end = rest.find('>').ok_or(Refusal::Truncated { before: "the end of a tag" })?;
        let (inside, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
        let (is_end, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
        let (is_whole, inside) = inside.strip_suffix('/').map_or((false, inside), |inside| (true, inside));
        let name = inside.trim_end();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
            return Err(malformed("a tag has no name, or attributes"));
        }
        self.go_to(after);
        if is_end || is_whole {
            self.blank(after)?;
            let value = Cow::Borrowed("");
            return Ok(if is_end { Piece::End { name } } else { Piece::Begin { name, value, is_whole: true } });
        }
        let value = self.value(after, meter)?;
        Ok(Piece::Begin { name, value, is_whole: false })
    }

    /// The text up to the next tag, CDATA unpacked.
    fn value(&mut self, after: &'a str, meter: &Meter) -> Result<Cow<'a, str>, Refusal> {
        let end = after.find('<').unwrap_or(after.len());
        let (text, mut rest) = after.split_at(end);
        meter.text(text.trim().len())?;
        let mut value = plain(text.trim());
        while let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let end = inside.find("]]>").ok_or(Refusal::Truncated { before: "the end of a text" })?;
            let (text, behind) = inside.split_at(end);
            let behind = behind.get(3..).unwrap_or_default();
            let end = behind.find('<').unwrap_or(behind.len());
            let (tail, next) = behind.split_at(end);
            meter.text(value.len() + text.len() + tail.len())?;
            value.to_mut().push_str(text);
            value.to_mut().push_str(&plain(tail.trim_end()));
            rest = next;
        }
        self.go_to(rest);
        Ok(value)
    }

    fn skip(&mut self, inside: &'a str, end: &'static str) -> Result<(), Refusal> {
        let at = inside.find(end).ok_or(Refusal::Truncated { before: "the end of a comment" })?;
        let after = inside.get(at + end.len()..).unwrap_or_default();
        self.go_to(after);
        self.blank(after)
    }

    /// Holds that nothing stands before the next tag.
    fn blank(&mut self, after: &'a str) -> Result<(), Refusal> {
        let end = after.find('<').unwrap_or(after.len());
        let (text, rest) = after.split_at(end);
        self.go_to(rest);
        if text.trim().is_empty() { Ok(()) } else { Err(malformed("a text stands outside of an element")) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn go_to(&mut self, rest: &'a str) {
        self.at = self.text.len() - rest.len();
    }
}

pub(super) fn malformed(what: &'static str) -> Refusal {
    Refusal::Malformed { format: Format::Ofx, what }
}

/// The text with XML's entities and numbered characters unpacked.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        // The longest that is known is `&#x10ffff;`.
        let end = after.bytes().take(10).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((character(after.get(..end)?)?, after.get(end + 1..)?)));
        match entity {
            Some((char, behind)) => {
                plain.push(char);
                rest = behind;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|char| *char != '\0')
        }
    }
}
