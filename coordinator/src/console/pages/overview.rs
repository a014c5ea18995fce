//! `/console`: the whole fleet on one page.
//!
//! Those who see one organization alone see how many connections it has and what banks ask of them; what is
//! the whole fleet's isn't theirs to see.
//!
//! Not here: how agents should scale; autoscalers are told that.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use domain::connection::ConnectionStatus;
use domain::failure::Fault;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::Asked;
use super::challenges::announced;
use crate::clock;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{Bar, badge, for_long, moment_of, nothing, plot};
use crate::console::refusal::Refusal;
use crate::console::{Console, Counted, wording};
use crate::fleet::{dwell_p95, hour_of};
use crate::queue::Depth;
use crate::store::{OutcomeCount, Reach};

/// How long a count of all connections is shown before it is made anew.
const COUNTED_FOR: SignedDuration = SignedDuration::from_secs(60);

/// Over how many hours success is shown.
pub(super) const DAY: i64 = 24;
const WEEK: i64 = 7 * 24;

/// How runs ended at one institution.
#[derive(Default)]
struct Ended {
    good: u64,
    by_fault: BTreeMap<Fault, u64>,
    hours: BTreeMap<i64, (u64, u64)>,
}

/// The whole fleet.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let (counted_at, counts) = console.counted(visitor.reach(), now).await?;
    let pending = console.fleet.store.pending_challenges(visitor.reach()).await?;
    let waiting = pending.iter().filter(|one| one.waits_for_person).count();
    let range = if asked.get("range").as_deref() == Some("7d") { WEEK } else { DAY };
    let body = html! {
        div id="now" data-live="challenge run connection agent tick" data-announce=(announced(waiting)) {
            section aria-labelledby="states" {
                h2 id="states" { "Connections" }
                (states(&counts))
                p.quiet { "Counted " (moment_of(now, counted_at)) "." }
            }
            section aria-labelledby="work" {
                h2 id="work" { "Runs right now" }
                ul.tiles {
                    (tile("Challenges for people", &waiting.to_string(), Some(Section::Challenges.path()), if waiting > 0 { Weight::Urgent } else { Weight::Plain }))
                    @if visitor.sees_all() { (work(&console.fleet.queue.depth().await?)) }
                }
            }
        }
        @if visitor.sees_all() {
            section id="outcomes" data-live="tick" aria-labelledby="ended" {
                h2 id="ended" { "How runs ended" }
                (ranges(range))
                (outcomes(&console, &console.fleet.store.outcomes(hours_back(now, range)).await?, now, range))
            }
        }
    };
    let title = "Overview";
    Ok(Page { visitor: &visitor, section: Section::Overview, title, said: None, body }.into_response())
}

impl Console {
    /// How many connections there are of each status, as they were counted at most a minute ago.
    async fn counted(&self, reach: &Reach, now: Timestamp) -> Result<Counted, Refusal> {
        // Held while it is counted: whoever comes meanwhile waits for this count, and doesn't make another.
        let mut counts = self.counts.lock().await;
        let key = format!("{reach:?}");
        if let Some(known) = counts.get(&key).filter(|(at, _)| now.duration_since(*at) < COUNTED_FOR) {
            return Ok(known.clone());
        }
        let counted = (now, self.fleet.store.count_connections(reach).await?);
        counts.insert(key, counted.clone());
        Ok(counted)
    }
}

/// The first of so many hours, the one that it is now being the last.
pub(super) fn hours_back(now: Timestamp, hours: i64) -> i64 {
    hour_of(now) - hours + 1
}

fn states(counts: &[(ConnectionStatus, u64)]) -> Markup {
    let count = |status| counts.iter().find(|(known, _)| *known == status).map_or(0, |(_, count)| *count);
    html! {
        ul.tiles {
            @for status in ConnectionStatus::ALL {
                @let (tone, word) = wording::status(*status);
                li.tile {
                    a href=(format!("{}?status={status}", Section::Connections.path())) {
                        strong.figure { (grouped(count(*status))) }
                        span { (badge(tone, word)) }
                    }
                }
            }
        }
    }
}

/// Whether somebody has to do something about a figure.
#[derive(Clone, Copy)]
enum Weight {
    Plain,
    Urgent,
}

fn tile(label: &str, figure: &str, path: Option<&str>, weight: Weight) -> Markup {
    let inside = html! { strong.figure { (figure) } span { (label) } };
    let class = match weight {
        Weight::Urgent => "tile urgent",
        Weight::Plain => "tile",
    };
    html! {
        li class=(class) { @match path { Some(path) => a href=(path) { (inside) }, None => div { (inside) } } }
    }
}

fn work(depth: &Depth) -> Markup {
    let ready: u64 = depth.institutions.iter().map(|one| one.ready).sum();
    let runnable: u64 = depth.institutions.iter().map(|one| one.runnable()).sum();
    let oldest = depth.institutions.iter().map(|one| one.oldest).max().unwrap_or_default();
    let dwell = dwell_p95(depth).map_or_else(|| "–".to_owned(), precisely);
    let working = depth.leased.saturating_sub(depth.parked);
    html! {
        (tile("Being worked on", &grouped(working), None, Weight::Plain))
        (tile("Waiting for a person", &grouped(depth.parked), None, Weight::Plain))
        (tile("Ready · of which may start", &format!("{} · {}", grouped(ready), grouped(runnable)), None, Weight::Plain))
        (tile("Not due yet", &grouped(depth.delayed), None, Weight::Plain))
        (tile("Oldest ready waits", &for_long(oldest), None, Weight::Plain))
        (tile("Dwell of late, p95", &dwell, None, Weight::Plain))
    }
}

fn precisely(span: Duration) -> String {
    if span.as_secs() == 0 { format!("{} ms", span.as_millis()) } else { for_long(span) }
}

/// A number as people read it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

fn ranges(range: i64) -> Markup {
    let link = |hours: i64, query: &str, label: &str| {
        let is_current = range == hours;
        html! { li { a href=(format!("/console?range={query}")) aria-current=[is_current.then_some("true")] { (label) } } }
    };
    html! {
        nav aria-label="Range" { ul.ranges { (link(DAY, "24h", "24 hours")) (link(WEEK, "7d", "7 days")) } }
    }
}

/// How runs ended at each institution, as a plot and in numbers.
pub(super) fn outcomes(console: &Console, counts: &[OutcomeCount], now: Timestamp, range: i64) -> Markup {
    let mut by_institution: BTreeMap<&str, Ended> = BTreeMap::new();
    for count in counts {
        let ended = by_institution.entry(&count.institution_id).or_default();
        let hour = ended.hours.entry(count.hour).or_default();
        match count.fault {
            None => {
                ended.good += count.runs;
                hour.0 += count.runs;
            }
            Some(fault) => {
                *ended.by_fault.entry(fault).or_default() += count.runs;
                hour.1 += count.runs;
            }
        }
    }
    if by_institution.is_empty() {
        return nothing(
            "No run has ended.",
            "How runs end is counted by the hour; it comes up here a few seconds after the first.",
        );
    }
    let first = hours_back(now, range);
    // A bar is an hour of a day, or six of a week.
    let step = range / DAY;
    let catalog = console.fleet.catalog();
    let bars = |ended: &Ended| -> Vec<Bar> {
        let bar = |at: i64| {
            let hours = ended.hours.range(first + at * step..first + (at + 1) * step);
            let (good, bad) = hours.fold((0, 0), |(good, bad), (_, hour)| (good + hour.0, bad + hour.1));
            Bar { good, bad }
        };
        (0..DAY).map(bar).collect()
    };
    html! {
        div.wide tabindex="0" role="region" aria-label="How runs ended" {
            table {
                caption { "Runs that ended, and by whose doing others came to nothing" }
                thead { tr {
                    th scope="col" { "Institution" }
                    th scope="col" { "Course" }
                    th.number scope="col" { "Runs" }
                    th.number scope="col" { "Succeeded" }
                    @for fault in Fault::ALL { th.number scope="col" { (fault) } }
                } }
                tbody {
                    @for (id, ended) in &by_institution {
                        @let bad = ended.by_fault.values().sum::<u64>();
                        @let all = (ended.good + bad).max(1);
                        @let name = catalog.institution(id).map_or(*id, |known| known.name.as_str());
                        tr {
                            th scope="row" { a href=(format!("/console/institutions/{id}")) { (name) } }
                            td { (plot(&format!("{name}: {} succeeded, {bad} failed", ended.good), &bars(ended))) }
                            td.number { (grouped(ended.good + bad)) }
                            td.number { (ended.good * 100 / all) " %" }
                            @for fault in Fault::ALL {
                                td.number { (grouped(ended.by_fault.get(fault).copied().unwrap_or_default())) }
                            }
                        }
                    }
                }
            }
        }
    }
}
