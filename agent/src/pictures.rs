//! What the QR codes in a picture on a page say: a screenshot of the window, the part of it in which the picture is, and
//! the codes in that.
//!
//! A page may show whatever it likes, so what is looked at is bounded before it is looked at, and how long that may take.
//! Not here: how a window is photographed ([`crate::cdp`], [`crate::webdriver`]), or what is made of the words (the
//! script's runner).

mod corners;

use std::io::Cursor;
use std::time::Duration;

use domain::secret::Secret;
use png::{Decoder, Limits, Transformations};
use rqrr::PreparedImage;
use script::command::Observation;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use self::corners::Shades;
use crate::driver::{Driver, DriverError, Look};

/// How long a code is waited for that a page draws late.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long lies between two looks.
const AGAIN: Duration = Duration::from_millis(250);
/// How long one look may take.
const LONGEST: Duration = Duration::from_secs(5);
/// How large a screenshot may be, and the part of it that is looked at, in pixels.
const SCREENSHOT_AT_MOST: u64 = 16 << 20;
const PICTURE_AT_MOST: u64 = 2 << 20;
/// How many corners of codes there may be in it: what a few codes have, and a little that looks like one.
const CORNERS_AT_MOST: usize = 24;
/// The memory in which it is read.
const MEMORY_AT_MOST: usize = 128 << 20;
/// What is looked at around the picture, as codes end with a light margin that may be the page's. In CSS pixels.
const MARGIN: f64 = 8.0;

/// What a window shows, and where in it the picture is.
pub struct Picture {
    /// The window as PNG.
    pub(crate) png: Vec<u8>,
    pub(crate) placed: Placed,
}

/// Where something is in a window, in CSS pixels.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    window_width: f64,
}

/// A part of a screenshot, in pixels of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

// What it shows is a secret.
impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Picture").field("placed", &self.placed).finish_non_exhaustive()
    }
}

/// Looks at what a selector fits until there is a QR code in it, not for long.
///
/// # Errors
/// As the driver's verbs.
pub async fn read(driver: &mut dyn Driver, selector: &str) -> Result<Observation, DriverError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let picture = match driver.picture(selector).await? {
            Look::At(picture) => picture,
            Look::Stuck(problem) => {
                return Ok(Observation::Stuck { target: selector.to_owned(), problem, html: String::new() });
            }
            Look::Nowhere => return Ok(Observation::Kept),
        };
        let looked = timeout(LONGEST, spawn_blocking(move || said(&picture))).await;
        let said = looked.ok().and_then(Result::ok).unwrap_or_default();
        if !said.is_empty() || Instant::now() >= until {
            return Ok(Observation::PictureRead(said));
        }
        sleep(AGAIN).await;
    }
}

/// Whether a picture is of one colour alone, or no picture.
pub(crate) fn is_blank(png: &[u8]) -> bool {
    let mut decoder = Decoder::new_with_limits(Cursor::new(png), Limits { bytes: MEMORY_AT_MOST });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let other = decoder.read_info().ok().and_then(|mut reader| {
        let mut pixels = vec![0; reader.output_buffer_size()?];
        let samples = reader.next_frame(&mut pixels).ok()?.color_type.samples();
        let first = pixels.get(..samples)?.to_vec();
        pixels.chunks_exact(samples).find(|pixel| *pixel != first.as_slice()).map(|_| ())
    });
    other.is_none()
}

/// What each code says, and what several say only once. A code that is light on dark is read where no other is.
fn said(picture: &Picture) -> Vec<Secret> {
    let Some((part, grey)) = grey(picture) else { return Vec::new() };
    let shades = Shades::of(part.width, &grey);
    let said = said_by(part, &shades);
    if said.is_empty() { said_by(part, &shades.inverted()) } else { said }
}

fn said_by(part: Part, shades: &Shades) -> Vec<Secret> {
    if shades.corners() > CORNERS_AT_MOST {
        return Vec::new();
    }
    // In black and white, so that what is looked at is what was counted.
    let at = |x: usize, y: usize| if shades.is_dark(x, y) { 0 } else { u8::MAX };
    let mut image = PreparedImage::prepare_from_greyscale(part.width, part.height, at);
    let mut texts: Vec<String> =
        image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect();
    texts.sort_unstable();
    texts.dedup();
    texts.into_iter().map(Secret::new).collect()
}

/// The picture's part of the screenshot by its brightness; none of what is too large or no PNG.
fn grey(picture: &Picture) -> Option<(Part, Vec<u8>)> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(&picture.png), Limits { bytes: MEMORY_AT_MOST });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > SCREENSHOT_AT_MOST {
        return None;
    }
    let part = picture.placed.part(width, height)?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    let samples = frame.color_type.samples();
    let rows = pixels.chunks_exact(frame.line_size).skip(part.top).take(part.height);
    let shown = rows.flat_map(|row| row.chunks_exact(samples).skip(part.left).take(part.width));
    let grey = shown.map(|pixel| match *pixel {
        [red, green, blue, ..] => {
            // As bright as people see it: ITU-R BT.601.
            let sum = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
            u8::try_from(sum / 1000).unwrap_or(u8::MAX)
        }
        [grey, ..] => grey,
        [] => u8::MAX,
    });
    Some((part, grey.collect()))
}

impl Placed {
    /// The pixels of it and a little around it, as far as the screenshot goes; none where that is nothing or too much.
    fn part(self, width: u32, height: u32) -> Option<Part> {
        let scale = f64::from(width) / self.window_width;
        let within = |at: f64, most: u32| {
            let at = (at * scale).clamp(0.0, f64::from(most));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was clamped")]
            let at = at as usize;
            at
        };
        let (left, top) = (within(self.left - MARGIN, width), within(self.top - MARGIN, height));
        let right = within(self.left + self.width + MARGIN, width);
        let bottom = within(self.top + self.height + MARGIN, height);
        let part = Part { left, top, width: right.checked_sub(left)?, height: bottom.checked_sub(top)? };
        let size = u64::try_from(part.width.checked_mul(part.height)?).ok()?;
        (scale.is_finite() && (1..=PICTURE_AT_MOST).contains(&size)).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::{PICTURE_AT_MOST, Part, Picture, Placed, SCREENSHOT_AT_MOST, grey};

    const WHOLE: Placed = Placed { left: 0.0, top: 0.0, width: 10.0, height: 10.0, window_width: 100.0 };

    /// A white PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().expect("a header");
        let size = usize::try_from(u64::from(width) * u64::from(height)).expect("a size");
        writer.write_image_data(&vec![u8::MAX; size]).expect("pixels");
        writer.finish().expect("a picture");
        png
    }

    #[test]
    fn a_part_lies_within_the_window_and_is_bounded() {
        let check = |placed: Placed, (width, height): (u32, u32), expected: Option<[usize; 4]>| {
            let part = placed.part(width, height).map(|Part { left, top, width, height }| [left, top, width, height]);
            assert_eq!(part, expected, "{placed:?} in {width} x {height}");
        };
        check(WHOLE, (100, 100), Some([0, 0, 18, 18]));
        check(Placed { left: 20.0, top: 30.0, ..WHOLE }, (200, 200), Some([24, 44, 52, 52]));
        check(Placed { left: -500.0, ..WHOLE }, (100, 100), None);
        check(Placed { top: 5e9, ..WHOLE }, (100, 100), None);
        check(Placed { width: -40.0, ..WHOLE }, (100, 100), None);
        check(Placed { window_width: 0.0, ..WHOLE }, (100, 100), None);
        check(Placed { width: f64::NAN, ..WHOLE }, (100, 100), None);
        let side = |pixels: u64| Placed { width: 1e9, height: pixels as f64 - 8.0, window_width: 1024.0, ..WHOLE };
        let most = PICTURE_AT_MOST / 1024;
        check(side(most - 8), (1024, 9000), Some([0, 0, 1024, usize::try_from(most - 8).expect("a size")]));
        check(side(most + 1), (1024, 9000), None);
    }

    #[test]
    fn a_screenshot_is_refused_by_its_size_before_it_is_unpacked() {
        let picture = |png: Vec<u8>| Picture { png, placed: WHOLE };
        assert!(grey(&picture(png(100, 100))).is_some());
        let side = u32::try_from(SCREENSHOT_AT_MOST / 4096).expect("a side");
        assert!(grey(&picture(png(4096, side))).is_some());
        assert!(grey(&picture(png(4096, side + 1))).is_none());
        assert!(grey(&picture(b"no picture".to_vec())).is_none());
        let mut torn = png(100, 100);
        torn.truncate(60);
        assert!(grey(&picture(torn)).is_none());
    }
}
