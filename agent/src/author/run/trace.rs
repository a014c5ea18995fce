//! What happens in a run, step by step: said on standard error as it happens, and kept for the report.
//!
//! Nothing comes in here but through the redaction. Not here: how a report looks.

use std::sync::Arc;
use std::time::Duration;

use script::command::{Act, Observation, Told};
use script::{Script, Sight, shown_target};
use tokio::time::Instant;
use url::Url;

use super::keep::{Keeper, Keeping, Look};
use super::redact::{HIDDEN, Taint};
use super::ticket::Tickets;
use crate::author::say;
use crate::requests::{Request, RequestEnd};

/// How many pages a report holds; of a longer run the last ones, which tell why it ended.
const PAGES_KEPT: usize = 120;

/// How much of a name that a page chose is said.
const NAMED_AT_MOST: usize = 100;

/// One thing that happened.
#[derive(Debug)]
pub(super) struct Step {
    /// Since the run began.
    pub(super) at: Duration,
    pub(super) took: Duration,
    pub(super) what: &'static str,
    pub(super) detail: String,
    /// The page that showed then.
    pub(super) page: Option<Showed>,
}

/// A page that showed.
#[derive(Debug)]
pub(super) struct Showed {
    pub(super) address: String,
    /// Scrubbed.
    pub(super) html: String,
    /// Every page of the script, held against it.
    pub(super) sights: Vec<Sight>,
}

/// Whether pages are kept for a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    Kept,
    Dropped,
}

/// The trace of one run.
pub(super) struct Trace {
    begun: Instant,
    script: Arc<Script>,
    pages: Pages,
    pub(super) taint: Taint,
    pub(super) steps: Vec<Step>,
    /// What the pages asked for, where the driver sees it.
    pub(super) requests: Vec<Asked>,
    /// What keeps recognised pages, where they are kept.
    pub(super) keeper: Option<Keeper>,
    /// What a repair ticket is made of, where one is wanted.
    pub(super) tickets: Option<Tickets>,
    /// Whether it was said what is taken out of addresses.
    has_explained: bool,
}

/// A request of a page.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) host: String,
    /// Without its query, and without what may be a customer's.
    pub(super) path: String,
    pub(super) kind: String,
    /// A status, or why there is none.
    pub(super) status: String,
    pub(super) took: Option<Duration>,
    pub(super) bytes: Option<u64>,
}

impl Trace {
    pub(super) fn new(script: Arc<Script>, taint: Taint, pages: Pages) -> Self {
        Self {
            begun: Instant::now(),
            script,
            pages,
            taint,
            steps: Vec::new(),
            requests: Vec::new(),
            keeper: None,
            tickets: None,
            has_explained: false,
        }
    }

    pub(super) fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script)
    }

    /// Something that takes no time.
    pub(super) fn note(&mut self, what: &'static str, detail: String) {
        self.push(Duration::ZERO, what, detail, None);
    }

    /// An address is opened.
    pub(super) fn visit(&mut self, url: &Url) {
        let mut address = self.taint.marked_address(url);
        if address.contains(HIDDEN) && !std::mem::replace(&mut self.has_explained, true) {
            address.push_str(&format!("  ({HIDDEN} stands for what may be a customer's or a session's)"));
        }
        self.note("visit", address);
    }

    /// Things that are about to be done on a page. Of what is filled in its name is said, and nothing else.
    pub(super) fn acts(&mut self, page: Option<&str>, acts: &[Act]) {
        for act in acts {
            let source = page.and_then(|page| self.script.filled_with(page, act.target()));
            let source = source.map(|source| format!(" with {source}")).unwrap_or_default();
            let what = match act {
                Act::Fill { .. } => "fill",
                Act::Click { .. } => "click",
                Act::Scroll { .. } => "scroll",
                Act::ClosePopup => "close",
            };
            let target = self.taint.words(&shown_target(act.target()));
            self.note(what, format!("`{target}`{source}"));
        }
    }

    /// What came of the command before.
    pub(super) fn saw(&mut self, observation: &Observation, took: Duration) {
        if let Some(tickets) = &mut self.tickets {
            tickets.saw(observation, &self.script, &self.taint);
        }
        match observation {
            Observation::Recognised { page, url, html } => {
                let mut showed = self.showed(Some(url), html);
                let signs = showed.sights.iter().find(|sight| sight.page == *page).map(signs).unwrap_or_default();
                let is_secret = self.script.shows_secret_picture(page);
                if is_secret {
                    showed.html.clear();
                }
                self.push(took, "page", format!("{page}  ({signs})"), Some(showed));
                if !is_secret {
                    self.keep(page, url, html);
                }
            }
            Observation::Unrecognised { url, html, still } => {
                let showed = self.showed(Some(url), html);
                let detail = match still {
                    Some(page) => format!("`{page}` still shows though it was acted on"),
                    None => "no page of the script shows".into(),
                };
                self.push(took, "no page", detail, Some(showed));
            }
            Observation::Stuck { target, problem, html } => {
                let showed = self.showed(None, html);
                let target = self.taint.words(&shown_target(target));
                self.push(took, "stuck", format!("{problem:?}: `{target}`"), Some(showed));
            }
            Observation::Unreachable(trouble) => self.push(took, "unreachable", format!("{trouble:?}"), None),
            Observation::Downloaded(bytes) => self.push(took, "file", format!("{} bytes", bytes.0.len()), None),
            Observation::NoFile(why) => self.push(took, "no file", why.text().into(), None),
            Observation::Refused(code) => self.push(took, "refused", code.to_string(), None),
            // That it was done shows by what comes next.
            _ => {}
        }
    }

    /// A host that a page wanted and that isn't the script's. The page chose its name.
    pub(super) fn foreign(&mut self, host: &str) {
        let host: String = host.chars().take(NAMED_AT_MOST).collect();
        let host = self.taint.words(&host);
        self.note("kept out", format!("{host}; name it in `hosts` if the portal doesn't work without it"));
    }

    /// What the pages asked for. They chose the names.
    pub(super) fn asked(&mut self, requests: &[Request]) {
        let named = |name: &str| self.taint.words(&name.chars().take(NAMED_AT_MOST).collect::<String>());
        let asked = |request: &Request| Asked {
            method: named(&request.method),
            host: named(request.url.host_str().unwrap_or_default()),
            path: self.taint.path(&request.url),
            kind: named(&request.kind),
            status: match (request.status, request.end) {
                (Some(status), _) => status.to_string(),
                (None, RequestEnd::Failed) => "failed".into(),
                (None, _) => "no answer".into(),
            },
            took: request.took,
            bytes: request.bytes,
        };
        let requests = requests.iter().map(asked).collect();
        self.requests = requests;
    }

    /// What was made of a file.
    pub(super) fn told(&mut self, told: &Told) {
        let detail = match told {
            Told::File { account, format, bytes, rows } => {
                format!("of account {account}: {rows} rows of {format}, {bytes} bytes")
            }
            Told::NoFile { account, why } => {
                let why = self.taint.words(why);
                format!("of account {account} isn't read, the table is: {why}")
            }
            Told::Differs { account, file, table } => {
                format!("of account {account} has {file} rows that the table lacks, and lacks {table} of its rows")
            }
        };
        self.note("file", detail);
    }

    /// How the run ended.
    pub(super) fn end(&mut self, detail: String) {
        self.note("end", detail);
        if self.keeper.as_ref().is_some_and(|keeper| keeper.kept() > 0) {
            say(
                "of kept pages the letters that may be a customer's are `x` and digits `0`, but for what the script itself says; \
                 headings and buttons are as they were, so look through them before anybody else sees them. What `agent test` \
                 reads on them isn't what the bank showed: put examples in its place.",
            );
        }
    }

    /// Keeps a page that was recognised, where pages are kept, and says what it isn't any more.
    fn keep(&mut self, page: &str, url: &Url, html: &str) {
        let Some(keeper) = &mut self.keeper else { return };
        let taint = &self.taint;
        let (mut lacks, mut at) = (Vec::new(), None);
        let kept = keeper.keep(page, |own| {
            let scrubbed = taint.page_for(html, own);
            if scrubbed.is_cut {
                lacks.push("it is cut, as it is too large".to_owned());
            }
            if scrubbed.emptied_frames > 0 {
                lacks.push(format!("{} of its frames are empty, as they are too large", scrubbed.emptied_frames));
            }
            let address = taint.address_for(url, own);
            at = address.parse::<Url>().ok();
            Look { address, html: scrubbed.html }
        });
        let detail = match kept {
            Ok(Keeping::Kept { path, text }) => {
                let sights = at.and_then(|at| self.script.sights(&at, &text).ok()).unwrap_or_default();
                let lost = sights.iter().filter(|sight| sight.page == page).flat_map(|sight| &sight.signs);
                let lost: Vec<&str> = lost.filter(|seen| !seen.holds).map(|seen| seen.sign.as_str()).collect();
                if !lost.is_empty() {
                    lacks.push(format!("it isn't recognised by {}, which didn't survive", lost.join(", ")));
                }
                let lacks: String = lacks.iter().map(|lack| format!("; {lack}")).collect();
                format!("as {}{lacks}", path.display())
            }
            Ok(Keeping::ThereAlready(path)) => format!("not, as {} is there already", path.display()),
            Ok(Keeping::SeenBefore) => return,
            Err(error) => format!("not: {error}"),
        };
        self.note("kept", detail);
    }

    fn showed(&self, url: Option<&Url>, html: &str) -> Showed {
        let address = url.map(|url| self.taint.marked_address(url)).unwrap_or_default();
        let sights = url.and_then(|url| self.script.sights(url, html).ok()).unwrap_or_default();
        let html = if self.pages == Pages::Kept { self.taint.page(html) } else { String::new() };
        Showed { address, html, sights }
    }

    fn push(&mut self, took: Duration, what: &'static str, detail: String, page: Option<Showed>) {
        let at = self.begun.elapsed();
        let lasted = if took.is_zero() { String::new() } else { format!("  {} ms", took.as_millis()) };
        say(&format!("{:>8.2}s  {what:<11} {detail}{lasted}", at.as_secs_f64()));
        self.steps.push(Step { at, took, what, detail, page });
        let mut pages = self.steps.iter_mut().rev().filter_map(|step| step.page.as_mut());
        if let Some(old) = pages.nth(PAGES_KEPT) {
            old.html.clear();
        }
    }
}

/// The signs of a page in a line.
fn signs(sight: &Sight) -> String {
    sight.signs.iter().map(|seen| seen.sign.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use script::command::Observation;
    use script::{OwnWords, Script};
    use tokio::time::Duration;

    use super::super::keep::Keeper;
    use super::super::redact::Taint;
    use super::{Pages, Trace};

    const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  accounts:
    when: { url: '#/accounts', visible: '#accounts' }
    goal: signed_in
  titled:
    when: { text: { title: Welcome }, visible: p }
    failure: { code: portal.maintenance }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Account, currentBalance: Balance }
    key: { attribute: id }
";

    /// What is said of a page that is kept, and what is written.
    fn kept(page: &str, address: &str, html: &str) -> (String, String) {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let folder = tempfile::tempdir().expect("a folder");
        let mut trace = Trace::new(Arc::new(script), Taint::default(), Pages::Dropped);
        trace.keeper = Some(Keeper::open(folder.path(), OwnWords::of(SCRIPT)).expect("a folder"));
        let url = address.parse().expect("a url");
        trace.saw(&Observation::Recognised { page: page.into(), url, html: html.into() }, Duration::ZERO);
        let said = trace.steps.last().expect("a step").detail.clone();
        let text = std::fs::read_to_string(folder.path().join(format!("{page}.html"))).expect("a page");
        (said, text)
    }

    #[test]
    fn a_page_is_recognised_again_by_the_part_of_its_address_that_the_script_names() {
        let (said, text) = kept("accounts", "https://bank.example/app?s=77#/accounts/4711", "<table id=accounts>");
        assert!(text.contains(")https://bank.example/app#/accounts/0000 -->"), "{text}");
        assert!(said.ends_with("accounts.html"), "{said}");
    }

    #[test]
    fn a_sign_that_didnt_survive_and_a_page_that_is_cut_are_told() {
        let (said, _) = kept("titled", "https://bank.example/", "<title>Welcome</title><p>x");
        assert!(said.ends_with("; it isn't recognised by text \"Welcome\" in `title`, which didn't survive"), "{said}");
        assert!(!said.contains("cut"), "{said}");
        let long = format!("<table id=accounts></table><p>{}", "word ".repeat(200_000));
        let (said, _) = kept("accounts", "https://bank.example/#/accounts", &long);
        assert!(said.ends_with("; it is cut, as it is too large"), "{said}");
    }
}
