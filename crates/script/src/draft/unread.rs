//! Columns of which nobody knows what they are: whoever went through the portal is asked.
//!
//! Only columns of texts, and only for fields that take any. A word of the bank's that nobody has seen yet would end a run where
//! the words of a column are mapped, as they are for `rail` and `status`; of these an author says all there are.
//!
//! Not here: columns that their headers and cells tell (`accounts`, `columns`).

use super::lists::{AccountsList, LedgerList};
use super::questions::Inquiry;
use crate::document::folded_case;

/// What is in none of our fields.
const NOTHING: &str = "nothing";

const OF_TRANSACTIONS: [&str; 8] = [
    NOTHING,
    "bankReference",
    "customerReference",
    "category",
    "subcategory",
    "merchantName",
    "counterpartyName",
    "counterpartyAccountMasked",
];

const OF_ACCOUNTS: [&str; 6] = [NOTHING, "officialName", "maskedNumber", "accountNumber", "routingNumber", "swiftBic"];

/// How many columns of a list are asked about: a list of more is none that anybody answers for.
const ASKED: usize = 8;

/// How long a header may be that is asked about.
const LONGEST: usize = 80;

/// What somebody said of columns.
#[derive(Debug, Default)]
pub(super) struct Answered {
    /// Fields that a column holds since somebody said so.
    pub(super) fields: Vec<&'static str>,
    /// Headers of columns that were said to hold what another column holds already, and what that is.
    pub(super) twice: Vec<(String, String)>,
}

/// Asks what the unread columns of a list of transactions hold, and reads them so.
pub(super) fn ask_of_ledger(list: &mut LedgerList, inquiry: &mut Inquiry<'_>) {
    let parts: Vec<&'static str> = list.parts.iter().map(|part| part.field).collect();
    let read = &mut list.read;
    let of = (read.texts.as_slice(), "transactions", &OF_TRANSACTIONS[..]);
    read.answered = ask((&mut read.columns, &mut read.unread), &parts, of, inquiry);
}

/// Asks what the unread columns of a list of accounts hold, and reads them so.
pub(super) fn ask_of_accounts(list: &mut AccountsList, inquiry: &mut Inquiry<'_>) {
    let read = &mut list.read;
    let of = (read.texts.as_slice(), "accounts", &OF_ACCOUNTS[..]);
    read.answered = ask((&mut read.columns, &mut read.unread), &[], of, inquiry);
}

fn ask(
    (columns, unread): (&mut Vec<(&'static str, String)>, &mut Vec<String>),
    others: &[&'static str],
    (texts, list, fields): (&[String], &str, &[&'static str]),
    inquiry: &mut Inquiry<'_>,
) -> Answered {
    let mut answered = Answered::default();
    // A header that comes twice names no column; a script finds them in either case.
    let all: Vec<String> =
        columns.iter().map(|(_, header)| header).chain(&*unread).map(|text| folded_case(text)).collect();
    let names = |header: &&String| all.iter().filter(|known| **known == folded_case(header)).count() == 1;
    let is_short = |header: &&String| header.chars().count() <= LONGEST;
    for header in texts.iter().filter(names).filter(is_short).take(ASKED) {
        let is_free = |field: &&&str| columns.iter().all(|(known, _)| known != *field) && !others.contains(field);
        let choices: Vec<&'static str> = fields.iter().filter(is_free).copied().collect();
        let id = format!("column of {list}: {header}");
        let asks = format!("What stands under \"{header}\" in the list of {list}?");
        let said = inquiry.answered(&id).filter(|said| fields.contains(said) && !choices.contains(said));
        answered.twice.extend(said.map(|said| (header.clone(), said.to_owned())));
        let field = inquiry.choose(id, asks, NOTHING, &choices);
        if field != NOTHING {
            columns.push((field, header.clone()));
            unread.retain(|known| known != header);
            answered.fields.push(field);
        }
    }
    answered
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{OF_TRANSACTIONS, ask};
    use crate::draft::questions::Inquiry;
    use crate::recording::{Act, Deed, Page, Recording, Target, Way};

    #[test]
    fn what_somebody_says_of_a_column_is_offered_for_no_other_and_told_where_two_are_said_to_hold_it() {
        let mut columns = vec![("description", "Text".to_owned()), ("category", "Kind".to_owned())];
        let long = "Mandate ".repeat(11);
        let mut unread: Vec<String> = ["Mandate", "Twice", "Desk", "TWICE", &long].map(str::to_owned).into();
        let said = |header: &str| (format!("column of transactions: {header}"), "customerReference".to_owned());
        let answers = BTreeMap::from([said("Mandate"), said("Twice"), said("Desk"), said(&long)]);
        let mut inquiry = Inquiry::new(&answers);
        let texts = unread.clone();
        let of = (texts.as_slice(), "transactions", &OF_TRANSACTIONS[..]);
        let answered = ask((&mut columns, &mut unread), &["counterpartyName"], of, &mut inquiry);
        assert_eq!(
            (answered.fields, &columns[2..]),
            (vec!["customerReference"], &[("customerReference", "Mandate".into())][..])
        );
        assert_eq!(answered.twice, [("Desk".into(), "customerReference".into())]);
        assert_eq!(unread, ["Twice", "Desk", "TWICE", &long]);
        let choices = |at: usize| inquiry.asked.get(at).map(|one| one.choices.join(" "));
        let free = "bankReference customerReference subcategory merchantName counterpartyAccountMasked";
        assert_eq!(choices(0), Some(format!("nothing {free}")));
        assert_eq!(choices(1), Some(format!("nothing {}", free.replace("customerReference ", ""))));
        assert_eq!(inquiry.asked.len(), 2);
    }

    const LIST: &str = "<table id=all><tr><th>Account<th>Branch<th>Opened<th>Limit<th>Balance<tr><td><a href=/a/1>Op</a><td>B-17<td>11/19/2020<td>5.00<td>$1.00</table>";
    const ROWS: &str = "<table id=rows><tr><th>Date<th>Description<th>Mandate<th>Seen<th>Fee<th>Amount<tr><td>11/19/2026<td>Rent<td>M-1<td>19.11.26<td>0.50<td>-$250.00\
        <tr><td>11/18/2026<td>Fee<td>M-2<td>18.11.26<td>0.75<td>$2.00<tr><td>11/17/2026<td>Fee<td>M-3<td>17.11.26<td><td>$3.00</table><a id=back href=/>Accounts</a>";

    #[test]
    fn a_column_that_nobody_knows_is_read_as_whoever_recorded_it_says_and_not_at_all_unless_they_do() {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        for html in [LIST, ROWS, LIST] {
            recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.to_owned()), kind: None });
        }
        for (on, css) in [(0, "#all a"), (1, "#back")] {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Css(css.to_owned())] });
            recording.acts.push(Act { on: Some(on), does: Deed::Click, target, then: Some(on + 1) });
        }
        let drafted = |recording: &Recording, answers: &[(&str, &str)]| {
            let answers = answers.iter().map(|(id, said)| ((*id).to_owned(), (*said).to_owned())).collect();
            crate::draft_recording("bank", recording, &answers, jiff::civil::date(2026, 11, 20)).expect("a draft")
        };
        let nobody = drafted(&recording, &[]);
        let asked: Vec<&str> = nobody.questions.iter().map(|one| one.asks.as_str()).collect();
        let (branch, mandate) = (
            "What stands under \"Branch\" in the list of accounts?",
            "What stands under \"Mandate\" in the list of transactions?",
        );
        assert_eq!(asked, [branch, mandate]);
        let script = nobody.script.expect("a script");
        assert!(!script.contains("Branch") && !script.contains("Mandate"), "{script}");
        let answers =
            [("column of accounts: Branch", "routingNumber"), ("column of transactions: Mandate", "customerReference")];
        let said = drafted(&recording, &answers);
        let script = said.script.expect("a script");
        assert!(script.contains("routingNumber: Branch") && script.contains("customerReference: Mandate"), "{script}");
        assert!(crate::Script::parse(&script).is_ok(), "{script}");
        let why = said.findings.iter().find(|one| one.value == "Mandate").map(|one| one.why.as_str());
        assert_eq!(why, Some("whoever went through the portal says so"));
        let twice =
            ROWS.replace("Amount<", "Desk<th>Amount<").replace("<td>-$", "<td>D<td>-$").replace("<td>$", "<td>D<td>$");
        recording.pages[1].html = Some(twice);
        let both = drafted(&recording, &[answers[1], ("column of transactions: Desk", "customerReference")]);
        let why = both.findings.iter().find(|one| one.value == "Desk").map(|one| one.why.as_str());
        assert_eq!(why, Some("another column is said to be `customerReference` already"));
    }
}
