//! Addresses as they may be shown and kept.
//!
//! Not here: pages; the language scrubs those.

use url::{Position, Url};

/// An address without what may be a customer's or a session's: of the path the words
/// that are no secret, with every digit zero.
pub(crate) fn scrubbed(url: &Url, secrets: &[&str]) -> Url {
    let mut scrubbed = url.clone();
    scrubbed.set_query(None);
    scrubbed.set_fragment(None);
    // Both fail only for addresses that can't have one.
    let _ = scrubbed.set_username("");
    let _ = scrubbed.set_password(None);
    let segments: Vec<String> = url.path_segments().into_iter().flatten().map(|part| word(part, secrets)).collect();
    if let Ok(mut path) = scrubbed.path_segments_mut() {
        path.clear().extend(segments);
    }
    scrubbed
}

/// One part of a path, without its parameters. One with escapes isn't read.
fn word(segment: &str, secrets: &[&str]) -> String {
    let word = segment.split(';').next().unwrap_or_default();
    let folded = word.to_lowercase();
    let is_secret = |secret: &&str| !secret.is_empty() && folded.contains(&secret.to_lowercase());
    if word.contains('%') || secrets.iter().any(is_secret) {
        return "hidden".to_owned();
    }
    word.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect()
}

/// The same, but for the parts that a script recognises pages by: with them the address is one that it knows again.
pub(crate) fn scrubbed_for<'o>(url: &Url, secrets: &[&str], own: impl Iterator<Item = &'o str>) -> String {
    let scrubbed = scrubbed(url, secrets);
    let whole = url.as_str();
    let folded = |text: &str| text.to_lowercase();
    let is_secret =
        |part: &str| secrets.iter().any(|secret| !secret.is_empty() && folded(part).contains(&folded(secret)));
    let lost: Vec<&str> =
        own.filter(|part| whole.contains(part) && !scrubbed.as_str().contains(part) && !is_secret(part)).collect();
    if lost.is_empty() {
        return scrubbed.into();
    }
    let mut is_kept = vec![false; whole.len()];
    for part in lost {
        for (at, found) in whole.match_indices(part) {
            is_kept.iter_mut().skip(at).take(found.len()).for_each(|kept| *kept = true);
        }
    }
    let path = url[..Position::BeforePath].len()..url[..Position::AfterPath].len();
    let query = path.end..url[..Position::AfterQuery].len();
    let fragment = query.end..whole.len();
    let is_in = |range: &std::ops::Range<usize>| is_kept.get(range.clone()).is_some_and(|kept| kept.contains(&true));
    let shape = |range: std::ops::Range<usize>| -> String {
        let letters = whole.get(range.clone()).unwrap_or_default().char_indices();
        let letter = |(at, letter): (usize, char)| match letter {
            letter if is_kept.get(range.start + at) == Some(&true) => letter,
            letter if letter.is_numeric() => '0',
            letter if letter.is_alphabetic() => 'x',
            // An escape of `x` is none.
            '%' => 'x',
            mark => mark,
        };
        letters.map(letter).collect()
    };
    let mut out = scrubbed[..Position::BeforePath].to_owned();
    out.push_str(&if is_in(&path) { shape(path) } else { scrubbed.path().to_owned() });
    for part in [query, fragment].into_iter().filter(is_in) {
        out.push_str(&shape(part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{scrubbed, scrubbed_for};

    #[test]
    fn evidence_says_where_it_was_seen_and_not_whose_it_is() {
        for (url, expected) in [
            ("https://bank.example/login", "https://bank.example/login"),
            ("https://bank.example/", "https://bank.example/"),
            ("https://bank.example/a?b=c#d", "https://bank.example/a"),
            ("https://me:pass@bank.example/a", "https://bank.example/a"),
            ("https://bank.example/in;jsessionid=1F2e/home", "https://bank.example/in/home"),
            ("https://bank.example/accounts/12345678/v2", "https://bank.example/accounts/00000000/v0"),
            ("https://bank.example/user/Clerk.smith", "https://bank.example/user/hidden"),
            ("https://bank.example/user/cl%65rk", "https://bank.example/user/hidden"),
        ] {
            let url = url.parse().expect("a url");
            assert_eq!(scrubbed(&url, &["clerk", ""]).as_str(), expected);
        }
    }

    #[test]
    fn the_parts_that_a_script_names_stay_in_an_address() {
        let own = ["#/accounts", "view=list", "/user/clerk", "/v2/", "/login"];
        for (url, expected) in [
            ("https://bank.example/login", "https://bank.example/login"),
            ("https://bank.example/a?b=c#d", "https://bank.example/a"),
            ("https://bank.example/app4#/accounts/4711", "https://bank.example/app0#/accounts/0000"),
            ("https://me:pass@bank.example/a?s=7&view=list&k=ab#d", "https://bank.example/a?x=0&view=list&x=xx"),
            ("https://bank.example/user/clerk", "https://bank.example/user/hidden"),
            ("https://bank.example/of/v2/ada%65", "https://bank.example/xx/v2/xxxx00"),
        ] {
            let url = url.parse().expect("a url");
            assert_eq!(scrubbed_for(&url, &["clerk", ""], own.into_iter()), expected);
        }
    }
}
