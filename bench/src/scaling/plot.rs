//! Scenarios as a picture: agents, and what they are there for, over time.
//!
//! Written by hand, as it is two lines on each of a few panels; it has a background of its
//! own, so that it can be read on a dark page, too.
//!
//! Not here: figures.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::fleet::{Outcome, Sample};
use super::scenario::{HOUR, MINUTE, Moment, Scenario};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 28.0;
const PANEL: f64 = 130.0;
/// From the top of a scenario: its story, then its panels.
const TOPS: [f64; 2] = [70.0, 260.0];
/// Of a scenario.
const HEIGHT: f64 = 440.0;

/// A scenario as both rules played it, as far as it is shown.
pub(super) struct Picture<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) ours: &'a Outcome,
    pub(super) peer: &'a Outcome,
    pub(super) shown: RangeInclusive<Moment>,
}

/// A line of a panel.
struct Line<'a> {
    name: &'static str,
    color: &'static str,
    samples: &'a [Sample],
    of: fn(&Sample) -> f64,
}

/// Both rules' agents, and the runs that wait under Bursar's own.
pub(super) fn svg(pictures: &[Picture<'_>]) -> String {
    let height = HEIGHT * pictures.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Agents and runs over time</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let agents = |sample: &Sample| f64::from(sample.agents);
    for (number, Picture { scenario, ours, peer, shown }) in pictures.iter().enumerate() {
        let (top, name, story) = (HEIGHT * number as f64, scenario.name, scenario.story);
        let y = top + 24.0;
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{y}\" font-weight=\"bold\">{name}: {story}</text>");
        let upper = [
            Line { name: "agents, by queue length", color: "#c2571a", samples: &peer.samples, of: agents },
            Line { name: "agents, by what is runnable", color: "#1a5fb4", samples: &ours.samples, of: agents },
        ];
        let ready = |sample: &Sample| sample.ready as f64;
        let runnable = |sample: &Sample| sample.runnable as f64;
        let lower = [
            Line { name: "ready runs", color: "#8a8a8a", samples: &ours.samples, of: ready },
            Line { name: "runnable runs", color: "#1a7f37", samples: &ours.samples, of: runnable },
        ];
        panel(&mut svg, top + TOPS[0], shown, &upper);
        panel(&mut svg, top + TOPS[1], shown, &lower);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, top: f64, shown: &RangeInclusive<Moment>, lines: &[Line<'_>]) {
    let (begins, span) = (*shown.start(), shown.end() - shown.start());
    let within = |line: &Line<'_>| -> Vec<(Moment, f64)> {
        line.samples.iter().filter(|it| shown.contains(&it.at)).map(|it| (it.at, (line.of)(it))).collect()
    };
    let highest = lines.iter().flat_map(within).map(|(_, value)| value).fold(1.0, f64::max);
    let step = round_step(highest / 4.0);
    let most = (highest / step).ceil() * step;
    let x = |at: Moment| LEFT + (at - begins) as f64 / span as f64 * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| top + PANEL * (1.0 - value / most);
    let mut value = 0.0;
    while value <= most {
        let (y, right, before) = (y(value), WIDTH - RIGHT, LEFT - 8.0);
        let _ = writeln!(svg, "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/>");
        let _ =
            writeln!(svg, "<text x=\"{before}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444\">{value}</text>", y + 4.0);
        value += step;
    }
    let (tick, below) = (if span > 2 * HOUR { 30 * MINUTE } else { 5 * MINUTE }, top + PANEL + 18.0);
    for at in (begins..=*shown.end()).step_by(tick as usize) {
        // The day begins at five.
        let (hours, minutes) = (5 + at / HOUR, at % HOUR / MINUTE);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{below}\" text-anchor=\"middle\" fill=\"#444\">{hours:02}:{minutes:02}</text>",
            x(at)
        );
    }
    for (number, line) in lines.iter().enumerate() {
        let (name, color) = (line.name, line.color);
        let left = LEFT + 240.0 * number as f64;
        let _ = writeln!(svg, "<rect x=\"{left}\" y=\"{}\" width=\"18\" height=\"4\" fill=\"{color}\"/>", top - 22.0);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" fill=\"#222\">{name}</text>", left + 24.0, top - 16.0);
        let mut points = String::new();
        // Of each point what was most, so that no peak is lost.
        let width = (span / 240).max(1);
        for chunk in within(line).chunk_by(|one, other| one.0 / width == other.0 / width) {
            let Some((first, _)) = chunk.first() else { continue };
            let value = chunk.iter().map(|(_, value)| *value).fold(0.0, f64::max);
            let _ = write!(points, "{:.1},{:.1} ", x(*first), y(value));
        }
        let points = points.trim_end();
        let _ = writeln!(svg, "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\" points=\"{points}\"/>");
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_step(least: f64) -> f64 {
    let mut tens = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if step * tens >= least {
                return step * tens;
            }
        }
        tens *= 10.0;
    }
}
