//! What is wrong with a script is said at once, with its place and a hint.

#![expect(clippy::panic, reason = "it is how a test fails")]

use script::{Diagnostics, Script};

/// A script without faults.
const SCRIPT: &str = include_str!("pretend/script.yaml");

/// The sound script with one text in it replaced.
fn edited(from: &str, to: &str) -> String {
    assert!(SCRIPT.contains(from), "{from}");
    SCRIPT.replacen(from, to, 1)
}

fn faults(source: &str) -> Diagnostics {
    Script::parse(source).expect_err("the script should have faults")
}

/// What is wrong after a replacement: places, codes and hints, a line each.
fn check(from: &str, to: &str, expected: &str) {
    let source = edited(from, to);
    let found: Vec<String> = faults(&source)
        .iter()
        .map(|fault| {
            let line = source.lines().nth(fault.line - 1).expect("a line of the script");
            let rest: String = line.chars().skip(fault.column - 1).take(12).collect();
            let hint = fault.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{} at `{rest}`: {}{hint}", fault.code.as_str(), fault.message)
        })
        .collect();
    assert_eq!(found, expected.trim().lines().map(str::trim).collect::<Vec<_>>(), "{to}");
}

#[test]
fn a_sound_script_has_no_faults() {
    let script = Script::parse(SCRIPT).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(script.institution(), "pretend");
    assert_eq!(script.timezone(), "America/New_York");
    assert_eq!(script.credentials().len(), 2);
    assert_eq!(Script::revision("abc"), "ba7816bf8f01");
}

#[test]
fn keys_outside_of_the_language_are_named_with_the_nearest_one() {
    check(
        "    when: { visible: \"form#code\" }",
        "    wen: { visible: \"form#code\" }",
        "
        key.missing at `wen: { visib`: a page needs the key `when`
        key.unknown at `wen: { visib`: a page has no key `wen` (did you mean `when`?)",
    );
    check(
        "visible: \"#details\"",
        "visble: \"#details\"",
        "key.unknown at `visble: \"#de`: `when` has no key `visble` (did you mean `visible`?)",
    );
    check(
        "postedDate: Date",
        "postdDate: Date",
        "
        key.missing at `{ postdDate:`: `columns` of transactions needs the key `postedDate`
        key.unknown at `postdDate: D`: no record has the field `postdDate` (did you mean `postedDate`?)
        key.conflict at `postedDate: `: `postedDate` isn't one of the `columns`",
    );
    check(
        "currency: USD",
        "currency: USD\ncurrency: EUR",
        "key.duplicate at `currency: EU`: `currency` stands here again; it was said on line 5",
    );
    check(
        "sign_out: \"#sign-out\"",
        "sign_of: x",
        "key.unknown at `sign_of: x`: a script has no key `sign_of` (did you mean `sign_out`?)",
    );
}

#[test]
fn words_outside_of_the_lists_are_refused() {
    check("code: auth.session.expired", "code: auth.sesion.expired", "
        word.unknown at `auth.sesion.`: `auth.sesion.expired` isn't one of auth.credentials.invalid, auth.password.expired, auth.locked, auth.revoked, auth.permission, auth.session.conflict, auth.session.expired, mfa.required, mfa.timeout, mfa.code.invalid, mfa.code.expired, mfa.declined, mfa.unsupported, portal.action.terms, portal.action.profile, portal.action.notice, portal.unavailable, portal.maintenance, portal.ratelimited, portal.blocked, portal.captcha (did you mean `auth.session.expired`?)".trim());
    check(
        "kind: oneTimeCode",
        "kind: onetimecode",
        "word.unknown at `onetimecode`: `onetimecode` isn't one of oneTimeCode, securityQuestion, gridCard, appApproval, takeover (did you mean `oneTimeCode`?)",
    );
    check(
        "ACH: ach",
        "ACH: ahc",
        "word.unknown at `ahc, Card: c`: `ahc` isn't one of internalTransfer, card, ach, sepaCredit, sepaDebit, wire, swift, fasterPayments, chaps, check, cash, fee, interest, other, unknown",
    );
    check("with: answer", "with: answers", "
        key.missing at `- { fill: \"#`: a `challenge` needs a step that fills in the `answer`
        word.unknown at `answers }`: `answers` isn't one of credentials.bankUsername, credentials.bankCustomerId, credentials.password, answer, answer.1, answer.2, answer.3, answer.4, answer.5, answer.6, answer.7, answer.8, newPassword, enrolledCode (did you mean `answer`?)".trim());
    check(
        "locale: en-US",
        "locale: en_US",
        "value.malformed at `en_US`: `en_US`: `en_US` is not one of en-US, en-GB, en-CA, en-AU, en-IN, de-DE, de-CH, fr-FR, fr-CA, fr-CH, es-ES, es-MX, it-IT, nl-NL, pt-BR, da-DK, sv-SE, nb-NO, fi-FI, pl-PL, cs-CZ, ja-JP, zh-CN, ar-EG",
    );
}

#[test]
fn a_family_of_failures_is_refused() {
    for family in ["auth", "auth.session", "portal.action", "unknown", "net.dns"] {
        let source = edited("code: auth.session.expired", &format!("code: {family}"));
        let said = format!("`{family}` isn't one of auth.credentials.invalid, ");
        let found = faults(&source);
        assert!(found.iter().any(|fault| fault.message.starts_with(&said)), "{family}");
    }
}

#[test]
fn values_of_another_form_are_refused() {
    check(
        "currency: USD",
        "currency: dollars",
        "value.malformed at `dollars`: `dollars`: a currency is three to twelve upper-case letters and digits, such as `USD`",
    );
    check(
        "timezone: America/New_York",
        "timezone: EST",
        "value.malformed at `EST`: `EST` isn't the name of a time zone, such as America/New_York",
    );
    check(
        "patience: 2s",
        "patience: 2",
        "value.malformed at `2`: a time from 100ms to 5m is wanted here, such as `500ms`, `15s` or `2m`",
    );
    check(
        "patience: 2s",
        "patience: 2h",
        "value.malformed at `2h`: a time from 100ms to 5m is wanted here, such as `500ms`, `15s` or `2m`",
    );
    check(
        "start: /login",
        "start: https://evil.example/",
        "value.malformed at `https://evil`: `start` is a path within the connection's portal, such as `/login`",
    );
    check(
        "start: /login",
        "hosts: [Bank.example]",
        "value.malformed at `Bank.example`: `Bank.example` isn't the name of a host (a host stands alone, in lower case: `login.bank.example`)",
    );
    check(
        "date: MM/DD",
        "date: mm/dd",
        "value.malformed at `mm/dd`: `mm/dd`: `mm` stands for nothing in a date's pattern; use YYYY YY GY MMMM MMM MM M DD D",
    );
    check("limit: 4", "limit: 0", "value.malformed at `0`: a whole number from 1 to 1000 is wanted here");
    check("script: 1", "script: 2", "version.unknown at `2`: this is a version of the language other than 1");
    check(
        "columns: { name: Account, type: Type, availableBalance: Available }",
        "columns: [Account]",
        "
        value.type at `[Account]`: a map is wanted here, and this is a list",
    );
}

#[test]
fn selectors_work_in_a_browser_and_on_a_saved_page() {
    check(
        "open: a",
        "open: \"a[\"",
        "selector.malformed at `\"a[\"`: `a[` isn't a CSS selector that works on saved pages too",
    );
    check(
        "next: \"#next\"",
        "next: \"#next:enabled\"",
        "selector.malformed at `\"#next:enabl`: `#next:enabled` isn't a CSS selector that works on saved pages too (in place of `:enabled`, use `:not([disabled])`)",
    );
}

#[test]
fn pages_have_a_use_and_exist() {
    check(
        "  account:\n    on: account\n",
        "  account:\n    on: acount\n",
        "
        page.unknown at `acount`: there is no page `acount` (did you mean `account`?)",
    );
    check("    goal: signed_in\n", "", "
        goal.missing at `sign_in:`: no page says that the sign-in worked (the page that shows after a sign-in has `goal: signed_in`)".trim());
    check("    do:\n      - { click: \"#no-thanks\" }\n", "", "
        page.meaningless at `advert:`: the page `advert` has no use: nothing is done, read or said there (give it `do`, `failure`, `challenge` or `goal`, or read something `on` it)".trim());
    check(
        "    goal: signed_out",
        "    goal: signed_out\n    failure: { code: portal.unavailable }",
        "
        key.conflict at `signed_out`: a page is a `failure` or a `goal`, and this says both",
    );
    check(
        "when: { visible: \"#accounts\" }",
        "when: { absent: \"#accounts\" }",
        "
        key.missing at `{ absent: \"#`: a page is recognised by something that is there: `visible`, `text` or `url`",
    );
}

#[test]
fn a_submit_is_an_effect_and_the_last_step() {
    check(
        "button\", effect: password }",
        "button\" }",
        "effect.missing at `{ click: \"#s`: this click may submit the password and isn't marked as an effect (add `effect: password`)",
    );
    check(
        "button\", effect: password }",
        "button\", effect: password }\n      - { click: \"#ok\" }",
        "effect.misplaced at `{ click: \"#s`: the effect `password` is followed by other steps (an effect is the last step of its page; what comes then is another page)",
    );
    check(
        "button\", effect: password }",
        "button\", effect: sendCode }",
        "effect.missing at `{ click: \"#s`: this click may submit the password and is marked as the effect `sendCode` (use `effect: password`; each secret is submitted on a page of its own)",
    );
    check(
        "      - { click: \"#sign-in button\", effect: password }\n",
        "",
        "effect.missing at `{ fill: \"#pa`: the password is filled in, and no click after it submits it (end the steps with a click that has `effect: password`)",
    );
    check(
        "#code button\", effect: code }",
        "#code button\", effect: sendCode }",
        "effect.missing at `{ click: \"#c`: this click may submit the answer and is marked as the effect `sendCode` (use `effect: code`; each secret is submitted on a page of its own)",
    );
    check(
        "- { click: \"#no-thanks\" }",
        "- { click: \"#no-thanks\", effect: code }",
        "key.conflict at `- { click: \"`: the effect `code` belongs on a page with a `challenge`",
    );
    check(
        "- { click: \"#no-thanks\" }",
        "- { clik: \"#no-thanks\" }",
        "
        key.missing at `{ clik: \"#no`: a step needs the key `fill`, `click` or `close`
        key.unknown at `clik: \"#no-t`: a step has no key `clik` (did you mean `click`?)",
    );
}

#[test]
fn what_is_read_can_be_read() {
    check(
        "    back: \"#back\"\n",
        "",
        "way.missing at `on: accounts`: `accounts` needs the key `back`, because the page `account` is read for each account",
    );
    check(
        "    date: MM/DD\n",
        "",
        "key.missing at `on: account`: a date is read here, and the key `date` is missing (say how the bank writes its dates: `date: MM/DD/YYYY`)",
    );
    check(
        "amount: Amount",
        "debit: Out",
        "key.missing at `{ postedDate`: `columns` of transactions needs either `amount`, or both `debit` and `credit`",
    );
    check(
        "    map: { rail: { ACH: ach, Card: card } }\n",
        "",
        "key.missing at `on: account`: `rail` is read here, and `map` doesn't say what the bank's words for it mean (add `map: { rail: { … } }`; our words are internalTransfer, card, ach, sepaCredit, sepaDebit, wire, swift, fasterPayments, chaps, check, cash, fee, interest, other, unknown)",
    );
}

#[test]
fn the_day_of_a_payment_needs_a_pattern_and_what_is_announced_is_a_piece_of_text() {
    let source = edited("postedDate: Date,", "postedDate: Date, transactionDate: Paid,");
    assert!(Script::parse(&source).is_ok());
    check(
        "runningBalance: Balance",
        "runingBalance: Balance",
        "key.unknown at `runingBalanc`: no record has the field `runingBalance` (did you mean `runningBalance`?)",
    );
    check(
        "announced: { of: \"#count\", after: \"of \", before: \" rows\" }",
        "announced: \"#count[\"",
        "selector.malformed at `\"#count[\"`: `#count[` isn't a CSS selector that works on saved pages too",
    );
    check(
        "announced: {",
        "anounced: {",
        "key.unknown at `anounced: { `: `transactions` has no key `anounced` (did you mean `announced`?)",
    );
}

#[test]
fn all_faults_come_at_once_in_the_order_of_the_document() {
    let source = SCRIPT
        .replace("currency: USD", "currency: x")
        .replace("goal: signed_in", "goal: in")
        .replace("open: a", "opne: a");
    let codes: Vec<_> = faults(&source).iter().map(|fault| (fault.line, fault.code.as_str())).collect();
    assert!(codes.is_sorted_by_key(|(line, _)| *line), "{codes:?}");
    let codes: Vec<_> = codes.into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["value.malformed", "word.unknown", "way.missing", "key.unknown"]);
}

#[test]
fn the_sign_of_an_empty_table_is_a_selector() {
    let source = edited("    limit: 4", "    limit: 4\n    empty: .none");
    assert!(Script::parse(&source).is_ok());
    check(
        "limit: 4",
        "limit: 4\n    empty: \".none[\"",
        "selector.malformed at `\".none[\"`: `.none[` isn't a CSS selector that works on saved pages too",
    );
}

#[test]
fn faults_can_be_read_by_a_program() {
    let json = serde_json::to_value(faults("script: 1\nscrpit: 1\n")).expect("diagnostics are JSON");
    assert_eq!(json[0]["code"], "key.missing");
    let unknown = serde_json::json!({
        "code": "key.unknown", "message": "a script has no key `scrpit`", "line": 2, "column": 1,
        "hint": "did you mean `script`?",
    });
    assert_eq!(json.as_array().and_then(|faults| faults.last()), Some(&unknown));
}

#[test]
fn a_text_that_is_no_yaml_has_one_fault() {
    let source = "script: 1\npages: [\n";
    assert_eq!(faults(source).iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["yaml.syntax"]);
}

#[test]
fn transactions_on_a_page_of_their_own_say_how_to_get_there_and_back() {
    let onward = "  transactions:\n    on: rows\n    open: \"#list\"\n    back: \"#home\"\n";
    let page = "  rows:\n    when: { visible: \"#rows\" }\n  signed_out:\n";
    let sound = edited("  transactions:\n    on: account\n", onward).replacen("  signed_out:\n", page, 1);
    assert!(Script::parse(&sound).is_ok(), "{}", faults(&sound));
    let lost = sound.replacen("    open: \"#list\"\n", "", 1);
    let said = faults(&lost).to_string();
    assert!(said.contains("`transactions` needs the key `open`") && said.contains("leads from `account`"), "{said}");
    check(
        "    table: \"#rows\"",
        "    open: \"#list\"\n    table: \"#rows\"",
        "way.needless at `on: account`: transactions are read on `account`, so there is nothing to open for them",
    );
}

#[test]
fn parts_of_cells_options_and_announced_rows_are_read() {
    for (from, to) in [
        ("description: Description", "description: { column: Description, of: .purpose }"),
        ("description: Description", "description: { column: Description, after: \"To: \" }"),
        ("description: Description", "description: { of: .purpose }"),
        ("next: \"#next\"", "next: { choose: \"#month\", click: \"#show\" }"),
        ("next: \"#next\"", "next: { behind: \".pager b\", click: \".pager a\" }"),
        (
            "    limit: 4",
            "    limit: 4\n    pendingTable: { table: \"#soon\", columns: { description: What, amount: Sum } }",
        ),
    ] {
        let source = edited(from, to);
        assert!(Script::parse(&source).is_ok(), "{to}: {}", faults(&source));
    }
    check(
        "description: Description",
        "description: { after: \"To: \" }",
        "key.missing at `{ after: \"To`: a piece of text needs the key `of`, a selector, or `attribute`, or both",
    );
    check(
        "next: \"#next\"",
        "next: { choose: \"#month\" }",
        "key.missing at `{ choose: \"#`: `next` needs the key `click`",
    );
    check(
        "next: \"#next\"",
        "next: { choose: \"#month\", behind: \"b\", click: \"#show\" }",
        "key.conflict at `\"b\", click: `: `next` has `choose` or `behind`, and not both",
    );
    check(
        "    limit: 4",
        "    limit: 4\n    pendingTable: { table: \"#soon\", columns: { description: What } }",
        "key.missing at `{ table: \"#s`: `columns` of `pendingTable` needs the key `amount`",
    );
}

#[test]
fn nothing_is_done_where_somebody_approves_it_elsewhere() {
    let steps =
        "    do:\n      - { fill: \"#digits\", with: answer }\n      - { click: \"#code button\", effect: code }\n";
    let source = edited("kind: oneTimeCode", "kind: appApproval").replacen(steps, "", 1);
    assert!(Script::parse(&source).is_ok(), "{}", faults(&source));
    check(
        "kind: oneTimeCode",
        "kind: appApproval",
        "key.conflict at `- { fill: \"#`: nothing is done on a page that waits for an approval elsewhere",
    );
}

#[test]
fn what_is_acted_on_is_found_by_one_way_or_by_several_that_differ() {
    let click = "- { click: \"#no-thanks\" }";
    for ways in ["{ label: Sign in }", "[\"#go\", { text: Sign in }]", "[{ role: button, name: Sign in }]"] {
        let source = edited(click, &format!("- {{ click: {ways} }}"));
        assert!(Script::parse(&source).is_ok(), "{ways}: {}", faults(&source));
    }
    let check = |ways: &str, expected: &str| check(click, &format!("- {{ click: {ways} }}"), expected);
    check("{ name: Go }", "key.missing at `{ name: Go }`: a way to find it needs the key `label`, `text` or `role`");
    check("{ role: button }", "key.missing at `{ role: butt`: a way to find it needs the key `name`");
    check(
        "{ role: knob, name: Go }",
        "word.unknown at `knob, name: `: `knob` isn't one of button, checkbox, combobox, link, menuitem, radio, tab, textbox",
    );
    check(
        "{ label: Go, text: Go }",
        "key.unknown at `text: Go } }`: a way to find it has no key `text` (its keys here are label)",
    );
    check("[\"#go\", \"#go\"]", "key.duplicate at `\"#go\"] }`: this way to find it was said already");
}
