//! Keypads that a page shows: what is put in by clicks on keys is a secret like one that is typed, and each click says which
//! key it was. So they become one act, of which nobody can tell what it put in.
//!
//! ```text
//!  click "4" ─┐
//!  click "7" ─┼▶ fill (password), to no thing that is named; the text is a secret
//!  click "1" ─┘
//! ```
//!
//! A key is a thing whose name is one sign. Before the accounts show, every click on one is taken so; behind that, where
//! pages of lists have numbers too, only what no such list is clicked through in.
//!
//! Not here: keys that are pictures without a name, which nobody can tell from other pictures.

use std::collections::BTreeSet;
use std::ops::Range;

use domain::secret::Secret;
use script::Draft;
use script::recording::{Act, Deed, Length, PageKind, Recording, Target, Value, Way};

/// How short what was put in may be to be looked for: shorter, it stands in anything.
const SHORTEST: usize = 3;

/// How many keys there are in a row where it isn't the sign-in.
const LEAST: usize = 4;

/// Signs of keys that send what was put in: such a click is one of its own.
const SENDING: &str = "→›»>➔➜⏎↵✓✔";

/// The first page that shows what only a customer sees, by its place in the recording; one behind the last if there is none.
pub(super) fn inside(recording: &Recording, drafted: &Draft) -> usize {
    let shown = recording.pages.iter().enumerate().filter(|(_, page)| page.html.is_some());
    let is_inside = |kind: PageKind| matches!(kind, PageKind::Accounts | PageKind::Account | PageKind::Transactions);
    let mut found = shown.zip(&drafted.pages).filter(|(_, drafted)| drafted.page.is_some_and(is_inside));
    found.next().map_or(recording.pages.len(), |((at, _), _)| at)
}

/// Makes one act of each row of clicks on keys; what was put in by them.
pub(super) fn fold(recording: &mut Recording, drafted: &Draft) -> Vec<Secret> {
    let inside = inside(recording, drafted);
    let runs = runs(&recording.acts, inside);
    let mut texts = Vec::new();
    let mut with = Value::Password;
    let mut acts: Vec<Act> = Vec::with_capacity(recording.acts.len());
    let mut after = 0;
    for run in &runs {
        let between = after..run.start;
        let has_password = drafted.values.iter().any(|(act, value)| between.contains(act) && *value == Value::Password);
        let leads_on = recording.acts[between.clone()].iter().any(|act| act.does == Deed::Click && act.then.is_some());
        if has_password || (after > 0 && leads_on) {
            with = Value::Code;
        }
        acts.extend_from_slice(&recording.acts[between]);
        let keys = &recording.acts[run.clone()];
        let signs: Vec<char> = keys.iter().filter_map(key).collect();
        let does = Deed::Fill { with, length: length(signs.len()) };
        let (on, then) = (keys.first().and_then(|key| key.on), keys.last().and_then(|key| key.then));
        acts.push(Act { on, does, target: None, then });
        texts.push(signs);
        after = run.end;
    }
    acts.extend_from_slice(&recording.acts[after..]);
    // What showed while it was half put in may repeat the half, and nobody knows that.
    let pressed = runs.iter().flat_map(|run| &recording.acts[run.clone()]).filter_map(|key| key.on);
    let acted_on: BTreeSet<usize> = acts.iter().filter_map(|act| act.on).collect();
    let halves: BTreeSet<usize> = pressed.filter(|page| !acted_on.contains(page)).collect();
    recording.acts = acts;
    for half in halves {
        if let Some(page) = recording.pages.get_mut(half) {
            page.html = None;
        }
    }
    secrets(&texts)
}

/// The rows of clicks on keys.
fn runs(acts: &[Act], inside: usize) -> Vec<Range<usize>> {
    let until = acts.iter().position(|act| act.on.is_some_and(|on| on >= inside)).unwrap_or(acts.len());
    let keys: Vec<Option<char>> = acts.iter().map(key).collect();
    let is_put_in = |at: usize| keys[at].is_some_and(char::is_alphanumeric);
    // The one click on a letter or a number may be a language, or a way to go on.
    let is_keypad = (0..until).filter(|at| is_put_in(*at)).count() > 1;
    let (mut runs, mut at) = (Vec::new(), 0);
    while at < acts.len() {
        let edge = if at < until { until } else { acts.len() };
        let end = (at..edge).find(|at| keys[*at].is_none()).unwrap_or(edge);
        // What is no letter or number at an end of it closes something, or sends it.
        let first = (at..end).find(|at| is_put_in(*at));
        let last = (at..end).rfind(|at| is_put_in(*at));
        if let (Some(first), Some(last)) = (first, last) {
            let signs: Vec<char> = keys[first..=last].iter().copied().flatten().collect();
            let is_put_in = if at < until { is_keypad } else { signs.len() >= LEAST && !is_counting(&signs) };
            runs.extend(is_put_in.then_some(first..last + 1));
        }
        at = end.max(at + 1);
    }
    runs
}

/// Whether each is the one behind it, as the numbers of pages are.
fn is_counting(signs: &[char]) -> bool {
    signs.windows(2).all(|pair| u32::from(pair[0]) + 1 == u32::from(pair[1]))
}

/// What a click puts in, if it is one on a key.
fn key(act: &Act) -> Option<char> {
    let Act { does: Deed::Click, target: Some(Target { ways, .. }), .. } = act else { return None };
    ways.iter().find_map(|way| {
        let (Way::Role { name: words, .. } | Way::Label(words) | Way::Text(words)) = way else { return None };
        let mut signs = words.trim().chars();
        signs.next().filter(|sign| signs.next().is_none() && !SENDING.contains(*sign))
    })
}

/// Everything that may have been put in: each row, and all of them, where another key took out what stood before it, too.
fn secrets(runs: &[Vec<char>]) -> Vec<Secret> {
    let all: Vec<char> = runs.iter().flatten().copied().collect();
    let mut texts = BTreeSet::new();
    for signs in runs.iter().chain([&all]) {
        let mut left = String::new();
        for sign in signs {
            if sign.is_alphanumeric() {
                left.push(*sign);
            } else {
                left.pop();
            }
        }
        texts.insert(signs.iter().filter(|sign| sign.is_alphanumeric()).collect::<String>());
        // A letter among numbers may be a key that takes everything out.
        texts.insert(signs.iter().filter(|sign| sign.is_numeric()).collect());
        texts.insert(left);
    }
    texts.into_iter().filter(|text| text.chars().count() >= SHORTEST).map(Secret::new).collect()
}

/// As `watch.js` has it.
const fn length(signs: usize) -> Length {
    match signs {
        0 => Length::Empty,
        1..4 => Length::Few,
        4..9 => Length::Short,
        _ => Length::Long,
    }
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;
    use script::recording::{Act, Deed, Length, Page, Recording, Target, Value, Way};

    use super::fold;

    fn click(on: usize, name: &str, then: Option<usize>) -> Act {
        let role = Way::Role { role: "button".into(), name: name.into() };
        let ways = vec![role, Way::Css(format!("#key-{name}"))];
        Act { on: Some(on), does: Deed::Click, target: Some(Target { within: Vec::new(), ways }), then }
    }

    /// A form, the form with one key pressed, a list of accounts.
    fn recording(acts: Vec<Act>) -> Recording {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        let list = "<table><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a>Op</a><td>Checking<td>$950.00<tr><td><a href=/b>Res</a><td>Savings<td>$2.00</table>";
        for html in ["<form><button>1", "<form><i>*</i><button>1", list, "<h1>Signed out"] {
            recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.into()), kind: None });
        }
        recording.acts = acts;
        recording
    }

    fn folded(acts: Vec<Act>) -> (Recording, Vec<String>) {
        let mut recording = recording(acts);
        let today = "2026-11-20".parse().expect("a day");
        let drafted = script::draft_recording("bank", &recording, &Default::default(), today).expect("a draft");
        let secrets = fold(&mut recording, &drafted);
        (recording, secrets.iter().map(Secret::expose).map(str::to_owned).collect())
    }

    fn told(recording: &Recording) -> Vec<String> {
        let name = |act: &Act| match (&act.does, &act.target) {
            (Deed::Fill { with, length: Length::Short | Length::Few }, None) => format!("{with:?}"),
            (_, Some(Target { ways, .. })) => ways.iter().find_map(Way::css).unwrap_or_default(),
            _ => "other".into(),
        };
        recording.acts.iter().map(name).collect()
    }

    #[test]
    fn what_was_put_in_on_a_keypad_is_one_act_that_names_no_key_and_a_secret() {
        let keys = ["4", "7", "⌫", "1", "9"].map(|name| click(if name == "4" { 0 } else { 1 }, name, None));
        let acts = [keys.to_vec(), vec![click(0, "Sign in", Some(2)), click(2, "Op", Some(3))]].concat();
        let (recording, secrets) = folded(acts);
        assert_eq!(told(&recording), [format!("{:?}", Value::Password), "#key-Sign in".into(), "#key-Op".into()]);
        assert_eq!(secrets, ["419", "4719"]);
        // Of the form with a half of it in there is nothing left.
        let shown: Vec<bool> = recording.pages.iter().map(|page| page.html.is_some()).collect();
        assert_eq!(shown, [true, false, true, true]);
        assert_eq!(recording.check(), Ok(()));
    }

    #[test]
    fn a_second_keypad_is_a_code_and_what_isnt_put_in_stays() {
        let mut acts = vec![click(0, "×", None), click(0, "1", None), click(0, "2", None), click(0, "→", Some(1))];
        acts.extend(["3", "4", "5"].map(|name| click(1, name, None)));
        acts.extend([click(1, "OK", Some(2)), click(2, "Op", Some(3))]);
        let (recording, secrets) = folded(acts);
        let expected = ["#key-×", "Password", "#key-→", "Code", "#key-OK", "#key-Op"];
        assert_eq!(told(&recording), expected);
        assert_eq!(secrets, ["12345", "345"]);
    }

    #[test]
    fn the_numbers_of_pages_behind_the_sign_in_are_clicked_and_a_keypad_there_isnt() {
        let of = |names: &[&str]| {
            let mut acts = vec![click(0, "F", None), click(0, "Sign in", Some(2))];
            acts.extend(names.iter().map(|name| click(2, name, None)));
            let (recording, secrets) = folded(acts);
            (recording.acts.len(), secrets)
        };
        assert_eq!(of(&["2", "3", "4", "5"]), (6, vec![]));
        assert_eq!(of(&["2", "1"]), (4, vec![]));
        assert_eq!(of(&["2", "0", "1", "7"]), (3, vec!["2017".to_owned()]));
    }
}
