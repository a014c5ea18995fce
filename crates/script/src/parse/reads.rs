//! Reading what a script reads: tables with their columns, fields beside labels,
//! the words of a bank and what they stand for.
//!
//! Not here: how cells become records (`read`).

use std::fmt::Display;
use std::str::FromStr;

use domain::account::AccountType;
use domain::calendar::DateFormat;

use super::captured::captured;
use super::files::file;
use super::lists::{layout, layouts, next, windows};
use super::permissions::permissions;
use super::steps::back;
use super::{cut_keys, pick, pick_keys, words};
use crate::css::Css;
use crate::diagnostic::{DiagnosticCode as Code, Position, nearest};
use crate::document::folded_case;
use crate::form::{Faults, Form, cut};
use crate::grammar::{self, Map};
use crate::language::{
    AccountField, AccountRead, AccountsRead, Back, BankWord, Format, Onward, Part, Pick, ReadBy, Reads, Shape, Spot,
    Table, TransactionField, TransactionsRead, Visit,
};
use crate::node::{Entry, Node, Value};

/// How many pages of transactions are walked where the script doesn't say.
const DEFAULT_LIMIT: u32 = 200;

pub(super) fn reads(node: &Node, pages: &[&str], faults: &mut Faults) -> Option<Reads> {
    let mut form = Form::new(&grammar::READS, node, faults);
    let accounts_node = form.need("accounts", faults);
    let account_node = form.ask("account");
    let transactions_node = form.ask("transactions");
    let permissions_node = form.ask("permissions");
    let by = form.ask("by").and_then(|node| faults.word(node, &[("session", ReadBy::Session), ("http", ReadBy::Http)]));
    let owed = form.ask("owed").map(|node| owed(node, faults)).unwrap_or_default();
    form.finish(faults);

    let list = accounts_node.and_then(|node| accounts(node, pages, faults));
    let account = account_node.and_then(|node| account(node, pages, faults));
    let transactions = transactions_node.and_then(|node| transactions(node, pages, faults));
    let permissions = permissions_node.map(|node| permissions(node, pages, faults));
    let onward = transactions.as_ref().map(|(on, _, way)| (on, way));
    let (list, way) = list?;
    let visit = visit(account.as_ref().map(|(on, _)| on), onward, &way, faults);
    Some(Reads {
        accounts: list,
        visit,
        account: account.map(|(_, read)| read),
        transactions: transactions.map(|(_, read, _)| read),
        permissions: permissions.flatten(),
        owed,
        by: by.unwrap_or(ReadBy::Session),
    })
}

/// Types of accounts, one or a list.
fn owed(node: &Node, faults: &mut Faults) -> Vec<AccountType> {
    let known: Vec<(&'static str, AccountType)> = AccountType::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    faults.one_or_many(node).iter().filter_map(|node| faults.word(node, &known)).collect()
}

/// The page that something is read on, and where the script says so.
struct On {
    page: String,
    at: Position,
    /// Whether there is such a page.
    is_known: bool,
}

/// How the script goes to an account and back.
struct Way {
    at: Position,
    /// None when the script doesn't say; none within when what it says is faulty.
    open: Option<Option<Css>>,
    back: Option<Option<Back>>,
}

fn visit(account: Option<&On>, transactions: Option<(&On, &Way)>, way: &Way, faults: &mut Faults) -> Option<Visit> {
    let onward = match (account, transactions) {
        // A name that is misspelt isn't another page.
        (Some(account), Some((on, _))) if !(account.is_known && on.is_known) => None,
        (Some(account), Some((on, way))) if account.page != on.page => Some(onward(account, on, way, faults)),
        (_, Some((on, way))) => {
            if way.open.is_some() || way.back.is_some() {
                let message = format!("transactions are read on `{}`, so there is nothing to open for them", on.page);
                faults.add(Code::WayNeedless, way.at, message);
            }
            None
        }
        (_, None) => None,
    };
    let Some(on) = account.or(transactions.map(|(on, _)| on)) else {
        if way.open.is_some() || way.back.is_some() {
            let message = "nothing is read on an account's own page, so there is nothing to open";
            faults.add(Code::WayNeedless, way.at, message);
        }
        return None;
    };
    for (key, is_said) in [("open", way.open.is_some()), ("back", way.back.is_some())] {
        if !is_said {
            let message =
                format!("`accounts` needs the key `{key}`, because the page `{}` is read for each account", on.page);
            faults.add(Code::WayMissing, way.at, message);
        }
    }
    let onward = match onward {
        Some(onward) => Some(onward?),
        None => None,
    };
    Some(Visit { page: on.page.clone(), open: way.open.clone()??, back: way.back.clone()??, onward })
}

/// The way from an account's own page to that of its transactions.
fn onward(account: &On, on: &On, way: &Way, faults: &mut Faults) -> Option<Onward> {
    let ways = [("open", way.open.is_some(), &account.page), ("back", way.back.is_some(), &on.page)];
    for (key, is_said, whence) in ways {
        if !is_said {
            let message = format!(
                "`transactions` needs the key `{key}`, because they are read on `{}` and the account on `{}`",
                on.page, account.page
            );
            let hint = match key {
                "open" => format!("`open` is what leads from `{whence}` to its transactions"),
                _ => format!("`back` is what leads from `{whence}` to the list of accounts"),
            };
            faults.hinted(Code::WayMissing, on.at, message, hint);
        }
    }
    Some(Onward { page: on.page.clone(), open: way.open.clone()??, back: way.back.clone()?? })
}

fn on(form: &mut Form<'_>, pages: &[&str], faults: &mut Faults) -> Option<On> {
    let node = form.need("on", faults)?;
    let page = faults.text(node)?.to_owned();
    let is_known = pages.contains(&page.as_str());
    if !is_known {
        let hint = nearest(&page, pages.iter().copied());
        faults.hinted(Code::PageUnknown, node.at, format!("there is no page `{}`", cut(&page)), hint);
    }
    Some(On { page, at: node.at, is_known })
}

fn accounts(node: &Node, pages: &[&str], faults: &mut Faults) -> Option<(AccountsRead, Way)> {
    let mut form = Form::new(&grammar::ACCOUNTS, node, faults);
    let on = on(&mut form, pages, faults);
    let table = table(&mut form, AccountField::KNOWN, faults);
    let key = form.need("key", faults).and_then(|node| pick(node, faults));
    let no_page = form.ask("noPage").and_then(|node| faults.css(node));
    let open = form.ask("open").map(|node| faults.css(node));
    let back = form.ask("back").map(|node| back(node, faults));
    let has = |field| table.as_ref().map(|table| table.columns.iter().any(|(known, _)| *known == field));
    let format = account_format(&mut form, has, faults);
    if has(AccountField::Name) == Some(false) {
        let at = form.ask("columns").map_or(node.at, |node| node.at);
        faults.add(Code::KeyMissing, at, "`columns` of accounts needs the key `name`");
    }
    form.finish(faults);
    Some((AccountsRead { on: on?.page, table: table?, key: key?, no_page, format }, Way { at: node.at, open, back }))
}

fn account(node: &Node, pages: &[&str], faults: &mut Faults) -> Option<(On, AccountRead)> {
    let mut form = Form::new(&grammar::ACCOUNT, node, faults);
    let on = on(&mut form, pages, faults);
    let mut fields = Vec::new();
    if let Some(node) = form.need("fields", faults) {
        for entry in faults.entries(node) {
            let field = field(&entry.key, entry.at, AccountField::KNOWN, faults);
            let spot = spot(&entry.value, faults);
            fields.extend(field.zip(spot));
        }
    }
    let format = account_format(&mut form, |field| Some(fields.iter().any(|(known, _)| *known == field)), faults);
    form.finish(faults);
    Some((on?, AccountRead { fields, format }))
}

fn transactions(node: &Node, pages: &[&str], faults: &mut Faults) -> Option<(On, TransactionsRead, Way)> {
    let mut form = Form::new(&grammar::TRANSACTIONS, node, faults);
    let on = on(&mut form, pages, faults);
    let first = layout(&mut form, None, faults);
    let others = form.ask("layouts").map(|node| layouts(node, first.as_ref(), faults)).unwrap_or_default();
    let announced = form.ask("announced").and_then(|node| pick(node, faults));
    let pending_table = form.ask("pendingTable").and_then(|node| pending_table(node, faults));
    let next = form.ask("next").and_then(|node| next(node, faults));
    let windows = form.ask("windows").map(|node| windows(node, faults));
    let captured = form.ask("captured").map(|node| (captured(node, faults), node.at));
    for other in ["windows", "pendingTable", "file"] {
        if let Some((_, at)) = captured.as_ref().filter(|_| form.ask(other).is_some()) {
            faults.add(Code::KeyConflict, *at, format!("`transactions` has `captured` or `{other}`, and not both"));
        }
    }
    let unless = form.ask("unless").and_then(|node| faults.css(node));
    let file = form.ask("file").map(|node| file(node, faults));
    let way = Way {
        at: node.at,
        open: form.ask("open").map(|node| faults.css(node)),
        back: form.ask("back").map(|node| back(node, faults)),
    };
    let limit = form.ask("limit").and_then(|node| faults.number(node, 1..=1_000));
    form.finish(faults);
    let windows = match windows {
        Some(windows) => Some(windows?),
        None => None,
    };
    let captured = match captured {
        Some((captured, _)) => Some(Box::new(captured?)),
        None => None,
    };
    let file = match file {
        Some(file) => Some(file?),
        None => None,
    };
    let layouts = std::iter::once(first?).chain(others).collect();
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let read = TransactionsRead { layouts, pending_table, announced, next, windows, captured, unless, file, limit };
    Some((on?, read, way))
}

/// The table of what is announced. Patterns and words are those of the other.
fn pending_table(node: &Node, faults: &mut Faults) -> Option<Table<TransactionField>> {
    let mut form = Form::new(&grammar::PENDING_TABLE, node, faults);
    let table = table(&mut form, TransactionField::KNOWN, faults);
    form.finish(faults);
    let has = |field| table.as_ref().is_some_and(|table| table.columns.iter().any(|(known, _)| *known == field));
    for (field, key) in [(TransactionField::Description, "description"), (TransactionField::Amount, "amount")] {
        if table.is_some() && !has(field) {
            faults.add(Code::KeyMissing, node.at, format!("`columns` of `pendingTable` needs the key `{key}`"));
        }
    }
    table
}

pub(super) fn required_columns(at: Position, table: &Table<TransactionField>, faults: &mut Faults) {
    use TransactionField as F;
    let has = |field| table.columns.iter().any(|(known, _)| *known == field);
    for (field, key) in [(F::PostedDate, "postedDate"), (F::Description, "description")] {
        if !has(field) {
            faults.add(Code::KeyMissing, at, format!("`columns` of transactions needs the key `{key}`"));
        }
    }
    let amounts = (has(F::Amount), has(F::Debit), has(F::Credit));
    if !matches!(amounts, (true, false, false) | (false, true, true)) {
        let message = "`columns` of transactions needs either `amount`, or both `debit` and `credit`";
        faults.add(Code::KeyMissing, at, message);
    }
}

/// One column and the text in it: `{ postedDate: Pending }`.
pub(super) fn pending(
    node: &Node,
    has: &impl Fn(TransactionField) -> Option<bool>,
    faults: &mut Faults,
) -> Option<(TransactionField, String)> {
    let entries = faults.entries(node);
    let [entry] = entries.as_slice() else {
        let message = "`pending` names one column and the text in it: `{ postedDate: Pending }`";
        faults.add(Code::ValueMalformed, node.at, message);
        return None;
    };
    let found = field(&entry.key, entry.at, TransactionField::KNOWN, faults)?;
    if has(found) == Some(false) {
        faults.add(Code::KeyConflict, entry.at, format!("`{}` isn't one of the `columns`", entry.key));
    }
    Some((found, folded_case(faults.text(&entry.value)?)))
}

pub(super) fn table<F: Copy + PartialEq>(
    form: &mut Form<'_>,
    known: &[(&'static str, F)],
    faults: &mut Faults,
) -> Option<Table<F>> {
    let (shape, node) = match (form.ask("table"), form.ask("records")) {
        (Some(node), None) => (Shape::Table, Some(node)),
        (None, Some(node)) => (Shape::Records, Some(node)),
        (Some(_), Some(node)) => {
            faults.add(Code::KeyConflict, node.at, "records are the rows of a `table`, or `records`, and not both");
            (Shape::Table, Some(node))
        }
        (None, None) => {
            faults.add(Code::KeyMissing, form.at, "the key `table` or `records` is needed here");
            (Shape::Table, None)
        }
    };
    let css = node.and_then(|node| faults.css(node));
    let skip = form.ask("skip").and_then(|node| faults.css(node));
    let empty = form.ask("empty").and_then(|node| faults.css(node));
    let columns_node = form.need("columns", faults);
    let (mut columns, mut parts) = (Vec::new(), Vec::new());
    if let Some(node) = columns_node {
        for entry in faults.entries(node) {
            let field = field(&entry.key, entry.at, known, faults);
            let name = column(&entry.key, &entry.value, shape, &mut parts, faults);
            // One whose name is faulty is there all the same: a fault isn't made two.
            columns.extend(field.map(|field| (field, name.unwrap_or_default())));
        }
    }
    // What isn't a map says nothing of which columns there are.
    matches!(columns_node?.value, Value::Map(_)).then_some(Table { css: css?, shape, skip, empty, columns, parts })
}

/// What a column is called: the header that it stands under, or the part that it is of a cell or
/// of the record.
fn column(key: &str, node: &Node, shape: Shape, parts: &mut Vec<Part>, faults: &mut Faults) -> Option<String> {
    let (header, spot) = match (&node.value, shape) {
        (Value::Map(_), _) => {
            let mut form = Form::new(&grammar::PART, node, faults);
            let header = form.ask("column").map(|node| faults.text(node).map(folded_case));
            let label = form.ask("label").map(|node| words(node, faults));
            if label.is_some() && header.is_some() {
                faults.add(Code::KeyConflict, node.at, "a part of a column has a `label` or a `column`, and not both");
            }
            let spot = match label {
                Some(labels) => Some(Spot::Label(labels)).filter(|_| header.is_none()),
                None if header.is_some() && form.ask("of").is_none() && form.ask("attribute").is_none() => {
                    // The whole cell, of which `after` and `before` cut a part out.
                    cut_keys(&mut form, faults).map(Spot::At)
                }
                None => pick_keys(&mut form, faults).map(Spot::At),
            };
            form.finish(faults);
            match header {
                Some(header) => (Some(header?), spot?),
                None => (None, spot?),
            }
        }
        (_, Shape::Table) => return faults.text(node).map(folded_case),
        (_, Shape::Records) => {
            let css = faults.css(node)?;
            (None, Spot::At(Pick { of: Some(css), ..Pick::default() }))
        }
    };
    // Each field is read once, so no two parts are called the same.
    let name = match &header {
        Some(header) => format!("{header} › {}", key.to_lowercase()),
        None => format!("› {}", key.to_lowercase()),
    };
    parts.push(Part { name: name.clone(), header, spot });
    Some(name)
}

pub(super) fn field<F: Copy>(key: &str, at: Position, known: &[(&'static str, F)], faults: &mut Faults) -> Option<F> {
    let found = known.iter().find(|(word, _)| *word == key);
    if found.is_none() {
        let words = || known.iter().map(|(word, _)| *word);
        let hint = nearest(key, words())
            .unwrap_or_else(|| format!("what can be read is {}", words().collect::<Vec<_>>().join(", ")));
        faults.hinted(Code::KeyUnknown, at, format!("no record has the field `{}`", cut(key)), hint);
    }
    found.map(|(_, field)| *field)
}

/// The labels beside one of which a value stands, or a piece of the page.
fn spot(node: &Node, faults: &mut Faults) -> Option<Spot> {
    let before = faults.0.len();
    match node.value {
        Value::Map(_) => {
            let mut form = Form::new(&grammar::PIECE, node, faults);
            let picked = pick_keys(&mut form, faults);
            form.finish(faults);
            picked.map(Spot::At)
        }
        _ => Some(Spot::Label(words(node, faults))).filter(|_| faults.0.len() == before),
    }
}

fn account_format(form: &mut Form<'_>, has: impl Fn(AccountField) -> Option<bool>, faults: &mut Faults) -> Format {
    let mut map = Words::new(form, &grammar::ACCOUNT_WORDS, faults);
    let types = map.of("type", has(AccountField::Type), &listed(domain::account::AccountType::ALL), faults);
    let account_statuses =
        map.of("status", has(AccountField::Status), &listed(domain::account::AccountStatus::ALL), faults);
    map.finish(faults);
    let date = date(form, has(AccountField::BalanceAsOf), faults);
    Format { date, types, account_statuses, ..Format::default() }
}

pub(super) fn date(form: &mut Form<'_>, is_read: Option<bool>, faults: &mut Faults) -> Option<DateFormat> {
    match form.ask("date") {
        Some(node) => faults.parsed(node),
        None if is_read == Some(true) => {
            let hint = "say how the bank writes its dates: `date: MM/DD/YYYY`".to_owned();
            faults.hinted(Code::KeyMissing, form.at, "a date is read here, and the key `date` is missing", hint);
            None
        }
        None => None,
    }
}

pub(super) fn listed<W: Copy + Display>(all: &[W]) -> Vec<String> {
    all.iter().map(W::to_string).collect()
}

/// One of the bank's words, each of which is said once.
pub(super) fn banks_word<W>(entry: &Entry, others: &[(BankWord, W)], faults: &mut Faults) -> Option<BankWord> {
    let word = BankWord::parse(&entry.key);
    if word.is_blank() {
        let message = "with nothing before its `…` it would stand for every word";
        let hint = "write how the word begins: `Compte courant …: checking`".to_owned();
        faults.hinted(Code::ValueMalformed, entry.at, message, hint);
        return None;
    }
    if others.iter().any(|(known, _)| *known == word) {
        let message = format!("`{}` stands here again, case and white space aside", cut(&entry.key));
        faults.add(Code::KeyDuplicate, entry.at, message);
        return None;
    }
    Some(word)
}

/// The key `map`. Whether a field `is_read` isn't known where its table has faults.
/// For each field, the bank's words and ours.
pub(super) struct Words<'n> {
    at: Position,
    form: Option<Form<'n>>,
}

impl<'n> Words<'n> {
    pub(super) fn new(form: &mut Form<'n>, map: &'static Map, faults: &mut Faults) -> Self {
        let at = form.at;
        Self { at, form: form.ask("map").map(|node| Form::new(map, node, faults)) }
    }

    /// The words of one field, the bank's own with case folded.
    pub(super) fn of<W: FromStr>(
        &mut self,
        key: &'static str,
        is_read: Option<bool>,
        known: &[String],
        faults: &mut Faults,
    ) -> Vec<(BankWord, W)> {
        let node = self.form.as_mut().and_then(|form| form.ask(key));
        let Some(node) = node else {
            if is_read == Some(true) {
                let message = format!("`{key}` is read here, and `map` doesn't say what the bank's words for it mean");
                let hint = format!("add `map: {{ {key}: {{ … }} }}`; our words are {}", known.join(", "));
                faults.hinted(Code::KeyMissing, self.at, message, hint);
            }
            return Vec::new();
        };
        if is_read == Some(false) {
            faults.add(Code::KeyConflict, node.at, format!("`{key}` isn't read here, so there is nothing to map"));
        }
        let mut words = Vec::new();
        for entry in faults.entries(node) {
            let banks = banks_word(entry, &words, faults);
            let Some(word) = faults.text(&entry.value) else { continue };
            match word.parse() {
                Ok(value) => words.extend(banks.map(|banks| (banks, value))),
                Err(_) => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    faults.unknown_word(entry.value.at, word, &known);
                }
            }
        }
        words
    }

    pub(super) fn finish(self, faults: &mut Faults) {
        if let Some(form) = self.form {
            form.finish(faults);
        }
    }
}
