//! In which character set a page is written, and its text.
//!
//! In the order of the [HTML standard][sniffing]: the mark at its beginning, the header, what the page says
//! of itself in its first kilobyte, and windows-1252.
//!
//! Not here: the character sets themselves (`encoding_rs`).
//!
//! [sniffing]: https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use script::plain::Plain;
use url::Url;

/// Within so many bytes a page says what it is written in.
const SAID_WITHIN: usize = 1024;

/// The character set with that name, or one of its other names.
pub(super) fn encoding_of(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.trim_matches(['"', '\'', ' ', ';']).as_bytes())
}

/// The text of a page whose header named a character set, or none.
pub(crate) fn decode(bytes: &[u8], named: Option<&str>, url: &Url) -> (String, &'static Encoding) {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.or_else(|| named.and_then(encoding_of)).or_else(|| said(bytes, url)).unwrap_or(WINDOWS_1252);
    let (text, encoding, _) = encoding.decode(bytes);
    (text.into_owned(), encoding)
}

/// What the page says of itself. One that says so can't be in UTF-16.
fn said(bytes: &[u8], url: &Url) -> Option<&'static Encoding> {
    let head = bytes.get(..SAID_WITHIN).unwrap_or(bytes);
    let head = WINDOWS_1252.decode_without_bom_handling(head).0;
    let encoding = encoding_of(&Plain::parse(&head, url).ok()?.declared_charset()?)?;
    Some(if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_page_is_read_in_the_character_set_that_it_is_written_in() {
        let url = "https://bank.example/".parse().expect("a url");
        let check = |bytes: &[u8], named: Option<&str>, expected: (&str, &str)| {
            let (text, encoding) = decode(bytes, named, &url);
            assert_eq!((text.as_str(), encoding.name()), expected);
        };
        check(b"\x80 5", None, ("\u{20ac} 5", "windows-1252"));
        check("\u{20ac} 5".as_bytes(), Some("\"UTF-8\""), ("\u{20ac} 5", "UTF-8"));
        check(b"\xef\xbb\xbf\xc3\xa9", Some("iso-8859-1"), ("\u{e9}", "UTF-8"));
        let meta = "<meta charset=utf-8>\u{e9}";
        check(meta.as_bytes(), None, (meta, "UTF-8"));
        let wrong = "<meta charset=utf-16>\u{e9}";
        check(wrong.as_bytes(), None, (wrong, "UTF-8"));
        let (text, encoding) = decode(b"<meta charset=shift_jis>\x8b\xe2\x8d\x73", None, &url);
        assert_eq!((text.ends_with("\u{9280}\u{884c}"), encoding.name()), (true, "Shift_JIS"));
    }
}
