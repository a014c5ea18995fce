//! The verbs over WebDriver: each is one call into the page, or one for each slice of its
//! patience, made again when the document is replaced under it.
//!
//! Slices, because nothing gets past a command that waits: an end that is frozen is found
//! out after one, and one that is asked to close the session gets to it. Not here: what is
//! done inside the page (`page.js`).

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use protocol::lease::WayCount;
use script::command::{Act, Deed, Download, Observation, Problem, Trouble, Watch};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::line::{LineError, Told};
use super::session::Session;
use super::troubles::trouble;
use crate::cdp::page::{Answer, Request};
use crate::driver::{Driver, DriverError, Look};
use crate::gate::Shut;
use crate::pictures::Picture;

/// How long a document has to be there.
const VISIT: Duration = Duration::from_secs(30);
/// How long a target of an act is waited for.
const TARGET: Duration = Duration::from_secs(5);
/// For how long a page is asked at once, and how much longer its answer may take. With
/// both, a browser that is frozen is found out within five seconds, unless somebody looks on.
const SLICE: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_millis(2900);
/// How long a command has that is done at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a document that is on its way is waited for before it is asked again.
const BETWEEN_DOCUMENTS: Duration = Duration::from_millis(50);
/// How often it is asked whether a session is still there, and how long it has to answer.
const PULSE: Duration = Duration::from_secs(1);
const PULSE_PATIENCE: Duration = Duration::from_secs(3);

#[async_trait]
impl Driver for Session {
    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        // The protocol tells the cookies of one page alone.
        Ok(None)
    }

    async fn gone(&mut self) -> DriverError {
        loop {
            sleep(PULSE).await;
            if let Err(error) = self.weigh() {
                return error;
            }
            // A look, no command: a person may hold the wheel.
            let permit = match self.gate.look() {
                Ok(permit) => permit,
                Err(shut) => return shut.into(),
            };
            match self.line.at(permit, PULSE_PATIENCE).await {
                Ok(_) | Err(LineError::Prompt | LineError::Replaced) => {}
                Err(LineError::NoWindow | LineError::TimedOut | LineError::Gone | LineError::Refused) => {
                    return self.gate.look().err().map_or(DriverError::Crashed, DriverError::Shut);
                }
            }
        }
    }

    async fn picture(&mut self, selector: &str) -> Result<Look, DriverError> {
        let deadline = Instant::now() + TARGET * 2;
        while Instant::now() < deadline {
            let request = Request::Place { selector, patience: TARGET };
            let told = self.ask(request.verb(), request.to_json(), None, (None, TARGET * 2 + GRACE)).await;
            let looked = match told.map(|told| answer(told.answer)) {
                Ok(Some(Answer::Placed { placed })) => {
                    let permit = self.gate.permit()?;
                    self.line.screenshot(permit, AT_ONCE).await.map(|png| Some(Picture { png, placed }))
                }
                Ok(Some(Answer::Stuck { problem, .. })) => return Ok(Look::Stuck(problem.into())),
                Ok(_) => Ok(None),
                Err(error) => Err(error),
            };
            match looked {
                Ok(Some(picture)) => return Ok(Look::At(picture)),
                Ok(None) => sleep(BETWEEN_DOCUMENTS).await,
                Err(error) => {
                    self.verdict(error)?;
                    sleep(BETWEEN_DOCUMENTS).await;
                }
            }
        }
        Ok(Look::Stuck(Problem::NotActionable))
    }

    async fn download(&mut self, download: &Download) -> Result<Observation, DriverError> {
        self.take_file(download).await
    }

    async fn visit(&mut self, url: &Url) -> Result<Observation, DriverError> {
        if !self.egress.allows(url) {
            return Ok(Observation::Unreachable(Trouble::Forbidden));
        }
        let deadline = Instant::now() + VISIT;
        self.egress.forget();
        self.recognised = None;
        self.seen_in.clear();
        self.address = url.clone();
        let before = match self.ask("where", json!({}), None, (None, AT_ONCE)).await {
            // Another place in the same document is there at once.
            Ok(told) if is_same_document(&told.url, url) => None,
            Ok(told) => Some(told.document),
            Err(error) => self.verdict(error).map(|()| None)?,
        };
        let permit = self.gate.permit()?;
        if let Err(error) = self.line.go(permit, url, AT_ONCE).await {
            // What the driver says of an address that can't be opened, the window shows.
            self.verdict(error)?;
        }
        while Instant::now() < deadline {
            let slice = SLICE.min(deadline - Instant::now());
            match self.ask("loaded", json!({}), before.as_deref(), (Some(slice), slice + GRACE)).await {
                Ok(told) => match answer(told.answer) {
                    // What it says with a status of an error may be one of the script's pages.
                    Some(Answer::Status { .. }) => return Ok(Observation::Visited),
                    Some(Answer::ErrorPage { error_page, status }) => {
                        return Ok(self.unreachable(&error_page, status).await);
                    }
                    _ => {}
                },
                Err(error) => {
                    self.verdict(error)?;
                    sleep(BETWEEN_DOCUMENTS).await;
                }
            }
        }
        Ok(Observation::Unreachable(Trouble::Timeout))
    }

    async fn watch(&mut self, watch: &Watch) -> Result<Observation, DriverError> {
        let deadline = Instant::now() + Duration::from_millis(watch.patience_ms);
        // A page that isn't left yet is one that still shows in that very document; in
        // another it counts again.
        let mut since = known_in(&self.seen_in, watch).or(self.document.clone());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.weigh()?;
            match self.face(watch.popups).await {
                // What is in another window is another document.
                Ok(true) => since = known_in(&self.seen_in, watch).or(Some(String::new())),
                Ok(false) => {}
                Err(error) => self.verdict(error)?,
            }
            let slice = left.min(SLICE);
            let request = Request::Watch { watch, left: watch.left.as_ref(), patience: slice };
            let told = self.ask(request.verb(), request.to_json(), since.as_deref(), (None, slice + GRACE)).await;
            match told {
                Ok(told) => {
                    since.get_or_insert_with(|| told.document.clone());
                    match answer(told.answer) {
                        Some(Answer::Seen { page, still, url, html }) if page.is_some() || left <= SLICE => {
                            return Ok(self.saw(watch, page, still, &url, html));
                        }
                        Some(Answer::Status { status }) => {
                            return Ok(Observation::Unreachable(Trouble::Status(status)));
                        }
                        Some(Answer::ErrorPage { error_page, status }) => {
                            return Ok(self.unreachable(&error_page, status).await);
                        }
                        Some(Answer::Seen { .. }) => continue,
                        _ => {}
                    }
                }
                Err(LineError::NoWindow) if left.is_zero() => return Err(DriverError::Crashed),
                Err(error) => self.verdict(error)?,
            }
            if left.is_zero() {
                // Documents came and went, and none stayed for long enough to be asked.
                return Ok(self.saw(watch, None, None, "", String::new()));
            }
            sleep(BETWEEN_DOCUMENTS).await;
        }
    }

    async fn act(&mut self, deed: &Deed) -> Result<Observation, DriverError> {
        // A click may replace the document, so each is the last act of its call: if the
        // document is gone before the call was answered, all of the call was done.
        let calls = deed.acts.split_inclusive(|act| matches!(act, Act::Click { .. } | Act::ClosePopup));
        for (number, acts) in calls.enumerate() {
            let (acts, closes) = match acts.split_last() {
                Some((Act::ClosePopup, before)) => (before, true),
                _ => (acts, false),
            };
            if acts.is_empty() {
                if closes && let Some(stuck) = self.close_popup().await? {
                    return Ok(stuck);
                }
                continue;
            }
            match self.acted(acts, &deed.region, number == 0).await {
                Ok(Some(Answer::Acted { votes, .. })) => {
                    votes.into_iter().for_each(|cast| cast.count(&mut self.tally));
                }
                Ok(Some(Answer::Stuck { stuck, problem, votes, html })) => {
                    votes.into_iter().for_each(|cast| cast.count(&mut self.tally));
                    return Ok(Observation::Stuck { target: stuck, problem: problem.into(), html });
                }
                Ok(Some(Answer::Late { .. })) => {
                    // Where the gate is open all the same, page and agent have lost sight of
                    // each other's time, as when the machine was suspended. What is renewed
                    // and not worked under would never end, so the lease is let go.
                    self.gate.shut(Shut::Expired);
                    return Err(self.gate.permit().err().unwrap_or(Shut::Expired).into());
                }
                Ok(_) => return Err(DriverError::Crashed),
                // By a click, or by the end of the browser, which the next verb finds out.
                Err(error) => self.verdict(error)?,
            }
            if closes && let Some(stuck) = self.close_popup().await? {
                return Ok(stuck);
            }
        }
        Ok(Observation::Acted)
    }

    fn ways(&self) -> Vec<WayCount> {
        self.tally.counts()
    }
}

impl Session {
    /// Calls into the document that is showing, and takes note of which that is.
    pub(super) async fn ask(
        &mut self,
        verb: &'static str,
        request: Value,
        since: Option<&str>,
        bounds: (Option<Duration>, Duration),
    ) -> Result<Told, LineError> {
        // That the gate is shut is told by the verdict.
        let permit = self.gate.permit().map_err(|_| LineError::Gone)?;
        let told = self.line.call(permit, verb, request, since, bounds).await;
        self.document = told.as_ref().ok().map(|told| told.document.clone());
        told
    }

    async fn acted(&mut self, acts: &[Act], region: &[String], first: bool) -> Result<Option<Answer>, LineError> {
        let page = self.recognised.clone();
        let document = self.document.clone();
        if let Some((page, document)) = page.as_ref().zip(document) {
            self.seen_in.insert(page.page.clone(), document);
        }
        let until = self.gate.ends_at();
        let request = Request::Act { acts, region, page: page.as_ref(), first, patience: TARGET, until };
        let patience = TARGET.saturating_mul(u32::try_from(acts.len()).unwrap_or(u32::MAX)) + GRACE;
        let told = self.ask(request.verb(), request.to_json(), None, (None, patience)).await?;
        if let Some(page) = page {
            self.seen_in.insert(page.page, told.document);
        }
        Ok(answer(told.answer))
    }

    /// What a failed call comes to, if it can't be made again.
    pub(super) fn verdict(&self, error: LineError) -> Result<(), DriverError> {
        self.gate.check()?;
        match error {
            LineError::Replaced | LineError::NoWindow | LineError::Prompt => Ok(()),
            LineError::TimedOut | LineError::Gone | LineError::Refused => Err(DriverError::Crashed),
        }
    }

    /// Takes note of where the page is and what was recognised.
    fn saw(
        &mut self,
        watch: &Watch,
        page: Option<String>,
        still: Option<String>,
        url: &str,
        html: String,
    ) -> Observation {
        if let Ok(url) = Url::parse(url) {
            self.address = url;
        }
        let url = self.address.clone();
        match page {
            Some(page) => {
                self.recognised = watch.pages.iter().find(|known| known.page == page).cloned();
                if let Some(document) = &self.document {
                    self.seen_in.insert(page.clone(), document.clone());
                }
                Observation::Recognised { page, url, html }
            }
            None => Observation::Unrecognised { url, html, still },
        }
    }

    /// Of connections that weren't made the way out knows more than the browser.
    async fn unreachable(&self, code: &str, status: u16) -> Observation {
        Observation::Unreachable(match status {
            400.. => Trouble::Status(status),
            _ => self.known_trouble().await.unwrap_or_else(|| trouble(code)),
        })
    }

    async fn known_trouble(&self) -> Option<Trouble> {
        let permit = self.gate.permit().ok()?;
        // The address that was asked for may have led to another.
        let at = self.line.at(permit, AT_ONCE).await.ok().filter(Url::has_host);
        let url = at.as_ref().unwrap_or(&self.address);
        let (host, port) = url.host_str().zip(url.port_or_known_default())?;
        self.egress.trouble(host.trim_matches(['[', ']']), port)
    }
}

/// The document in which the page was seen that counts again only once it was left.
fn known_in(seen_in: &BTreeMap<String, String>, watch: &Watch) -> Option<String> {
    seen_in.get(&watch.left.as_ref()?.page).cloned()
}

/// What `page.js` said, if it is one of its answers.
fn answer(told: Value) -> Option<Answer> {
    serde_json::from_value(told).ok()
}

/// Whether an address is another place in the document that is at `here`.
fn is_same_document(here: &str, url: &Url) -> bool {
    let Ok(mut here) = Url::parse(here) else { return false };
    let mut there = url.clone();
    here.set_fragment(None);
    there.set_fragment(None);
    url.fragment().is_some() && here == there
}

#[cfg(test)]
mod tests {
    use super::is_same_document;

    #[test]
    fn only_another_place_in_it_is_the_same_document() {
        for (here, there, expected) in [
            ("https://bank.example/a#b", "https://bank.example/a#c", true),
            ("https://bank.example/a", "https://bank.example/a#c", true),
            ("https://bank.example/a", "https://bank.example/a", false),
            ("https://bank.example/a?b", "https://bank.example/a#c", false),
            ("about:blank", "https://bank.example/", false),
        ] {
            assert_eq!(is_same_document(here, &there.parse().expect("a url")), expected, "{here} {there}");
        }
    }
}
