//! What each fault of a script means, an example of it with what is said then, and how to mend it. The page of the
//! reference and `agent explain` are made from this; a test sees that each example has the one fault that it is for.
//!
//! Not here: finding faults (`parse`).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::diagnostic::{DiagnosticCode as Code, Diagnostics};
use crate::language::Script;
use crate::record::{Around, check_record};

/// A sound script that the examples change a line or two of.
const SOUND: &str = include_str!("explain/sound.yaml");

/// What is wrong, as a change of the sound script.
enum Example {
    /// One text in place of another.
    Put { from: &'static str, to: &'static str },
    /// Another text altogether.
    Whole(&'static str),
    /// The record beside it, in the folder `example`.
    Record(&'static str),
    /// A long comment at the end.
    Long,
}

/// How a fault is mended, and an example of it.
struct Explanation {
    mend: &'static str,
    example: Example,
}

const fn put(from: &'static str, to: &'static str, mend: &'static str) -> Explanation {
    Explanation { mend, example: Example::Put { from, to } }
}

const fn explanation(code: Code) -> Explanation {
    match code {
        Code::KeyUnknown => put(
            "when: { visible: \"form#sign-in\" }",
            "when: { visble: \"form#sign-in\" }",
            "Take the key that the hint proposes, or look the map up in the keys of a script. A language with closed keys \
             finds a slip of the pen before a bank does.",
        ),
        Code::KeyMissing => put(
            "failure: { code: auth.credentials.invalid }",
            "failure: { message: \"[role=alert]\" }",
            "Add the key that the message names. Where it names several, the keys of the script say which go together.",
        ),
        Code::KeyDuplicate => put(
            "currency: USD",
            "currency: USD\ncurrency: EUR",
            "Take one of the two out. The message says on which line the other one stands.",
        ),
        Code::KeyConflict => put(
            "goal: signed_in",
            "goal: signed_in\n    failure: { code: portal.unavailable }",
            "A page means one thing. Make two pages of it, each recognised by what is on it alone.",
        ),
        Code::ValueType => put(
            "locale: en-US",
            "locale: [en-US, de-DE]",
            "Write what the message wants: a text, a list or a map. A key with nothing behind it says nothing; take it out.",
        ),
        Code::ValueMalformed => {
            put("patience: 20s", "patience: 20 seconds", "Write it in the form that the message shows.")
        }
        Code::WordUnknown => put(
            "code: auth.credentials.invalid",
            "code: auth.credentials.wrong",
            "Take a word of the list that the message shows. What the bank means by its own words is said in `map`.",
        ),
        Code::SelectorMalformed => put(
            "sign_out: \"#sign-out\"",
            "sign_out: \"button:contains(Sign out)\"",
            "Write CSS that a browser and a saved page understand alike. What is only shown or enabled at times is a sign \
             in `when`, or an attribute: `:not([disabled])` in place of `:enabled`.",
        ),
        Code::PageUnknown => put("on: accounts", "on: acounts", "Name a page of `pages`, or add one."),
        Code::PageMeaningless => put(
            "  accounts:\n    when: { visible: \"table.accounts\" }",
            "  advert:\n    when: { visible: \"#advert\" }\n\n  accounts:\n    when: { visible: \"table.accounts\" }",
            "Say what is done there (`do`), what it means (`failure`, `challenge`, `goal`), read something `on` it, or take \
             the page out.",
        ),
        Code::GoalMissing => put(
            "goal: signed_in",
            "goal: signed_out",
            "Give the page that shows after a sign-in `goal: signed_in`. Without it a run would never begin to read.",
        ),
        Code::WayMissing => put(
            "    back: \"a.back\"\n",
            "",
            "Say how one gets to the page (`open`) and back to the list (`back`). Where transactions are on a page of their \
             own, they have an `open` and a `back` too.",
        ),
        Code::AccountMissing => put(
            "    date: MM/DD/YYYY\n",
            "    date: MM/DD/YYYY\n    captured:\n      url: /api/entries\n      rows: entries\n      fields: { postedDate: day, \
             description: text, amount: { at: minor, scale: 2 } }\n      key: id\n",
            "Write the part of the address that has the account's key, with what stands on both sides of it: \
             `/accounts/{account}/entries`.",
        ),
        Code::WayNeedless => put(
            "table: \"table.transactions\"",
            "table: \"table.transactions\"\n    open: \"a.transactions\"",
            "Take the way out, or read something on the page that it leads to.",
        ),
        Code::EffectMissing => put(
            "- { click: \"form#sign-in button\", effect: password }",
            "- { click: \"form#sign-in button\" }",
            "Add the effect that the hint names to the click that submits it. What is marked is submitted at most once, \
             also where an agent dies in between.",
        ),
        Code::EffectMisplaced => put(
            "- { click: \"form#sign-in button\", effect: password }",
            "- { click: \"form#sign-in button\", effect: password }\n      - { click: \"#continue\" }",
            "End the page's steps with the effect. What shows after it is another page, with steps of its own.",
        ),
        Code::PopupMisplaced => put(
            "back: \"a.back\"",
            "back: { close: popup }",
            "Add `popups: follow` to the script: without it, windows that pages open are closed at once. Of several steps the \
             one that closes a popup is the last, since what shows then is another page.",
        ),
        Code::VersionUnknown => {
            put("script: 1", "script: 2", "Write `script: 1`, or use an agent that knows the other version.")
        }
        Code::RecordDiffers => Explanation {
            mend: "Make the two agree: the id is the folder's name and the script's `institution`, `credentials` are those that \
                   the script fills in, and where the portal has addresses on several hosts, `hosts` of the script names all \
                   of them.",
            example: Example::Record(
                "id: example\nname: Example Bank\ndefaultPortalUrl: https://portal.example/\nmfa: none\n\
                 credentials: [bankUsername]\n",
            ),
        },
        Code::YamlSyntax => Explanation {
            mend: "Mend the YAML where the message points; what follows isn't looked at. A text with `: `, ` #` or one that \
                   begins with `[`, `{`, `#`, `*`, `&`, `!` or `@` needs quotes. Anchors, aliases, tags and a second \
                   document aren't part of the language.",
            example: Example::Whole("script: 1\npages: [\n"),
        },
        Code::SourceTooLarge => Explanation {
            mend: "Take out what isn't needed. Scripts are some hundred lines; a file of this size holds something else.",
            example: Example::Long,
        },
    }
}

impl Example {
    /// A script with the fault, or a record.
    fn source(&self) -> Cow<'static, str> {
        match self {
            Self::Record(source) => (*source).into(),
            Self::Put { from, to } => SOUND.replacen(from, to, 1).into(),
            Self::Whole(source) => (*source).into(),
            Self::Long => format!("{SOUND}{}\n", "# A long comment.\n".repeat(16 * 1024)).into(),
        }
    }

    /// What is wrong with it, and the file that it is.
    fn faults(&self) -> Option<(Diagnostics, &'static str)> {
        match self {
            Self::Record(source) => {
                let script = Script::parse(SOUND).ok();
                let around = Around { folder: Some("example"), script: script.as_ref() };
                Some((check_record(source, around).err()?, "institution.yaml"))
            }
            Self::Put { .. } | Self::Whole(_) | Self::Long => {
                Some((Script::parse(&self.source()).err()?, "script.yaml"))
            }
        }
    }
}

/// What a code means, with an example and how to mend it, in Markdown without a heading.
#[must_use]
pub fn explain(code: Code) -> String {
    let Explanation { mend, example } = explanation(code);
    let mut text = format!("{}\n", code.meaning());
    match &example {
        Example::Put { from, to: "" } => {
            let _ = write!(text, "\nWithout this line:\n\n```yaml\n{}\n```\n", dedented(from));
        }
        Example::Put { to, .. } => {
            let _ = write!(text, "\n```yaml\n{}\n```\n", dedented(to));
        }
        Example::Whole(source) | Example::Record(source) => {
            let _ = write!(text, "\n```yaml\n{source}```\n");
        }
        Example::Long => text.push_str("\nSuch as one with 16,384 lines of comments.\n"),
    }
    if let Some((faults, file)) = example.faults() {
        let said = faults.render(file);
        let first = said.split("\n\n").next().unwrap_or_default().trim_end();
        let _ = write!(text, "\n```text\n{first}\n```\n");
    }
    let _ = write!(text, "\n{mend}\n");
    text
}

/// The page of the reference: every code.
#[must_use]
pub fn explanations() -> String {
    let mut page = String::from(
        "# Faults of a script\n\n\
         What `agent check` finds, by the code in its brackets. `cargo xtask generate` writes this page from\n\
         `crates/script/src/explain.rs`; `agent explain CODE` prints one of it. All faults of a script are said at once, \
         each with\nits line, its column and a hint; `agent check --json` gives them to programs. The examples change a \
         line of\n`crates/script/src/explain/sound.yaml`.\n",
    );
    for code in Code::ALL {
        let _ = write!(page, "\n## {}\n\n{}", code.as_str(), explain(*code));
    }
    page
}

/// The lines of a piece of a script, moved to the left as far as they all can be.
fn dedented(piece: &str) -> String {
    let lines = || piece.lines().filter(|line| !line.trim().is_empty());
    let depth = |line: &str| line.len() - line.trim_start().len();
    // The first line begins in the middle of one, so the others tell.
    let least = lines().skip(1).map(depth).min().unwrap_or_default();
    let shown: Vec<&str> = lines().map(|line| line.get(depth(line).min(least)..).unwrap_or_default()).collect();
    shown.join("\n").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Code, Example, SOUND, explanation};
    use crate::language::Script;

    #[test]
    fn what_the_examples_change_is_sound() {
        let faults = Script::parse(SOUND).err().map(|faults| faults.to_string());
        assert_eq!(faults, None);
    }

    #[test]
    fn every_example_has_the_one_fault_that_it_is_for() {
        for code in Code::ALL {
            let example = explanation(*code).example;
            if let Example::Put { from, .. } = &example {
                assert_eq!(SOUND.matches(from).count(), 1, "`{from}` is there once");
            }
            let faults = example.faults().map(|(faults, _)| faults).expect("it has a fault");
            assert_eq!(faults.codes(), [*code], "{}", faults.render("example.yaml"));
        }
    }
}
