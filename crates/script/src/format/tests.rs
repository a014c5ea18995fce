//! Scripts that are laid out say the same, keep their comments, and are laid out.

#![expect(clippy::panic, reason = "it is how a test fails")]

use proptest::prelude::{any, proptest};
use proptest::sample::Index;

use super::format;
use crate::language::Script;

const SCRIPTS: [&str; 10] = [
    include_str!("../explain/sound.yaml"),
    include_str!("../../tests/pretend/script.yaml"),
    include_str!("../../../../scripts/harbour/script.yaml"),
    include_str!("../../../../scripts/kontor/script.yaml"),
    include_str!("../../../../scripts/meridian/script.yaml"),
    include_str!("../../../../scripts/granary/script.yaml"),
    include_str!("../../../../scripts/lantern/script.yaml"),
    include_str!("../../../../scripts/hoshizora/script.yaml"),
    include_str!("../../../../scripts/coppermine/script.yaml"),
    include_str!("../../../../scripts/threshold/script.yaml"),
];

fn scripts() -> Vec<&'static str> {
    let language = include_str!("../../LANGUAGE.md").split("```yaml\n").nth(1).unwrap_or_default();
    SCRIPTS.into_iter().chain(language.split("```").next()).collect()
}

/// What a script comes to, to compare it.
fn read(source: &str) -> String {
    format!("{:?}", Script::parse(source).unwrap_or_else(|faults| panic!("{faults}\n{source}")))
}

fn laid_out(source: &str) -> String {
    format(source).unwrap_or_else(|faults| panic!("{faults}\n{source}"))
}

fn check(source: &str, expected: &str) {
    let found = laid_out(source);
    assert_eq!(found, expected, "{source}");
    assert_eq!(laid_out(&found), found, "laid out twice");
}

#[test]
fn the_scripts_of_the_repository_are_laid_out_and_mean_the_same() {
    for source in scripts() {
        let once = laid_out(source);
        assert_eq!(read(source), read(&once));
        assert_eq!(once, laid_out(&once), "laid out twice");
    }
}

#[test]
fn keys_stand_in_the_order_of_the_language_and_columns_in_that_of_their_author() {
    check(
        "institution: a\nscript: 1\nunknown: x\nlocale: en-US\n",
        "script: 1\ninstitution: a\nlocale: en-US\nunknown: x\n",
    );
    check(
        "pages:\n  a:\n    do:\n    - {with: answer,   fill: b}\n    when: {visible: c}\n",
        "pages:\n  a:\n    when: { visible: c }\n    do:\n      - { fill: b, with: answer }\n",
    );
    check(
        "reads:\n    transactions:\n        columns: {amount: A, postedDate: B}\n        on: x\n",
        "reads:\n  transactions:\n    on: x\n    columns: { amount: A, postedDate: B }\n",
    );
}

#[test]
fn pages_and_reads_stand_apart_and_nothing_stands_twice_apart() {
    check(
        "script: 1\npages:\n  b: {goal: signed_in}\n  a: {}\n\n\n\n  c:\nreads: {}\nsign_out: x\n",
        "script: 1\n\npages:\n  b: { goal: signed_in }\n\n  a: {}\n\n  c:\n\nreads: {}\n\nsign_out: x\n",
    );
    check("\n\nscript: 1\n\n\nlocale: x\n\n", "script: 1\n\nlocale: x\n");
}

#[test]
fn texts_are_as_their_author_wrote_them() {
    check("start: '/a'\nbusy: \"#b\"\nlocale: en-US   \n", "locale: en-US\nstart: '/a'\nbusy: \"#b\"\n");
    check("busy: [ \"a\",b ,  'c' ]\n", "busy: [\"a\", b, 'c']\n");
    check("start:\n  \"it's # here\"\n", "start: \"it's # here\"\n");
    check("script: 1\r\nstart: /a\r\n", "script: 1\nstart: /a\n");
}

#[test]
fn comments_stay_where_they_belong() {
    // Those at the top stay there, the others go with what they stand above or behind.
    check(
        "# About it.\n\n# More.\nlocale: a # how\n# The version.\nscript: 1\n",
        "# About it.\n\n# More.\n# The version.\nscript: 1\nlocale: a # how\n",
    );
    check(
        "pages: # all\n  # one\n  a: # it\n    goal: b\n    # the end of a\n  # two\n  c: d\n# the end\n",
        "pages: # all\n  # one\n  a: # it\n    goal: b\n    # the end of a\n\n  # two\n  c: d\n# the end\n",
    );
    check(
        "script: 1       # one\ninstitution: a  # two\ncurrency: 123456789 # three\n",
        "script: 1       # one\ninstitution: a  # two\ncurrency: 123456789 # three\n",
    );
    check(
        "pages:\n  a:\n    do: # steps\n      # first\n      - { click: a } # now\n      - # odd\n        click: b\n",
        "pages:\n  a:\n    do: # steps\n      # first\n      - { click: a } # now\n      # odd\n      - click: b\n",
    );
}

#[test]
fn what_doesnt_fit_on_a_line_or_has_a_comment_gets_more_of_them() {
    let long = "x".repeat(60);
    check(
        &format!("pages:\n  a:\n    when: {{ visible: {long}, absent: {long} }} # both\n"),
        &format!("pages:\n  a:\n    when: # both\n      visible: {long}\n      absent: {long}\n"),
    );
    check("busy: [\n  a, # first\n  # between\n  b\n]\n", "busy:\n  - a # first\n  # between\n  - b\n");
    check(
        &format!("pages:\n  a:\n    do:\n      - {{ with: {long}, fill: {long} }} # both\n"),
        &format!("pages:\n  a:\n    do:\n      # both\n      - fill: {long}\n        with: {long}\n"),
    );
}

#[test]
fn what_cant_be_laid_out_is_refused_with_its_place() {
    let check = |source: &str, expected: &str| {
        let faults = format(source).expect_err(source);
        let said: Vec<String> =
            faults.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message)).collect();
        assert_eq!(said, [expected], "{source}");
    };
    check("a: |\n  b\n", "2:3 a text over several lines isn't laid out");
    check("a: \"b\n  c\"\n", "1:4 a text over several lines isn't laid out");
    check("a: [ # why\n]\n", "1:4 a comment within an empty list or map isn't laid out");
    check("a:\n  -\n  - b\n", "2:4 an entry of a list that says nothing isn't laid out");
    check("- a\n", "1:1 a script is a map, and this is none");
    let extras = "anchors, aliases and tags aren't part of the language";
    check("a: &b c\n", &format!("1:7 {extras}"));
    assert!(format("a: [\n").is_err());
}

proptest! {
    /// A comment wherever one can stand, and other blanks and lines, change nothing but themselves.
    #[test]
    fn comments_and_blank_lines_anywhere_survive(script in any::<Index>(), places in proptest::collection::vec((any::<Index>(), 0_usize..4, 0_usize..9), 1..12)) {
        let scripts = scripts();
        let source = *script.get(&scripts);
        let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
        for (count, (at, kind, depth)) in places.iter().enumerate() {
            let at = at.index(lines.len());
            match kind {
                0 => lines.insert(at, String::new()),
                1 => lines.insert(at, format!("{}# comment {count}", " ".repeat(*depth))),
                2 => lines.push(format!("{}# comment {count}", " ".repeat(*depth))),
                _ => lines[at].push_str(&format!("{}# comment {count}", " ".repeat(depth + 1))),
            }
        }
        let varied = format!("{}\n", lines.join("\n"));
        let once = laid_out(&varied);
        assert_eq!(read(&varied), read(&once));
        let comments = |text: &str| text.matches("# comment ").count();
        assert_eq!(comments(&varied), comments(&once), "{once}");
        assert_eq!(laid_out(&once), once, "laid out twice");
    }
}
