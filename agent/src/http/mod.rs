//! The driver without a browser: it asks for a portal's pages itself, follows their links and
//! submits their forms, with cookies, redirects and frames, and carries out nothing that a
//! page brings along. For portals that work without scripts: it saves the browser.
//!
//! ```text
//! act ─▶ fill: kept ─▶ click ─▶ what a browser would ask for ─▶ client ─▶ the next page
//! watch ─▶ recognised, or the page replaces itself: asked for again ─▶ watch
//! ```
//!
//! A page stays as it is until something is asked for, so what isn't recognised now isn't
//! waited for, unless the page says that it will be another.
//!
//! Not here: what a page would ask for (`script::plain`), what comes back (`client`), and what
//! frames show (`framed`).

pub(crate) mod charset;
mod client;
mod framed;
mod identity;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use protocol::lease::WayCount;
use script::command::{
    Act, Deed, Download, FileBytes, NoFile, Observation, POPUPS_AT_MOST, Popups, Problem, Trouble, Watch,
};
use script::plain::{Asked, Filled, Place, Plain, Request, ShowsIn};
use tokio::time::{Instant, sleep};
use url::Url;

pub use self::identity::{Cookie, Identity};

use self::client::{Client, Fetched, Page};
use self::framed::{Framed, Loader};
use crate::driver::{self, Driver, DriverError, Ending, OpenError};
use crate::egress::Egress;
use crate::gate::Gate;
use crate::tally::Tally;

/// The shortest that a page is left as it is that wants to be replaced at once.
const REPLACED_AFTER: Duration = Duration::from_millis(100);

/// What to do where no client can be made.
const HINT: &str = "see that the system's certificates can be read";

/// A session with a portal: what it has of it, and the page that shows.
pub struct Session {
    client: Client,
    gate: Gate,
    egress: Arc<Egress>,
    page: Option<Framed>,
    /// The pages behind it, where it is in a window of its own; none where popups aren't followed.
    behind: Vec<Framed>,
    popups: Popups,
    /// How many documents there were.
    documents: u64,
    /// What was recognised last.
    recognised: Option<String>,
    /// The document in which each page was last recognised or acted on.
    seen_in: BTreeMap<String, u64>,
    /// What was put into fields of the page that shows.
    fills: Vec<Filled>,
    /// How the ways to find things fared.
    tally: Tally,
}

/// What can be said of the page that shows.
enum Look {
    Recognised(String),
    /// Nothing that counts; which page is still there, and when it will be another.
    Nothing {
        still: Option<String>,
        next: Option<(Duration, Url)>,
    },
}

impl Session {
    /// Opens one whose way out is `egress`. Nothing is asked for yet.
    ///
    /// # Errors
    /// [`OpenError::NotStarted`] if no HTTP client can be set up.
    pub fn open(gate: Gate, egress: Arc<Egress>) -> Result<Self, OpenError> {
        Self::open_as(&Identity::default(), gate, egress)
    }

    /// The same as a browser that is known to the portal already.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_as(identity: &Identity, gate: Gate, egress: Arc<Egress>) -> Result<Self, OpenError> {
        let failed = |error: reqwest::Error| OpenError::NotStarted { source: error.into(), hint: HINT };
        let client = Client::new(identity, &egress).map_err(failed)?;
        Ok(Self {
            client,
            gate,
            egress,
            page: None,
            behind: Vec::new(),
            popups: Popups::Close,
            documents: 0,
            recognised: None,
            seen_in: BTreeMap::new(),
            fills: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Whether a request stays within the session's hosts.
    fn allows(&self, request: &Request) -> bool {
        self.egress.allows(match request {
            Request::Link(url) => url,
            Request::Form(form) => &form.to,
        })
    }

    /// Asks for a file, in whose place a page may come.
    async fn fetch(&mut self, asked: Asked) -> Result<Observation, DriverError> {
        if !self.allows(&asked.request) {
            return Ok(Observation::Unreachable(Trouble::Forbidden));
        }
        self.egress.forget();
        let permit = self.gate.permit()?;
        let on = self.page.as_ref().map(|page| page.at(&asked.from));
        Ok(match self.client.fetch(permit, asked.request, on).await {
            Ok(Fetched::File(bytes)) => Observation::Downloaded(FileBytes(bytes)),
            Ok(Fetched::TooLarge) => Observation::NoFile(NoFile::TooLarge),
            Ok(Fetched::Page(page)) => {
                self.show(page, asked.shows_in);
                Observation::NoFile(NoFile::Page)
            }
            Err(failed) => {
                self.gate.check()?;
                Observation::Unreachable(failed.trouble(&self.egress))
            }
        })
    }

    /// Shows what came.
    fn show(&mut self, page: Page, shows_in: ShowsIn) {
        self.documents += 1;
        let place = match (shows_in, self.popups) {
            (ShowsIn::Document(place), _) => place,
            (ShowsIn::Window, Popups::Follow) if self.behind.len() < POPUPS_AT_MOST => {
                self.behind.extend(self.page.take());
                Place::default()
            }
            (ShowsIn::Window, _) => Place::default(),
        };
        self.fills.retain(|filled| !filled.field.is_within(&place));
        match &mut self.page {
            Some(whole) => whole.put(&place, page),
            None => self.page = Some(Framed::new(page)),
        }
    }

    /// The page that shows, as it is asked.
    fn plain(&self) -> Option<Plain> {
        let page = self.page.as_ref()?;
        Plain::framed(page.html(), page.url(), page.addresses()).ok()
    }

    /// Goes back to the page behind the one that shows; whether there is one.
    fn close_popup(&mut self) -> bool {
        let Some(page) = self.behind.pop() else { return false };
        self.documents += 1;
        self.fills.clear();
        self.page = Some(page);
        true
    }

    /// Asks for something; why it didn't come.
    async fn ask(&mut self, asked: Asked) -> Result<Option<Trouble>, DriverError> {
        if !self.allows(&asked.request) {
            return Ok(Some(Trouble::Forbidden));
        }
        self.egress.forget();
        let permit = self.gate.permit()?;
        let on = self.page.as_ref().map(|page| page.at(&asked.from));
        match self.client.ask(permit, asked.request, on).await {
            Ok(page) => {
                self.show(page, asked.shows_in);
                Ok(None)
            }
            Err(failed) => {
                // What is refused on the way out looks like a broken connection from here.
                self.gate.check()?;
                Ok(Some(failed.trouble(&self.egress)))
            }
        }
    }

    /// Asks for the page at an address.
    async fn go(&mut self, url: Url) -> Result<Option<Trouble>, DriverError> {
        let (from, shows_in) = (Place::default(), ShowsIn::Document(Place::default()));
        self.ask(Asked { request: Request::Link(url), from, shows_in }).await
    }

    fn look(&self, watch: &Watch) -> Look {
        let Some(plain) = self.plain() else { return Look::Nothing { still: None, next: None } };
        let shows = plain.recognise(watch).map(str::to_owned);
        let was_left = |name: &String| {
            let is_another = watch.left.as_ref().is_none_or(|left| left.page != *name);
            is_another || self.seen_in.get(name) != Some(&self.documents)
        };
        match shows {
            Some(name) if was_left(&name) => Look::Recognised(name),
            still => Look::Nothing { still, next: plain.refresh() },
        }
    }

    fn stuck(&self, target: &str, problem: Problem) -> Observation {
        let html = self.page.as_ref().map(|page| page.html().to_owned()).unwrap_or_default();
        Observation::Stuck { target: target.to_owned(), problem, html }
    }

    /// Counts what each of several ways to find what is acted on comes to.
    fn count_ways(&mut self, act: &Act) {
        let (Act::Fill { into: target, .. } | Act::Click { target }) = act else { return };
        let Some(plain) = (target.ways().len() > 1).then(|| self.plain()).flatten() else { return };
        plain.votes(target).into_iter().for_each(|vote| self.tally.count(target.text(), vote));
    }

    /// What an act comes to on the page that shows.
    fn plan(&mut self, act: &Act) -> Result<Option<Asked>, Problem> {
        let plain = self.plain().ok_or(Problem::Missing)?;
        match act {
            Act::Fill { into, text } => {
                self.fills.push(Filled { field: plain.fill(into, text)?, text: text.clone() });
                Ok(None)
            }
            Act::Click { target } => match plain.tick(target)? {
                Some(ticked) => {
                    self.fills.push(ticked);
                    Ok(None)
                }
                None => plain.click(target, &self.fills).map(Some),
            },
            // What comes by scrolling comes by the page's own scripts.
            Act::Scroll { .. } => Err(Problem::NotActionable),
            Act::ClosePopup => Ok(None),
        }
    }
}

#[async_trait]
impl Driver for Session {
    async fn visit(&mut self, url: &Url) -> Result<Observation, DriverError> {
        self.page = None;
        self.recognised = None;
        self.seen_in.clear();
        if let Some(trouble) = self.go(url.clone()).await? {
            return Ok(Observation::Unreachable(trouble));
        }
        // What it says with a status of an error may be one of the script's pages.
        Ok(Observation::Visited)
    }

    async fn watch(&mut self, watch: &Watch) -> Result<Observation, DriverError> {
        let until = Instant::now() + Duration::from_millis(watch.patience_ms);
        self.popups = watch.popups;
        loop {
            self.gate.check()?;
            if let Some(page) = self.page.as_mut().filter(|_| watch.looks_within()) {
                let loader = Loader { client: &self.client, gate: &self.gate, egress: &self.egress };
                loader.complete(page).await?;
            }
            let Some(page) = &self.page else { return Ok(Observation::Unreachable(Trouble::Reset)) };
            let (url, status) = (page.url().clone(), page.status());
            let (still, next) = match self.look(watch) {
                Look::Recognised(name) => {
                    let html = page.html().to_owned();
                    self.seen_in.insert(name.clone(), self.documents);
                    self.recognised = Some(name.clone());
                    return Ok(Observation::Recognised { page: name, url, html });
                }
                Look::Nothing { still, next } => (still, next),
            };
            let due = next.map(|(after, url)| (Instant::now() + after.max(REPLACED_AFTER), url));
            let Some((at, next)) = due.filter(|(at, _)| *at <= until) else {
                return Ok(match status {
                    400.. => Observation::Unreachable(Trouble::Status(status)),
                    _ => Observation::Unrecognised { url, html: page.html().to_owned(), still },
                });
            };
            sleep(at - Instant::now()).await;
            if let Some(trouble) = self.go(next).await? {
                return Ok(Observation::Unreachable(trouble));
            }
        }
    }

    async fn act(&mut self, deed: &Deed) -> Result<Observation, DriverError> {
        if let Some(page) = &self.recognised {
            self.seen_in.insert(page.clone(), self.documents);
        }
        for act in &deed.acts {
            self.count_ways(act);
            match (self.plan(act), act) {
                (Err(problem), act) => return Ok(self.stuck(act.target(), problem)),
                (Ok(Some(asked)), _) => {
                    if let Some(trouble) = self.ask(asked).await? {
                        // The page that was clicked on is gone, as in a browser.
                        self.page = None;
                        return Ok(Observation::Unreachable(trouble));
                    }
                }
                (Ok(None), Act::ClosePopup) if self.close_popup() => {}
                (Ok(None), Act::ClosePopup) => return Ok(self.stuck(act.target(), Problem::Missing)),
                (Ok(None), Act::Fill { .. } | Act::Click { .. } | Act::Scroll { .. }) => {}
            }
        }
        Ok(Observation::Acted)
    }

    fn ways(&self) -> Vec<WayCount> {
        self.tally.counts()
    }

    async fn download(&mut self, download: &Download) -> Result<Observation, DriverError> {
        for act in &download.deed.acts {
            match (self.plan(act), act) {
                (Err(problem), act) => return Ok(self.stuck(act.target(), problem)),
                (Ok(Some(asked)), _) => return self.fetch(asked).await,
                (Ok(None), _) => {}
            }
        }
        Ok(Observation::NoFile(NoFile::None))
    }

    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        Ok(None)
    }

    async fn gone(&mut self) -> DriverError {
        // There is nothing that could go by itself.
        std::future::pending().await
    }
}

impl driver::Session for Session {
    fn ending(&self) -> Arc<dyn Ending> {
        Arc::new(Cut(Arc::clone(&self.egress)))
    }
}

/// The end of a session that is nothing but its connections.
struct Cut(Arc<Egress>);

#[async_trait]
impl Ending for Cut {
    async fn end(&self) {
        self.0.cut();
    }
}
