//! Pages as a healthy run saw them, in the form in which they may be kept for all who drive the portal; and which of them a
//! page is nearest to.
//!
//! Not here: where they are kept, and whose look is the one that is kept.

use serde::{Deserialize, Serialize};

use super::{Distance, Skeleton};
use crate::scrub::{OwnWords, scrub_for_all};

/// A page of the script as it was when it was recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownPage {
    /// Its name in the script.
    pub page: String,
    /// What [`known_page`] left of it.
    pub html: String,
}

/// A page as it may be kept for all: scrubbed as evidence is, and of headings and alerts, which may name a customer, the words
/// alone that the script itself says.
#[must_use]
pub fn known_page(html: &str, secrets: &[&str], own: &OwnWords) -> String {
    scrub_for_all(html, secrets, own).html
}

/// The known page that a scrubbed one is nearest to, and how far it is; `own` are the words of the script.
#[must_use]
pub fn nearest(known: &[KnownPage], now: &str, own: &OwnWords) -> Option<(String, Distance)> {
    let now = Skeleton::of(&known_page(now, &[], own));
    let far = |known: &KnownPage| (known.page.clone(), Skeleton::of(&known.html).distance(&now));
    known.iter().map(far).min_by_key(|(_, distance)| *distance)
}

#[cfg(test)]
mod tests {
    use super::{KnownPage, known_page, nearest};
    use crate::scrub::{OwnWords, scrub_keeping};

    #[test]
    fn headings_and_alerts_keep_only_what_the_script_says() {
        let own = OwnWords::of("pages: { a: { when: { text: { h1: Your accounts } } } }");
        let html = "<h1>Your accounts, Ada Lovelace</h1><h2><button>Operating of Ada</button></h2>\
            <p role=alert>Ada, <b>look</b></p><label>User ID</label><button>Sign in</button><table><caption>Ada's</caption><tr><th>Amount</table>";
        let page = known_page(html, &["hunter2"], &own);
        assert!(page.contains("Your accounts, xxx xxxxxxxx"), "{page}");
        assert!(!page.contains("Ada") && !page.contains("Operating") && !page.contains("look"), "{page}");
        for kept in ["User ID", "Sign in", "Amount"] {
            assert!(page.contains(kept), "{kept}: {page}");
        }
        assert!(!known_page("<h1>hunter2</h1>", &["hunter2"], &own).contains("hunter2"));
    }

    #[test]
    fn a_page_is_nearest_to_the_one_that_it_was() {
        let own = OwnWords::of(
            "pages: { out: { when: { text: { h1: You have signed out } } }, tries: { when: { text: { h1: Too many tries } } } }",
        );
        let page = |html: &str| known_page(html, &[], &own);
        let of = |name: &str, html: &str| KnownPage { page: name.into(), html: page(html) };
        let known = [
            of("form", "<form><label for=user>User</label><input id=user><button>Go</button></form>"),
            of("out", "<h1>You have signed out</h1><p class=lead>Bye"),
            of("tries", "<h1>Too many tries</h1><p class=lead>Sorry"),
        ];
        let check = |html: &str, expected: &str| {
            let now = scrub_keeping(html, &[], &own).html;
            assert_eq!(nearest(&known, &now, &own).map(|(page, _)| page).as_deref(), Some(expected), "{html}");
        };
        check("<form><label for=x>User</label><input id=x><button>Go</button></form>", "form");
        check("<h1>Too many tries</h1><p class=lead id=new>Sorry", "tries");
        assert_eq!(nearest(&[], "<p>", &own), None);
    }
}
