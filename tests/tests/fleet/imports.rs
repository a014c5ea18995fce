//! Statement files of accounts whose number nobody knows, and files that are taken back: on
//! the command line and over HTTP.
//!
//! Not here: files beside a portal's pages (`files`).

use reqwest::Method;
use serde_json::{Value, json};

use crate::Outcome;
use crate::ledger::{NOTHING, Reader, account, text};

type Failure = Box<dyn std::error::Error>;

const TEA: &str = "2026-10-02 -12.00 TEA 7";
const RENT: &str = "2026-10-03 -90.00 RENT";

/// A statement of the number's account, with a booking that the page has, and one that it
/// lacks.
fn mt940(number: &str) -> String {
    format!(
        ":20:1\r\n:25:{number}\r\n:28C:1/1\r\n:60F:C261001USD200,00\r\n\
         :61:2610021002D12,00NMSCNONREF\r\n:86:TEA 7\r\n:61:2610031003D90,00NMSCNONREF\r\n:86:RENT\r\n\
         :62F:C261006USD98,00\r\n-\r\n"
    )
}

/// What a command about a file came to.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn import(reader: &Reader, number: &str, more: &[&str]) -> Result<Ran, Failure> {
    let path = reader.fleet.folder().join("statement.sta");
    std::fs::write(&path, mt940(number))?;
    let (account, path) = (reader.account().await?, path.display().to_string());
    let arguments = [&["ledger", "import", "--account", text(&account, "id"), path.as_str()], more].concat();
    let ran = reader.fleet.run(&arguments, "").await?;
    Ok(Ran { code: ran.code, stdout: ran.stdout.clone(), stderr: ran.stderr.clone() })
}

async fn imports(reader: &Reader) -> Result<Vec<Value>, Failure> {
    let account = reader.account().await?;
    let said = reader.fleet.succeed(&["ledger", "imports", "--json", "--account", text(&account, "id")]).await?;
    let listed: Vec<Value> = serde_json::from_str(&said)?;
    let path = format!("/control/v1/ledger/accounts/{}/imports", text(&account, "id"));
    assert_eq!(reader.operator.list(&path).await?, listed, "the command and the call show the same");
    Ok(listed)
}

#[tokio::test]
async fn a_file_that_nothing_proves_to_be_the_accounts_needs_a_person_and_the_next_one_is_held_against_it() -> Outcome {
    let reader = Reader::start(&account(&[TEA])).await?;
    for (number, said) in [("DRCHUS33/1000004711", "the account •••• 4711"), ("", "names no account number")] {
        let ran = import(&reader, number, &[]).await?;
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("nothing proves") && ran.stderr.contains(said), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint:") && ran.stderr.contains("--confirm-account"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("1000004711"), "{}", ran.stderr);
        let tried = import(&reader, number, &["--dry-run"]).await?;
        assert_eq!((tried.code, tried.stdout.trim()), (Some(0), "added 1  modified 0  removed 0"), "{}", tried.stderr);
        assert!(tried.stderr.contains("note: nothing proves"), "{}", tried.stderr);
    }
    assert_eq!((reader.ledger().await?, imports(&reader).await?), (vec![TEA.to_owned()], Vec::new()));

    let ran = import(&reader, "DRCHUS33/1000004711", &["--confirm-account"]).await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for more in [&[][..], &["--confirm-account"], &["--dry-run"]] {
        let other = import(&reader, "DRCHUS33/2000004712", more).await?;
        assert_eq!(other.code, Some(2), "{}", other.stderr);
        assert!(other.stderr.contains("is of this account"), "{}", other.stderr);
    }
    let again = import(&reader, "DRCHUS33/1000004711", &[]).await?;
    assert_eq!((again.code, again.stdout.trim()), (Some(0), "added 0  modified 0  removed 0"), "{}", again.stderr);
    let proofs = imports(&reader).await?;
    let proofs: Vec<(&str, &str)> = proofs.iter().map(|one| (text(one, "proof"), text(one, "maskedNumber"))).collect();
    assert_eq!(proofs, [("number", "•••• 4711"), ("operator", "•••• 4711")]);

    // The page knows nothing of numbers, and takes nothing away.
    reader.read(&account(&[TEA])).await?;
    assert_eq!(import(&reader, "DRCHUS33/2000004712", &["--confirm-account"]).await?.code, Some(2));
    Ok(())
}

#[tokio::test]
async fn what_is_no_day_of_ours_is_refused_and_what_a_file_is_called_is_printed_in_one_line() -> Outcome {
    let reader = Reader::start(&account(&[TEA])).await?;
    let account = reader.account().await?;
    let (file, columns) =
        (reader.fleet.folder().join("a\u{1b}[31m\nhint: b.csv"), reader.fleet.folder().join("c.toml"));
    std::fs::write(&file, "Date,Text,Amount\n9999-12-05,RENT,-90.00\n")?;
    std::fs::write(
        &columns,
        "date = \"Date\"\ndate_format = \"YYYY-MM-DD\"\nlocale = \"en-US\"\ndescription = [\"Text\"]\namount = \"Amount\"\n",
    )?;
    let (file, columns) = (file.display().to_string(), columns.display().to_string());
    let import = ["ledger", "import", "--confirm-account", "--account", text(&account, "id"), &file];
    let ran = reader.fleet.run(&[&import[..], &["--csv", &columns]].concat(), "").await?;
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
    assert_eq!(reader.ledger().await?, [TEA]);
    let unread = reader.fleet.run(&import, "").await?;
    assert_eq!(unread.code, Some(2), "{}", unread.stderr);
    assert!(!unread.stderr.contains('\u{1b}') && !unread.stderr.contains("\nhint: b.csv"), "{}", unread.stderr);
    let tried = reader.fleet.run(&[&import[..], &["--csv", &columns, "--dry-run", "--json"]].concat(), "").await?;
    assert_ne!(tried.code, Some(0), "nor does a dry run take it: {}", tried.stdout);
    Ok(())
}

#[tokio::test]
async fn a_file_is_taken_back_once_with_all_that_it_alone_put_in_and_its_number() -> Outcome {
    let reader = Reader::start(&account(&[TEA])).await?;
    let tea = reader.id_of("TEA 7").await?;
    assert_eq!(import(&reader, "DRCHUS33/1000004711", &["--confirm-account"]).await?.code, Some(0));
    let listed = imports(&reader).await?;
    let shown = ["format", "proof", "from", "to", "read", "added", "modified", "removed", "takenBackAt"];
    let shown: Vec<&Value> = shown.iter().map(|field| &listed[0][field]).collect();
    assert_eq!(
        json!(shown),
        json!(["mt940", "operator", listed[0]["from"], "2026-10-06", 2, 1, 0, 0, null]),
        "{}",
        listed[0]
    );
    assert_eq!(reader.ledger().await?, [TEA, RENT]);
    let (id, rent) = (text(&listed[0], "id").to_owned(), reader.id_of("RENT").await?);

    // A decision that rests on it has to go first.
    let decision = reader.decide(&json!({ "kind": "keepApart", "transactionId": rent, "otherId": tea })).await?;
    let path = format!("/control/v1/ledger/imports/{id}");
    let refused = reader.operator.call(Method::DELETE, &path, None).await?;
    assert_eq!((refused.status, text(&refused.body, "code")), (409, "decided_since"));
    assert!(text(&refused.body, "detail").contains(text(&decision, "id")), "{}", refused.body);
    let ran = reader.fleet.run(&["ledger", "take-back", &id], "").await?;
    assert!(ran.stderr.contains(text(&decision, "id")) && ran.stderr.contains("hint:"), "{}", ran.stderr);
    reader.undo(&decision).await?;

    let head = reader.integrator.get("/v1/transactions/sync").await?;
    let tried = reader.fleet.succeed(&["ledger", "take-back", "--dry-run", &id]).await?;
    assert_eq!((tried.trim(), reader.ledger().await?.len()), ("modified 0  removed 1", 2));
    let tried = reader.operator.call(Method::DELETE, &format!("{path}?dryRun=true"), None).await?;
    let shown = (&tried.body["applied"], &tried.body["removed"], &tried.body["import"]["takenBackAt"]);
    assert_eq!((tried.status, shown), (200, (&json!(false), &json!(1), &Value::Null)), "{}", tried.body);
    let mistyped = reader.operator.call(Method::DELETE, &format!("{path}?dryrun=true"), None).await?;
    assert_eq!((mistyped.status, reader.ledger().await?.len()), (400, 2), "{}", mistyped.body);
    let taken_back = reader.operator.call(Method::DELETE, &path, None).await?;
    let counts = (&taken_back.body["applied"], &taken_back.body["modified"], &taken_back.body["removed"]);
    assert_eq!((taken_back.status, counts), (200, (&json!(true), &json!(0), &json!(1))), "{}", taken_back.body);
    assert_eq!(reader.ledger().await?, [TEA]);
    let since = format!("/v1/transactions/sync?cursor={}", text(&head, "nextCursor"));
    let told = reader.integrator.get(&since).await?;
    let told =
        (&told["events"][0]["type"], &told["events"][0]["transactionId"], told["events"].as_array().map(Vec::len));
    assert_eq!(told, (&json!("removed"), &json!(rent), Some(1)));
    let explained = reader.explain(&rent).await?;
    assert_eq!(explained["removed"]["cause"], "takenBack", "{explained}");

    let again = reader.operator.call(Method::DELETE, &path, None).await?;
    assert_eq!((again.status, text(&again.body, "code")), (409, "already_taken_back"));
    let ran = reader.fleet.run(&["ledger", "take-back", &id], "").await?;
    assert!(ran.code != Some(0) && ran.stderr.contains("taken back before"), "{}", ran.stderr);
    let nothing = reader.fleet.run(&["ledger", "take-back", NOTHING], "").await?;
    assert_eq!(nothing.code, Some(3), "{}", nothing.stderr);
    assert!(imports(&reader).await?[0]["takenBackAt"].is_string());

    // Its number is gone with it: another file can be confirmed now.
    assert_eq!(import(&reader, "DRCHUS33/2000004712", &["--confirm-account"]).await?.code, Some(0));
    assert_eq!(reader.ledger().await?, [TEA, RENT]);
    Ok(())
}
