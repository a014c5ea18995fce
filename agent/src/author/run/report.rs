//! The report of a run: one HTML file that needs nothing else, runs no script, and shows pages in frames that can do
//! nothing. What comes in was redacted before.
//!
//! Not here: what happened (`trace`).

use std::fmt::Write as _;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use script::Sight;
use sha2::{Digest as _, Sha256};

use super::drive::Outcome;
use super::trace::{Asked, Showed, Step, Trace};

/// What a report calls itself, within so many bytes.
const TITLE: &str = "<title>A run of ";
const HEAD: u64 = 1024;

const STYLE: &str = include_str!("report.css");

/// The report.
pub(super) fn page(institution: &str, trace: &Trace, outcome: &Outcome) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'none'; base-uri 'none'");
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         {TITLE}{0}</title>\n<style>{STYLE}</style>\n<h1>A run of {0}</h1>\n",
        escaped(institution),
    );
    push_outcome(&mut page, outcome);
    page.push_str("<h2>What happened</h2>\n<ol>\n");
    // Where a run failed, its last page is what one wants to see.
    let last = trace.steps.iter().rposition(|step| step.page.is_some());
    let opened = last.filter(|_| !matches!(outcome, Outcome::Finished(_)));
    for (index, step) in trace.steps.iter().enumerate() {
        let fold = if opened == Some(index) { Fold::Open } else { Fold::Closed };
        push_step(&mut page, step, fold);
    }
    page.push_str("</ol>\n");
    push_requests(&mut page, &trace.requests);
    page.push_str("<p>Of pages their structure and their own words are left: letters that may be a customer's are <code>x</code>, digits <code>0</code>, and parts of addresses <code>•••</code>. What was typed is nowhere in here.</p>\n</html>\n");
    page
}

fn push_outcome(page: &mut String, outcome: &Outcome) {
    let _ = match outcome {
        Outcome::Finished(accounts) => {
            let rows: usize = accounts.iter().map(|account| account.transactions.len()).sum();
            let failed = accounts.iter().filter(|account| account.failure.is_some()).count();
            writeln!(
                page,
                "<p class=\"good\">Finished: {} accounts, {rows} transactions, {failed} accounts that couldn't be read.</p>",
                accounts.len()
            )
        }
        Outcome::Failed(failure) => {
            let words = failure.institution_message.as_deref();
            let words = words.map(|words| format!("<p>The bank says: {}</p>\n", escaped(words))).unwrap_or_default();
            writeln!(
                page,
                "<div class=\"bad\"><p><strong>{}</strong> at <em>{}</em></p>\n<p>{}</p>\n{words}<p>hint: {}</p></div>",
                failure.code,
                failure.stage,
                escaped(&failure.message),
                hint(failure.code.as_str()),
            )
        }
        Outcome::Interrupted => writeln!(page, "<p class=\"bad\">Interrupted from the terminal.</p>"),
    };
}

/// What an author may do about a failure.
fn hint(code: &str) -> &'static str {
    match code {
        "script.page.unrecognised" => {
            "look at the last page below and at which signs hold: describe the page, or mend the signs of the one that it is"
        }
        "script.element.missing" | "script.element.ambiguous" => {
            "the selector fits nothing, or several things, on the last page below: mend it so that it fits one"
        }
        "script.parse" => "a cell isn't as the script says: mend the pattern of dates, the locale, `map` or `skip`",
        "data.incomplete" => {
            "say with `empty` how the portal shows that there are no rows, or mend the table's selector"
        }
        code if code.starts_with("auth.") => {
            "the bank refused; don't try again before you know why, as a few wrong passwords lock a user"
        }
        code if code.starts_with("mfa.") => "run it again and answer in time",
        code if code.starts_with("net.") => "see that the portal's address is right and reachable from here",
        _ => "docs/reference/failures.md says what the code means",
    }
}

/// Whether a page is shown at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    Open,
    Closed,
}

fn push_step(page: &mut String, step: &Step, fold: Fold) {
    let Step { at, took, what, detail, page: showed } = step;
    let took = if took.is_zero() { String::new() } else { format!(" <small>{} ms</small>", took.as_millis()) };
    let _ = writeln!(page, "<li><time>{:.2} s</time> <b>{what}</b> {}{took}", at.as_secs_f64(), escaped(detail));
    if let Some(showed) = showed {
        push_page(page, showed, fold);
    }
    page.push_str("</li>\n");
}

/// What the pages asked for, so that an author sees an API that is worth capturing, and what is slow.
fn push_requests(page: &mut String, requests: &[Asked]) {
    if requests.is_empty() {
        return;
    }
    let _ =
        writeln!(page, "<h2>What the pages asked for</h2>\n<details><summary>{} requests</summary>", requests.len());
    page.push_str("<table><tr><th>method</th><th>host</th><th>path</th><th>status</th><th>type</th><th>ms</th><th>bytes</th></tr>\n");
    for Asked { method, host, path, kind, status, took, bytes } in requests {
        let took = took.map(|took| took.as_millis().to_string()).unwrap_or_default();
        let bytes = bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        let cells = [method, host, path, status, kind, &took, &bytes].map(|cell| escaped(cell));
        let _ = writeln!(page, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
    }
    page.push_str("</table></details>\n");
}

fn push_page(page: &mut String, showed: &Showed, fold: Fold) {
    let Showed { address, html, sights } = showed;
    page.push_str(if fold == Fold::Open { "<details open>" } else { "<details>" });
    page.push_str("<summary>the page</summary>\n");
    if !address.is_empty() {
        let _ = writeln!(page, "<p><code>{}</code></p>", escaped(address));
    }
    if html.is_empty() {
        page.push_str("<p>Only the last pages of a long run are kept.</p>\n");
    } else {
        let _ = writeln!(page, "<iframe sandbox title=\"the page\" srcdoc=\"{}\"></iframe>", escaped(html));
    }
    if !sights.is_empty() {
        page.push_str("<table><tr><th>page</th><th>signs</th></tr>\n");
        for sight in sights {
            push_sight(page, sight);
        }
        page.push_str("</table>\n");
    }
    page.push_str("</details>\n");
}

fn push_sight(page: &mut String, sight: &Sight) {
    let shown = |seen: &script::SignSeen| {
        let (class, word) = if seen.holds { ("good", "holds") } else { ("bad", "missing") };
        format!("<span class=\"{class}\">{word}</span> {}", escaped(&seen.sign))
    };
    let signs: Vec<String> = sight.signs.iter().map(shown).collect();
    let _ = writeln!(page, "<tr><td>{}</td><td>{}</td></tr>", escaped(&sight.page), signs.join("<br>"));
}

/// A text that is no markup, in an attribute neither.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The file of a report, open before anything is asked of a bank, and what was in it until then.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mut head = Vec::new();
    io::Read::by_ref(&mut file).take(HEAD).read_to_end(&mut head)?;
    // A device, or a new file, has nothing in it.
    if !head.is_empty() && !String::from_utf8_lossy(&head).contains(TITLE) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already and is no report"));
    }
    // One that was there before may have been open to others.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Writes the report in place of what was in its file.
pub(super) fn write(mut file: File, page: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(page.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{escaped, hint};

    #[test]
    fn nothing_in_a_report_is_markup_of_the_portals() {
        let hostile = "\"></iframe><script>alert('x')</script>&";
        let shown = escaped(hostile);
        assert!(!shown.contains(['<', '>', '"', '\'']), "{shown}");
        assert_eq!(shown, "&quot;&gt;&lt;/iframe&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;");
    }

    #[test]
    fn every_failure_has_a_hint() {
        for code in domain::failure::FailureCode::ALL {
            assert!(!hint(code.as_str()).is_empty());
        }
    }
}
