//! The keys of pages that somebody meets who signs in for the first time.
//!
//! Not here: what is done with them; `do` says that as on any page.

use domain::password_rules::CharacterClass;

use super::texts::{ONE_SELECTOR, PIECE_OF_TEXT, TEXT};
use super::{Key, Keys, Least, Map, Need, Rule, Shape, Takes, Word};

fn classes() -> Vec<Word> {
    CharacterClass::ALL.iter().map(|class| (class.as_str(), class.meaning())).collect()
}

const REFUSED: Key = Key {
    name: "refused",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "Visible when the bank said no; its text says why. Without it, that the page shows anew has to do.",
};

pub(crate) static NEW_PASSWORD: Map = Map {
    id: "newPassword",
    name: "`newPassword`",
    text: "The bank wants another password. One is made by these rules, kept before it is typed, and filled in \
           `with: newPassword`; the last step has the effect `newPassword`.",
    keys: Keys::Ordered(&[
        Key {
            name: "shortest",
            takes: Takes::Whole(1, 128),
            need: Need::Default("8"),
            text: "The fewest characters that the bank takes.",
        },
        Key { name: "longest", takes: Takes::Whole(8, 128), need: Need::Default("64"), text: "The most." },
        Key {
            name: "classes",
            takes: Takes::List(&Takes::Word(classes), Least::One),
            need: Need::Default("[upper, lower, digit]"),
            text: "The kinds of characters that it is made of, each at least once; at least two.",
        },
        Key {
            name: "without",
            takes: Takes::Text(TEXT),
            need: Need::Optional,
            text: "Characters that the bank doesn't take, one after the other.",
        },
        REFUSED,
    ]),
    rules: &[],
};

pub(crate) static ENROL: Map = Map {
    id: "enrol",
    name: "`enrol`",
    text: "The bank hands out the secret of an authenticator. It is kept before the code that confirms it is filled in \
           `with: enrolledCode`; the last step has the effect `enrol`.",
    keys: Keys::Ordered(&[
        Key {
            name: "secret",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "The secret as it is shown, or the `otpauth:` address that it is in.",
        },
        Key {
            name: "picture",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "Where the page shows no text: the picture with the QR code, whatever it is drawn by. It takes a browser.",
        },
        REFUSED,
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["secret"], optional: &["refused"] },
        Shape { needed: &["picture"], optional: &["refused"] },
    ])],
};

pub(crate) static QUESTIONS: Map = Map {
    id: "questions",
    name: "`questions`",
    text: "The bank has answers to security questions set. They are made, kept before they are typed, and given when the bank \
           asks one of the questions later; the last step has the effect `newAnswers`.",
    keys: Keys::Ordered(&[
        Key {
            name: "asked",
            takes: Takes::List(&Takes::Map(&ASKED), Least::One),
            need: Need::Needed,
            text: "The questions, in the order in which they are filled in.",
        },
        REFUSED,
    ]),
    rules: &[],
};

pub(crate) static ASKED: Map = Map {
    id: "asked",
    name: "a question that is set",
    text: "What is asked, and the field of the answer.",
    keys: Keys::Ordered(&[
        Key {
            name: "choose",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "The field whose options are the questions: the first is taken that wasn't before.",
        },
        Key {
            name: "shown",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "The question, where the bank says which.",
        },
        Key { name: "answer", takes: ONE_SELECTOR, need: Need::Needed, text: "The field of its answer." },
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["choose", "answer"], optional: &[] },
        Shape { needed: &["shown", "answer"], optional: &[] },
    ])],
};

pub(crate) static TERMS: Map = Map {
    id: "terms",
    name: "`terms`",
    text: "The bank has terms accepted. The organization's policy says whether they are, or a person does; the last step has \
           the effect `acceptTerms`.",
    keys: Keys::Ordered(&[
        Key { name: "title", takes: PIECE_OF_TEXT, need: Need::Needed, text: "What the bank calls them." },
        Key {
            name: "text",
            takes: ONE_SELECTOR,
            need: Need::Needed,
            text: "All that they say. Its SHA-256 is written down with the acceptance.",
        },
        REFUSED,
    ]),
    rules: &[],
};
