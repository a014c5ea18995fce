//! The ways in which a thing can be found that is acted on, in a document without a browser, and
//! their vote.
//!
//! Names of things follow "Accessible Name and Description Computation" (W3C) as far as a document
//! without style sheets tells them: `aria-labelledby`, `aria-label`, labels, what an element
//! holds, `alt`, `title`. Not here: the same in a browser (`page.js` of the agent).

use scraper::ElementRef;

use crate::command::{Problem, Target, Vote, Way, WaySeen};
use crate::controls::{is_in_disabled_set, kind};
use crate::css::Css;
use crate::document::{Document, folded_case, is_disabled, is_hidden, shown_text};
use crate::scrub::bare_tokens;

/// The roles that a script may name.
pub(crate) const ROLES: [&str; 8] = ["button", "checkbox", "combobox", "link", "menuitem", "radio", "tab", "textbox"];

/// How many of the things that fit are named to people, and how much of each.
const NAMED: usize = 3;
const BRIEF: usize = 80;

/// What one way fits in a document, and what of it could be acted on.
pub(crate) struct Fitting<'d> {
    pub(crate) all: Vec<ElementRef<'d>>,
    pub(crate) usable: Vec<ElementRef<'d>>,
}

/// What each way of a target fits, in its order.
pub(crate) fn fitting<'d>(document: &'d Document, target: &Target) -> Vec<Fitting<'d>> {
    let fitting = |way: &Way| {
        let all = of(document, way);
        Fitting { usable: all.iter().copied().filter(is_usable).collect(), all }
    };
    target.ways().iter().map(fitting).collect()
}

/// Whether something could be acted on.
pub(crate) fn is_usable(element: &ElementRef<'_>) -> bool {
    !is_hidden(element) && !is_disabled(element) && !is_in_disabled_set(element)
}

/// The one thing that the ways agree on.
pub(crate) fn found<'d>(document: &'d Document, target: &Target) -> Result<ElementRef<'d>, Problem> {
    agreed(target, &fitting(document, target))
}

/// The same of what each way fits.
pub(crate) fn agreed<'d>(target: &Target, fitting: &[Fitting<'d>]) -> Result<ElementRef<'d>, Problem> {
    let mut voices = Vec::new();
    let mut is_there = false;
    let mut are_several = false;
    for (way, fitting) in target.ways().iter().zip(fitting) {
        is_there |= !fitting.all.is_empty();
        match fitting.usable.as_slice() {
            [one] => voices.push((*one, way.is_strong())),
            [] => {}
            _ => are_several = true,
        }
    }
    let Some(winner) = winner(&voices) else {
        return Err(match (voices.is_empty(), are_several, is_there) {
            (false, _, _) => Problem::Disagreement,
            (true, true, _) => Problem::Ambiguous,
            (true, false, true) => Problem::NotActionable,
            (true, false, false) => Problem::Missing,
        });
    };
    let votes = voices.iter().filter(|(element, _)| element.id() == winner.id()).count();
    if votes < target.votes() { Err(Problem::Disagreement) } else { Ok(winner) }
}

/// How many things each way fits of those that could be acted on, where that is why there is no one thing, and what the
/// first of them are.
pub(crate) fn told(document: &Document, target: &Target) -> String {
    let least = if target.ways().len() > 1 { 1 } else { 2 };
    let fitting = fitting(document, target).into_iter().zip(target.ways());
    let told = fitting.filter(|(fitting, _)| fitting.usable.len() >= least).map(|(fitting, way)| {
        let listed = listed(&fitting.usable);
        if least == 1 { format!("{} fits {listed}", shown_way(way)) } else { listed }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// A way as scripts write it.
pub(crate) fn shown_way(way: &Way) -> String {
    match way {
        Way::Css(css) => format!("`{css}`"),
        Way::Label(words) => format!("the label \"{words}\""),
        Way::Text(words) => format!("the text \"{words}\""),
        Way::Role { role, name } => format!("the {role} \"{name}\""),
    }
}

/// How many there are, and what the first of them are.
pub(crate) fn listed(elements: &[ElementRef<'_>]) -> String {
    let named: Vec<String> = elements.iter().take(NAMED).map(|element| format!("`{}`", brief(*element))).collect();
    let more = if elements.len() > NAMED { " …" } else { "" };
    format!("{}: {}{more}", elements.len(), named.join(", "))
}

/// What tells an element apart, as a short selector. A portal may name things by its customers, so each token is as in
/// evidence.
pub(crate) fn brief(element: ElementRef<'_>) -> String {
    let value = element.value();
    let mut brief = value.name().to_owned();
    if let Some(id) = value.attr("id").filter(|id| !id.is_empty()) {
        brief.push_str(&format!("#{}", bare_tokens(id)));
    }
    for class in value.attr("class").unwrap_or_default().split_whitespace().take(2) {
        brief.push_str(&format!(".{}", bare_tokens(class)));
    }
    for name in ["name", "type", "role"] {
        if let Some(text) = value.attr(name).filter(|text| !text.is_empty()) {
            brief.push_str(&format!("[{name}={}]", bare_tokens(text)));
        }
    }
    let harmless = |letter: char| match letter {
        letter if letter.is_control() || letter == '`' => ' ',
        letter => letter,
    };
    brief.chars().take(BRIEF).map(harmless).collect()
}

/// What each of several ways comes to; nothing of a single one, which is found or isn't.
pub(crate) fn votes(document: &Document, target: &Target) -> Vec<Vote> {
    if target.ways().len() < 2 {
        return Vec::new();
    }
    let found = found(document, target).ok();
    let vote = |way: &Way| {
        let fitting = of(document, way);
        let seen = match (fitting.as_slice(), found) {
            ([], _) => WaySeen::Missing,
            ([one], Some(winner)) if one.id() == winner.id() => WaySeen::Found,
            _ => WaySeen::Disagreed,
        };
        Vote { way: way.text().to_owned(), seen }
    };
    target.ways().iter().map(vote).collect()
}

/// What has more votes than any other, unless a strong way names another.
fn winner<'d>(voices: &[(ElementRef<'d>, bool)]) -> Option<ElementRef<'d>> {
    let votes = |element: ElementRef<'_>| voices.iter().filter(|(other, _)| other.id() == element.id()).count();
    let (first, _) = voices.iter().max_by_key(|(element, _)| votes(*element))?;
    let others = || voices.iter().filter(|(other, _)| other.id() != first.id());
    let is_beaten = others().any(|(other, is_strong)| *is_strong || votes(*other) == votes(*first));
    (!is_beaten).then_some(*first)
}

fn of<'d>(document: &'d Document, way: &Way) -> Vec<ElementRef<'d>> {
    match way {
        Way::Css(selector) => Css::made(selector).map(|css| document.all(&css).collect()).unwrap_or_default(),
        Way::Label(words) => {
            document.everything().filter(|element| is_field(element) && called(document, *element) == *words).collect()
        }
        Way::Role { role, name: words } => {
            let fits = |element: &ElementRef<'_>| {
                role_of(element).as_deref() == Some(role) && called(document, *element) == *words
            };
            document.everything().filter(fits).collect()
        }
        Way::Text(words) => {
            let is_one = |element: &ElementRef<'_>| matches!(role_of(element).as_deref(), Some("button" | "link"));
            document.everything().filter(|element| is_one(element) && own_words(*element) == *words).collect()
        }
    }
}

/// The words by which a field alone is found by its label.
pub(crate) fn label_of(document: &Document, element: ElementRef<'_>) -> Option<String> {
    let words = called(document, element);
    let found = of(document, &Way::Label(words.clone()));
    (!words.is_empty() && matches!(found.as_slice(), [one] if one.id() == element.id())).then_some(words)
}

/// The role and the words by which a button or a link alone is found.
pub(crate) fn role_and_words(document: &Document, element: ElementRef<'_>) -> Option<(String, String)> {
    let role = role_of(&element).filter(|role| matches!(role.as_str(), "button" | "link"))?;
    let words = called(document, element);
    let found = of(document, &Way::Role { role: role.clone(), name: words.clone() });
    (!words.is_empty() && matches!(found.as_slice(), [one] if one.id() == element.id())).then_some((role, words))
}

fn is_field(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "input" | "select" | "textarea")
}

/// The role that an element says, or that its tag has.
pub(crate) fn role_of(element: &ElementRef<'_>) -> Option<String> {
    if let Some(role) = element.attr("role") {
        return Some(role.trim().to_ascii_lowercase());
    }
    let role = match element.value().name() {
        "a" | "area" if element.attr("href").is_some() => "link",
        "button" | "summary" => "button",
        "select" => "combobox",
        "textarea" => "textbox",
        "input" => match kind(element).as_str() {
            "submit" | "button" | "image" | "reset" => "button",
            "checkbox" => "checkbox",
            "radio" => "radio",
            "hidden" | "file" | "color" | "range" => return None,
            _ => "textbox",
        },
        _ => return None,
    };
    Some(role.to_owned())
}

/// What an element is called, white space and case folded; empty where nothing says.
pub(crate) fn called(document: &Document, element: ElementRef<'_>) -> String {
    let of_id = |id: &str| document.everything().find(|other| other.attr("id") == Some(id));
    if let Some(ids) = element.attr("aria-labelledby") {
        let words: Vec<String> = ids.split_whitespace().filter_map(of_id).map(shown_text).collect();
        if !words.is_empty() {
            return folded_case(&words.join(" "));
        }
    }
    if let Some(label) = element.attr("aria-label").filter(|label| !label.trim().is_empty()) {
        return folded_case(label);
    }
    if is_field(&element) && role_of(&element).as_deref() != Some("button") {
        let is_for = |label: &ElementRef<'_>| match (label.attr("for"), element.attr("id")) {
            (Some(wanted), Some(id)) => wanted == id,
            (None, _) => element.ancestors().any(|above| above.id() == label.id()),
            _ => false,
        };
        let mut labels = document.everything().filter(|other| other.value().name() == "label");
        if let Some(label) = labels.find(is_for) {
            return folded_case(&shown_text(label));
        }
    }
    let words = own_words(element);
    let described = || element.attr("title").or(element.attr("placeholder")).map(folded_case).unwrap_or_default();
    if words.is_empty() || is_field(&element) && role_of(&element).as_deref() == Some("textbox") {
        described()
    } else {
        words
    }
}

/// The words on a link or a button.
fn own_words(element: ElementRef<'_>) -> String {
    match element.value().name() {
        "input" => element.attr("value").or(element.attr("alt")).map(folded_case).unwrap_or_default(),
        "select" | "textarea" => String::new(),
        _ => folded_case(&shown_text(element)),
    }
}

#[cfg(test)]
mod tests {
    use super::found;
    use crate::command::{Problem, Target, Way};
    use crate::document::Document;

    fn css(selector: &str) -> Way {
        Way::Css(selector.into())
    }

    fn role(role: &str, name: &str) -> Way {
        Way::Role { role: role.into(), name: name.into() }
    }

    /// The `id` of what these ways find.
    fn check(html: &str, ways: &[Way], votes: usize, expected: Result<&str, Problem>) {
        let document = Document::parse(html).expect("a document");
        let (first, others) = ways.split_first().expect("a way");
        let target = Target::new(first.clone(), others.to_vec(), votes);
        let found = found(&document, &target).map(|element| element.attr("id").unwrap_or_default());
        assert_eq!(found, expected, "{ways:?} in {html}");
    }

    #[test]
    fn a_thing_is_found_by_what_a_person_would_go_by() {
        let form = "<form><label for=u>User  ID</label><input id=u><label>PIN <input id=p type=password></label>\
            <input id=s aria-label=Search><input id=g type=submit value='Log On'><a id=h href=/h>Help</a><a id=n>Help</a>\
            <button id=b title=More><img alt=x></button><b id=w>Amount</b><input id=l aria-labelledby=w></form>";
        check(form, &[Way::Label("user id".into())], 1, Ok("u"));
        check(form, &[Way::Label("pin".into())], 1, Ok("p"));
        check(form, &[Way::Label("search".into())], 1, Ok("s"));
        check(form, &[Way::Label("amount".into())], 1, Ok("l"));
        check(form, &[role("button", "log on")], 1, Ok("g"));
        check(form, &[role("link", "help")], 1, Ok("h"));
        check(form, &[role("button", "more")], 1, Ok("b"));
        check(form, &[role("textbox", "user id")], 1, Ok("u"));
        check(form, &[Way::Text("help".into())], 1, Ok("h"));
        check(form, &[Way::Label("user".into())], 1, Err(Problem::Missing));
    }

    #[test]
    fn what_fits_is_named_without_what_may_be_a_customers() {
        let check = |html: &str, expected: &str| {
            let document = Document::parse(html).expect("a document");
            let element = document.everything().find(|element| element.value().name() == "b").expect("an element");
            assert_eq!(super::brief(element), expected);
        };
        check("<b id=row-12 class='a b c' role=tab>", "b#row-00.a.b[role=tab]");
        check("<b id=ada@bank.example>", "b#xxx@xxxx.xxxxxxx");
        check("<b name='of ada@bank.example'>", "b[name=of xxx@xxxx.xxxxxxx]");
        check("<b id=k9f8a7c6d5e4b3a2>", "b#x0x0x0x0x0x0x0x0");
        check(
            "<b class=averylongwordthathasnodigitsandisnocustomers>",
            "b.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        );
        check("<b id='a`b'>", "b#a b");
    }

    #[test]
    fn what_each_way_came_to_is_known_where_there_are_several() {
        let buttons = "<button id=a name=go>Pay</button><button id=b class=main>Sign in</button>";
        let document = Document::parse(buttons).expect("a document");
        let seen = |ways: &[Way], votes: usize| {
            let target = Target::new(ways[0].clone(), ways[1..].to_vec(), votes);
            super::votes(&document, &target).into_iter().map(|vote| vote.seen).collect::<Vec<_>>()
        };
        let (text, main, gone) = (Way::Text("sign in".into()), css(".main"), css("#gone"));
        use crate::command::WaySeen::{Disagreed, Found, Missing};
        assert_eq!(seen(&[main.clone(), gone.clone(), text.clone()], 2), [Found, Missing, Found]);
        assert_eq!(seen(&[css("#a"), gone.clone(), text.clone()], 1), [Disagreed, Missing, Disagreed]);
        assert_eq!(seen(&[css("button"), main, text], 1), [Disagreed, Found, Found]);
        assert_eq!(seen(&[gone], 1), []);
    }

    #[test]
    fn alternatives_vote_and_the_wrong_neighbour_is_never_taken() {
        let buttons = "<button id=a name=go>Pay</button><button id=b class=main>Sign in</button>";
        let (text, main, go) = (Way::Text("sign in".into()), css(".main"), css("[name=go]"));
        check(buttons, &[main.clone(), text.clone()], 2, Ok("b"));
        // What finds nothing any more is silent; one voice isn't enough for what matters.
        check(buttons, &[css("#gone"), text.clone()], 1, Ok("b"));
        check(buttons, &[css("#gone"), text.clone()], 2, Err(Problem::Disagreement));
        // A strong way that names another thing is a veto, whatever the others say.
        check(buttons, &[go, text.clone(), main.clone()], 2, Err(Problem::Disagreement));
        // A weak one is outvoted, and none of two is believed.
        check(buttons, &[css("button:first-child"), text.clone(), main.clone()], 2, Ok("b"));
        check(buttons, &[css("button:first-child"), text.clone()], 1, Err(Problem::Disagreement));
        // One that fits several things has no voice.
        check(buttons, &[css("button"), text], 1, Ok("b"));
        check(buttons, &[css("button")], 1, Err(Problem::Ambiguous));
        check("<button id=a disabled>x", &[css("button")], 1, Err(Problem::NotActionable));
        check(buttons, &[main, css("#gone")], 9, Err(Problem::Disagreement));
    }
}
