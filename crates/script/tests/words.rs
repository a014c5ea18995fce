//! The bank's words, by how they begin; texts that begin otherwise than wanted; and numbers, however they are grouped.

use domain::account::{AccountType, ObservedAccount};
use domain::failure::FailureCode;
use jiff::civil::date;
use script::{PageRead, Script};

const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  accounts:
    when: { visible: '#accounts' }
    goal: signed_in
  account:
    when: { visible: '#details' }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Account, type: Type, maskedNumber: { column: Number, starts: '•' } }
    map:
      type:
        Compte courant …: checking
        Compte courant d'épargne…: savings
        Compte: other
    key: { attribute: id }
    open: a
    back: '#home'
  account:
    on: account
    fields: { accountNumber: IBAN, maskedNumber: { of: p, starts: '•' } }
";

fn read(page: &str, html: &str) -> Result<PageRead, domain::failure::Failure> {
    let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
    script.read_page(page, html, date(2026, 1, 15))
}

fn listed(kind: &str, number: &str) -> Result<ObservedAccount, domain::failure::Failure> {
    let html =
        format!("<table id=accounts><tr><th>Account<th>Type<th>Number<tr id=one><td>One<td>{kind}<td>{number}</table>");
    read("accounts", &html).map(|read| read.accounts.expect("a list").remove(0))
}

fn detailed(html: &str) -> Result<ObservedAccount, domain::failure::Failure> {
    let (number, rest) = html.split_once('<').unwrap_or((html, ""));
    let html = format!("<dl id=details><dt>IBAN<dd>{number}</dl><{rest}");
    read("account", &html).map(|read| read.account.expect("details"))
}

#[test]
fn a_word_that_goes_on_is_known_by_its_longest_beginning_and_a_whole_one_comes_first() {
    let check = |kind: &str, expected: Option<AccountType>| {
        let read = listed(kind, "").map(|account| account.account_type);
        assert_eq!(read.as_ref().ok(), expected.as_ref(), "{kind}: {read:?}");
    };
    check("Compte courant n° 4711", Some(AccountType::Checking));
    check("COMPTE  COURANT n° 4711", Some(AccountType::Checking));
    check("Compte courant d'épargne 7", Some(AccountType::Savings));
    check("Compte", Some(AccountType::Other));
    check("Compte joint", None);
    check("Mon compte courant", None);
    let failure = listed("Livret", "").expect_err("nobody knows it");
    assert!(failure.message.ends_with("the cell holds a word that isn't in `map`"), "{}", failure.message);
}

#[test]
fn a_beginning_says_something_and_no_word_stands_twice() {
    let check = |word: &str, expected: &[&str]| {
        let source = SCRIPT.replace("        Compte: other\n", &format!("        {word}: other\n"));
        let faults = Script::parse(&source).err();
        let codes: Vec<&str> = faults.iter().flat_map(|faults| faults.codes()).map(|code| code.as_str()).collect();
        assert_eq!(codes, expected, "{word}");
    };
    check("Compte…", &[]);
    check("'…'", &["value.malformed"]);
    check("'...'", &["value.malformed"]);
    check("COMPTE COURANT …", &["key.duplicate"]);
    check("Compte courant ...", &["key.duplicate"]);
}

#[test]
fn a_text_that_begins_otherwise_is_empty_on_every_page_alike() {
    let masked = |account: ObservedAccount| account.masked_number;
    assert_eq!(listed("Compte", "•• 42").map(masked), Ok(Some("•• 42".to_owned())));
    assert_eq!(listed("Compte", "hidden").map(masked), Ok(None));
    assert_eq!(detailed("x<p>•• 42").map(masked), Ok(Some("•• 42".to_owned())));
    assert_eq!(detailed("x<p>hidden").map(masked), Ok(None));
    let failure = detailed("x").expect_err("what it is of isn't there");
    assert_eq!(failure.code, FailureCode::ElementMissing);
}

#[test]
fn an_iban_is_one_number_however_a_page_groups_it_and_any_other_is_as_it_is_shown() {
    let check = |shown: &str, expected: &str| {
        let read = detailed(&format!("{shown}<p>•")).map(|account| account.account_number.unwrap_or_default());
        assert_eq!(read.as_deref(), Ok(expected));
    };
    check("FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189");
    check("FR7630006000011234567890189", "FR7630006000011234567890189");
    check("12 345 678", "12 345 678");
    check("FR76 3000 6000 0112 3456 7890 188", "FR76 3000 6000 0112 3456 7890 188");
}
