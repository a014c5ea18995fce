//! Where a page was, for people who look at it later: without whose it was.
//!
//! Not here: what stood on the page; the script's scrubbing does that.

use url::Url;

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

#[cfg(test)]
mod tests {
    use super::scrubbed;

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
}
