//! Which ways to a thing may be kept of a recording: those that name nothing which was typed, and, where pages are scrubbed,
//! nothing which isn't left of pages either.
//!
//! What a way says is held against what would be left of a page that says it, so that both are always alike. Only words of
//! buttons and labels are other: a button that somebody sees who is signed in may have their name, so that its words are kept
//! there only if the script says them.
//!
//! Not here: pages and addresses.

use script::recording::{Edge, Target, Way};
use script::{OwnWords, masked, scrub_keeping};

use super::folder::Kept;

/// By what ways are judged.
pub(super) struct Sieve<'s> {
    pub(super) secrets: &'s [&'s str],
    pub(super) own: &'s OwnWords,
    pub(super) kept: Kept,
}

/// When something was acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Nobody was signed in: what a page says is the portal's.
    Before,
    /// It may be a customer's.
    Inside,
}

impl Sieve<'_> {
    /// A target with the ways that may be kept; none where nothing says any more what it is in.
    pub(super) fn target(&self, target: &Target, when: When) -> Option<Target> {
        let within = target.within.iter().map(|edge| self.edge(edge)).collect::<Option<Vec<_>>>()?;
        let is_button = |way: &Way| matches!(way, Way::Role { role, .. } if role == "button");
        let spoken = if target.ways.iter().any(is_button) { "button" } else { "a" };
        let mut ways: Vec<Way> = target.ways.iter().filter(|way| self.keeps(way, spoken, when)).cloned().collect();
        if ways.is_empty() {
            // It has names of elements, and places among them.
            ways.extend(target.ways.iter().rfind(|way| matches!(way, Way::Xpath(_))).cloned());
        }
        (!ways.is_empty()).then_some(Target { within, ways })
    }

    fn edge(&self, edge: &Edge) -> Option<Edge> {
        match edge {
            Edge::Frame { css, place, origin } => {
                origin.iter().all(|origin| self.is_bare(origin)).then(|| Edge::Frame {
                    css: css.clone().filter(|css| self.keeps_selector(css)),
                    place: *place,
                    origin: origin.clone(),
                })
            }
            Edge::ShadowRoot { css } => self.keeps_selector(css).then(|| edge.clone()),
        }
    }

    fn keeps(&self, way: &Way, spoken: &str, when: When) -> bool {
        match way {
            Way::TestId { attribute, value } => self.is_bare(attribute) && self.keeps_attribute(attribute, value),
            Way::Role { role, name } => self.is_bare(role) && self.keeps_words(spoken, name, when),
            Way::Label(text) => self.keeps_words("label", text, when),
            Way::Placeholder(text) if when == When::Before => self.keeps_attribute("placeholder", text),
            Way::Placeholder(text) | Way::Text(text) => self.keeps_words(spoken, text, when),
            Way::Name(name) => self.keeps_attribute("name", name),
            Way::Id(id) => self.keeps_attribute("id", id),
            Way::Css(css) => self.keeps_selector(css),
            Way::Xpath(path) => self.is_bare(path),
        }
    }

    /// Whether nothing that was typed stands in a text.
    fn is_bare(&self, text: &str) -> bool {
        masked(text, self.secrets) == text
    }

    fn keeps_words(&self, element: &str, words: &str, when: When) -> bool {
        let element = if when == When::Inside { "a" } else { element };
        let said = escaped(words);
        self.is_left(words, &format!("<{element}>{said}</{element}>"), &format!(">{said}</"))
    }

    fn keeps_attribute(&self, name: &str, value: &str) -> bool {
        let said = format!("{name}=\"{}\"", escaped(value));
        self.is_left(value, &format!("<input {said}>"), &said)
    }

    /// Whether a selector of the recorder's may be kept: the names of elements, their places, and the `id` that it begins with.
    fn keeps_selector(&self, css: &str) -> bool {
        let id = match css.strip_prefix('#') {
            Some(rest) => rest.split(" > ").next(),
            None if css.starts_with('[') => {
                css.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(id, _)| id)
            }
            None => None,
        };
        self.is_bare(css) && id.is_none_or(|id| self.keeps_attribute("id", id))
    }

    /// Whether `said` is left of a page that has the text in it.
    fn is_left(&self, text: &str, page: &str, said: &str) -> bool {
        match self.kept {
            _ if !self.is_bare(text) => false,
            Kept::Values => true,
            Kept::Scrubbed => scrub_keeping(page, self.secrets, self.own).html.contains(said),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use script::OwnWords;
    use script::recording::{Edge, Target, Way};

    use super::{Kept, Sieve, When};

    const SCRIPT: &str =
        "reads:\n  accounts:\n    open: \"a[href*=history], #acct-7\"\n    columns: { a: Recent activity }\n";

    fn left(kept: Kept, when: When, ways: &[Way]) -> Vec<Way> {
        let own = OwnWords::of(SCRIPT);
        let sieve = Sieve { secrets: &["canary \"Vogel\"", "hunter2"], own: &own, kept };
        let target = Target { within: Vec::new(), ways: [ways, &[Way::Xpath("/html[1]/a[1]".into())]].concat() };
        let mut left = sieve.target(&target, when).expect("a target").ways;
        assert_eq!(left.pop(), Some(Way::Xpath("/html[1]/a[1]".into())));
        left
    }

    fn role(role: &str, name: &str) -> Way {
        Way::Role { role: role.into(), name: name.into() }
    }

    #[test]
    fn what_an_account_is_called_and_holds_is_in_no_way_unless_the_script_says_it() {
        let check = |when: When, way: Way, is_kept: bool| {
            let ways = std::slice::from_ref(&way);
            let left_of_it = left(Kept::Scrubbed, when, ways);
            assert_eq!(left_of_it.len(), usize::from(is_kept), "{when:?} {way:?}");
            assert_eq!(left(Kept::Values, when, ways), ways, "{way:?}");
        };
        for way in [
            Way::Text("Ada Lovelace ••4711 $1,234.90".into()),
            Way::Text("Ada Lovelace".into()),
            role("link", "Ada Lovelace"),
            role("button", "Ada Lovelace"),
            Way::Label("Ada Lovelace".into()),
            Way::Placeholder("Ada Lovelace".into()),
            Way::Id("acct-4711".into()),
            Way::Name("acct-4711".into()),
            Way::TestId { attribute: "data-testid".into(), value: "acct-4711".into() },
            Way::Css("#acct-4711 > td:nth-of-type(2)".into()),
            Way::Css("[id=\"4711 > b\"]".into()),
        ] {
            check(When::Inside, way, false);
        }
        check(When::Inside, Way::Text("Recent activity".into()), true);
        check(When::Inside, role("button", "Recent activity"), true);
        check(When::Inside, Way::Css("#acct-7 > td:nth-of-type(2)".into()), true);
        check(When::Inside, Way::Css("#list > tr:nth-of-type(12)".into()), true);
        check(When::Inside, Way::Id("list".into()), true);
        check(When::Before, role("button", "Sign in"), true);
        check(When::Before, Way::Label("User ID".into()), true);
        check(When::Before, Way::Placeholder("User ID".into()), true);
        check(When::Before, role("link", "Ada"), false);
        check(When::Before, role("button", "Customer 4711"), false);
    }

    #[test]
    fn what_was_typed_is_in_no_way_however_it_is_quoted_and_in_no_edge() {
        for kept in [Kept::Scrubbed, Kept::Values] {
            let ways = [Way::Text("Canary \"Vogel\"".into()), Way::Css("[id=\"hunter2\"] > a".into())];
            assert!(left(kept, When::Before, &ways).is_empty());
            let own = OwnWords::default();
            let sieve = Sieve { secrets: &["hunter2"], own: &own, kept };
            let within = |edge: Edge| {
                let target = Target { within: vec![edge], ways: vec![Way::Css("a".into())] };
                sieve.target(&target, When::Inside).map(|target| target.within)
            };
            let frame = |css: Option<&str>, origin: Option<&str>| Edge::Frame {
                css: css.map(str::to_owned),
                place: Some(1),
                origin: origin.map(str::to_owned),
            };
            assert_eq!(within(frame(Some("#hunter2"), None)), Some(vec![frame(None, None)]));
            assert_eq!(within(frame(None, Some("https://hunter2.example"))), None);
            assert_eq!(within(Edge::ShadowRoot { css: "#hunter2".into() }), None);
            assert_eq!(within(frame(Some("#work"), None)), Some(vec![frame(Some("#work"), None)]));
        }
    }
}
