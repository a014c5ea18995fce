//! A draft as a script: keys in the order of the language, and a comment where a person has to look.
//!
//! Not here: what was found.

use scraper::ElementRef;

use super::approval::Waiting;
use super::busy::busy;
use super::columns::Direction;
use super::forms::{Form, Kind};
use super::layouts::{column_lines, columns, layouts};
use super::leads::{Further, Leads, goodbye};
use super::pending::Announced;
use super::questions::Inquiry;
use super::selectors::selector;
use super::{AccountsList, LedgerList, Looked, Sureness, Writing};
use crate::css::{Css, PIERCING};
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::format;
use crate::language::Shape;
use crate::recording::PageKind;

/// All that a script is made of.
pub(super) struct Parts<'p, 'i> {
    pub(super) institution: &'p str,
    pub(super) looked: &'p [Looked<'p>],
    pub(super) writing: &'p Writing,
    pub(super) accounts: &'p AccountsList,
    pub(super) ledger: Option<&'p LedgerList>,
    /// Those that are laid out otherwise.
    pub(super) others: &'p [LedgerList],
    pub(super) announced: Option<&'p Announced>,
    pub(super) leads: &'p Leads,
    /// The bank's words for kinds of accounts, and ours.
    pub(super) types: &'p [(String, Option<&'static str>)],
    /// Ours whose amounts are what is owed.
    pub(super) owed: &'p [&'static str],
    pub(super) inquiry: &'p mut Inquiry<'i>,
}

/// The script, laid out.
pub(super) fn script(parts: &mut Parts<'_, '_>) -> String {
    let Parts { institution, writing, .. } = parts;
    let mut out = format!(
        "# A draft, made of saved pages: look through it, and try it with `agent test`.\nscript: 1\ninstitution: {institution}\n\
         locale: {}\n# By the currency and the page's language: say where the bank's days are days.\ntimezone: {}\n\
         currency: {}\npages:\n",
        writing.locale, writing.time_zone, writing.currency
    );
    if let Some(busy) = busy(parts.looked) {
        out = out.replacen("pages:\n", &format!("busy: [{}]\npages:\n", text(busy)), 1);
    }
    let hosts = hosts(parts);
    if !hosts.is_empty() {
        out = out.replacen("pages:\n", &format!("hosts: [{}]\npages:\n", hosts.join(", ")), 1);
    }
    if !parts.accounts.read.blanks.is_empty() {
        let blanks: Vec<String> = parts.accounts.read.blanks.iter().map(|blank| text(blank)).collect();
        out = out.replacen("pages:\n", &format!("blank: [{}]\npages:\n", blanks.join(", ")), 1);
    }
    pages(&mut out, parts);
    out.push_str("reads:\n");
    if !parts.owed.is_empty() {
        out.push_str(&format!("  owed: [{}]\n", parts.owed.join(", ")));
    }
    accounts(&mut out, parts);
    if let Some(ledger) = parts.ledger {
        details(&mut out, parts);
        transactions(&mut out, ledger, parts);
    }
    if let Some((_, sign_out, _)) = &parts.leads.sign_out {
        out.push_str(&format!("sign_out: {}\n", text(sign_out)));
    }
    // What can't be laid out is shown as it is: its faults say why.
    format(&out).unwrap_or(out)
}

/// The pages of a sign-in alone, each with what a script has of it.
pub(super) fn sign_in(looked: &[Looked<'_>], inquiry: &mut Inquiry<'_>) -> Vec<(PageKind, String)> {
    let of_sign_in = looked.iter().filter_map(|looked| Some((looked.kind?, looked.form.as_ref()?)));
    let mut pages = Vec::new();
    for (kind, form) in of_sign_in {
        let mut out = String::new();
        match kind {
            PageKind::Refused => of_refusal(&mut out, kind.as_str(), form),
            _ => of_form(&mut out, kind.as_str(), form, looked, inquiry),
        }
        pages.push((kind, out));
    }
    pages
}

/// The hosts of pages beside that of the first, by their names; what else pages ask for isn't known from them.
fn hosts(parts: &Parts<'_, '_>) -> Vec<String> {
    let host = |page: &Looked<'_>| page.page.url.domain().map(str::to_owned);
    let own = parts.looked.first().and_then(host);
    let of_script = parts.looked.iter().filter(|page| page.kind.is_some());
    let mut others: Vec<String> = of_script.filter_map(host).filter(|host| Some(host) != own.as_ref()).collect();
    others.sort();
    others.dedup();
    others
}

fn pages(out: &mut String, parts: &mut Parts<'_, '_>) {
    for looked in parts.looked {
        let Some(kind) = looked.kind else { continue };
        let name = kind.as_str();
        match (kind, &looked.form) {
            (PageKind::Accounts, _) => {
                let table = parts.accounts.table.0.as_str();
                out.push_str(&format!(
                    "  {name}:\n    when: {}\n    goal: signed_in\n",
                    sign(parts.looked, kind, table)
                ));
            }
            (PageKind::Account | PageKind::Transactions, _) => {
                // An account's page without its transactions has its details, and what leads to them.
                let open = parts.leads.open.as_ref().filter(|_| kind == PageKind::Account);
                let open = open.map(|(_, open, _)| {
                    let marks = [parts.leads.details_in.as_ref(), Some(open)].into_iter().flatten();
                    marks
                        .clone()
                        .find(|mark| mixed(parts.looked, kind, mark).is_empty())
                        .or_else(|| marks.clone().next())
                });
                let mark = open.flatten().cloned().unwrap_or_else(|| rows(parts));
                out.push_str(&format!("  {name}:\n    when: {}\n", sign(parts.looked, kind, &mark)));
            }
            (PageKind::SignedOut, _) => {
                if let Some((heading, words)) = farewell(&looked.document) {
                    let (heading, words) = (text(&heading), text(&words));
                    out.push_str(&format!(
                        "  {name}:\n    when: {{ text: {{ {heading}: {words} }} }}\n    goal: signed_out\n"
                    ));
                }
            }
            (PageKind::Refused, Some(form)) if form.alert.is_some() => of_refusal(out, name, form),
            (PageKind::Medium, _) => {
                if let Some(click) = &parts.leads.medium {
                    let click = text(click);
                    out.push_str(&format!(
                        "  {name}:\n    when: {{ visible: {click} }}\n    do:\n      - {{ click: {click}, effect: sendCode }}\n"
                    ));
                }
            }
            (PageKind::Passed, _) => {
                if let Some(passed) = &parts.leads.passed {
                    let (sign, click) = (text(&passed.sign), text(&passed.click));
                    out.push_str(&format!(
                        "  {name}:\n    when: {{ visible: {sign} }}\n    do:\n      - {{ click: {click} }}\n"
                    ));
                }
            }
            (PageKind::Approval, _) => {
                if let Some((_, waiting)) = &parts.leads.waiting {
                    of_waiting(out, name, waiting);
                }
            }
            (_, Some(form)) => of_form(out, name, form, parts.looked, parts.inquiry),
            _ => {}
        }
    }
}

/// What shows where rows are: what asks for them, or else the table, or what is there in its place.
fn rows(parts: &Parts<'_, '_>) -> String {
    let table = parts.ledger.map_or("", |ledger| ledger.table.0.as_str());
    match (&parts.leads.range, &parts.leads.empty) {
        (Some(range), _) => range.click.clone(),
        // What is in a frame can't be one of several.
        (None, Some(empty)) if ![table, empty].iter().any(|css| css.contains(PIERCING)) => {
            format!(":is({table}, {empty})")
        }
        (None, _) => table.to_owned(),
    }
}

/// The pages of other kinds that a selector fits, too.
fn mixed<'p, 'l>(looked: &'p [Looked<'l>], kind: PageKind, mark: &str) -> Vec<&'p Looked<'l>> {
    let fits = |document: &Document| Css::made(mark).is_some_and(|css| document.shown(&css).is_some());
    let others = looked.iter().filter(|page| page.kind.is_some_and(|other| other != kind));
    others.filter(|page| fits(&page.document)).collect()
}

/// By what a page is known: this selector, unless it fits a page of another kind, too; then what that one has is absent.
fn sign(looked: &[Looked<'_>], kind: PageKind, mark: &str) -> String {
    let own = looked.iter().find(|page| page.kind == Some(kind));
    let mixed = mixed(looked, kind, mark);
    let heading = |page: &Looked<'_>| farewell(&page.document);
    if mixed.is_empty() {
        return format!("{{ visible: {} }}", text(mark));
    }
    // Its heading says what it is, where no other page has the same.
    // A heading that names an account is that account's alone.
    let lists = looked.iter().filter(|page| page.kind == Some(PageKind::Accounts) && kind != PageKind::Accounts);
    let listed: Vec<String> =
        lists.map(|page| folded_case(&page.document.html.root_element().text().collect::<String>())).collect();
    let own = own.and_then(heading).filter(|(_, words)| !listed.iter().any(|list| list.contains(&folded_case(words))));
    match own.filter(|(heading, words)| mixed.iter().all(|page| !says(&page.document, heading, words))) {
        Some((heading, words)) => {
            format!("{{ visible: {}, text: {{ {}: {} }} }}", text(mark), text(&heading), text(&words))
        }
        None => format!("{{ visible: {} }}", text(mark)),
    }
}

fn says(document: &Document, selector: &str, words: &str) -> bool {
    let shown = Css::made(selector).and_then(|css| document.shown(&css)).map(shown_text);
    shown.is_some_and(|shown| folded_case(&shown).contains(&folded_case(words)))
}

/// What the page after signing out says: that it is over, or else its heading.
fn farewell(document: &Document) -> Option<(String, String)> {
    if let Some((selector, words)) = goodbye(document) {
        return Some((selector, words.to_owned()));
    }
    let is_heading = |element: &ElementRef<'_>| matches!(element.value().name(), "h1" | "h2" | "h3");
    let heading = document.everything().find(|element| is_heading(element) && !is_hidden(element))?;
    let words = shown_text(heading);
    let has_digits = words.chars().any(char::is_numeric);
    (!words.is_empty() && !has_digits).then(|| (selector(document, heading).0, words))
}

/// The page that refuses a password.
fn of_refusal(out: &mut String, name: &str, Form { alert, fills, .. }: &Form) {
    let Some(alert) = alert else { return };
    let (alert, field) = (text(alert), fills.last().map(|(into, _)| text(into)));
    // Elsewhere the same thing may say something else.
    let signs = field.map_or_else(|| alert.clone(), |field| format!("[{field}, {alert}]"));
    out.push_str(&format!(
        "  {name}:\n    when: {{ visible: {signs} }}\n    failure: {{ code: auth.credentials.invalid, message: {alert} }}\n"
    ));
}

/// The page that waits for an approval.
fn of_waiting(out: &mut String, name: &str, Waiting { prompt, words }: &Waiting) {
    let prompt = text(prompt);
    let when = match words {
        Some(words) => format!("{{ text: {{ {prompt}: {} }} }}", text(words)),
        None => format!("{{ visible: {prompt} }}"),
    };
    out.push_str(&format!(
        "  {name}:\n    when: {when}\n    challenge: {{ kind: appApproval, medium: device, prompt: {prompt} }}\n"
    ));
}

/// A page of a sign-in.
fn of_form(out: &mut String, name: &str, form: &Form, looked: &[Looked<'_>], inquiry: &mut Inquiry<'_>) {
    let field = form.fills.last().map_or("", |(into, _)| into.as_str());
    let password = looked.iter().filter_map(|looked| looked.form.as_ref()).find(|form| form.kind == Kind::Password);
    let password = password.and_then(|form| form.fills.last()).map(|(into, _)| into.as_str());
    let absent = password
        .filter(|_| form.kind == Kind::User)
        .map(|into| format!(", absent: {}", text(into)))
        .unwrap_or_default();
    out.push_str(&format!("  {name}:\n    when: {{ visible: {}{absent} }}\n", text(field)));
    let sign = text(&form.sign.0);
    match form.kind {
        Kind::Code => {
            const MEDIA: [&str; 4] = ["sms", "email", "voice", "device"];
            let medium = form
                .medium
                .unwrap_or_else(|| inquiry.choose("medium".into(), "How does the code come?".into(), "sms", &MEDIA));
            out.push_str(&format!("    # The bank's own words above the field are what a person is shown.\n    challenge: {{ kind: oneTimeCode, medium: {medium}, prompt: {sign} }}\n"));
        }
        Kind::Question if form.is_card => {
            out.push_str(&format!("    challenge: {{ kind: gridCard, prompt: {sign} }}\n"));
        }
        Kind::Question => out.push_str(&format!("    challenge: {{ kind: securityQuestion, prompt: {sign} }}\n")),
        Kind::User | Kind::Password => {}
    }
    out.push_str("    do:\n");
    for ((into, with), ways) in form.fills.iter().zip(&form.ways) {
        let into = ways.clone().unwrap_or_else(|| text(into));
        out.push_str(&format!("      - {{ fill: {into}, with: {with} }}\n"));
    }
    let effect = match form.kind {
        Kind::User => "",
        Kind::Password => ", effect: password",
        Kind::Code | Kind::Question => ", effect: code",
    };
    let click = form.click_ways.clone().or_else(|| form.click.as_ref().map(|(click, _)| text(click)));
    if click.is_none() {
        out.push_str("      # Say what submits it.\n");
    }
    out.push_str(&format!("      - {{ click: {}{effect} }}\n", click.as_deref().unwrap_or("button")));
}

fn accounts(out: &mut String, parts: &Parts<'_, '_>) {
    let AccountsList { table, shape, read, said, .. } = parts.accounts;
    let list = match shape {
        Shape::Table => "table",
        Shape::Records => "records",
    };
    out.push_str(&format!("  accounts:\n    on: accounts\n    {list}: {}\n    columns:\n", text(&table.0)));
    for (field, header) in &read.columns {
        let said = said.iter().find(|(known, _)| known == header).map(|(_, said)| said.clone());
        out.push_str(&format!("      {field}: {}\n", said.unwrap_or_else(|| text(header))));
    }
    if let Some(date) = &read.date {
        out.push_str(&format!("    date: {}\n", text(date)));
    }
    if !parts.types.is_empty() || !read.statuses.is_empty() {
        out.push_str("    map:\n");
    }
    if !parts.types.is_empty() {
        out.push_str("      type:\n");
        for (word, ours) in parts.types {
            let comment = if ours.is_some() { "" } else { " # Nobody knows this word: say what it is." };
            out.push_str(&format!("        {}: {}{comment}\n", text(word), ours.unwrap_or("other")));
        }
    }
    if !read.statuses.is_empty() {
        out.push_str("      status:\n");
        for word in &read.statuses {
            let ours = if word.to_lowercase() == "closed" { "closed" } else { "open" };
            out.push_str(&format!("        {}: {ours}\n", text(word)));
        }
    }
    if read.key.sureness == Sureness::Guess {
        out.push_str("    # Nothing but its text tells a row from the others: see that it stays the same, and is nobody else's.\n");
    }
    out.push_str(&format!("    key: {}\n", read.key.said));
    if let Some(no_page) = &read.no_page {
        out.push_str(&format!("    noPage: {}\n", text(no_page)));
    }
    // Nothing is opened where nothing is read there.
    if let Some(open) = read.open.as_ref().filter(|_| parts.ledger.is_some()) {
        out.push_str(&format!("    open: {}\n", text(open)));
        match &parts.leads.back {
            Some((_, back, _)) => out.push_str(&format!("    back: {}\n", text(back))),
            None => out.push_str("    # Say what leads back to the list.\n    back: a\n"),
        }
    }
}

fn details(out: &mut String, parts: &Parts<'_, '_>) {
    let date = parts.leads.as_of.as_ref();
    // What the list says is there on every account; a label may not be.
    let is_listed = |field: &str| parts.accounts.read.columns.iter().any(|(known, _)| *known == field);
    let is_read = |field: &str| (field != "balanceAsOf" || date.is_some()) && !is_listed(field);
    let fields: Vec<_> = parts.leads.details.iter().filter(|(field, _)| is_read(field)).collect();
    if fields.is_empty() {
        return;
    }
    out.push_str("  account:\n    on: account\n    fields:\n");
    for (field, label) in &fields {
        out.push_str(&format!("      {field}: {}\n", text(label)));
    }
    if let Some(date) = date.filter(|_| fields.iter().any(|(field, _)| *field == "balanceAsOf")) {
        out.push_str(&format!("    date: {}\n", text(date)));
    }
}

fn transactions(out: &mut String, ledger: &LedgerList, parts: &mut Parts<'_, '_>) {
    let (LedgerList { table, skip, read, .. }, leads) = (ledger, parts.leads);
    let on = if leads.open.is_some() { PageKind::Transactions } else { PageKind::Account };
    out.push_str(&format!("  transactions:\n    on: {}\n", on.as_str()));
    if let Some((_, open, _)) = &leads.open {
        let back = leads.back.as_ref().map_or("a", |(_, back, _)| back.as_str());
        out.push_str(&format!("    open: {}\n    back: {}\n", text(open), text(back)));
    }
    out.push_str(&format!("    table: {}\n", text(&table.0)));
    if let Some(skip) = skip {
        out.push_str(&format!("    skip: {}\n", text(skip)));
    }
    for (key, selector) in [("unless", &leads.unless), ("empty", &leads.empty)] {
        if let Some(selector) = selector {
            out.push_str(&format!("    {key}: {}\n", text(selector)));
        }
    }
    if read.direction == Direction::SignedOneWay {
        out.push_str("    # Only one sign was seen: see that what went out is negative, or say `owed` in `reads`.\n");
    }
    columns(out, &read.columns, &ledger.parts);
    if read.direction == Direction::TwoColumnsSigned {
        out.push_str("    signed: debit\n");
    }
    if read.is_date_ambiguous {
        out.push_str("    # Another order of day and month would read them as well.\n");
    }
    out.push_str(&format!("    date: {}\n", text(&read.date)));
    if let Some(pending) = &read.pending {
        out.push_str(&format!("    pending: {{ postedDate: {} }}\n", text(pending)));
    }
    if let Some(Announced { table, columns, .. }) = parts.announced {
        let lines = column_lines("        ", columns, &ledger.parts);
        out.push_str(&format!("    pendingTable:\n      table: {}\n      columns:\n{lines}", text(&table.0)));
    }
    if let Some((_, of, after)) = &leads.announced {
        out.push_str(&format!("    announced: {{ of: {}, after: {} }}\n", text(of), text(after)));
    }
    layouts(out, read, parts.others);
    match &leads.next {
        Some((_, next, _, Further::Page)) => out.push_str(&format!("    next: {}\n", text(next))),
        Some((_, next, _, Further::Until(end))) => {
            out.push_str(&format!("    next: {{ click: {}, end: {} }}\n", text(next), text(end)));
        }
        Some((_, next, _, Further::Numbers(behind))) => {
            out.push_str(&format!("    next: {{ behind: {}, click: {} }}\n", text(behind), text(next)));
        }
        Some((_, next, _, Further::Choose(field))) => {
            out.push_str(&format!("    next: {{ choose: {}, click: {} }}\n", text(field), text(next)));
        }
        Some((_, next, _, Further::Scrolled { key, end })) => {
            // What nobody knows is said as something that isn't there, so that a run fails and doesn't end early.
            for (known, what) in [(key, "attribute tells one row from another"), (end, "shows at the end of the list")]
            {
                if known.is_none() {
                    out.push_str(&format!("    # Say what {what}.\n"));
                }
            }
            let (key, end) = (key.as_deref().unwrap_or("data-key"), end.as_deref().unwrap_or(".end-of-list"));
            out.push_str(&format!(
                "    next: {{ scroll: {}, key: {{ attribute: {} }}, end: {} }}\n",
                text(next),
                text(key),
                text(end)
            ));
        }
        Some((_, next, _, Further::Below)) => out.push_str(&format!("    next: {{ more: {} }}\n", text(next))),
        None => {}
    }
    if let Some(range) = &leads.range {
        range.write(out, parts.inquiry);
    }
}

/// A text as YAML takes it, in a list too: in quotes where it could be something else.
#[must_use]
pub fn text(text: &str) -> String {
    let is_plain = text.starts_with(|sign: char| sign.is_alphabetic() || sign == '/')
        && text.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_' | '.' | '/'))
        && !text.ends_with(' ')
        && !["true", "false", "yes", "no", "on", "off", "null"].contains(&text.to_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let escaped = text.chars().map(|sign| match sign {
        '\\' | '"' => format!("\\{sign}"),
        // What gives a terminal orders, and what turns a line around.
        sign if sign.is_control()
            // A text of YAML begins with the first, and has none of the others.
            || matches!(sign, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            || matches!(sign, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
        {
            format!("\\u{:04x}", u32::from(sign))
        }
        sign => sign.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_yaml_would_take_for_something_else_is_in_quotes() {
        for (said, expected) in [
            ("Account number", "Account number"),
            ("/accounts/", "/accounts/"),
            ("#list", "\"#list\""),
            ("a: b", "\"a: b\""),
            ("No", "\"No\""),
            ("12", "\"12\""),
            ("of ", "\"of \""),
            ("a\u{1b}[2J\u{202e}", r#""a\u001b[2J\u202e""#),
            ("\u{feff}a\u{fffe}\u{ffff}", r#""\ufeffa\ufffe\uffff""#),
            ("[name=\"x\"]", r#""[name=\"x\"]""#),
        ] {
            assert_eq!(text(said), expected);
        }
    }

    #[test]
    fn pages_on_another_host_make_it_one_that_may_be_reached() {
        let at = |url: &str| url::Url::parse(url).expect("an address");
        let (login, list) = (at("https://login.bank.example/"), at("https://online.bank.example/accounts"));
        let form = "<form><input id=user name=user><input id=word type=password><button>Sign in</button></form>";
        let table = "<table id=list><tr><th>Account<th>Balance<tr><td><a href=/a>Op</a><td>$1.00</table>";
        let pages = [
            crate::SavedPage { file: "in", url: &login, html: form },
            crate::SavedPage { file: "list", url: &list, html: table },
        ];
        let drafted = crate::draft("first-bank", &pages, jiff::civil::date(2026, 11, 20)).expect("a draft");
        let script = drafted.script.expect("a script");
        assert!(script.contains("hosts: [online.bank.example]"), "{script}");
        assert!(crate::Script::parse(&script).is_ok(), "{script}");
    }
}
