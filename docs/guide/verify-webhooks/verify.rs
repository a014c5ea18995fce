//! Whether a webhook delivery is genuine: copy `verify` and `InvalidSignature`.
//! With the crates `hmac` 0.13 and `sha2` 0.11; only `main` needs `serde_json` 1.
//!
//! Not here: receiving the delivery.

use std::process::ExitCode;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The delivery isn't from your Bursar, or it is an old one sent again. Answer 401 and
/// forget it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidSignature {
    /// There is no secret to check with; with an empty key anybody's signature is right.
    NoSecret,
    /// The header has no time.
    NoTime,
    /// The time is too far from now.
    WrongTime,
    /// No signature fits.
    WrongSignature,
}

/// Whether the delivery is genuine.
///
/// `secret` is the webhook's, as it was shown, with its `whsec_`; `header` the value of
/// `Waycore-Signature`; `raw_body` the bytes as they came, because JSON that was read and
/// written again isn't the same bytes; `now` Unix seconds; 300 seconds are a good tolerance.
///
/// # Errors
/// [`InvalidSignature`] if it isn't.
pub fn verify(
    secret: &str,
    header: &str,
    raw_body: &[u8],
    now: u64,
    tolerance_seconds: u64,
) -> Result<(), InvalidSignature> {
    if secret.is_empty() {
        return Err(InvalidSignature::NoSecret);
    }
    let values = |name: &'static str| header.split(',').filter_map(move |part| part.trim().strip_prefix(name));
    let mut times = values("t=");
    let (Some(time), None) = (times.next(), times.next()) else { return Err(InvalidSignature::NoTime) };
    let is_number = (1..=12).contains(&time.len()) && time.bytes().all(|letter| letter.is_ascii_digit());
    let sent: u64 = time.parse().ok().filter(|_| is_number).ok_or(InvalidSignature::NoTime)?;
    if now.abs_diff(sent) > tolerance_seconds {
        return Err(InvalidSignature::WrongTime);
    }
    let Ok(keyed) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Err(InvalidSignature::NoSecret) };
    let signed = keyed.chain_update(time).chain_update(".").chain_update(raw_body);
    // There are two while a secret is being replaced: one that fits is enough. verify_slice
    // takes the same time whatever it finds, so that nobody can feel their way to the right one.
    let fits = |value: &str| bytes(value).is_some_and(|given| signed.clone().verify_slice(&given).is_ok());
    if values("v1=").any(fits) { Ok(()) } else { Err(InvalidSignature::WrongSignature) }
}

/// What hexadecimal digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |letter: &u8| char::from(*letter).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// Checks one case from stdin, `{"secret", "header", "body", "now"}`: this is how Bursar's
/// tests call it.
pub fn main() -> ExitCode {
    let Ok(case) = serde_json::from_reader::<_, serde_json::Value>(std::io::stdin()) else { return ExitCode::from(2) };
    let text = |name: &str| case[name].as_str().unwrap_or_default();
    let now = case["now"].as_u64().unwrap_or_default();
    let reason = match verify(text("secret"), text("header"), text("body").as_bytes(), now, 300) {
        Ok(()) => {
            println!("valid");
            return ExitCode::SUCCESS;
        }
        Err(InvalidSignature::NoSecret) => "there is no secret to check with",
        Err(InvalidSignature::NoTime) => "the header has no time",
        Err(InvalidSignature::WrongTime) => "the time is too far from now",
        Err(InvalidSignature::WrongSignature) => "no signature fits",
    };
    println!("invalid: {reason}");
    ExitCode::FAILURE
}
