//! The three verbs: each is one call into the page, made again when the document is
//! replaced under it.
//!
//! Not here: what is done inside the page (`page.js`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protocol::lease::WayCount;
use script::command::{Act, Capture, Collect, Deed, Download, Observation, Popups, Problem, Trouble, Watch};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use super::frames::{self, Frames};
use super::page::{Answer, Cast, Request};
use super::session::Session;
use super::showing::Gone;
use super::wire::WireError;
use crate::driver::{Driver, DriverError, Look};
use crate::gate::Shut;
use crate::http;
use crate::pictures::Picture;
use crate::requests;

/// How long a document has to be there.
const VISIT: Duration = Duration::from_secs(30);
/// How long a target of an act is waited for.
const TARGET: Duration = Duration::from_secs(5);
/// How long the browser has to say which address it couldn't open.
const FRAMES: Duration = Duration::from_secs(5);

#[async_trait]
impl Driver for Session {
    async fn capture(&mut self, capture: &Capture) -> Result<Observation, DriverError> {
        self.gate.check()?;
        self.keep_answers(capture).await
    }

    async fn collect(&mut self, collect: &Collect) -> Result<Observation, DriverError> {
        self.hand_answers_over(collect).await
    }

    fn ways(&self) -> Vec<WayCount> {
        self.tally.counts()
    }

    async fn list_requests(&mut self) -> Result<(), DriverError> {
        self.gate.check()?;
        match self.traffic().await {
            Ok(traffic) => traffic.list(),
            Err(error) => self.verdict(error)?,
        }
        Ok(())
    }

    fn requests(&self) -> Vec<requests::Request> {
        self.traffic.as_ref().map(|traffic| traffic.listed()).unwrap_or_default()
    }

    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        self.gate.check()?;
        let identity = match self.identity().await {
            Ok(identity) => identity,
            Err(error) => {
                self.verdict(error)?;
                None
            }
        };
        let Some(identity) = identity else { return Ok(None) };
        let opened = http::Session::open_as(&identity, self.gate.clone(), Arc::clone(&self.egress));
        Ok(opened.ok().map(|session| -> Box<dyn Driver> { Box::new(session) }))
    }

    async fn gone(&mut self) -> DriverError {
        loop {
            // Its end without a word is the wire's, and so the browser's.
            let gone = self.showing.wait_for(|now| now.gone.is_some()).await.ok().and_then(|now| now.gone);
            // Also while a person holds the wheel: what they close is no end of the lease.
            if let Err(shut) = self.gate.look() {
                return shut.into();
            }
            // The window alone was closed.
            let is_window = self.is_closed() && self.face(Popups::Follow).await.is_ok() && !self.is_closed();
            match gone {
                _ if is_window => {}
                Some(Gone::OutOfMemory) => return DriverError::OutOfMemory,
                Some(Gone::Crashed) | None => return DriverError::Crashed,
            }
        }
    }

    async fn picture(&mut self, selector: &str) -> Result<Look, DriverError> {
        let deadline = Instant::now() + TARGET * 2;
        while Instant::now() < deadline {
            let looked = match self.placed(selector).await {
                Ok(Some(Answer::Placed { placed })) => self.screenshot().await.map(|png| png.map(|png| (png, placed))),
                Ok(Some(Answer::Stuck { problem, .. })) => return Ok(Look::Stuck(problem.into())),
                Ok(_) => Ok(None),
                Err(error) => Err(error),
            };
            match looked {
                Ok(Some((png, placed))) => return Ok(Look::At(Picture { png, placed })),
                // It is drawn anew each time.
                Ok(None) => {}
                Err(error) => {
                    self.verdict(error)?;
                    self.next_document().await;
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
        let permit = self.gate.permit()?;
        let navigate = json!({ "url": url.as_str() });
        match self.line.send(permit, "Page.navigate", navigate, VISIT).await {
            Ok(answer) if answer["isDownload"] == true => {
                return Ok(Observation::Unreachable(Trouble::Forbidden));
            }
            // What shows then is the browser's own page, which knows the status.
            Ok(answer) => match answer["errorText"].as_str() {
                Some(code) if !code.contains("HTTP_RESPONSE_CODE") => {
                    return Ok(Observation::Unreachable(self.trouble(code).await));
                }
                Some(_) | None => {}
            },
            Err(WireError::TimedOut) => return Ok(Observation::Unreachable(Trouble::Timeout)),
            Err(error) => {
                self.verdict(error)?;
                return Ok(Observation::Unreachable(Trouble::Reset));
            }
        }
        while Instant::now() < deadline {
            let left = deadline - Instant::now();
            match self.loaded(left).await {
                // What it says with a status of an error may be one of the script's pages.
                Ok(Some(Answer::Status { .. })) => return Ok(Observation::Visited),
                Ok(Some(Answer::ErrorPage { error_page, status })) => {
                    return Ok(self.unreachable(&error_page, status).await);
                }
                Ok(_) => self.next_document().await,
                Err(WireError::TimedOut) => break,
                Err(error) => {
                    self.verdict(error)?;
                    self.next_document().await;
                }
            }
        }
        Ok(Observation::Unreachable(Trouble::Timeout))
    }

    async fn watch(&mut self, watch: &Watch) -> Result<Observation, DriverError> {
        let deadline = Instant::now() + Duration::from_millis(watch.patience_ms);
        // A page that isn't left yet is one that still shows in that very document; in
        // another it counts again.
        let known = watch.left.as_ref().and_then(|left| self.seen_in.get(&left.page));
        let mut since = known.copied().unwrap_or(self.showing.borrow().document);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let before = self.line.target.clone();
            if let Err(error) = self.face(watch.popups).await {
                self.verdict(error)?;
            }
            if self.line.target != before {
                // What is in another window is another document.
                let known = watch.left.as_ref().and_then(|left| self.seen_in.get(&left.page));
                since = known.copied().unwrap_or(u64::MAX);
            }
            match self.seen(watch, since, left).await {
                Ok(Some(Answer::Seen { page, still, url, html })) => {
                    return Ok(self.saw(watch, page, still, &url, html));
                }
                Ok(Some(Answer::Status { status })) => {
                    return Ok(Observation::Unreachable(Trouble::Status(status)));
                }
                Ok(Some(Answer::ErrorPage { error_page, status })) => {
                    return Ok(self.unreachable(&error_page, status).await);
                }
                Ok(_) => {}
                Err(error) => self.closed_or(error).await.map(|_| ())?,
            }
            if left.is_zero() && self.showing.borrow().is_leaving {
                return Ok(Observation::Unreachable(Trouble::Timeout));
            }
            if left.is_zero() {
                // Documents came and went, and none stayed for long enough to be asked.
                return Ok(self.saw(watch, None, None, "", String::new()));
            }
            self.next_document().await;
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
            let deadline = Instant::now() + TARGET * 2;
            while !acts.is_empty() {
                match self.acted(acts, &deed.region, number == 0).await {
                    Ok(Some(Answer::Acted { votes, .. })) => {
                        self.tally(votes);
                        break;
                    }
                    Err(WireError::DocumentReplaced) => break,
                    Ok(Some(Answer::Stuck { stuck, problem, votes, html })) => {
                        self.tally(votes);
                        let problem = problem.into();
                        return Ok(Observation::Stuck { target: stuck, problem, html });
                    }
                    Ok(Some(Answer::Late { .. })) => {
                        // Where the gate is open all the same, page and agent have lost sight of
                        // each other's time, as when the machine was suspended. What is renewed
                        // and not worked under would never end, so the lease is let go.
                        self.gate.shut(Shut::Expired);
                        return Err(self.gate.permit().err().unwrap_or(Shut::Expired).into());
                    }
                    // Nothing was done: there was no document to do it in.
                    Err(WireError::NoDocument) if Instant::now() < deadline => {
                        self.verdict(WireError::NoDocument)?;
                        self.next_document().await;
                    }
                    // The act before asked for another document, which doesn't come.
                    Err(WireError::TimedOut) if self.showing.borrow().is_leaving => {
                        return Ok(Observation::Unreachable(Trouble::Timeout));
                    }
                    // Some pages close their own window.
                    Ok(_) if self.closed_or(WireError::Gone).await? => break,
                    Err(error) if self.closed_or(error).await? => break,
                    Ok(_) | Err(_) => return Err(DriverError::Crashed),
                }
            }
            if closes && let Some(stuck) = self.close_popup().await? {
                return Ok(stuck);
            }
            // Whether it was replaced by a click or by the end of the browser.
            self.verdict(WireError::DocumentReplaced)?;
        }
        Ok(Observation::Acted)
    }
}

impl Session {
    fn tally(&mut self, votes: Vec<Cast>) {
        votes.into_iter().for_each(|cast| cast.count(&mut self.tally));
    }

    async fn loaded(&mut self, patience: Duration) -> Result<Option<Answer>, WireError> {
        let world = self.world().await?;
        self.call(world, Request::Loaded, patience).await
    }

    async fn seen(&mut self, watch: &Watch, since: u64, patience: Duration) -> Result<Option<Answer>, WireError> {
        let world = self.world().await?;
        let left = watch.left.as_ref().filter(|_| world.document == since);
        self.call(world, Request::Watch { watch, left, patience }, patience).await
    }

    async fn acted(&mut self, acts: &[Act], region: &[String], first: bool) -> Result<Option<Answer>, WireError> {
        let world = self.world().await?;
        let page = self.recognised.clone();
        if let Some(page) = &page {
            self.seen_in.insert(page.page.clone(), world.document);
        }
        let until = self.gate.ends_at();
        let page = page.as_ref();
        let request = Request::Act { acts, region, page, first, patience: TARGET, until };
        let acts = u32::try_from(acts.len()).unwrap_or(u32::MAX);
        self.call(world, request, TARGET.saturating_mul(acts)).await
    }

    async fn placed(&mut self, selector: &str) -> Result<Option<Answer>, WireError> {
        let world = self.world().await?;
        self.call(world, Request::Place { selector, patience: TARGET }, TARGET * 2).await
    }

    /// What the window shows, exactly; none where it was drawn before.
    async fn screenshot(&self) -> Result<Option<Vec<u8>>, WireError> {
        let permit = self.permit()?;
        match &self.frames {
            Frames::OnDemand(turn) => frames::exact_picture(turn, &self.line, permit).await,
            Frames::OfBrowser => {
                let how = json!({ "format": "png", "optimizeForSpeed": true });
                let answer = self.line.send(permit, "Page.captureScreenshot", how, TARGET).await?;
                Ok(answer["data"].as_str().and_then(|picture| STANDARD.decode(picture).ok()))
            }
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
                if let Some(world) = self.world {
                    self.seen_in.insert(page.clone(), world.document);
                }
                Observation::Recognised { page, url, html }
            }
            None => Observation::Unrecognised { url, html, still },
        }
    }

    async fn unreachable(&self, code: &str, status: u16) -> Observation {
        Observation::Unreachable(match status {
            400.. => Trouble::Status(status),
            _ => self.trouble(code).await,
        })
    }

    /// The address in whose place the browser shows its own page.
    async fn unreachable_url(&self) -> Option<Url> {
        let permit = self.gate.permit().ok()?;
        let tree = self.line.send(permit, "Page.getFrameTree", json!({}), FRAMES).await.ok()?;
        Url::parse(tree["frameTree"]["frame"]["unreachableUrl"].as_str()?).ok()
    }

    /// What the browser's name for an error comes to. Of connections that weren't made
    /// the way out knows more.
    async fn trouble(&self, code: &str) -> Trouble {
        let says = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        if says(&["SOCKS", "PROXY", "TUNNEL"]) {
            // The address that was asked for may have led to another.
            let address = self.unreachable_url().await.unwrap_or_else(|| self.address.clone());
            let place = address.host_str().zip(address.port_or_known_default());
            let known = place.and_then(|(host, port)| self.egress.trouble(host.trim_matches(['[', ']']), port));
            known.unwrap_or(Trouble::Reset)
        } else if says(&["NAME_NOT_RESOLVED", "NAME_RESOLUTION", "DNS_"]) {
            Trouble::Dns
        } else if says(&["CERT", "SSL"]) {
            Trouble::Tls
        } else if says(&["TIMED_OUT"]) {
            Trouble::Timeout
        } else if says(&["BLOCKED_BY", "UNSAFE_PORT", "UNKNOWN_URL_SCHEME"]) {
            Trouble::Forbidden
        } else {
            Trouble::Reset
        }
    }
}
