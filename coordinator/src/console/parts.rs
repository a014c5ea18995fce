//! The pieces that pages are made of: times, states, buttons, tables' ends, plots.
//!
//! Not here: words for the domain's words (`wording`).

use std::time::Duration;

use domain::failure::Failure;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::door::Visitor;
use super::frame::token;
use super::wording;

/// How a state is meant: by its sign and its word, and by its colour only beside them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Waiting,
    Bad,
    Quiet,
}

impl Tone {
    const fn sign(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Waiting => "◐",
            Self::Bad => "▲",
            Self::Quiet => "○",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Good => "badge good",
            Self::Waiting => "badge waiting",
            Self::Bad => "badge bad",
            Self::Quiet => "badge quiet",
        }
    }
}

/// A state in a word.
pub(super) fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class=(tone.class()) { span aria-hidden="true" { (tone.sign()) } " " (word) } }
}

/// A moment: how long ago or when, and exactly, in UTC.
pub(super) fn moment_of(now: Timestamp, moment: Timestamp) -> Markup {
    let exact = exactly(moment);
    html! {
        time datetime=(moment.to_string()) title=(exact) data-ago { (relatively(now, moment)) }
        " " span.exact { (exact) }
    }
}

/// A moment, or a dash.
pub(super) fn moment_or_dash(now: Timestamp, moment: Option<Timestamp>) -> Markup {
    html! { @match moment { Some(moment) => (moment_of(now, moment)), None => span.quiet { "–" } } }
}

/// A moment that something ends at: as a time, and counted down where scripts run.
pub(super) fn deadline(now: Timestamp, moment: Timestamp) -> Markup {
    html! {
        time datetime=(moment.to_string()) data-countdown { (relatively(now, moment)) }
        " " span.exact { "until " (exactly(moment)) }
    }
}

fn exactly(moment: Timestamp) -> String {
    moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn relatively(now: Timestamp, moment: Timestamp) -> String {
    let seconds = now.duration_since(moment).as_secs();
    let span = for_long(Duration::from_secs(seconds.unsigned_abs()));
    match seconds {
        0..=4 => "just now".to_owned(),
        5.. => format!("{span} ago"),
        _ => format!("in {span}"),
    }
}

/// A length of time, in its largest unit.
pub(super) fn for_long(span: Duration) -> String {
    match span.as_secs() {
        0 => "0 s".to_owned(),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// An id as people compare it: its end, which differs, and whole where one asks.
pub(super) fn short(id: impl ToString) -> Markup {
    let id = id.to_string();
    let end = id.get(id.len().saturating_sub(8)..).unwrap_or(&id).to_owned();
    html! { code title=(id) { "…" (end) } }
}

/// A button that does something.
pub(super) fn act(visitor: &Visitor, action: &str, label: &str) -> Markup {
    html! {
        form.act method="post" action=(action) { (token(visitor)) button type="submit" { (label) } }
    }
}

/// A button whose name says what it does it to, for those who hear one button after the other.
pub(super) fn act_on(visitor: &Visitor, action: &str, label: &str, on: &str) -> Markup {
    html! {
        form.act method="post" action=(action) {
            (token(visitor))
            button type="submit" { (label) span.hidden { " " (on) } }
        }
    }
}

/// What there is to see where there is nothing.
pub(super) fn nothing(what: &str, next: &str) -> Markup {
    html! { div.empty { p.strong { (what) } p.quiet { (next) } } }
}

/// The way to the next page of a list.
pub(super) fn further(next: Option<String>) -> Markup {
    html! {
        @if let Some(next) = next {
            nav.pages aria-label="Pages" { a.button rel="next" href=(next) { "Older" } }
        }
    }
}

/// A table that scrolls by itself where it is too wide. The head of a column of numbers begins with `#`.
pub(super) fn table(caption: &str, head: &[&str], body: &Markup) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    @for column in head {
                        @match column.strip_prefix('#') {
                            Some(column) => th.number scope="col" { (column) },
                            None => th scope="col" { (column) },
                        }
                    }
                } }
                tbody { (body) }
            }
        }
    }
}

/// A failure on its four axes.
pub(super) fn failure(failure: &Failure) -> Markup {
    let code = failure.code;
    html! {
        div.failure {
            p { code { (code) } " " strong { (failure.message) } }
            @if let Some(said) = &failure.institution_message {
                p { "The bank says: " q { (said) } }
            }
            dl.axes {
                div { dt { "Whose doing" } dd { (wording::fault(code.fault())) } }
                div { dt { "What helps" } dd { (wording::remedy(code.action())) } }
                div { dt { "Tried again" } dd { (wording::retry(code.retry())) } }
                div { dt { "How far it came" } dd { (wording::stage(failure.stage)) } }
            }
        }
    }
}

/// How many ended well and how many didn't, in one hour.
pub(super) struct Bar {
    pub(super) good: u64,
    pub(super) bad: u64,
}

/// A small plot: a bar an hour, what failed on top in another pattern. The same numbers stand in a table.
pub(super) fn plot(label: &str, bars: &[Bar]) -> Markup {
    const HEIGHT: u64 = 40;
    let most = bars.iter().map(|bar| bar.good + bar.bad).max().unwrap_or(0).max(1);
    let width = bars.len() * 6;
    let tall = |count: u64| if count == 0 { 0 } else { (count * HEIGHT / most).max(2) };
    html! {
        svg.plot role="img" aria-label=(label) viewBox=(format!("0 0 {width} {HEIGHT}")) width=(width)
            height=(HEIGHT) preserveAspectRatio="none" {
            @for (at, bar) in bars.iter().enumerate() {
                @let (good, bad) = (tall(bar.good), tall(bar.bad));
                @let (x, bad) = (at * 6, bad.min(HEIGHT.saturating_sub(good)).max(u64::from(bad > 0) * 2));
                @if good > 0 {
                    rect.good x=(x) y=(HEIGHT - good) width="5" height=(good) {}
                }
                @if bad > 0 {
                    rect.bad x=(x) y=(HEIGHT.saturating_sub(good + bad)) width="5" height=(bad) {}
                }
            }
        }
    }
}
