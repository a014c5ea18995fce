//! `coordinator failures`: what a portal can answer instead of data, and what follows from it.
//! docs/reference/failures.md is what `--markdown` prints.
//!
//! Not here: the list itself (`domain::failure`).

use std::fmt::Write as _;

use domain::failure::{Action, Consequence, FailureCode, Fault, Retry, Stage};
use domain::run::ATTEMPTS_ALLOWED;
use domain::word::Word;
use serde_json::{Value, json};

use super::print_table;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the page of the documents.
    #[arg(long)]
    markdown: bool,
}

impl Arguments {
    pub(super) fn run(&self) {
        if self.json {
            outln!("{}", FailureCode::ALL.iter().copied().map(shown).collect::<Value>());
        } else if self.markdown {
            out!("{}", page());
        } else {
            let row = |code: &FailureCode| {
                let axes = [code.fault().as_str(), code.action().as_str(), code.retry().as_str()];
                let cells = [code.as_str()].into_iter().chain(axes).chain([code.consequence().as_str(), code.text()]);
                cells.map(str::to_owned).collect()
            };
            let header = ["CODE", "FAULT", "ACTION", "RETRY", "CONNECTION", "SAYS"];
            print_table(&header, FailureCode::ALL.iter().map(row));
        }
    }
}

fn shown(code: FailureCode) -> Value {
    json!({
        "code": code,
        "isFamily": code.is_family(),
        "fault": code.fault(),
        "action": code.action(),
        "retry": code.retry(),
        "consequence": code.consequence(),
        "freezesCredentials": code.freezes_credentials(),
        "message": code.text(),
    })
}

/// The page of the documents.
fn page() -> String {
    let mut page = String::from(
        "# Failures\n\n\
         What a portal can answer instead of data. `cargo xtask generate` writes this page from\n\
         `crates/domain/src/failure/code.rs`; `coordinator failures` prints the same, with `--json` for programs.\n\n\
         A failure says what happened (`code`), whose doing it is (`fault`), what somebody has to do (`action`), when it is\n\
         tried again (`retry`), how far the run had come (`stage`), and something in our words (`message`); where there is\n\
         more, the bank's own words (`institutionMessage`) and until when it lasts (`until`). What it does to an active\n\
         connection shows as the connection's `status`. An activation that fails leads back to `draft`.\n\n\
         ## Match by prefix\n\n\
         Codes are dotted, and later versions know more of them. **A code that you don't know means what its longest prefix\n\
         means that you know**: `auth.credentials.reused` is to be treated as `auth.credentials`, and `auth.something` as\n\
         `auth`. The coordinator does the same with what a newer agent says: it stores the family, the axes of which are\n\
         those that do least harm. A code of a kind that isn't known at all is `unknown`.\n\n\
         ## Codes\n\n\
         | code | fault | action | retry | connection | |\n|---|---|---|---|---|---|\n",
    );
    for code in FailureCode::ALL.iter().filter(|code| !code.is_family()) {
        push_row(&mut page, *code);
    }
    let frozen: Vec<String> =
        FailureCode::ALL.iter().filter(|code| code.freezes_credentials()).map(|code| format!("- `{code}`\n")).collect();
    let _ = write!(
        page,
        "\nWhat is tried again by itself (`backoff`, `atOnce`) gets {ATTEMPTS_ALLOWED} attempts, then the run has failed.\n\
         `auth.session.conflict` waits for the longest delay at once (`retry.cap`); after `auth.session.expired` there is one\n\
         more attempt.\n\n\
         Credentials that met one of these aren't submitted again by themselves, since that could lock the user:\n\n{}",
        frozen.concat()
    );
    page.push_str(
        "\n\
         ## Families\n\n\
         What codes that aren't known are read as. Nothing of this version ends with one by itself, and scripts can't name\n\
         one.\n\n\
         | family | fault | action | retry | connection | |\n|---|---|---|---|---|---|\n",
    );
    for code in FailureCode::ALL.iter().filter(|code| code.is_family()) {
        push_row(&mut page, *code);
    }
    page.push_str("\n## Words\n");
    push_words::<Fault>(&mut page, "fault", "whose doing it is");
    push_words::<Action>(&mut page, "action", "what somebody has to do about it");
    push_words::<Retry>(&mut page, "retry", "when it is tried again");
    push_words::<Consequence>(&mut page, "connection", "what it does to an active one");
    push_words::<Stage>(&mut page, "stage", "how far the run had come");
    page.push_str(
        "\nA connection is *degraded* when it is `active` and its last completed run left something out: accounts that\n\
         couldn't be read whole, or whose data don't add up. What was read whole is published, never half an account. The\n\
         failure shows beside `active` until a run leaves nothing out.\n",
    );
    page
}

fn push_row(page: &mut String, code: FailureCode) {
    let [fault, action, retry] = [code.fault().as_str(), code.action().as_str(), code.retry().as_str()];
    let (consequence, text) = (code.consequence(), code.text());
    let _ = writeln!(page, "| `{code}` | `{fault}` | `{action}` | `{retry}` | `{consequence}` | {text} |");
}

fn push_words<W: Word>(page: &mut String, axis: &str, says: &str) {
    let _ = write!(page, "\n| {axis} | {says} |\n|---|---|\n");
    for word in W::ALL {
        let _ = writeln!(page, "| `{}` | {} |", word.as_str(), word.meaning());
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_in_the_repository_is_what_the_code_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/failures.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == page(), "docs/reference/failures.md is out of date\nhint: `cargo xtask generate` writes it");
    }
}
