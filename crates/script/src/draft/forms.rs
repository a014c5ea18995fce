//! Forms that sign a user in: what is typed where, and what submits it.
//!
//! Not here: what comes of it.

use scraper::ElementRef;

use super::Sureness;
use super::selectors::selector;
use super::words::{CODE, CUSTOMER, is_within};
use crate::controls::{kind, submits};
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::ways::is_usable;

/// A form of a sign-in.
pub(super) struct Form {
    pub(super) kind: Kind,
    /// By what its page is known.
    pub(super) sign: (String, Sureness),
    /// Each field, and where its text comes from.
    pub(super) fills: Vec<(String, &'static str)>,
    /// What submits it.
    pub(super) click: Option<(String, Sureness)>,
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
    let fills = typed.iter().map(|field| (selector(document, *field).0, with(kind, field, typed.len()))).collect();
    let last = typed.last()?;
    let form = form_of(last);
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
    let alert = parts.iter().find(|element| element.attr("role").is_some_and(|role| role.trim() == "alert"));
    let alert = alert.filter(|alert| !is_hidden(alert) && !shown_text(**alert).is_empty());
    Some(Form {
        kind,
        sign: selector(document, form.unwrap_or(*last)),
        fills,
        click: parts.iter().find(is_button).map(|button| selector(document, *button)),
        alert: alert.map(|alert| selector(document, *alert).0),
    })
}

/// What is typed into a field.
fn with(form: Kind, field: &ElementRef<'_>, fields: usize) -> &'static str {
    match form {
        Kind::Code => "answer",
        Kind::Password if kind(field) == "password" => "credentials.password",
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
    texts.iter().any(|text| is_within(words, text))
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
        let found: Vec<_> = form.fills.iter().map(|(into, with)| (into.as_str(), *with)).collect();
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
}
