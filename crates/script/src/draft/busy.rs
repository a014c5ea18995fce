//! How a portal's pages say that they are busy, as the standard for that has it.
//!
//! Not here: what waits for a person (`approval`).

use super::Looked;
use crate::css::Css;

/// What shows while the portal's pages are busy, where they say so; none where one is whenever somebody acts on it.
pub(super) fn busy(looked: &[Looked<'_>]) -> Option<&'static str> {
    let fits = |selector: &str| {
        let css = Css::made(selector);
        css.is_some_and(|css| looked.iter().any(|page| page.document.shown(&css).is_some()))
    };
    let [own, anywhere] = ["[aria-busy=true]", ">>> [aria-busy=true]"];
    match (fits(anywhere), fits("[aria-busy]"), fits(">>> [aria-busy]")) {
        (false, true, _) => Some(own),
        (false, false, true) => Some(anywhere),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::SavedPage;

    #[test]
    fn pages_say_that_they_are_busy_unless_one_always_does() {
        let check = |table: &str, expected: Option<&str>| {
            let url: url::Url = "https://bank.example/".parse().expect("an address");
            let html =
                format!("<html lang=en>{table}<tr><th>Account<th>Balance<tr><td><a href=/a>Op</a><td>$1.00</table>");
            let pages = [SavedPage { file: "list", url: &url, html: &html }];
            let drafted = crate::draft("bank", &pages, jiff::civil::date(2026, 11, 20)).expect("a draft");
            let script = drafted.script.expect("a script");
            assert_eq!(script.lines().find(|line| line.starts_with("busy:")), expected, "{script}");
        };
        let root = "<x-bar><template shadowrootmode=open><p aria-busy=false></p></template></x-bar>";
        check("<table id=list aria-busy=false>", Some("busy: [\"[aria-busy=true]\"]"));
        check(&format!("{root}<table id=list>"), Some("busy: [\">>> [aria-busy=true]\"]"));
        check("<p aria-busy=true>Offers</p><table id=list aria-busy=false>", None);
        check("<table id=list>", None);
    }
}
