//! Pages that were saved, as a portal that leads from one to the next: where a script clicks, something is sent or another page
//! shows, by forms and links, and where there is none by the portal's own script: no page runs anything of its own.
//!
//! ```text
//! pages ──▶ whose are they? ──▶ wired ──▶ read again by the script: the portal's truth
//!             └ rows of accounts without a page are taken out, lists end where what was saved ends
//! ```
//!
//! The order in which a portal asks is the script's, and so is what is filled in: pages alone don't tell. What a script reads
//! of the pages is the truth of the portal that comes of them, so it has to read them soundly first.
//!
//! Not here: answering requests, and who is let in; the simulated portals do that, and know nothing of scripts.

mod faults;
mod frames;
mod leads;
mod lists;
mod portal;
mod rows;
mod scrolled;
mod stages;
mod truth;
mod whose;
mod wire;

use domain::account::ObservedAccount;
use domain::failure::Stage as At;
use ego_tree::NodeId;
use jiff::civil::Date;
use url::Url;

use crate::css::Css;
use crate::document::{Document, is_hidden};
use crate::language::{Back, Meaning, Script, Sign};
use crate::read::{Place, list};
use leads::{Lead, Wires};
use whose::{Listed, whose};
use wire::wired;

pub use portal::{
    SimulatedChoice, SimulatedCode, SimulatedField, SimulatedLink, SimulatedPage, SimulatedPortal, SimulatedStep,
};

/// A page as it was saved.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'p> {
    /// Its file, such as `account.2.html`: pages of one list follow each other by the number in it.
    pub file: &'p str,
    /// The page of the script that it is.
    pub page: &'p str,
    /// Its document.
    pub html: &'p str,
    /// Where it was, if it is known.
    pub address: Option<&'p Url>,
    /// The day on which it was saved, in the bank's time zone.
    pub today: Date,
}

/// What comes of pages.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// How the pages hang together.
    pub portal: SimulatedPortal,
    /// Each file with its text.
    pub files: Vec<(String, String)>,
    /// What a perfect reading would yield.
    pub truth: Vec<ObservedAccount>,
    /// What was left out, a line each.
    pub left_out: Vec<String>,
}

/// Why no portal comes of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulateError {
    /// The script does something that isn't simulated.
    Unsupported(&'static str),
    /// A page that there has to be isn't there.
    NoPage(String),
    /// One file can't be used.
    File {
        /// Which.
        file: String,
        /// Why not.
        why: String,
    },
}

impl std::fmt::Display for SimulateError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsupported(what) => write!(out, "what the script does isn't simulated: {what}"),
            Self::NoPage(page) => write!(out, "no page `{page}` is saved"),
            Self::File { file, why } => write!(out, "{file}: {why}"),
        }
    }
}

impl std::error::Error for SimulateError {}

/// One page at work.
struct Work<'p> {
    recorded: Recorded<'p>,
    document: Document,
    wires: Wires,
    choice: Option<SimulatedChoice>,
    is_inside: bool,
    has_rows: bool,
    /// Whether another page of its list comes after it.
    leads_on: bool,
}

/// An account with the places of its pages.
struct Own {
    /// Its row in the list.
    row: NodeId,
    opens: Option<NodeId>,
    details: Option<usize>,
    /// Those of its list, in the order in which they are led to.
    rows: Vec<usize>,
    /// Of these the ones that its rows are read of.
    read: Vec<usize>,
    /// Whether every page of it that a script goes to is there.
    is_whole: bool,
}

/// Makes a portal of pages.
///
/// # Errors
/// Where it would be none: a page is missing, isn't read by the script, or does what no page without scripts can.
pub fn simulate(script: &Script, pages: &[Recorded<'_>]) -> Result<Simulation, SimulateError> {
    supported(script)?;
    let mut ordered: Vec<&Recorded<'_>> = pages.iter().collect();
    ordered.sort_by_key(|page| natural(page.file));
    let mut works = ordered.into_iter().map(|page| work(script, page)).collect::<Result<Vec<_>, _>>()?;
    let mut left_out = Vec::new();
    let steps = stages::sign_in(script, &mut works, &mut left_out)?;
    let list_at = place_of(&works, &script.reads.accounts.on)
        .ok_or_else(|| SimulateError::NoPage(script.reads.accounts.on.clone()))?;
    let mut owns = accounts(script, &works, list_at, &mut left_out)?;
    lists::follow(script, &mut works, &mut owns, &mut left_out)?;
    lead_inside(script, &mut works, list_at, &owns)?;
    let portal = portal::of(script, &works, steps, list_at);
    let (files, mut portal) = made(script, works, portal)?;
    let truth = truth::truth(script, &portal, &files, &owns, list_at, pages)?;
    let files = framed(files, &mut portal)?;
    Ok(Simulation { portal, files, truth, left_out })
}

/// The order of files, in which the second page comes before the tenth.
#[must_use]
pub fn natural(file: &str) -> Vec<(u64, String)> {
    let stem = file.strip_suffix(".html").unwrap_or(file);
    stem.split('.').map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
}

fn supported(script: &Script) -> Result<(), SimulateError> {
    let reads = &script.reads;
    let transactions = reads.transactions.as_ref();
    let unsupported = [
        (transactions.is_some_and(|read| read.windows.is_some()), "lists that are asked for by days"),
        (transactions.is_some_and(|read| read.file.is_some()), "files of transactions"),
    ];
    unsupported.into_iter().find(|(is_so, _)| *is_so).map_or(Ok(()), |(_, what)| Err(SimulateError::Unsupported(what)))
}

fn work<'p>(script: &Script, recorded: &Recorded<'p>) -> Result<Work<'p>, SimulateError> {
    let refused = |why: &str| SimulateError::File { file: recorded.file.to_owned(), why: why.to_owned() };
    let document = Document::parse(recorded.html).map_err(|error| refused(error.text()))?;
    recognised(script, recorded.page, recorded.html).map_err(|why| refused(&why))?;
    let wires = Wires::asked(asked(script, recorded.page));
    Ok(Work { recorded: *recorded, document, wires, choice: None, is_inside: false, has_rows: false, leads_on: false })
}

/// What a page is known by, and what is told of it.
fn asked(script: &Script, page: &str) -> impl Iterator<Item = Css> {
    let page = script.page(page);
    let signs = page.into_iter().flat_map(|page| &page.when).filter_map(|sign| match sign {
        Sign::Visible(css) | Sign::Text { within: css, .. } => Some(css.clone()),
        Sign::Absent(_) | Sign::Url(_) => None,
    });
    let picks = page.into_iter().flat_map(|page| match &page.meaning {
        Meaning::Challenge(asked) => [asked.prompt.of.clone(), asked.refused.clone()],
        Meaning::Failure { message, .. } => [message.as_ref().and_then(|pick| pick.of.clone()), None],
        _ => [None, None],
    });
    signs.chain(picks.flatten()).collect::<Vec<_>>().into_iter()
}

/// Whether a page is what its file says wherever it shows: a simulated portal has other addresses.
fn recognised(script: &Script, page: &str, html: &str) -> Result<(), String> {
    let Ok(url) = Url::parse("http://127.0.0.1/") else { return Ok(()) };
    let sights = script.sights(&url, html).map_err(str::to_owned)?;
    match sights.iter().find(|sight| sight.holds()) {
        Some(sight) if sight.page == page => Ok(()),
        Some(sight) => Err(format!("it shows the page `{}`, and is called `{page}`", sight.page)),
        None => Err(format!("it isn't recognised as the page `{page}` without its address and its scripts")),
    }
}

/// The first page of that name.
fn place_of(works: &[Work<'_>], page: &str) -> Option<usize> {
    works.iter().position(|work| work.recorded.page == page)
}

/// The accounts of the list, each with its pages.
fn accounts(
    script: &Script,
    works: &[Work<'_>],
    list_at: usize,
    left_out: &mut Vec<String>,
) -> Result<Vec<Own>, SimulateError> {
    let (reads, work) = (&script.reads, &works[list_at]);
    let refuse = |why: String| SimulateError::File { file: work.recorded.file.to_owned(), why };
    let place = Place { stage: At::Accounts, account: None };
    let listing = list(&work.document, &reads.accounts, &place).map_err(|failure| refuse(failure.message))?;
    let read = script
        .read_page(&reads.accounts.on, work.recorded.html, work.recorded.today)
        .map_err(|failure| refuse(failure.message))?;
    let opens = |row| {
        let open = &reads.visit.as_ref()?.open;
        let is_own = reads.accounts.no_page.as_ref().is_some_and(|css| css.fits(row));
        open.within(row).find(|link| !is_own && !is_hidden(link))
    };
    let mut listed = Vec::new();
    let mut owns = Vec::new();
    for (entry, account) in listing.entries.iter().zip(read.accounts.into_iter().flatten()) {
        let link = opens(entry.row);
        let address = link.and_then(|link| work.recorded.address?.join(link.attr("href")?).ok());
        listed.push(Listed { account, address });
        owns.push(Own {
            row: entry.row.id(),
            opens: link.map(|link| link.id()),
            details: None,
            rows: Vec::new(),
            read: Vec::new(),
            is_whole: true,
        });
    }
    let Some(visit) = &reads.visit else { return Ok(owns) };
    for (at, work) in works.iter().enumerate() {
        let page = work.recorded.page;
        let is_rows = visit.onward.as_ref().map_or(&visit.page, |onward| &onward.page) == page;
        if !is_rows && visit.page != page {
            continue;
        }
        let Some(own) = whose(script, &work.recorded, &work.document, &listed).and_then(|place| owns.get_mut(place))
        else {
            let why = "it isn't known whose page it is; name it `PAGE.KEY.html` after the account's key".to_owned();
            return Err(SimulateError::File { file: work.recorded.file.to_owned(), why });
        };
        if visit.page == page && own.details.is_none() {
            own.details = Some(at);
        }
        if is_rows {
            own.rows.push(at);
        }
    }
    let unless = reads.transactions.as_ref().and_then(|read| read.unless.as_ref());
    let shows_none = |at: usize| unless.is_some_and(|css| works[at].document.shown(css).is_some());
    let needs_rows = reads.transactions.is_some();
    for own in &mut owns {
        let has_pages = |at: usize| !needs_rows || !own.rows.is_empty() || shows_none(at);
        own.is_whole = own.opens.is_none() || own.details.is_some_and(has_pages);
    }
    let (count, lost) = (owns.len(), owns.iter().filter(|own| !own.is_whole).count());
    if lost == count {
        return Err(SimulateError::NoPage(visit.page.clone()));
    }
    if lost > 0 {
        left_out.push(format!("{lost} of {count} accounts, of which no page is saved"));
    }
    Ok(owns)
}

/// Has the list lead to accounts, and these back; and whatever ends the session end it.
fn lead_inside(script: &Script, works: &mut [Work<'_>], list_at: usize, owns: &[Own]) -> Result<(), SimulateError> {
    let reads = &script.reads;
    works[list_at].is_inside = true;
    let onward = reads.visit.as_ref().and_then(|visit| visit.onward.as_ref());
    for own in owns {
        let (Some(opens), Some(details), Some(visit)) = (own.opens, own.details, &reads.visit) else { continue };
        works[list_at].wires.put(opens, visit.open.text(), Lead::Page(details));
        let rows = own.rows.iter().map(|at| (*at, onward.map_or(&visit.back, |onward| &onward.back)));
        let pages: Vec<(usize, &Back)> = [(details, &visit.back)].into_iter().chain(rows).collect();
        for (at, back) in pages {
            works[at].is_inside = true;
            if let Back::Click(css) = back {
                lead(&mut works[at], css, Lead::Page(list_at));
            }
        }
        if let (Some(onward), Some(first)) = (onward, own.rows.first()) {
            lead(&mut works[details], &onward.open, Lead::Page(*first));
        }
    }
    if let Some(read) = &reads.permissions {
        let at = place_of(works, &read.on).ok_or_else(|| SimulateError::NoPage(read.on.clone()))?;
        works[at].is_inside = true;
        lead(&mut works[list_at], &read.open, Lead::Page(at));
        lead(&mut works[at], &read.back, Lead::Page(list_at));
    }
    for work in works.iter_mut().filter(|work| work.is_inside) {
        if let Some(css) = &script.sign_out {
            lead(work, css, Lead::Out);
        }
    }
    Ok(())
}

/// Has the first thing that a selector fits lead somewhere, unless it does.
fn lead(work: &mut Work<'_>, css: &Css, lead: Lead) {
    if let Some(id) = work.document.shown(css).map(|element| element.id()) {
        work.wires.put(id, css.text(), lead);
    }
}

/// The texts of all files, each still the page that it was, and where which is.
fn made(
    script: &Script,
    works: Vec<Work<'_>>,
    mut portal: SimulatedPortal,
) -> Result<(Vec<(String, String)>, SimulatedPortal), SimulateError> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut others = Vec::new();
    for (at, work) in works.into_iter().enumerate() {
        let Work { recorded, document, wires, has_rows, leads_on, .. } = work;
        let has_frames = frames::has_frames(&document);
        let html = wired(document, &wires);
        let file = |why: String| SimulateError::File { file: recorded.file.to_owned(), why };
        recognised(script, recorded.page, &html).map_err(file)?;
        let trials = script.try_steps(recorded.page, &html);
        if let Some(trial) = trials.iter().find(|trial| trial.is_fault()) {
            return Err(file(trial.told()));
        }
        let stem = recorded.file.strip_suffix(".html").unwrap_or(recorded.file);
        if let Some(read) = script.reads.transactions.as_ref().filter(|_| leads_on) {
            let wired = Document::parse(&html).map_err(|refused| file(refused.text().to_owned()))?;
            if rows::leads_on(&wired, read).map_err(file)?.is_none() {
                return Err(file("what leads on from it isn't found once it does without a script".to_owned()));
            }
        }
        let is_step = wires.leads.iter().any(|wire| matches!(wire.lead, Lead::Step(_)));
        let page = script.page(recorded.page).filter(|_| is_step && !has_frames);
        let moved = (has_rows && !has_frames).then(|| faults::moved(script, &html)).flatten();
        let renamed = page.and_then(|page| faults::renamed(page, &html));
        let mut other = |html: Option<String>, what: &str| {
            let name = format!("{stem}.{what}.html");
            html.map(|html| {
                others.push((name.clone(), html));
                name
            })
        };
        portal.pages[at].moved_column = other(moved, "moved-column");
        portal.pages[at].renamed_id = other(renamed, "renamed-id");
        files.push((recorded.file.to_owned(), html));
    }
    files.extend(others);
    Ok((files, portal))
}

/// The files with what frames show as files of their own.
fn framed(files: Vec<(String, String)>, portal: &mut SimulatedPortal) -> Result<Vec<(String, String)>, SimulateError> {
    let mut framed = Vec::with_capacity(files.len());
    for (file, html) in files {
        let Some(at) = portal.pages.iter().position(|page| page.file == file) else {
            framed.push((file, html));
            continue;
        };
        let (html, shown) = frames::apart(html, |number| format!("/page/{at}/frame/{number}"))
            .map_err(|why| SimulateError::File { file: file.clone(), why })?;
        let stem = file.strip_suffix(".html").unwrap_or(&file);
        let names: Vec<String> = (0..shown.len()).map(|number| format!("{stem}.frame-{number}.html")).collect();
        if let Some(taken) = names.iter().find(|name| portal.pages.iter().any(|page| page.file == **name)) {
            return Err(SimulateError::File {
                file,
                why: format!("what its frame shows would be {taken}, and that is a page"),
            });
        }
        portal.pages[at].frames.clone_from(&names);
        framed.push((file, html));
        framed.extend(names.into_iter().zip(shown));
    }
    Ok(framed)
}
