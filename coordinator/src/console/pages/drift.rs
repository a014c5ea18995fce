//! Of an institution's page: how far the portal's pages are from how its script saw them first, day by day, and its open repair
//! tickets.
//!
//! Not here: a ticket's own page (`repairs`), or what a distance is (the script crate).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::institutions::short_revision;
use super::repairs;
use crate::console::parts::{Bar, moment_of, nothing, plot, table};
use crate::fleet::DriftingPage;
use crate::store::RepairTicket;

/// How many days are shown.
const DAYS: i64 = 30;

/// What stands on an institution's page.
pub(super) fn section(pages: &[DriftingPage], tickets: &[RepairTicket], now: Timestamp) -> Markup {
    let head = ["Page", "#Distance", "Largest by day", "Gone and new", "Since revision", "Changed"];
    html! {
        section id="tickets" data-live="run tick" aria-labelledby="repairs" {
            h2 id="repairs" { "Repair tickets" }
            (repairs::rows(tickets, now))
        }
        section id="drift" data-live="tick" aria-labelledby="drifting" {
            h2 id="drifting" { "How far its pages drift" }
            @if pages.is_empty() {
                (nothing("No page is known yet.", "A run that reads everything tells how the pages are built that it saw."))
            } @else {
                (table("Pages, and how far each is from how the current revision saw it first", &head, &rows(pages, now)))
            }
        }
    }
}

fn rows(pages: &[DriftingPage], now: Timestamp) -> Markup {
    html! {
        @for page in pages {
            @let kept = &page.kept;
            tr {
                th scope="row" { (kept.page) }
                td.number { (kept.distance) }
                td { (by_day(page, now.to_zoned(TimeZone::UTC).date())) }
                td { @if kept.distance == Default::default() { "–" } @else { (repairs::changes(&page.changes)) } }
                td { code { (short_revision(&kept.revision)) } " " (moment_of(now, kept.reference.at)) }
                td { (moment_of(now, kept.latest.at)) }
            }
        }
    }
}

/// The largest distance of each day, as a plot; in words for whoever doesn't see it.
fn by_day(page: &DriftingPage, today: Date) -> Markup {
    let most = |ago: i64| {
        let day = today.saturating_sub(jiff::Span::new().days(ago));
        page.days.iter().find(|one| one.day == day).map_or(0, |one| u64::from(one.most.thousandths()))
    };
    let bars: Vec<Bar> = (0..DAYS).rev().map(|ago| Bar { good: 0, bad: most(ago) }).collect();
    let runs: u64 = page.days.iter().map(|day| day.runs).sum();
    let changed: u64 = page.days.iter().map(|day| day.changed).sum();
    let label = format!(
        "Largest distance of {} by day, {changed} of {runs} runs in {DAYS} days saw it otherwise than at first",
        page.kept.page
    );
    plot(&label, &bars)
}
