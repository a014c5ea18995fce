//! Why a transaction is the one that it is, and what operators do about it: over HTTP and
//! on the command line.
//!
//! Not here: a portal; a bare agent hands in what was read.

use reqwest::Method;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::receiver::Receiver;
use tests::world::{Fleet, Plan};

use crate::Outcome;

type Failure = Box<dyn std::error::Error>;

/// An id that nothing has.
pub(crate) const NOTHING: &str = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

/// A connection of which made-up readings are handed in.
pub(crate) struct Reader {
    pub(crate) fleet: Fleet,
    pub(crate) integrator: Integrator,
    pub(crate) operator: Integrator,
    connection: String,
}

impl Reader {
    /// A connection that was activated with a first reading.
    pub(crate) async fn start(first: &Value) -> Result<Self, Failure> {
        let fleet = Plan::new().agents(0).start().await?;
        let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
        let asked = json!({ "entityId": integrator.default_entity().await?, "institutionId": "harbour" });
        let connection = text(&integrator.post("/v1/connections", &asked).await?, "id").to_owned();
        let path = format!("/v1/connections/{connection}");
        integrator.put(&format!("{path}/credentials"), &json!({ "bankUsername": "a", "password": "b" })).await?;
        integrator.put(&format!("{path}/setupCompletion"), &Value::Null).await?;
        let reader = Self { fleet, integrator, operator, connection };
        reader.hand_in(first).await?;
        Ok(reader)
    }

    /// Another reading.
    pub(crate) async fn read(&self, account: &Value) -> Outcome {
        self.integrator.put(&format!("/v1/connections/{}/sync", self.connection), &Value::Null).await?;
        self.hand_in(account).await
    }

    async fn hand_in(&self, account: &Value) -> Outcome {
        let agent = BareAgent::of(&self.fleet)?;
        let held = agent.acquire(20_000).await?.ok_or("a lease")?;
        Ok(agent.complete(&held, std::slice::from_ref(account)).await?)
    }

    pub(crate) async fn account(&self) -> Result<Value, Failure> {
        Ok(self.integrator.list("/v1/accounts").await?.remove(0))
    }

    /// Every transaction, as `day amount words`.
    pub(crate) async fn ledger(&self) -> Result<Vec<String>, Failure> {
        let list = self.integrator.list("/v1/transactions?sort=postedDate").await?;
        let day = |one: &Value| one["postedDate"].as_str().unwrap_or("pending").to_owned();
        Ok(list
            .iter()
            .map(|one| format!("{} {} {}", day(one), text(one, "amount"), text(one, "description")))
            .collect())
    }

    pub(crate) async fn id_of(&self, words: &str) -> Result<String, Failure> {
        let list = self.integrator.list("/v1/transactions").await?;
        let found = list.iter().find(|one| text(one, "description") == words).ok_or(words.to_owned())?;
        Ok(text(found, "id").to_owned())
    }

    pub(crate) async fn explain(&self, id: &str) -> Result<Value, Failure> {
        Ok(self.operator.get(&format!("/control/v1/transactions/{id}/explain")).await?)
    }

    pub(crate) async fn decide(&self, wish: &Value) -> Result<Value, Failure> {
        Ok(self.operator.post("/control/v1/ledger/decisions", wish).await?)
    }

    pub(crate) async fn undo(&self, decision: &Value) -> Result<(u16, Value), Failure> {
        let path = format!("/control/v1/ledger/decisions/{}", text(decision, "id"));
        let answer = self.operator.call(Method::DELETE, &path, None).await?;
        Ok((answer.status, answer.body))
    }
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A whole list, of rows that are `day amount words`, `pending` for a day.
pub(crate) fn account(rows: &[&str]) -> Value {
    let rows: Vec<Value> = rows.iter().map(|text| row(text)).collect();
    json!({
        "portalKey": "one", "type": "checking", "currency": "USD", "status": "open", "name": "Operating",
        "transactions": rows, "window": { "source": "pages", "extent": "whole", "pages": 1, "from": "2026-10-01" },
    })
}

fn row(text: &str) -> Value {
    let mut parts = text.splitn(3, ' ');
    let (day, amount, words) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_pending = day == "pending";
    json!({
        "status": if is_pending { "pending" } else { "posted" },
        "postedDate": if is_pending { Value::Null } else { day.into() },
        "transactionDate": if is_pending { "2026-10-03".into() } else { Value::Null },
        "amount": amount, "currency": "USD", "description": words, "rawDescription": words, "rail": "card",
        "entryType": if amount.starts_with('-') { "debit" } else { "credit" },
        "bankReference": if words.starts_with("TEA") { "R7".into() } else { Value::Null },
    })
}

const ANNOUNCED: [&str; 2] = ["pending -10.00 CAFE 12", "2026-10-02 -12.00 TEA 7"];
const BOOKED: [&str; 2] = ["2026-10-05 -12.00 CAFE 12 BERLIN", "2026-10-02 -12.00 TEA 7"];

#[tokio::test]
async fn an_operator_is_told_why_and_decides_otherwise() -> Outcome {
    let reader = Reader::start(&account(&ANNOUNCED)).await?;
    let cafe = reader.id_of("CAFE 12").await?;
    reader.read(&account(&BOOKED)).await?;
    assert_eq!(reader.id_of("CAFE 12 BERLIN").await?, cafe, "it keeps its id when it is booked");

    let told = reader.explain(&cafe).await?;
    assert!(text(&told["firstRead"], "text").ends_with("as row 1 of 2."), "{told}");
    let found = &told["matches"][0];
    assert_eq!(found["rule"], "posted", "{told}");
    assert_eq!(found["changed"]["amount"], json!({ "before": "-10.00", "after": "-12.00" }));
    assert_eq!(found["changed"]["postedDate"], json!({ "before": null, "after": "2026-10-05" }));
    let sentence = text(found, "text");
    assert!(sentence.contains("(rule `posted`)") && sentence.contains("amount -10.00 → -12.00"), "{sentence}");
    assert!(text(&told["references"], "text").contains("at harbour aren't trusted yet: 1 kept, 0 broken"), "{told}");
    assert_eq!(told["latest"]["sighting"]["row"], 0);
    assert_eq!(told["absences"], json!({ "count": 0 }));

    let wish = json!({ "kind": "split", "transactionId": cafe, "matchId": found["id"], "reason": "two cups" });
    let split = reader.decide(&wish).await?;
    let both = ["2026-10-02 -12.00 TEA 7", "2026-10-05 -12.00 CAFE 12 BERLIN", "pending -10.00 CAFE 12"];
    assert_eq!(reader.ledger().await?, both);
    let told = reader.explain(text(&split, "otherId")).await?;
    assert!(text(&told["decisions"][0], "text").contains("split it off"), "{told}");
    assert!(text(&told["decisions"][0], "text").ends_with(": two cups."), "{told}");
    let (status, undone) = reader.undo(&split).await?;
    assert_eq!((status, undone["undoneAt"].is_string()), (200, true), "{undone}");
    assert_eq!(reader.ledger().await?, ["2026-10-02 -12.00 TEA 7", "2026-10-05 -12.00 CAFE 12 BERLIN"]);
    let (status, again) = reader.undo(&split).await?;
    assert_eq!((status, text(&again, "code")), (409, "undecidable"));

    let tea = reader.id_of("TEA 7").await?;
    let merge = reader.decide(&json!({ "kind": "merge", "transactionId": cafe, "otherId": tea })).await?;
    assert_eq!(reader.ledger().await?.len(), 1);
    let told = reader.explain(&tea).await?;
    assert_eq!((text(&told["removed"], "cause"), text(&told["removed"], "mergedInto")), ("merged", cafe.as_str()));
    reader.undo(&merge).await?;
    assert_eq!(reader.ledger().await?.len(), 2);
    reader.decide(&json!({ "kind": "keepApart", "transactionId": cafe, "otherId": tea })).await?;

    let id = reader.account().await?["id"].clone();
    let path = format!("/control/v1/ledger/decisions?limit=1&accountId={}", id.as_str().unwrap_or_default());
    let listed = reader.operator.list(&path).await?;
    assert_eq!(listed.iter().map(|one| text(one, "kind")).collect::<Vec<_>>(), ["split", "merge", "keepApart"]);
    let of_nothing = format!("/control/v1/ledger/decisions?accountId={NOTHING}");
    assert!(reader.operator.list(&of_nothing).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_each_call_is_for_operators_alone() -> Outcome {
    let reader = Reader::start(&account(&ANNOUNCED)).await?;
    let (cafe, tea) = (reader.id_of("CAFE 12").await?, reader.id_of("TEA 7").await?);
    let decisions = "/control/v1/ledger/decisions".to_owned();
    let long = "x".repeat(1_001);
    for (wish, status, found) in [
        (json!({ "kind": "merge", "transactionId": cafe }), 422, "/otherId"),
        (json!({ "kind": "keepApart", "transactionId": cafe }), 422, "/otherId"),
        (json!({ "kind": "split", "transactionId": cafe, "otherId": tea }), 422, "/otherId"),
        (json!({ "kind": "merge", "transactionId": cafe, "otherId": tea, "matchId": NOTHING }), 422, "/matchId"),
        (json!({ "kind": "merge", "transactionId": cafe, "otherId": tea, "reason": long }), 422, "/reason"),
        (json!({ "kind": "burn", "transactionId": cafe }), 422, "/kind"),
        (json!({ "kind": "merge", "transactionId": "x", "otherId": tea }), 422, "/transactionId"),
        (json!({ "kind": "merge", "transactionId": NOTHING, "otherId": tea }), 404, "not_found"),
        (json!({ "kind": "merge", "transactionId": cafe, "otherId": NOTHING }), 409, "undecidable"),
        (json!({ "kind": "merge", "transactionId": cafe, "otherId": cafe }), 409, "undecidable"),
        (json!({ "kind": "split", "transactionId": cafe }), 409, "undecidable"),
    ] {
        let answer = reader.operator.call(Method::POST, &decisions, Some(&wish)).await?;
        assert_eq!(answer.status, status, "{wish}: {}", answer.body);
        let place = answer.body["errors"][0]["pointer"].as_str().unwrap_or(text(&answer.body, "code"));
        assert_eq!(place, found, "{wish}: {}", answer.body);
    }
    let calls = [
        (Method::GET, format!("/control/v1/transactions/{NOTHING}/explain")),
        (Method::DELETE, format!("{decisions}/{NOTHING}")),
        (Method::DELETE, "/control/v1/ledger/references/nowhere".to_owned()),
        (Method::DELETE, format!("/control/v1/ledger/accounts/{NOTHING}/anchor")),
        (Method::GET, format!("/control/v1/ledger/accounts/{NOTHING}/observations")),
    ];
    for (method, path) in &calls {
        let answer = reader.operator.call(method.clone(), path, None).await?;
        assert_eq!((answer.status, text(&answer.body, "code")), (404, "not_found"), "{path}: {}", answer.body);
    }
    let agent = std::fs::read_to_string(reader.fleet.folder().join("data/agent.token"))?;
    let agent = Integrator::new(reader.fleet.address(), agent.trim());
    let lists = [(Method::GET, decisions.clone()), (Method::POST, decisions), (Method::GET, REFERENCES.to_owned())];
    for caller in [&reader.integrator, &agent] {
        for (method, path) in calls.iter().chain(&lists) {
            let answer = caller.call(method.clone(), path, None).await?;
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
        }
    }
    Ok(())
}

const REFERENCES: &str = "/control/v1/ledger/references";

#[tokio::test]
async fn references_readings_and_anchors_are_looked_at_and_begun_anew() -> Outcome {
    let reader = Reader::start(&account(&ANNOUNCED)).await?;
    reader.read(&account(&BOOKED)).await?;
    let measured = reader.operator.list(REFERENCES).await?;
    let expected = json!([{ "institutionId": "harbour", "source": "pages", "kept": 1, "broken": 0, "isTrusted": false,
        "demotedAt": null }]);
    assert_eq!(json!(measured), expected);
    let anew = async || reader.operator.call(Method::DELETE, &format!("{REFERENCES}/harbour"), None).await;
    assert_eq!((anew().await?.status, anew().await?.status), (204, 404));
    assert!(reader.operator.list(REFERENCES).await?.is_empty());

    let id = text(&reader.account().await?, "id").to_owned();
    let readings = reader.operator.list(&format!("/control/v1/ledger/accounts/{id}/observations?limit=1")).await?;
    assert_eq!(readings.iter().map(|one| one["rows"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(2)]);
    assert!(text(&readings[0], "observedAt") > text(&readings[1], "observedAt"), "latest first: {readings:?}");
    assert!(readings.iter().all(|one| one["runId"].is_string() && one["revision"].is_string()), "{readings:?}");
    assert!(!json!(readings).to_string().contains("CAFE"), "what was read isn't shown");
    let path = format!("/control/v1/ledger/accounts/{id}/anchor");
    assert_eq!(reader.operator.call(Method::DELETE, &path, None).await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn an_account_says_how_complete_it_is_and_a_break_names_both_rows() -> Outcome {
    let chained = |balances: [&str; 2]| {
        let mut account = account(&["2026-10-05 10.00 BAR", "2026-10-03 -4.50 BEAN"]);
        for (row, balance) in balances.iter().enumerate() {
            account["transactions"][row]["runningBalance"] = json!(balance);
        }
        account["currentBalance"] = json!(balances[0]);
        account["balanceAsOf"] = json!("2026-10-09");
        account
    };
    let reader = Reader::start(&chained(["15.50", "5.50"])).await?;
    let shown = reader.account().await?["completeness"].clone();
    assert_eq!((text(&shown, "grade"), text(&shown, "provenFrom")), ("proven", "2026-10-01"), "{shown}");
    assert_eq!(shown["checks"][0], json!({ "name": "runningBalance", "outcome": "passed" }));
    assert!(shown.get("broken").is_none(), "{shown}");

    reader.read(&chained(["16.00", "5.50"])).await?;
    let shown = reader.integrator.list("/v1/accounts?fields=completeness").await?.remove(0);
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(3), "the ids and this: {shown}");
    assert_eq!(text(&shown["completeness"], "grade"), "broken");
    let (bean, bar) = (reader.id_of("BEAN").await?, reader.id_of("BAR").await?);
    let between = json!([{ "row": 1, "transactionId": bean }, { "row": 0, "transactionId": bar }]);
    assert_eq!(shown["completeness"]["broken"], json!({ "between": between, "gap": "0.50" }));
    Ok(())
}

#[tokio::test]
async fn the_same_is_done_on_the_command_line() -> Outcome {
    let reader = Reader::start(&account(&ANNOUNCED)).await?;
    let cafe = reader.id_of("CAFE 12").await?;
    reader.read(&account(&BOOKED)).await?;
    let tea = reader.id_of("TEA 7").await?;
    let (fleet, account) = (&reader.fleet, text(&reader.account().await?, "id").to_owned());
    let parse = |printed: &str| serde_json::from_str::<Value>(printed);

    let told = fleet.succeed(&["ledger", "explain", &cafe]).await?;
    for said in ["at harbour", "First read on", "(rule `posted`)", "The latest reading"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let json = parse(&fleet.succeed(&["ledger", "explain", &cafe, "--json"]).await?)?;
    assert_eq!(json, reader.explain(&cafe).await?);

    let split = fleet.succeed(&["ledger", "split", &cafe, "--reason", "two cups"]).await?;
    assert_eq!(reader.ledger().await?.len(), 3);
    let undone = parse(&fleet.succeed(&["ledger", "undo", split.trim(), "--json"]).await?)?;
    assert!(undone["undoneAt"].is_string(), "{undone}");
    let merged = parse(&fleet.succeed(&["ledger", "merge", &cafe, &tea, "--json"]).await?)?;
    assert_eq!(reader.ledger().await?.len(), 1);
    fleet.succeed(&["ledger", "undo", text(&merged, "id")]).await?;
    fleet.succeed(&["ledger", "keep-apart", &cafe, &tea]).await?;
    let decisions = parse(&fleet.succeed(&["ledger", "decisions", "--account", &account, "--json"]).await?)?;
    assert_eq!(decisions, json!(reader.operator.list("/control/v1/ledger/decisions").await?));
    let table = fleet.succeed(&["ledger", "decisions"]).await?;
    assert!(table.contains("keepApart") && table.contains("two cups"), "{table}");

    assert!(fleet.succeed(&["ledger", "references"]).await?.contains("not yet"));
    fleet.succeed(&["ledger", "references", "--forget", "harbour"]).await?;
    assert_eq!(fleet.succeed(&["ledger", "references", "--json"]).await?.trim(), "[]");
    let readings = parse(&fleet.succeed(&["ledger", "observations", "--account", &account, "--json"]).await?)?;
    assert_eq!(readings.as_array().map(Vec::len), Some(2));
    fleet.succeed(&["ledger", "drop-anchor", "--account", &account]).await?;

    for (arguments, code) in [
        (vec!["explain", NOTHING], 3),
        (vec!["undo", NOTHING], 3),
        (vec!["merge", NOTHING, &tea], 3),
        (vec!["merge", &cafe, &cafe], 1),
        (vec!["references", "--forget", "nowhere"], 3),
        (vec!["observations", "--account", NOTHING], 3),
        (vec!["drop-anchor", "--account", NOTHING], 3),
        (vec!["replay", "--account", NOTHING], 3),
        (vec!["replay", "--connection", NOTHING], 3),
        (vec!["replay", "--account", &account, "--script", "/no/such/file"], 2),
    ] {
        let ran = fleet.run(&[&["ledger"], arguments.as_slice()].concat(), "").await?;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("error: "), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: ") || code == 2, "{arguments:?}: {}", ran.stderr);
    }
    Ok(())
}

/// What the harbour's script reads of an account, with the cells that it read it from.
fn with_cells(rows: &[[&str; 4]]) -> Value {
    let cells: Vec<Value> =
        rows.iter().map(|[day, words, amount, balance]| json!([day, words, "Card", "", amount, balance])).collect();
    let records: Vec<Value> = rows
        .iter()
        .map(|[day, words, amount, balance]| {
            let parts: Vec<&str> = day.split('/').collect();
            let amount = amount.replace('$', "");
            let mut record = row(&format!("{}-{}-{} {amount} {words}", parts[2], parts[0], parts[1]));
            record["runningBalance"] = json!(balance.trim_start_matches('$'));
            record["bankReference"] = Value::Null;
            record
        })
        .collect();
    let mut account = account(&[]);
    account["transactions"] = json!(records);
    account["sheets"] = json!([
        { "kind": "listed",
          "headers": ["Account", "Type", "Account number", "Currency", "Status", "Available balance"],
          "rows": [["Operating", "Checking", "•••• 4821", "USD", "Open", "$85.50"]] },
        { "kind": "details",
          "headers": ["Account number", "Routing number", "Current balance", "Available balance", "As of"],
          "rows": [["0001234821", "011000015", "$85.50", "$85.50", "10/09/2026"]] },
        { "kind": "transactions",
          "headers": ["Date", "Description", "Type", "Reference", "Amount", "Balance"], "rows": cells },
    ]);
    account
}

#[tokio::test]
async fn another_script_reads_again_what_was_read_and_doubles_nothing() -> Outcome {
    let (bean, bar) = (["10/03/2026", "BEAN", "-$4.50", "$95.50"], ["10/05/2026", "BAR", "-$10.00", "$85.50"]);
    let reader = Reader::start(&with_cells(&[bean])).await?;
    reader.read(&with_cells(&[bar, bean])).await?;
    let fleet = &reader.fleet;
    let head = text(&reader.integrator.get("/v1/transactions/sync").await?, "nextCursor").to_owned();
    let same = fleet.run(&["ledger", "replay", "--connection", &reader.connection], "").await?;
    assert_eq!((same.code, same.stdout.as_str()), (Some(0), ""), "{}", same.stderr);
    assert!(same.stderr.contains("0 transactions differ, 2 stay"), "{}", same.stderr);

    // A revision that knows what cards are.
    let script = std::fs::read_to_string("../scripts/harbour/script.yaml")?;
    assert!(script.contains("Card: card"));
    let file = fleet.folder().join("script.yaml");
    std::fs::write(&file, script.replace("Card: card", "Card: fee"))?;
    let file = file.to_string_lossy().into_owned();
    let dry = ["ledger", "replay", "--connection", &reader.connection, "--script", &file];
    let shown = fleet.run(&dry, "").await?;
    assert!(shown.stdout.contains("rail") && shown.stdout.contains("fee"), "{}{}", shown.stdout, shown.stderr);
    assert!(shown.stderr.contains("2 transactions differ") && shown.stderr.contains("--apply"), "{}", shown.stderr);
    let json: Value = serde_json::from_str(&fleet.succeed(&[&dry[..], &["--json"]].concat()).await?)?;
    let account = &json["accounts"][0];
    assert_eq!((&json["applied"], &account["reread"], &account["unreadable"]), (&json!(false), &json!(2), &json!([])));
    assert_eq!(account["differences"][0]["before"], json!({ "rail": "card" }), "{json}");
    assert_eq!(account["differences"][0]["after"], json!({ "rail": "fee" }), "{json}");
    let rails = async || -> Result<Vec<Value>, Failure> {
        let list = reader.integrator.list("/v1/transactions").await?;
        Ok(list.iter().map(|one| one["rail"].clone()).collect())
    };
    assert_eq!(rails().await?, [json!("card"), json!("card")], "nothing counts before it is applied");
    let sync = format!("/v1/transactions/sync?cursor={head}");
    assert_eq!(reader.integrator.get(&sync).await?["events"], json!([]));

    fleet.succeed(&[&dry[..], &["--apply"]].concat()).await?;
    assert_eq!(rails().await?, [json!("fee"), json!("fee")]);
    let told = reader.integrator.get(&sync).await?;
    let kinds: Vec<&str> = told["events"].as_array().into_iter().flatten().map(|one| text(one, "type")).collect();
    assert_eq!(kinds, ["modified", "modified"], "{told}");
    assert_eq!(reader.ledger().await?, ["2026-10-03 -4.50 BEAN", "2026-10-05 -10.00 BAR"]);

    // What was read without its cells is named, and leaves the rest alone.
    reader.read(&account_without_cells()).await?;
    let ran = fleet.run(&dry, "").await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: observation ") && ran.stderr.contains("data.incomplete"), "{}", ran.stderr);

    std::fs::write(&file, script.replace("institution: harbour", "institution: meadow"))?;
    let foreign = fleet.run(&dry, "").await?;
    assert_eq!(foreign.code, Some(2), "{}", foreign.stderr);
    std::fs::write(&file, "script: 1")?;
    let mistaken = fleet.run(&dry, "").await?;
    assert_eq!(mistaken.code, Some(2), "{}", mistaken.stderr);
    assert!(mistaken.stderr.contains("hint: "), "{}", mistaken.stderr);
    Ok(())
}

fn account_without_cells() -> Value {
    account(&["2026-10-05 -10.00 BAR", "2026-10-03 -4.50 BEAN"])
}

#[tokio::test]
async fn what_a_person_changes_is_told_by_a_webhook_and_what_changes_nothing_is_not() -> Outcome {
    let reader = Reader::start(&account(&ANNOUNCED)).await?;
    reader.read(&account(&BOOKED)).await?;
    let (cafe, tea) = (reader.id_of("CAFE 12 BERLIN").await?, reader.id_of("TEA 7").await?);
    let receiver = Receiver::start().await?;
    let asked = json!({ "url": receiver.url(), "events": ["transactions.sync_available"] });
    let made = reader.integrator.post("/v1/webhooks", &asked).await?;
    receiver.trust(text(&made["webhook"], "secret"));
    reader.decide(&json!({ "kind": "keepApart", "transactionId": cafe, "otherId": tea })).await?;
    reader.decide(&json!({ "kind": "split", "transactionId": cafe })).await?;
    let first = eventually(async || receiver.received().into_iter().next()).await.ok_or("no webhook")?;
    assert!(first.is_verified);
    let connection = json!({ "connectionId": reader.connection, "accountId": null, "accounts": [] });
    assert_eq!(first.event["data"], connection);
    assert_eq!(receiver.received().len(), 1, "keeping two apart changes neither");
    Ok(())
}
