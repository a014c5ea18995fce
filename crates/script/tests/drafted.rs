//! What is drafted of a person's way through a bank that is made up: pages on which nobody acts, months of a field, and what is
//! on all pages.
//!
//! Not here: what each rule finds on a page; that is tested beside it.

use std::collections::BTreeMap;

use script::Script;
use script::recording::{Act, Deed, Length, Page, Recording, Target, Value, Way};

const SIGN_IN: &str = "<h1>Sign in</h1><form action=/in><label for=user>User ID</label><input id=user>\
    <input id=word type=password><button class=btn>Sign in</button></form>";
const WAIT: &str = "<h1>One moment</h1><div id=wait><p>Please approve the sign-in on <b>Anna's phone</b>.</p></div>\
    <form action=/cancel><button class=btn>Cancel</button></form>";
const OUT: &str =
    "<nav><a href=/list>Home</a><form action=/out><button class='btn leave'>Sign out</button></form></nav>";

/// A person's way through pages: what is done on each, and whether that led to the next.
struct Walk {
    recording: Recording,
}

impl Walk {
    fn begin() -> Self {
        let recording = Recording::new("https://bank.example/".parse().expect("an address"));
        Self { recording }
    }

    /// A page, and what is done on it, of which the last leads on.
    fn page(&mut self, path: &str, html: &str, acts: &[(Deed, &str)]) -> &mut Self {
        let url = format!("https://bank.example{path}").parse().expect("an address");
        let html = format!("<!doctype html><html lang=en>{html}");
        let at = self.recording.pages.len();
        self.recording.pages.push(Page { url, window: 0, html: Some(html), kind: None });
        for (does, css) in acts {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Css((*css).to_owned())] });
            let then = matches!(does, Deed::Click).then_some(at + 1);
            self.recording.acts.push(Act { on: Some(at), does: does.clone(), target, then });
        }
        self
    }
}

const FILL: Deed = Deed::Fill { with: Value::Other, length: Length::Long };

fn list() -> String {
    format!(
        "{OUT}<main><h1>Accounts</h1><table id=accounts><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a/7>Main</a><td>Checking<td>$950.00\
         <tr><td><a href=/a/8>Rest</a><td>Savings<td>$2.00</table></main>"
    )
}

/// A month of an account.
fn month(rows: &str) -> String {
    format!(
        "{OUT}<main><h1>Transactions</h1><form action=/a/7/rows><select id=month><option>May<option>April<option>March</select>\
         <button class=btn>Show</button></form>{rows}<form action=/a/7/file><button class=btn>Save</button></form>\
         <a href=/list>Back to the list</a></main>"
    )
}

fn table(rows: &str) -> String {
    format!("<table id=rows><tr><th>Date<th>Counterparty, details<th>Amount{rows}</table>")
}

fn drafted(walk: &Walk, answers: &[(&str, &str)]) -> script::Draft {
    let answers: BTreeMap<String, String> =
        answers.iter().map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned())).collect();
    let today = "2026-05-20".parse().expect("a day");
    script::draft_recording("quay", &walk.recording, &answers, today).expect("a draft")
}

fn check(draft: &script::Draft, expected: &[&str]) {
    let source = draft.script.as_deref().expect("a script");
    let faults = Script::parse(source).err();
    assert!(faults.is_none(), "{faults:?}\n{source}");
    let folded = source.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in expected {
        assert!(folded.contains(line), "{line}\n{source}");
    }
}

/// In, past a page that waits, to the months of an account, one of which has no rows, back, and out.
fn by_months() -> Walk {
    let may = month(&table(
        "<tr><td>05/19/2026<td><b class=who>Anna</b><br><span class=what>Rent</span><br><i class=ref>Reference: R7</i><td>-$250.00\
         <tr><td>05/18/2026<td><b class=who>Bert</b><br><span class=what>Invoice 7</span><td>$1,150.50",
    ));
    let announced = "<h2>Pending transactions</h2><table id=soon><tr><th>Expected<th>Counterparty, details<th>Amount\
        <tr><td>05/22/2026<td><b class=who>Gas Inc</b><br><span class=what>Gas</span><td>-$12.00</table><h2>Booked</h2>";
    let may = may.replacen("<table", &format!("{announced}<table"), 1);
    let april =
        month(&table("<tr><td>04/19/2026<td><b class=who>Carl</b><br><span class=what>Rent</span><td>-$250.00"));
    let march = month("<p class=none>There are no transactions in this month.</p>");
    let show = (Deed::Click, "form[action='/a/7/rows'] button");
    let choose = (Deed::Choose, "#month");
    let mut walk = Walk::begin();
    let fills = [(FILL, "#user"), (FILL, "#word"), (Deed::Click, "form button")];
    walk.page("/", SIGN_IN, &fills).page("/wait", WAIT, &[]);
    walk.page("/list", &list(), &[(Deed::Click, "#accounts a[href='/a/7']")]);
    walk.page("/a/7/rows", &may, &[choose.clone(), show.clone()]);
    walk.page("/a/7/rows", &april, &[choose, show]);
    walk.page("/a/7/rows", &march, &[(Deed::Click, "main a")]);
    // What is beside the list is no account without rows.
    walk.page("/list", &list(), &[(Deed::Click, "nav a")]);
    walk.page("/news", &format!("{OUT}<main><p class=news>Something new</p></main>"), &[(Deed::Click, "nav a")]);
    walk.page("/list", &list(), &[(Deed::Click, "form[action='/out'] button")]);
    walk.page("/bye", "<p>You have signed out", &[]);
    walk
}

#[test]
fn a_page_on_which_nobody_acted_waits_for_an_approval() {
    let draft = drafted(&by_months(), &[]);
    let waits = "approval: when: { visible: \"#wait p\" } challenge: { kind: appApproval, medium: device, prompt: \"#wait p\" }";
    check(&draft, &[waits]);
    assert!(draft.questions.is_empty(), "{:?}", draft.questions);
}

#[test]
fn months_that_were_chosen_are_the_pages_of_a_list_and_one_of_them_says_what_shows_without_rows() {
    let draft = drafted(&by_months(), &[]);
    let next = "next: { choose: \"#month\", click: \"form[action$=\\\"/rows\\\"] button.btn\" }";
    check(&draft, &[next, "empty: p.none", "back: \"main a[href=\\\"/list\\\"]\""]);
}

#[test]
fn what_signs_out_is_one_thing_on_every_page_of_the_session() {
    check(&drafted(&by_months(), &[]), &["sign_out: button.leave"]);
}

#[test]
fn what_stands_in_one_cell_is_read_apart_and_what_is_announced_from_its_own_table() {
    let of = |field: &str, part: &str| format!("{field}: {{ column: \"Counterparty, details\", of: {part} }}");
    let name = of("counterpartyName", "b.who");
    let columns = format!("{name} {}", of("description", "span.what"));
    let reference = "bankReference: { column: \"Counterparty, details\", of: i.ref, after: \"Reference: \" }";
    let draft = drafted(&by_months(), &[]);
    check(&draft, &[&columns, reference]);
    // Its day is no day of the list.
    check(&draft, &[&format!("pendingTable: table: \"#soon\" columns: {name}")]);
}
