//! What the demo prints on stdout: tables for people, one JSON object for programs.
//!
//! Not here: judging; the verdict is made before.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::story::Story;

/// How many transactions a table shows.
const SHOWN: usize = 12;

pub(crate) fn print_json(story: &Story) {
    let milliseconds = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let verified = story.webhooks.iter().filter(|webhook| webhook.is_verified).count();
    let oracle = &story.oracle;
    let report = json!({
        "connectionStatus": story.connection["status"],
        "accounts": story.accounts,
        "transactionCount": story.transactions.len(),
        "missing": story.verdict.missing,
        "unexpected": story.verdict.unexpected,
        "wrong": story.verdict.wrong,
        "webhooks": { "received": story.webhooks.len(), "verified": verified },
        "timings": {
            "activateMs": milliseconds(story.activate),
            "syncMs": milliseconds(story.sync),
            "triggerToWebhookMs": milliseconds(story.trigger_to_webhook),
        },
        "portal": {
            "sessions": oracle["sessions"],
            "concurrentSessionsMax": oracle["concurrentSessionsMax"],
            "passwordSubmits": oracle["passwordSubmits"],
            "codeSubmits": oracle["codeSubmits"],
        },
    });
    println!("{report}");
    complain(story);
}

pub(crate) fn print_tables(story: &Story) {
    let account = |account: &Value| {
        cells(
            account,
            &["name", "type", "maskedNumber", "currency", "currentBalance", "availableBalance", "balanceAsOf"],
        )
    };
    let header = ["ACCOUNT", "TYPE", "NUMBER", "CURRENCY", "CURRENT", "AVAILABLE", "AS OF"];
    println!("\n{}", table(&header, &[4, 5], story.accounts.iter().map(account)));

    let transaction =
        |row: &Value| cells(row, &["postedDate", "status", "description", "rail", "bankReference", "amount"]);
    let header = ["DATE", "STATUS", "DESCRIPTION", "RAIL", "REFERENCE", "AMOUNT"];
    println!("\n{}", table(&header, &[5], story.transactions.iter().take(SHOWN).map(transaction)));
    println!("… {} transactions in all", story.transactions.len());

    let webhook = |webhook: &tests::receiver::Received| {
        let signature = if webhook.is_verified { "verified" } else { "WRONG" };
        let data = &webhook.event["data"];
        let said = match (data["previousStatus"].as_str(), data["status"].as_str()) {
            (Some(before), Some(after)) => format!("{before} → {after}"),
            _ => String::new(),
        };
        vec![webhook.event["type"].as_str().unwrap_or_default().to_owned(), said, signature.into()]
    };
    println!("\n{}", table(&["WEBHOOK", "SAYS", "SIGNATURES"], &[], story.webhooks.iter().map(webhook)));

    let (verdict, oracle) = (&story.verdict, &story.oracle);
    println!(
        "\nHeld against the portal's own truth, every field of every record: {} missing, {} unexpected, {} wrong.",
        verdict.missing, verdict.unexpected, verdict.wrong
    );
    println!(
        "Activation {:.1} s, sync {:.1} s, trigger to webhook {:.1} s.",
        story.activate.as_secs_f64(),
        story.sync.as_secs_f64(),
        story.trigger_to_webhook.as_secs_f64()
    );
    println!(
        "The bank saw {} sessions, at most {} at once, {} password and {} code submits.",
        oracle["sessions"], oracle["concurrentSessionsMax"], oracle["passwordSubmits"], oracle["codeSubmits"]
    );
    complain(story);
}

fn complain(story: &Story) {
    for difference in story.verdict.differences.iter().take(20) {
        eprintln!("{difference}");
    }
}

fn cells(record: &Value, fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| record[*field].as_str().unwrap_or("–").to_owned()).collect()
}

fn table(header: &[&str], right: &[usize], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table.add_rows(rows);
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
