//! The keys of pages: how each is recognised, what it means, and what is done on it.
//!
//! Not here: what is read on them (`reads`).

use domain::challenge::{ChallengeKind, Medium};
use domain::failure::FailureCode;
use domain::run::Effect;

use super::first_login::{ENROL, NEW_PASSWORD, QUESTIONS, TERMS};
use super::texts::{ONE_SELECTOR, PAGE_NAME, PIECE_OF_TEXT, SELECTOR, SELECTORS, TEXT};
use super::{Key, Keys, Least, Map, Need, Rule, Shape, Takes, Word};
use crate::parse::{PAGES_LIMIT, is_a_portals_answer, is_of_scripts};
use crate::ways::ROLES;

fn failures() -> Vec<Word> {
    let codes = FailureCode::ALL.iter().filter(|code| is_a_portals_answer(**code));
    codes.map(|code| (code.as_str(), code.text())).collect()
}

fn kinds() -> Vec<Word> {
    let of_scripts = ChallengeKind::ALL.iter().filter(|kind| is_of_scripts(**kind));
    of_scripts.map(|kind| (kind.as_str(), kind.meaning())).collect()
}

fn media() -> Vec<Word> {
    Medium::ALL.iter().map(|medium| (medium.as_str(), medium.meaning())).collect()
}

fn effects() -> Vec<Word> {
    Effect::ALL.iter().map(|effect| (effect.as_str(), effect.meaning())).collect()
}

fn goals() -> Vec<Word> {
    vec![("signed_in", "The sign-in worked."), ("signed_out", "The session was ended as wished.")]
}

fn sources() -> Vec<Word> {
    vec![
        ("credentials.bankUsername", "The user's name at the bank."),
        ("credentials.bankCustomerId", "The company's number at the bank, where it asks for one."),
        ("credentials.password", "The user's password."),
        ("answer", "What the person answered whom the page's challenge asked."),
        (
            "answer.1",
            "The first part of it: of several words, or of as many signs as there are parts; so on to `answer.8`.",
        ),
        ("answer.2", ""),
        ("answer.3", ""),
        ("answer.4", ""),
        ("answer.5", ""),
        ("answer.6", ""),
        ("answer.7", ""),
        ("answer.8", ""),
        ("newPassword", "The password that was made for a page that says `newPassword`."),
        ("enrolledCode", "A code of the authenticator whose secret a page that says `enrol` shows."),
    ]
}

pub(super) static PAGES: Map = Map {
    id: "pages",
    name: "`pages`",
    text: "The pages by their names: lower-case letters, digits and `_`. Failures are looked for first, then challenges, \
           then the page with the most signs, then in the order of the file.",
    keys: Keys::Named { key: PAGE_NAME, takes: Takes::Map(&PAGE), most: Some(PAGES_LIMIT) },
    rules: &[],
};

pub(crate) static PAGE: Map = Map {
    id: "page",
    name: "a page",
    text: "A recognisable place in the portal: how it is recognised, what it means, and what is done there.",
    keys: Keys::Ordered(&[
        Key {
            name: "when",
            takes: Takes::Map(&WHEN),
            need: Need::Needed,
            text: "How it is recognised: everything in it holds when the page shows.",
        },
        Key {
            name: "failure",
            takes: Takes::Map(&FAILURE),
            need: Need::Optional,
            text: "The portal says no, and the run ends.",
        },
        Key {
            name: "challenge",
            takes: Takes::Map(&CHALLENGE),
            need: Need::Optional,
            text: "The bank asks something that only a person, or their device, can supply.",
        },
        Key {
            name: "newPassword",
            takes: Takes::Map(&NEW_PASSWORD),
            need: Need::Optional,
            text: "The bank wants another password.",
        },
        Key {
            name: "enrol",
            takes: Takes::Map(&ENROL),
            need: Need::Optional,
            text: "The bank has an authenticator enrolled.",
        },
        Key {
            name: "questions",
            takes: Takes::Map(&QUESTIONS),
            need: Need::Optional,
            text: "The bank has answers to security questions set.",
        },
        Key { name: "terms", takes: Takes::Map(&TERMS), need: Need::Optional, text: "The bank has terms accepted." },
        Key { name: "goal", takes: Takes::Word(goals), need: Need::Optional, text: "The run has come somewhere." },
        Key {
            name: "do",
            takes: Takes::List(&Takes::Map(&STEP), Least::One),
            need: Need::Optional,
            text: "The steps, in order and in one go; an effect is the last one.",
        },
    ]),
    rules: &[
        Rule::AtMostOneOf(&["failure", "challenge", "newPassword", "enrol", "questions", "terms", "goal"]),
        Rule::AtMostOneOf(&["failure", "do"]),
        Rule::Answered,
    ],
};

pub(crate) static WHEN: Map = Map {
    id: "when",
    name: "`when`",
    text: "The signs of a page. Take what a person would go by: a form, a table, a title.",
    keys: Keys::Ordered(&[
        Key {
            name: "visible",
            takes: SELECTORS,
            need: Need::Optional,
            text: "Each of these fits something that is visible.",
        },
        Key {
            name: "absent",
            takes: SELECTORS,
            need: Need::Optional,
            text: "None of these fits anything that is visible.",
        },
        Key {
            name: "text",
            takes: Takes::Map(&TEXTS),
            need: Need::Optional,
            text: "What visible things contain; words are compared with white space and case folded.",
        },
        Key {
            name: "url",
            takes: Takes::OneOrMany(&Takes::Text(TEXT)),
            need: Need::Optional,
            text: "Parts of the address, what follows `?` and `#` included. An address alone often stays while the page changes.",
        },
    ]),
    rules: &[Rule::SomeOf(&["visible", "text", "url"])],
};

static TEXTS: Map = Map {
    id: "texts",
    name: "`text`",
    text: "Selectors, and what a thing that they fit contains: `{ h1: Sign in }`.",
    keys: Keys::Named { key: SELECTOR, takes: Takes::Text(TEXT), most: None },
    rules: &[],
};

pub(crate) static FAILURE: Map = Map {
    id: "failure",
    name: "a failure",
    text: "What a page says instead of going on.",
    keys: Keys::Ordered(&[
        Key { name: "code", takes: Takes::Word(failures), need: Need::Needed, text: "What happened." },
        Key {
            name: "message",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "The bank's own words, which are kept.",
        },
    ]),
    rules: &[],
};

pub(crate) static CHALLENGE: Map = Map {
    id: "challenge",
    name: "a challenge",
    text: "What the bank asks. Its page fills in the answer; one that is approved elsewhere, or that a person passes at the wheel, has no steps.",
    keys: Keys::Ordered(&[
        Key { name: "kind", takes: Takes::Word(kinds), need: Need::Needed, text: "What is asked for." },
        Key { name: "medium", takes: Takes::Word(media), need: Need::Optional, text: "Which way the bank sent it." },
        Key {
            name: "target",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "The masked number or address that the bank names.",
        },
        Key {
            name: "prompt",
            takes: PIECE_OF_TEXT,
            need: Need::Needed,
            text: "What the person is asked, in the bank's words.",
        },
        Key {
            name: "refused",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "Visible when the answer before was refused; its text says why.",
        },
        Key {
            name: "attempts",
            takes: Takes::Whole(1, 5),
            need: Need::Default("3"),
            text: "How many answers are tried in one run.",
        },
        Key {
            name: "resend",
            takes: Takes::Map(&RESEND),
            need: Need::Optional,
            text: "How a person has the bank send a new code. Only of a `oneTimeCode`.",
        },
    ]),
    rules: &[Rule::OnlyWhere { key: "resend", of: "kind", words: &["oneTimeCode"] }],
};

pub(crate) static RESEND: Map = Map {
    id: "resend",
    name: "`resend`",
    text: "How a new code is asked for. It is done when a person says so, and never by itself; each time is a `sendCode` of its \
           own.",
    keys: Keys::Ordered(&[
        Key {
            name: "click",
            takes: WAYS,
            need: Need::Needed,
            text: "What has the bank send a new code. The same page shows then, or the next on the way to it.",
        },
        Key {
            name: "said",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "What the bank says of the new code, which the person is told.",
        },
        Key {
            name: "limit",
            takes: Takes::Whole(1, 3),
            need: Need::Default("2"),
            text: "How many new codes one run asks for.",
        },
    ]),
    rules: &[],
};

/// One way to find what is acted on, or several that vote.
const WAYS: Takes = Takes::OneOrMany(&Takes::Or(&ONE_SELECTOR, &WAY));

pub(crate) static WAY: Map = Map {
    id: "way",
    name: "a way to find it",
    text: "What a person would go by, in place of a selector. Words are compared whole, with white space and case folded.",
    keys: Keys::Ordered(&[
        Key {
            name: "label",
            takes: Takes::Text(TEXT),
            need: Need::Optional,
            text: "A field by the words of its label.",
        },
        Key { name: "text", takes: Takes::Text(TEXT), need: Need::Optional, text: "A link or a button by its words." },
        Key {
            name: "role",
            takes: Takes::Word(roles),
            need: Need::Optional,
            text: "A thing by its role, of its own or by its tag, and its name.",
        },
        Key {
            name: "name",
            takes: Takes::Text(TEXT),
            need: Need::Optional,
            text: "Its name, as somebody hears it who can't see the page.",
        },
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["label"], optional: &[] },
        Shape { needed: &["text"], optional: &[] },
        Shape { needed: &["role", "name"], optional: &[] },
    ])],
};

fn roles() -> Vec<Word> {
    ROLES.iter().map(|role| (*role, "")).collect()
}

pub(crate) static STEP: Map = Map {
    id: "step",
    name: "a step",
    text: "One thing that is done. What is filled or clicked is found by a selector, or by several ways that agree, and is \
           exactly one visible, enabled thing.",
    keys: Keys::Ordered(&[
        Key {
            name: "fill",
            takes: WAYS,
            need: Need::Optional,
            text: "Puts a text into this field, in place of what is in it.",
        },
        Key { name: "with", takes: Takes::Word(sources), need: Need::Optional, text: "Where the text comes from." },
        Key { name: "click", takes: WAYS, need: Need::Optional, text: "Clicks this." },
        Key {
            name: "effect",
            takes: Takes::Word(effects),
            need: Need::Optional,
            text: "What the click may do, once each time that it is declared. A click that submits a password or an answer needs it.",
        },
        CLOSES,
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["fill", "with"], optional: &[] },
        Shape { needed: &["click"], optional: &["effect"] },
        Shape { needed: &["close"], optional: &[] },
    ])],
};

const CLOSES: Key = Key {
    name: "close",
    takes: Takes::Word(closed),
    need: Need::Optional,
    text: "Closes the popup that the page is in; the page behind it shows again.",
};

pub(crate) static CLOSE: Map = Map {
    id: "close",
    name: "what is closed",
    text: "In place of a selector, where the page is in a popup: `{ close: popup }`.",
    keys: Keys::Ordered(&[Key { need: Need::Needed, ..CLOSES }]),
    rules: &[],
};

fn closed() -> Vec<Word> {
    vec![("popup", "The window that the page is in, which another page has opened.")]
}
