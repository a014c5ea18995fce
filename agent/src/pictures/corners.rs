//! How many corners of QR codes a picture may have. Whoever looks for codes tries to put each three of them together, so
//! a picture with thousands would keep a processor busy for minutes.
//!
//! A corner is a dark ring around a dark square: along a line through it dark and light take turns as 1:1:3:1:1. What is
//! counted here are all rings that the crate `rqrr` could take for one, and some more. Not here: finding codes.

use std::collections::BTreeSet;

/// How far the lengths may be off, in quarters of the shortest one, as that crate has it.
const OFF: usize = 3;

/// A picture in dark and light.
pub(super) struct Shades {
    width: usize,
    dark: Vec<bool>,
}

/// The connected dark parts of a picture: for each place the number of its part, and of each part its size.
struct Parts {
    of: Vec<usize>,
    sizes: Vec<usize>,
}

/// The part of what is light.
const LIGHT: usize = usize::MAX;

impl Shades {
    /// Of a picture by its brightness: dark is what is nearer to its darkest place than to its lightest.
    pub(super) fn of(width: usize, grey: &[u8]) -> Self {
        let (least, most) = (grey.iter().copied().min().unwrap_or(0), grey.iter().copied().max().unwrap_or(0));
        let middle = (u16::from(least) + u16::from(most)) / 2;
        Self { width, dark: grey.iter().map(|shade| u16::from(*shade) < middle).collect() }
    }

    /// The same with dark and light in each other's place: some pages draw codes light on dark.
    pub(super) fn inverted(&self) -> Self {
        Self { width: self.width, dark: self.dark.iter().map(|is_dark| !is_dark).collect() }
    }

    /// Whether it is dark there.
    pub(super) fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// How many rings it has.
    pub(super) fn corners(&self) -> usize {
        let parts = self.parts();
        let mut rings = BTreeSet::new();
        for (y, row) in self.dark.chunks(self.width.max(1)).enumerate() {
            let mut runs = Vec::new();
            let mut start = 0;
            for run in row.chunk_by(|one, other| one == other) {
                runs.push((start, run.len()));
                start += run.len();
            }
            for five in runs.windows(5).filter(|five| row[five[0].0] && is_corner(five)) {
                let part = |run: usize| parts.of[y * self.width + five[run].0];
                let (ring, inside) = (part(4), part(2));
                let share = parts.sizes[inside] * 100 / parts.sizes[ring];
                if ring != inside && (11..70).contains(&share) {
                    rings.insert(ring);
                }
            }
        }
        rings.len()
    }

    fn parts(&self) -> Parts {
        let mut parts = Parts { of: vec![LIGHT; self.dark.len()], sizes: Vec::new() };
        let mut open = Vec::new();
        for from in 0..self.dark.len() {
            if !self.dark[from] || parts.of[from] != LIGHT {
                continue;
            }
            let number = parts.sizes.len();
            let mut size = 0;
            open.push(from);
            parts.of[from] = number;
            while let Some(place) = open.pop() {
                size += 1;
                let (column, width) = (place % self.width, self.width);
                let beside = [
                    (column > 0).then(|| place - 1),
                    (column + 1 < width).then(|| place + 1),
                    place.checked_sub(width),
                    Some(place + width).filter(|below| *below < self.dark.len()),
                ];
                for place in beside.into_iter().flatten() {
                    if self.dark[place] && parts.of[place] == LIGHT {
                        parts.of[place] = number;
                        open.push(place);
                    }
                }
            }
            parts.sizes.push(size);
        }
        parts
    }
}

/// Whether five lengths are as 1:1:3:1:1.
fn is_corner(runs: &[(usize, usize)]) -> bool {
    let [(_, one), (_, two), (_, three), (_, four), (_, five)] = *runs else { return false };
    let unit = (one + two + four + five) / 4;
    let off = unit * OFF / 4;
    let is = |length: usize, units: usize| length + off >= units * unit && length <= units * unit + off;
    is(one, 1) && is(two, 1) && is(three, 3) && is(four, 1) && is(five, 1)
}

#[cfg(test)]
mod tests {
    use super::Shades;

    fn corners(rows: &[&str]) -> usize {
        let grey: Vec<u8> = rows.concat().bytes().map(|sign| if sign == b'#' { 0 } else { 255 }).collect();
        Shades::of(rows[0].len(), &grey).corners()
    }

    const CORNER: [&str; 7] = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"];

    #[test]
    fn a_ring_around_a_square_is_a_corner_and_neither_alone() {
        assert_eq!(corners(&CORNER), 1);
        let two: Vec<String> = CORNER.iter().map(|row| format!("{row}.{row}")).collect();
        assert_eq!(corners(&two.iter().map(String::as_str).collect::<Vec<_>>()), 2);
        let empty = CORNER.map(|row| if row.contains("###.") { "#.....#" } else { row });
        assert_eq!(corners(&empty), 0);
        assert_eq!(corners(&["###", "###", "###"]), 0);
        assert_eq!(corners(&["......."]), 0);
    }

    #[test]
    fn bars_that_hang_together_are_none() {
        assert_eq!(corners(&["#.###.#", "#.###.#", "#######"]), 0);
    }
}
