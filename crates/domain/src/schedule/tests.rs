//! Schedules on the days on which clocks jump, in records, and whatever they are made of.
//!
//! Not here: limits (`limits`).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Attendance, Day, Every, HORIZON, Schedule, TimeOfDay, Window, earliest_start, next_run};
use crate::institution::Mfa;

/// The rules by which these clocks jump, so that no machine's own list of zones counts.
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";

fn zone(rules: &str) -> TimeZone {
    TimeZone::posix(rules).expect("a time zone")
}

fn schedule(json: &str) -> Schedule {
    serde_json::from_str(json).expect("a schedule")
}

fn window(json: &str) -> Window {
    serde_json::from_str(json).expect("a window")
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

#[test]
fn a_run_waits_for_the_portal_on_days_on_which_the_clock_jumps() {
    let check = |rules: &str, schedule: &Schedule, now: &str, expected: &str| {
        let start = earliest_start(schedule, &zone(rules), &Attendance::NotNeeded, moment(now));
        assert_eq!(start, Some(moment(expected)), "{rules} {now}");
    };
    let night = schedule(r#"{"maintenance": [{"from": "01:30", "to": "02:30"}]}"#);
    // Berlin, 29 March 2026: at 02:00, which is 01:00 UTC, it is 03:00 at once.
    check(BERLIN, &night, "2026-03-29T00:29:59Z", "2026-03-29T00:29:59Z");
    check(BERLIN, &night, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z");
    // 25 October 2026: 02:00 to 03:00 comes twice, from 00:00 and from 01:00 UTC.
    check(BERLIN, &night, "2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z");
    check(BERLIN, &night, "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z");
    check(BERLIN, &night, "2026-10-26T00:30:00Z", "2026-10-26T01:30:00Z");
    // New York, 8 March 2026: at 02:00, which is 07:00 UTC, it is 03:00.
    check(NEW_YORK, &night, "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z");
    // 1 November 2026: 01:00 to 02:00 comes twice, from 05:00 and from 06:00 UTC.
    check(NEW_YORK, &night, "2026-11-01T05:29:00Z", "2026-11-01T05:29:00Z");
    check(NEW_YORK, &night, "2026-11-01T05:30:00Z", "2026-11-01T07:30:00Z");
    // Lord Howe jumps by half an hour: 4 October 2026, 02:00 is 02:30 at once (15:30 UTC).
    check(LORD_HOWE, &night, "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z");
    // 5 April 2026: 01:30 to 02:00 comes twice, from 14:30 and from 15:00 UTC.
    check(LORD_HOWE, &night, "2026-04-04T14:29:00Z", "2026-04-04T14:29:00Z");
    check(LORD_HOWE, &night, "2026-04-04T14:30:00Z", "2026-04-04T16:00:00Z");

    let hours = schedule(r#"{"hours": {"from": "02:15", "to": "02:45"}}"#);
    // In spring that hour is skipped, so the portal doesn't open before the day after.
    check(BERLIN, &hours, "2026-03-28T02:00:00Z", "2026-03-30T00:15:00Z");
    check(NEW_YORK, &hours, "2026-03-07T08:00:00Z", "2026-03-09T06:15:00Z");
    // On Lord Howe a quarter of an hour of it is left.
    check(LORD_HOWE, &hours, "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z");
    let week = schedule(r#"{"hours": {"days": ["sun"], "from": "02:15", "to": "02:45"}}"#);
    check(BERLIN, &week, "2026-03-23T00:00:00Z", "2026-04-05T00:15:00Z");
    // An opening that holds the doubled hour is open all through it.
    let night = schedule(r#"{"hours": {"from": "01:00", "to": "04:00"}}"#);
    check(BERLIN, &night, "2026-10-25T00:59:00Z", "2026-10-25T00:59:00Z");
    check(BERLIN, &night, "2026-10-25T03:00:00Z", "2026-10-26T00:00:00Z");
}

#[test]
fn windows_pass_midnight_and_the_end_of_the_week() {
    let check = |json: &str, now: &str, expected: &str| {
        let start = earliest_start(&schedule(json), &TimeZone::UTC, &Attendance::NotNeeded, moment(now));
        assert_eq!(start, Some(moment(expected)), "{json} {now}");
    };
    // 22 November 2026 is a Sunday.
    let sunday = r#"{"maintenance": [{"days": ["sun"], "from": "22:00", "to": "04:00"}]}"#;
    check(sunday, "2026-11-22T21:59:59Z", "2026-11-22T21:59:59Z");
    check(sunday, "2026-11-22T22:00:00Z", "2026-11-23T04:00:00Z");
    check(sunday, "2026-11-23T03:59:59.5Z", "2026-11-23T04:00:00Z");
    check(sunday, "2026-11-24T03:00:00Z", "2026-11-24T03:00:00Z");
    let saturday = r#"{"maintenance": [{"days": ["sat", "sun"], "from": "00:00", "to": "24:00"}]}"#;
    check(saturday, "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z");
    let night = r#"{"hours": {"from": "20:00", "to": "02:00"}, "maintenance": [{"from": "23:00", "to": "00:30"}]}"#;
    check(night, "2026-11-21T23:10:00Z", "2026-11-22T00:30:00Z");
    check(night, "2026-11-21T02:00:00Z", "2026-11-21T20:00:00Z");
}

#[test]
fn the_cadence_is_kept_to_a_tenth_and_connections_part_ways() {
    let (schedule, after) = (Schedule::default(), moment("2026-11-20T12:00:00Z"));
    let of = |spread| next_run(&schedule, &TimeZone::UTC, &Attendance::NotNeeded, after, spread).expect("a moment");
    let (least, most) = (SignedDuration::from_mins(324), SignedDuration::from_mins(396));
    let moments: Vec<Timestamp> = (0..1_000).map(of).collect();
    assert!(moments.iter().all(|at| (least..=most).contains(&at.duration_since(after))));
    // Neighbours differ, and each tenth of the span gets about as many.
    for tenth in 0..10 {
        let from = least + (most - least) / 10 * tenth;
        let within = |at: &&Timestamp| (from..from + (most - least) / 10).contains(&at.duration_since(after));
        let count = moments.iter().filter(within).count();
        assert!((60..=140).contains(&count), "{tenth}: {count}");
    }
    assert_eq!(of(7), of(7));
}

#[test]
fn what_falls_due_while_a_portal_is_shut_is_spread_over_its_first_part() {
    let schedule = schedule(r#"{"hours": {"from": "08:00", "to": "16:00"}}"#);
    let after = moment("2026-11-19T15:00:00Z");
    let of = |spread| next_run(&schedule, &TimeZone::UTC, &Attendance::NotNeeded, after, spread).expect("a moment");
    let moments: Vec<Timestamp> = (0..400).map(of).collect();
    let (from, to) = (moment("2026-11-20T08:00:00Z"), moment("2026-11-20T10:00:00Z"));
    assert!(moments.iter().all(|at| (from..to).contains(at)));
    for quarter in 0..4 {
        let start = from + SignedDuration::from_mins(30) * quarter;
        let count = moments.iter().filter(|at| (start..start + SignedDuration::from_mins(30)).contains(*at)).count();
        assert!((60..=140).contains(&count), "{quarter}: {count}");
    }
}

#[test]
fn nobody_is_put_off_for_longer_than_the_portal_was_shut() {
    let schedule = schedule(r#"{"every": "1h", "maintenance": [{"from": "12:30", "to": "12:50"}]}"#);
    let after = moment("2026-11-20T11:35:00Z");
    let of = |spread| next_run(&schedule, &TimeZone::UTC, &Attendance::NotNeeded, after, spread).expect("a moment");
    let put_off = (0..200).map(of).filter(|at| *at >= moment("2026-11-20T12:50:00Z"));
    let latest = put_off.max().expect("some were due in between");
    assert!(latest < moment("2026-11-20T13:10:00Z"), "{latest}");
}

#[test]
fn a_bank_that_always_asks_is_visited_while_somebody_attends() {
    let office = [window(r#"{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "12:00"}"#)];
    let (bank, desk) = (zone(NEW_YORK), zone(BERLIN));
    let plain = Schedule::default();
    let of = |schedule: &Schedule, mfa, windows: &[Window]| {
        let attendance = Attendance::of(mfa, windows, &desk, 7);
        // A Friday, half past three at the desk.
        next_run(schedule, &bank, &attendance, moment("2026-11-20T14:30:00Z"), 1)
    };
    let attended = of(&plain, Mfa::Always, &office).expect("a moment");
    let monday = moment("2026-11-23T08:00:00Z");
    assert!((monday..monday + SignedDuration::from_hours(3)).contains(&attended), "{attended}");
    assert_eq!(of(&plain, Mfa::Always, &[]), None);
    let unattended = of(&plain, Mfa::Sometimes, &[]);
    assert!(unattended.is_some_and(|at| at < moment("2026-11-20T22:00:00Z")));
    assert_eq!(unattended, of(&plain, Mfa::None, &office));
    // Open from 09:00 in New York, which is 15:00 at the desk: the two never meet.
    let late = schedule(r#"{"hours": {"from": "09:00", "to": "17:00"}}"#);
    assert_eq!(of(&late, Mfa::Always, &office), None);
}

#[test]
fn a_record_says_what_is_wrong_with_its_schedule() {
    let check = |json: &str, expected: &str| {
        let error = serde_json::from_str::<Schedule>(json).map(|_| ()).expect_err(json).to_string();
        assert!(error.contains(expected), "{json}: {error}");
    };
    check(r#"{"every": "14m"}"#, "schedule.every is 14m; it has to be from 15m to 7d");
    check(r#"{"every": "8d"}"#, "schedule.every is 8d; it has to be");
    check(r#"{"every": "999999999d"}"#, "it has to be from 15m to 7d");
    check(r#"{"every": "6 hours"}"#, "schedule.every is `6 hours`; write it as 90m, 6h or 2d");
    check(r#"{"every": "h"}"#, "write it as");
    check(r#"{"every": "6ü"}"#, "write it as");
    check(r#"{"every": ""}"#, "write it as");
    check(r#"{"often": "6h"}"#, "unknown field `often`");
    check(r#"{"hours": {"from": "6:00", "to": "22:00"}}"#, "`6:00` is no time of day; write it as 06:30");
    check(r#"{"hours": {"from": "06:60", "to": "22:00"}}"#, "`06:60` is no time of day");
    check(r#"{"hours": {"from": "06:00", "to": "24:01"}}"#, "`24:01` is no time of day");
    check(r#"{"hours": {"from": "24:00", "to": "06:00"}}"#, "a window can't begin at 24:00");
    check(r#"{"hours": {"from": "06:00", "to": "06:00"}}"#, "a window from 06:00 to 06:00 is empty");
    check(r#"{"hours": {"from": "06:00"}}"#, "missing field `to`");
    check(r#"{"hours": {"days": [], "from": "06:00", "to": "07:00"}}"#, "days are empty");
    check(r#"{"hours": {"days": ["mon", "mon"], "from": "06:00", "to": "07:00"}}"#, "have `mon` twice");
    check(r#"{"hours": {"days": ["Monday"], "from": "06:00", "to": "07:00"}}"#, "`Monday` is not one of mon, tue");
    check(r#"{"maintenance": [{"from": "00:00", "to": "24:00"}]}"#, "the schedule leaves no minute of the week");
    check(
        r#"{"hours": {"from": "22:00", "to": "02:00"}, "maintenance": [{"from": "21:00", "to": "03:00"}]}"#,
        "the schedule leaves no minute of the week",
    );
    let many = vec![r#"{"from": "01:00", "to": "02:00"}"#; 51].join(",");
    check(&format!(r#"{{"maintenance": [{many}]}}"#), "schedule.maintenance has 51 windows; 50 is the most");
}

#[test]
fn a_schedule_reads_back_as_it_is_written() {
    let full = r#"{"every":"90m","hours":{"days":["mon","fri"],"from":"06:00","to":"24:00"},
        "maintenance":[{"from":"22:00","to":"04:00"}]}"#;
    for json in ["{}", r#"{"every": "24h"}"#, full] {
        let schedule = schedule(json);
        let written = serde_json::to_string(&schedule).expect("JSON");
        assert_eq!(serde_json::from_str::<Schedule>(&written).expect("a schedule"), schedule, "{written}");
    }
    assert_eq!(serde_json::to_string(&Schedule::default()).expect("JSON"), r#"{"every":"6h"}"#);
}

fn any_time() -> impl Strategy<Value = TimeOfDay> {
    (0..24_u8, 0..4_u8).prop_map(|(hour, quarter)| format!("{hour:02}:{:02}", quarter * 15).parse().expect("a time"))
}

fn any_window() -> impl Strategy<Value = Window> {
    let days = proptest::sample::subsequence(Day::ALL.to_vec(), 1..=7);
    (days, any_time(), any_time())
        .prop_filter_map("one from a time to the same", |(days, from, to)| Window::new(days, from, to).ok())
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let parts = (15..=10_080_u32, proptest::option::of(any_window()), proptest::collection::vec(any_window(), 0..4));
    parts.prop_filter_map("one that is never open", |(minutes, hours, maintenance)| {
        Schedule::new(Every::minutes(minutes).expect("within bounds"), hours, maintenance).ok()
    })
}

/// Whether the wall clock shows a time that is in the window.
fn shows(window: &Window, zone: &TimeZone, at: Timestamp) -> bool {
    let shown = zone.to_datetime(at);
    let day = Day::from(shown.weekday()) as usize;
    let minute = day * 1_440 + usize::try_from(shown.hour()).expect("an hour") * 60;
    let minute = minute + usize::try_from(shown.minute()).expect("a minute");
    window.minutes_of_the_week().any(|inside| inside == minute)
}

/// A moment of 2026, and often one close to a jump of the clock.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    const JUMPS: &[&str] = &[
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
    ];
    let near = (proptest::sample::select(JUMPS), -800_000..200_000_i64)
        .prop_map(|(jump, seconds)| moment(jump) + SignedDuration::from_secs(seconds));
    let any = (0..31_536_000_i64).prop_map(|second| moment("2026-01-01T00:00:00Z") + SignedDuration::from_secs(second));
    prop_oneof![near, any]
}

proptest! {
    #[test]
    fn the_next_run_is_after_the_last_while_the_portal_is_open(
        schedule in any_schedule(),
        rules in proptest::sample::select(&[BERLIN, NEW_YORK, LORD_HOWE]),
        after in any_moment(),
        spread in any::<u64>(),
    ) {
        let zone = zone(rules);
        let next = next_run(&schedule, &zone, &Attendance::NotNeeded, after, spread).expect("it is open some time");
        let every = schedule.every().duration();
        prop_assert!(next >= after + every - every / 10);
        prop_assert!(next <= after + every + every / 10 + HORIZON);
        prop_assert!(schedule.hours().is_none_or(|hours| shows(hours, &zone, next)), "{next} is out of hours");
        prop_assert!(!schedule.maintenance().iter().any(|window| shows(window, &zone, next)), "{next} is shut");
    }

    #[test]
    fn an_earliest_start_is_now_wherever_the_portal_is_open(
        schedule in any_schedule(),
        rules in proptest::sample::select(&[BERLIN, NEW_YORK, LORD_HOWE]),
        now in any_moment(),
    ) {
        let zone = zone(rules);
        let start = earliest_start(&schedule, &zone, &Attendance::NotNeeded, now).expect("it is open some time");
        prop_assert!(now <= start && start <= now + HORIZON);
        prop_assert!(schedule.hours().is_none_or(|hours| shows(hours, &zone, start)), "{start} is out of hours");
        prop_assert!(!schedule.maintenance().iter().any(|window| shows(window, &zone, start)), "{start} is shut");
        prop_assert_eq!(earliest_start(&schedule, &zone, &Attendance::NotNeeded, start), Some(start));
    }

    #[test]
    fn whoever_attends_is_there(
        windows in proptest::collection::vec(any_window(), 1..3),
        after in any_moment(),
        people in any::<u64>(),
    ) {
        let (bank, desk) = (zone(NEW_YORK), zone(BERLIN));
        let attendance = Attendance::of(Mfa::Always, &windows, &desk, people);
        let next = next_run(&Schedule::default(), &bank, &attendance, after, 1).expect("somebody is there some time");
        let first = earliest_start(&Schedule::default(), &bank, &attendance, after).expect("somebody is there some time");
        prop_assert!(windows.iter().any(|window| shows(window, &desk, first)), "nobody is there at {first}");
        prop_assert!(after <= first);
        prop_assert!(windows.iter().any(|window| shows(window, &desk, next)), "nobody is there at {next}");
    }
}

#[test]
fn a_window_is_read_as_settings_write_it() {
    let check = |text: &str, expected: Result<(&str, &str), &str>| {
        let read = text.parse::<Window>();
        let days = |window: &Window| window.days().iter().map(|day| day.as_str()).collect::<Vec<_>>().join(" ");
        let shown = read.as_ref().map(|window| (days(window), format!("{} {}", window.from(), window.to())));
        let shown = shown.map_err(ToString::to_string);
        match (&shown, expected) {
            (Ok((days, span)), Ok(expected)) => assert_eq!((days.as_str(), span.as_str()), expected, "{text}"),
            (Err(said), Err(expected)) => assert!(said.contains(expected), "{text}: {said}"),
            _ => assert!(shown.is_ok() == expected.is_ok(), "{text}: {shown:?}"),
        }
    };
    check("mon-fri 09:00-17:00", Ok(("mon tue wed thu fri", "09:00 17:00")));
    check("sat, sun 10:00-12:00", Ok(("sat sun", "10:00 12:00")));
    check("fri-mon 22:00-04:00", Ok(("mon fri sat sun", "22:00 04:00")));
    check(" 00:00-24:00 ", Ok(("mon tue wed thu fri sat sun", "00:00 24:00")));
    check("mon", Err("no window"));
    check("monday 09:00-17:00", Err("no window"));
    check("mon 9-17", Err("no time of day"));
    check("mon,mon 09:00-17:00", Err("twice"));
}

#[test]
fn a_run_starts_while_somebody_attends_and_not_a_minute_later() {
    let within = Attendance::Within {
        windows: vec!["fri 09:00-17:00".parse().expect("a window")],
        zone: zone(BERLIN),
        people: 7,
    };
    let check = |attendance: &Attendance, at: &str, expected: bool| {
        assert_eq!(attendance.holds(at.parse().expect("a moment")), expected, "{at}");
    };
    // A Friday, an hour ahead of UTC.
    check(&within, "2026-11-20T07:59:00Z", false);
    check(&within, "2026-11-20T08:00:00Z", true);
    check(&within, "2026-11-20T15:59:00Z", true);
    check(&within, "2026-11-20T16:00:00Z", false);
    check(&within, "2026-11-21T12:00:00Z", false);
    check(&Attendance::NotNeeded, "2026-11-21T12:00:00Z", true);
    check(&Attendance::Nobody, "2026-11-20T12:00:00Z", false);
}

#[test]
fn what_the_same_people_attend_begins_together_once_an_hour_and_others_at_another_minute() {
    let attended = |people| {
        Attendance::of(Mfa::Always, &["mon-fri 09:00-12:00".parse().expect("a window")], &zone(BERLIN), people)
    };
    let begins = |people: u64, spread: u64, after: &str| {
        next_run(&Schedule::default(), &zone(NEW_YORK), &attended(people), moment(after), spread).expect("a moment")
    };
    // Hundreds of connections, last synced at different times of a Thursday.
    let of = |people: u64| {
        let moments =
            (0..300).map(move |spread| begins(people, spread, &format!("2026-11-19T{:02}:20:00Z", spread % 24)));
        moments.collect::<std::collections::BTreeSet<Timestamp>>()
    };
    let friday = moment("2026-11-20T08:00:00Z");
    let moments = of(7);
    assert!(moments.len() <= 6, "two mornings of three hours: {moments:?}");
    let minutes: std::collections::BTreeSet<i64> = moments.iter().map(|at| at.as_second() % 3600).collect();
    assert_eq!(minutes.len(), 1, "in the same minute of the hour: {moments:?}");
    let others: std::collections::BTreeSet<_> = (0..50).filter_map(|people| of(people).first().copied()).collect();
    assert!(others.len() > 40, "people are asked at minutes of their own: {}", others.len());
    // What comes late in a morning waits for the moment that all have, and the last minutes are nobody's.
    for people in 0..50 {
        let first = |at: &str| {
            let attended = attended(people);
            earliest_start(&Schedule::default(), &zone(NEW_YORK), &attended, moment(at)).expect("a moment")
        };
        let (late, at_last) = (first("2026-11-20T10:10:00Z"), first("2026-11-20T10:52:00Z"));
        assert_eq!(late.as_second() % 3600, first("2026-11-20T08:00:00Z").as_second() % 3600, "of {people}: {late}");
        assert!(at_last >= moment("2026-11-23T08:00:00Z"), "of {people}: nobody answers at {at_last}");
    }
    // An opening of five minutes has none of those moments, as like as not; it counts all the same.
    let short = Attendance::of(Mfa::Always, &["fri 09:00-09:05".parse().expect("a window")], &zone(BERLIN), 7);
    let next =
        next_run(&Schedule::default(), &zone(NEW_YORK), &short, moment("2026-11-19T12:00:00Z"), 1).expect("a moment");
    assert!((friday..friday + SignedDuration::from_mins(5)).contains(&next), "{next}");
}
