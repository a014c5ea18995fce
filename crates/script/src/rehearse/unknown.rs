//! The words on a saved page that stand where the script's `map` has none for them. A run's failure never repeats a cell; an
//! author who tries a page of their own may see it.
//!
//! Not here: values of other kinds.

use domain::failure::Stage;
use jiff::civil::Date;

use crate::document::{Document, fold};
use crate::language::{AccountField, BankWord, Script, TransactionField, meant};
use crate::read::{Place, layout, list, page as transactions_page};
use crate::saved::cells;
use crate::table::places;

/// A word of the bank that the script knows nothing of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownWord {
    /// The field whose `map` lacks it.
    pub field: &'static str,
    /// As the page has it, white space folded.
    pub word: String,
}

impl Script {
    /// Every word on the page's lists that `map` lacks, once each; none where the lists can't be found.
    #[must_use]
    pub fn unknown_words(&self, page: &str, html: &str) -> Vec<UnknownWord> {
        let Ok(document) = Document::parse(html) else { return Vec::new() };
        let mut unknown = Vec::new();
        let reads = &self.reads;
        let place = |stage| Place { stage, account: None };
        let (accounts, ours) = (&reads.accounts, cells(self, Date::MIN));
        if accounts.on == page
            && let Ok(list) = list(&document, accounts, &place(Stage::Accounts))
            && let Ok(found) = places(list.headers(), accounts.table.names())
        {
            for ((field, _), at) in accounts.table.columns.iter().zip(found) {
                let lacks = |cell: &str| match field {
                    AccountField::Type => lacks(cell, &accounts.format.types),
                    AccountField::Status => lacks(cell, &accounts.format.account_statuses),
                    _ => false,
                };
                let name = AccountField::KNOWN.iter().find(|(_, known)| known == field).map_or("", |(name, _)| *name);
                add(&mut unknown, name, list.cells(at).filter(|cell| !ours.is_blank(cell) && lacks(cell)));
            }
        }
        let on = reads.visit.as_ref().map(|visit| visit.onward.as_ref().map_or(&visit.page, |onward| &onward.page));
        if let Some(read) = reads.transactions.as_ref().filter(|_| on.is_some_and(|on| on == page))
            && let Ok(shown) = transactions_page(&document, read, &place(Stage::Transactions))
            && let Some(layout) = layout(&shown.sheet, read)
            && let Ok(found) = places(&shown.sheet.headers, layout.table.names())
        {
            for ((field, _), at) in layout.table.columns.iter().zip(found) {
                let lacks = |cell: &str| match field {
                    TransactionField::Rail => lacks(cell, &layout.format.rails),
                    TransactionField::Status => lacks(cell, &layout.format.statuses),
                    _ => false,
                };
                let name =
                    TransactionField::KNOWN.iter().find(|(_, known)| known == field).map_or("", |(name, _)| *name);
                let rows = shown.sheet.rows.iter().filter_map(|row| row.get(at).map(String::as_str));
                add(&mut unknown, name, rows.filter(|cell| !ours.is_blank(&fold(cell)) && lacks(cell)));
            }
        }
        unknown
    }
}

fn lacks<W>(cell: &str, words: &[(BankWord, W)]) -> bool {
    meant(&fold(cell), words).is_none()
}

fn add<'c>(unknown: &mut Vec<UnknownWord>, field: &'static str, cells: impl Iterator<Item = &'c str>) {
    for cell in cells {
        let word = UnknownWord { field, word: fold(cell).into_owned() };
        if !unknown.contains(&word) {
            unknown.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Script;

    const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
blank: n/a
pages:
  accounts:
    when: { visible: '#accounts' }
    goal: signed_in
  account:
    when: { visible: '#rows' }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Account, type: Type }
    map: { type: { Checking: checking, Loan…: loan } }
    key: { attribute: id }
    open: a
    back: '#home'
  transactions:
    on: account
    table: '#rows'
    columns: { postedDate: Date, description: What, amount: Sum, rail: Way }
    date: YYYY-MM-DD
    map: { rail: { ACH: ach } }
";

    #[test]
    fn every_word_that_the_map_lacks_is_named_once() {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let check = |page: &str, html: &str, expected: &[(&str, &str)]| {
            let unknown = script.unknown_words(page, html);
            let found: Vec<_> = unknown.iter().map(|unknown| (unknown.field, unknown.word.as_str())).collect();
            assert_eq!(found, expected, "{html}");
        };
        let kinds = ["Checking", "Sparkonto 7", "Loan of 2026", "n/a", "Sparkonto  7", "Depot"];
        let row = |(at, kind): (usize, &&str)| format!("<tr id=a{at}><td><a>x</a><td>{kind}");
        let rows: String = kinds.iter().enumerate().map(row).collect();
        let list = format!("<table id=accounts><tr><th>Account<th>Type{rows}</table>");
        check("accounts", &list, &[("type", "Sparkonto 7"), ("type", "Depot")]);
        let row = |way: &str| format!("<tr><td>2026-01-01<td>Rent<td>1.00<td>{way}");
        let rows = format!("<table id=rows><tr><th>Date<th>What<th>Sum<th>Way{}{}</table>", row("ach"), row("Scheck"));
        check("account", &rows, &[("rail", "Scheck")]);
        check("account", "<p>", &[]);
    }
}
