//! Reading how a file of transactions is asked for, and how one without a standard is read.
//!
//! Not here: the table beside it (`reads`).

use domain::calendar::DateFormat;
use statement::{CsvEncoding, Format};

use crate::css::Css;
use crate::diagnostic::DiagnosticCode as Code;
use crate::form::{Faults, Form};
use crate::grammar;
use crate::language::{Beside, CsvRead, FileDays, FileKind, FileRead, TransactionField};
use crate::node::Node;

/// The fields that a file without a standard can have.
const FIELDS: [TransactionField; 10] = {
    use TransactionField as F;
    [
        F::PostedDate,
        F::TransactionDate,
        F::Description,
        F::Amount,
        F::Credit,
        F::Debit,
        F::RunningBalance,
        F::BankReference,
        F::CustomerReference,
        F::CounterpartyName,
    ]
};

pub(super) fn file(node: &Node, faults: &mut Faults) -> Option<FileRead> {
    let mut form = Form::new(&grammar::FILE, node, faults);
    let formats: Vec<(&'static str, Format)> = Format::ALL.iter().map(|format| (format.as_str(), *format)).collect();
    let told: Vec<_> = formats.into_iter().filter(|(_, format)| *format != Format::Csv).collect();
    let kind = match (form.ask("format"), form.ask("csv")) {
        (Some(node), None) => faults.word(node, &told).map(FileKind::Format),
        (None, Some(node)) => csv(node, faults).map(|read| FileKind::Csv(Box::new(read))),
        (Some(_), Some(node)) => {
            faults.add(Code::KeyConflict, node.at, "a file has a `format` or is `csv`, and not both");
            None
        }
        (None, None) => {
            faults.add(Code::KeyMissing, node.at, "`file` needs the key `format` or `csv`");
            None
        }
    };
    let fill = form.ask("fill").map(|node| fills(node, faults)).unwrap_or_default();
    let is_of_days = form.ask("from").is_some();
    let days = if is_of_days { Some(days(&mut form, faults)) } else { None };
    let click = form.need("click", faults).and_then(|node| faults.css(node));
    form.finish(faults);
    let days = match days {
        Some(days) => Some(days?),
        None => None,
    };
    Some(FileRead { kind: kind?, fill, days, click: click? })
}

/// The keys of a file of some days.
fn days(form: &mut Form<'_>, faults: &mut Faults) -> Option<FileDays> {
    let [from, to] = ["from", "to"].map(|key| form.need(key, faults).map(|node| faults.css(node)));
    let date: Option<DateFormat> = form.need("date", faults).and_then(|node| faults.parsed(node));
    let days = form.need("days", faults).and_then(|node| faults.number(node, 1..=3_660));
    let reach = form.need("reach", faults).and_then(|node| faults.number(node, 1..=36_600));
    let words = [("page", Beside::Page), ("list", Beside::List)];
    let beside = form.ask("beside").and_then(|node| faults.word(node, &words)).unwrap_or(Beside::Page);
    Some(FileDays { from: from??, to: to??, date: date?, days: days?, reach: reach?, beside })
}

/// Fields, and what is put into them.
fn fills(node: &Node, faults: &mut Faults) -> Vec<(Css, String)> {
    let mut fills = Vec::new();
    for entry in faults.entries(node) {
        let css = faults.css_text(&entry.key, entry.at);
        let text = faults.text(&entry.value).map(str::to_owned);
        fills.extend(css.zip(text));
    }
    fills
}

fn csv(node: &Node, faults: &mut Faults) -> Option<CsvRead> {
    let mut form = Form::new(&grammar::CSV, node, faults);
    let delimiters = [("comma", b','), ("semicolon", b';'), ("tab", b'\t')];
    let delimiter = form.ask("delimiter").and_then(|node| faults.word(node, &delimiters)).unwrap_or(b',');
    let encodings =
        [("utf-8", CsvEncoding::Utf8), ("windows-1252", CsvEncoding::Windows1252), ("utf-16le", CsvEncoding::Utf16Le)];
    let encoding = form.ask("encoding").and_then(|node| faults.word(node, &encodings)).unwrap_or(CsvEncoding::Utf8);
    let skip = form.ask("skip").and_then(|node| faults.number(node, 0..=100)).unwrap_or(0);
    let columns = form.need("columns", faults).map(|node| columns(node, faults));
    let date = form.need("date", faults).and_then(|node| faults.parsed(node));
    form.finish(faults);
    Some(CsvRead { delimiter, encoding, skip, date: date?, columns: columns? })
}

fn columns(node: &Node, faults: &mut Faults) -> Vec<(TransactionField, Vec<String>)> {
    use TransactionField as F;
    let known: Vec<_> = F::KNOWN.iter().filter(|(_, field)| FIELDS.contains(field)).copied().collect();
    let mut columns = Vec::new();
    for entry in faults.entries(node) {
        let field = super::reads::field(&entry.key, entry.at, &known, faults);
        let is_many = field == Some(F::Description);
        let nodes = if is_many { faults.one_or_many(&entry.value) } else { std::slice::from_ref(&entry.value) };
        let headers: Vec<String> = nodes.iter().filter_map(|node| faults.text(node).map(str::to_owned)).collect();
        columns.extend(field.map(|field| (field, headers)));
    }
    let has = |field| columns.iter().any(|(known, _)| *known == field);
    for (field, key) in [(F::PostedDate, "postedDate"), (F::Description, "description")] {
        if !has(field) {
            faults.add(Code::KeyMissing, node.at, format!("`columns` of `csv` needs the key `{key}`"));
        }
    }
    if !matches!((has(F::Amount), has(F::Debit), has(F::Credit)), (true, false, false) | (false, true, true)) {
        let message = "`columns` of `csv` needs either `amount`, or both `debit` and `credit`";
        faults.add(Code::KeyMissing, node.at, message);
    }
    columns
}
