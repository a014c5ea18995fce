//! What may be shown of a run: never a credential or an answer in any disguise, never an account's number.
//!
//! Not here: what is shown.

use domain::secret::Secret;
use script::{OwnWords, Scrubbed, masked, scrub, scrub_keeping};
use url::Url;

use crate::author::plain;

/// How many digits in a row are no count, row or status any more.
const LONG: usize = 5;

/// What stands in an address for what may be a customer's or a session's.
pub(super) const HIDDEN: &str = "•••";

/// Everything that was typed in a run, which marks whatever it stands in.
#[derive(Clone, Debug, Default)]
pub(super) struct Taint {
    secrets: Vec<Secret>,
}

impl Taint {
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self { secrets: secrets.into_iter().collect() }
    }

    pub(super) fn add(&mut self, secret: Secret) {
        self.secrets.push(secret);
    }

    fn texts(&self) -> Vec<&str> {
        self.secrets.iter().map(Secret::expose).collect()
    }

    /// Words, ours or the bank's: without secrets and long numbers, of which each digit is a dot.
    pub(super) fn words(&self, words: &str) -> String {
        without_runs(&plain(&masked(words, &self.texts())), LONG)
    }

    /// A page's structure and its own words, without what is a customer's.
    pub(super) fn page(&self, html: &str) -> String {
        scrub(html, &self.texts())
    }

    /// The same, but for what the script itself says.
    pub(super) fn page_for(&self, html: &str, own: &OwnWords) -> Scrubbed {
        scrub_keeping(html, &self.texts(), own)
    }

    /// The path of an address, likewise.
    pub(super) fn path(&self, url: &Url) -> String {
        crate::addresses::scrubbed(url, &self.texts()).path().to_owned()
    }

    /// An address without what may be a customer's or a session's.
    /// The parts that the script recognises pages by stay.
    pub(super) fn address_for(&self, url: &Url, own: &OwnWords) -> String {
        crate::addresses::scrubbed_for(url, &self.texts(), own.addresses())
    }

    /// The same for people: [`HIDDEN`] stands wherever something was.
    pub(super) fn marked_address(&self, url: &Url) -> String {
        let scrubbed = crate::addresses::scrubbed(url, &self.texts());
        let (before, after) = (url.path_segments(), scrubbed.path_segments());
        // One that has no path as the web's have is left as it is without what was in it.
        let (Some(before), Some(after)) = (before, after) else { return scrubbed.into() };
        let part = |(before, after): (&str, &str)| if before == after { before.to_owned() } else { HIDDEN.to_owned() };
        let parts: Vec<String> = before.zip(after).map(part).collect();
        let mut marked = format!("{}/{}", scrubbed.origin().ascii_serialization(), parts.join("/"));
        for (sign, _) in [('?', url.query()), ('#', url.fragment())].into_iter().filter(|(_, part)| part.is_some()) {
            marked.push(sign);
            marked.push_str(HIDDEN);
        }
        marked
    }
}

/// The text with a dot for each digit of runs at least so long; blanks and dashes within don't end a run.
fn without_runs(text: &str, least: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut run, mut digits) = (String::new(), 0);
    let flush = |run: &mut String, digits: &mut usize, out: &mut String| {
        let is_long = *digits >= least;
        out.extend(run.drain(..).map(|letter| if is_long && letter.is_numeric() { '•' } else { letter }));
        *digits = 0;
    };
    for letter in text.chars() {
        let joins = digits > 0 && matches!(letter, ' ' | '-' | '\u{a0}');
        if letter.is_numeric() || joins {
            digits += usize::from(letter.is_numeric());
            run.push(letter);
        } else {
            flush(&mut run, &mut digits, &mut out);
            out.push(letter);
        }
    }
    flush(&mut run, &mut digits, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;

    use super::{Taint, without_runs};

    #[test]
    fn long_numbers_are_gone_and_short_ones_are_left() {
        let check = |text: &str, expected: &str| assert_eq!(without_runs(text, 5), expected);
        check("account 1, row 300: status 503", "account 1, row 300: status 503");
        check("no column is headed `DE89 3704 0044`", "no column is headed `DE•• •••• ••••`");
        check("12-34-56", "••-••-••");
        check("１２３４５", "•••••");
    }

    #[test]
    fn an_address_says_where_something_was_taken_out_of_it() {
        let taint = Taint::new([Secret::new("clerk".into())]);
        let check = |url: &str, expected: &str| {
            assert_eq!(taint.marked_address(&url.parse().expect("a url")), expected);
        };
        check("https://bank.example/login", "https://bank.example/login");
        check("https://bank.example:8443/", "https://bank.example:8443/");
        check("https://bank.example/account/000012345678/entries", "https://bank.example/account/•••/entries");
        check("https://bank.example/of/clerk?id=1#top", "https://bank.example/of/•••?•••#•••");
        check("https://me:pass@bank.example/a", "https://bank.example/a");
    }

    #[test]
    fn what_was_typed_is_in_no_words() {
        let mut taint = Taint::new([Secret::new("hunter2-canary".into())]);
        taint.add(Secret::new("blue house".into()));
        let said = taint.words("the form says hunter2-canary and Blue House, row 3");
        assert!(!said.contains("canary") && !said.to_lowercase().contains("blue house"), "{said}");
        assert_eq!(taint.words("2 attempts left, call 01 23 45 67"), "2 attempts left, call •• •• •• ••");
    }
}
