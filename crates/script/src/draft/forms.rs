//! Forms that sign a user in: what is typed where, and what submits it.
//!
//! Not here: what comes of it.

use ego_tree::NodeId;
use scraper::ElementRef;

use super::Sureness;
use super::questions::Inquiry;
use super::selectors::{given, selector, two};
use super::words::{CODE, CUSTOMER, SUBMIT, is_one, is_within};
use super::write::text as yaml_text;
use crate::controls::{kind, submits};
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::recording::Value;
use crate::ways::{is_usable, label_of, role_and_words};

/// A form of a sign-in.
pub(super) struct Form {
    pub(super) kind: Kind,
    /// By what its page is known.
    pub(super) sign: (String, Sureness),
    /// Each field, and where its text comes from.
    pub(super) fills: Vec<(String, String)>,
    /// Ways to each field that vote for it, where there are enough for one of them to be wrong; as a script says them.
    pub(super) ways: Vec<Option<String>>,
    /// What a person typed into each field, where that is known.
    pub(super) typed: Vec<(NodeId, Value)>,
    /// How a code comes, by the bank's words.
    pub(super) medium: Option<&'static str>,
    /// Whether several parts of an answer stand in a table, as those of a card do.
    pub(super) is_card: bool,
    /// What submits it.
    pub(super) click: Option<(String, Sureness)>,
    /// Ways to that, as those to a field.
    pub(super) click_ways: Option<String>,
    /// What the bank says in it now, as of an attempt before.
    pub(super) alert: Option<String>,
}

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Who it is, the password being asked for on the next page.
    User,
    /// A password, and perhaps who it is.
    Password,
    /// A code that the bank sends, or that a device shows.
    Code,
    /// An answer that the user gave the bank once, or a part of one.
    Question,
}

/// The form of a page, if there is one that signs in.
pub(super) fn form(document: &Document) -> Option<Form> {
    let fields: Vec<ElementRef<'_>> = document.everything().filter(is_field).collect();
    let password = fields.iter().position(|field| kind(field) == "password");
    let (kind, first, last) = match password {
        Some(place) => {
            // Who it is stands before it, in the same form.
            let form = form_of(fields.get(place)?);
            let begin =
                fields.iter().position(|field| form.is_some() && form_of(field).map(|form| form.id()) == form_id(form));
            let is_code = fields.get(place).is_some_and(asks_for_code);
            (if is_code { Kind::Code } else { Kind::Password }, begin.unwrap_or(place).min(place), place)
        }
        None => {
            let code = fields.iter().position(asks_for_code);
            let user = fields.iter().position(|field| is_of_user(field));
            match (code, user) {
                (Some(code), _) => (Kind::Code, code, code),
                (None, Some(user)) => (Kind::User, user, user),
                (None, None) => return None,
            }
        }
    };
    let typed = fields.get(first..=last)?;
    let with = |field: &ElementRef<'_>| with(kind, field, typed.len()).to_owned();
    let fills: Vec<(ElementRef<'_>, String)> = typed.iter().map(|field| (*field, with(field))).collect();
    built(document, kind, &fills, None)
}

/// The same of what a person typed and clicked: fields with what they were filled with, and what submitted them.
pub(super) fn form_of_trail(
    document: &Document,
    typed: &[(ElementRef<'_>, Value)],
    click: Option<ElementRef<'_>>,
    before: Before,
    inquiry: &mut Inquiry<'_>,
) -> Option<Form> {
    let beside = if typed.iter().any(|(field, _)| is_password(field)) { Beside::Password } else { Beside::Others };
    let mut values = Vec::with_capacity(typed.len());
    for (field, known) in typed {
        let (value, sureness) = match known {
            Value::Other => guess(field, beside, typed.len(), before),
            known => (*known, Sureness::Likely),
        };
        let value = match sureness {
            Sureness::Guess => {
                let into = selector(document, *field).0;
                let asks = format!("What was typed into {into}?");
                let said = inquiry.choose(format!("fill {into}"), asks, name_of(value), &VALUES.map(|(name, _)| name));
                VALUES.iter().find(|(name, _)| *name == said).map_or(value, |(_, value)| *value)
            }
            _ => value,
        };
        values.push(value);
    }
    let has = |wanted: &[Value]| values.iter().any(|value| wanted.contains(value));
    let kind = match () {
        () if has(&[Value::Password]) => Kind::Password,
        () if has(&[Value::Code]) => Kind::Code,
        () if has(&[Value::Answer]) => Kind::Question,
        () if has(&[Value::Username, Value::Customer]) => Kind::User,
        () => return None,
    };
    let answers = values.iter().filter(|value| matches!(value, Value::Code | Value::Answer)).count();
    let mut part = 0;
    let fills = typed.iter().zip(&values).filter_map(|((field, _), value)| {
        let with = match value {
            Value::Customer => "credentials.bankCustomerId".to_owned(),
            Value::Username => "credentials.bankUsername".to_owned(),
            Value::Password => "credentials.password".to_owned(),
            Value::Code | Value::Answer if answers == 1 => "answer".to_owned(),
            Value::Code | Value::Answer => {
                part += 1;
                format!("answer.{part}")
            }
            Value::Day | Value::Other => return None,
        };
        Some((*field, with))
    });
    let fills: Vec<(ElementRef<'_>, String)> = fills.collect();
    let typed = typed.iter().map(|(field, _)| field.id()).zip(values).collect();
    built(document, kind, &fills, click).map(|form| Form { typed, ..form })
}

/// Where in a session something was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// No password had been given.
    Password,
    /// One had, and the accounts hadn't been seen.
    Accounts,
}

/// What a field stands in one form with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// One for a password.
    Password,
    /// Others alone.
    Others,
}

/// What may have been typed, as questions name it.
const VALUES: [(&str, Value); 6] = [
    ("username", Value::Username),
    ("customer", Value::Customer),
    ("password", Value::Password),
    ("code", Value::Code),
    ("answer", Value::Answer),
    ("nothing", Value::Other),
];

fn name_of(value: Value) -> &'static str {
    VALUES.iter().find(|(_, known)| *known == value).map_or("nothing", |(name, _)| name)
}

/// What was typed into a field, by what it is and what stands around it.
fn guess(field: &ElementRef<'_>, beside: Beside, fields: usize, before: Before) -> (Value, Sureness) {
    const ANSWER: &str = "answer|question|antwort|frage|réponse|respuesta|risposta|memorable|letter|character";
    match before {
        _ if asks_for_code(field) => (Value::Code, Sureness::Likely),
        Before::Password if is_password(field) => (Value::Password, Sureness::Likely),
        Before::Password if fields > 2 && says(field, CUSTOMER) => (Value::Customer, Sureness::Likely),
        Before::Password if beside == Beside::Password && fields <= 3 || is_of_user(field) => {
            (Value::Username, Sureness::Likely)
        }
        Before::Password => (Value::Username, Sureness::Guess),
        Before::Accounts if says(field, ANSWER) || fields > 1 => (Value::Answer, Sureness::Likely),
        Before::Accounts => (Value::Answer, Sureness::Guess),
    }
}

fn is_password(field: &ElementRef<'_>) -> bool {
    kind(field) == "password"
}

/// A form of these fields. Without a `click` that is known, what submits it is looked for in it.
fn built(
    document: &Document,
    kind: Kind,
    fills: &[(ElementRef<'_>, String)],
    click: Option<ElementRef<'_>>,
) -> Option<Form> {
    let last = fills.last()?.0;
    let form = form_of(&last);
    let within: Box<dyn Iterator<Item = ElementRef<'_>>> = match form {
        Some(form) => Box::new(form.descendants().filter_map(ElementRef::wrap)),
        None => Box::new(document.everything().skip_while(|element| element.id() != last.id())),
    };
    let parts: Vec<ElementRef<'_>> = within.collect();
    let is_button = |element: &&ElementRef<'_>| {
        let name = element.value().name();
        let is_link = name == "a" && element.attr("role").is_some_and(|role| role.trim() == "button");
        !is_hidden(element) && (submits(element) || is_link || (form.is_none() && name == "button"))
    };
    let click = click.or_else(|| parts.iter().find(is_button).copied());
    let alert = parts.iter().find(|element| element.attr("role").is_some_and(|role| role.trim() == "alert"));
    let alert = alert.filter(|alert| !is_hidden(alert) && !shown_text(**alert).is_empty());
    let sign = form.unwrap_or(last);
    Some(Form {
        kind,
        typed: Vec::new(),
        medium: medium(&shown_text(sign)).or_else(|| medium(&words_around(sign))),
        is_card: fills.len() > 1 && is_in_table(&last),
        sign: selector(document, sign),
        fills: fills.iter().map(|(field, with)| (selector(document, *field).0, with.clone())).collect(),
        ways: fills.iter().map(|(field, _)| ways(document, *field)).collect(),
        click: click.map(|button| selector(document, button)),
        click_ways: click.and_then(|button| ways_to_press(document, button)),
        alert: alert.map(|alert| selector(document, *alert).0),
    })
}

/// Three ways to a field that can't all change at once: two names that somebody gave it, and its label.
fn ways(document: &Document, field: ElementRef<'_>) -> Option<String> {
    let given = given(document, field);
    let label = label_of(document, field)?;
    let [first, second, ..] = given.as_slice() else { return None };
    Some(format!("[{}, {}, {{ label: {} }}]", yaml_text(first), yaml_text(second), yaml_text(&label)))
}

/// Three ways to what submits a form, of which one may be lost: two selectors that have nothing of each other, and its words. Those
/// that banks have on it, and no others: what greets a customer, or counts, would stand in the script.
fn ways_to_press(document: &Document, button: ElementRef<'_>) -> Option<String> {
    let (role, words) = role_and_words(document, button).filter(|(_, words)| is_one(SUBMIT, words))?;
    let [first, second] = two(document, button)?;
    Some(format!("[{}, {}, {{ role: {role}, name: {} }}]", yaml_text(&first), yaml_text(&second), yaml_text(&words)))
}

/// By what the bank says that it sent a code, or that it is shown.
fn medium(text: &str) -> Option<&'static str> {
    const MEDIA: [(&str, &str); 4] = [
        ("sms", "text message|sms|texted|mobile number|mobiltelefon|handy"),
        ("email", "email|e-mail|courriel|correo"),
        ("voice", "phone call|call you|anruf"),
        ("device", "authenticator|authenticator app|token|device|card|karte|tan generator|tan-generator"),
    ];
    let text = folded_case(text);
    MEDIA.iter().find(|(_, words)| is_within(words, &text)).map(|(medium, _)| *medium)
}

/// What is said beside a form, in what is around it.
fn words_around(form: ElementRef<'_>) -> String {
    form.ancestors().filter_map(ElementRef::wrap).take(2).map(shown_text).collect::<Vec<_>>().join(" ")
}

fn is_in_table(field: &ElementRef<'_>) -> bool {
    field.ancestors().filter_map(ElementRef::wrap).any(|above| above.value().name() == "td")
}

/// What is typed into a field.
fn with(form: Kind, field: &ElementRef<'_>, fields: usize) -> &'static str {
    match form {
        Kind::Code | Kind::Question => "answer",
        Kind::Password if is_password(field) => "credentials.password",
        Kind::User | Kind::Password if fields > 2 && says(field, CUSTOMER) => "credentials.bankCustomerId",
        Kind::User | Kind::Password => "credentials.bankUsername",
    }
}

fn is_field(element: &ElementRef<'_>) -> bool {
    let takes_text = matches!(kind(element).as_str(), "text" | "password" | "email" | "tel" | "number");
    element.value().name() == "input" && takes_text && is_usable(element)
}

fn asks_for_code(field: &ElementRef<'_>) -> bool {
    field.attr("autocomplete").is_some_and(|filled| filled.trim() == "one-time-code") || says(field, CODE)
}

fn is_of_user(field: &ElementRef<'_>) -> bool {
    const WORDS: &str = "user|username|login|user id|benutzer|anmeldename|identifiant|utilisateur|usuario|utente|usuário|gebruiker|ログインid|利用者";
    field.attr("autocomplete").is_some_and(|filled| filled.trim() == "username") || says(field, WORDS)
}

/// Whether a field's name, id, placeholder or label has one of these words.
fn says(field: &ElementRef<'_>, words: &str) -> bool {
    let own = ["name", "id", "placeholder", "aria-label", "title"].iter().filter_map(|name| field.attr(name));
    let mut texts: Vec<String> = own.map(|text| folded_case(&text.replace(['-', '_', '.'], " "))).collect();
    let top = field.ancestors().last().and_then(|root| root.children().find_map(ElementRef::wrap));
    let labels = top.into_iter().flat_map(|top| top.descendants().filter_map(ElementRef::wrap));
    let is_label = |label: &ElementRef<'_>| {
        let wraps = || field.ancestors().any(|above| above.id() == label.id());
        label.value().name() == "label" && (label.attr("for").is_some_and(|id| Some(id) == field.attr("id")) || wraps())
    };
    texts.extend(labels.filter(is_label).map(|label| folded_case(&shown_text(label))));
    texts.extend(header_of(field).map(|header| folded_case(&shown_text(header))));
    texts.iter().any(|text| is_within(words, text))
}

/// What stands before a field in its row of a table.
fn header_of<'d>(field: &ElementRef<'d>) -> Option<ElementRef<'d>> {
    let cell = field.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "td")?;
    cell.prev_siblings().filter_map(ElementRef::wrap).find(|other| matches!(other.value().name(), "td" | "th"))
}

fn form_of<'d>(field: &ElementRef<'d>) -> Option<ElementRef<'d>> {
    field.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "form")
}

fn form_id(form: Option<ElementRef<'_>>) -> Option<ego_tree::NodeId> {
    form.map(|form| form.id())
}

#[cfg(test)]
mod tests {
    use super::{Kind, form};
    use crate::document::Document;

    fn check(html: &str, kind: Kind, fills: &[(&str, &str)], click: &str) {
        let document = Document::parse(html).expect("a document");
        let form = form(&document).expect("a form");
        let found: Vec<_> = form.fills.iter().map(|(into, with)| (into.as_str(), with.as_str())).collect();
        assert_eq!(
            (form.kind, found.as_slice(), form.click.map(|(click, _)| click).as_deref()),
            (kind, fills, Some(click)),
            "{html}"
        );
    }

    #[test]
    fn a_sign_in_is_known_by_its_password_and_who_it_is_stands_before_it() {
        let html = "<form id=search><input name=q><button>Go</button></form>\
            <form id=in><input id=firm name=firm placeholder='Company ID'><input id=user><input id=pin type=password><button id=go>Sign in</button></form>";
        let fills = [
            ("#firm", "credentials.bankCustomerId"),
            ("#user", "credentials.bankUsername"),
            ("#pin", "credentials.password"),
        ];
        check(html, Kind::Password, &fills, "#go");
        check(
            "<input name=login><input name=secret type=password><button>Go</button>",
            Kind::Password,
            &[("input[name=\"secret\"]", "credentials.password")],
            "button",
        );
    }

    #[test]
    fn a_user_alone_and_a_code_are_told_apart() {
        check(
            "<form><label for=u>User ID</label><input id=u><button>Next</button></form>",
            Kind::User,
            &[("#u", "credentials.bankUsername")],
            "button",
        );
        check(
            "<form><input id=c autocomplete=one-time-code><input type=submit></form>",
            Kind::Code,
            &[("#c", "answer")],
            "input[type=submit]",
        );
        check(
            "<form><label>Your passcode <input id=c type=password></label><button>Go</button></form>",
            Kind::Code,
            &[("#c", "answer")],
            "button",
        );
        let document = Document::parse("<form><input name=q><button>Search</button></form>").expect("a document");
        assert!(form(&document).is_none());
    }

    #[test]
    fn a_field_with_two_names_and_a_label_is_found_by_whichever_two_are_left() {
        let ways = |html: &str| {
            let document = Document::parse(html).expect("a document");
            form(&document).expect("a form").ways
        };
        let html = "<form><label for=u>User ID</label><input id=u name=user><input type=password></form>";
        let expected = r##"["#u", "[name=\"user\"]", { label: user id }]"##;
        assert_eq!(ways(html), [Some(expected.to_owned()), None]);
    }

    #[test]
    fn what_the_bank_says_in_the_form_is_an_alert() {
        let document =
            Document::parse("<form id=in><p role=alert>No.</p><input type=password><button>Go</button></form>")
                .expect("a document");
        assert_eq!(form(&document).and_then(|form| form.alert).as_deref(), Some("#in [role=alert]"));
        let document =
            Document::parse("<form id=in><p role=alert hidden>No.</p><input type=password><button>Go</button></form>")
                .expect("a document");
        assert_eq!(form(&document).and_then(|form| form.alert), None);
    }

    #[test]
    fn what_submits_a_form_is_found_in_three_ways_where_one_can_change_and_the_others_not() {
        let check = |button: &str, expected: Option<&str>| {
            let html = format!("<form id=in><input id=user><input id=word type=password>{button}</form>");
            let document = Document::parse(&html).expect("a document");
            assert_eq!(form(&document).expect("a form").click_ways.as_deref(), expected, "{html}");
        };
        let three = r##"["#go", "#in button", { role: button, name: sign in }]"##;
        check("<button id=go>Sign in</button>", Some(three));
        // Its words are one way, and not two.
        check(
            "<input id=go type=submit value='Log on'>",
            Some(r##"["#go", "#in input[type=submit]", { role: button, name: log on }]"##),
        );
        // What else it says may be a customer's, and nothing says which of two it is.
        check("<button id=go>Sign in as Ada Byron</button>", None);
        check("<button id=go>Sign in</button><button>Sign in</button>", None);
        // Its kind alone is a way while there is one of it.
        check("<button>Sign in</button>", Some(r##"["#in button", button, { role: button, name: sign in }]"##));
        check("<button>Sign in</button><button>Help</button>", None);
    }
}
