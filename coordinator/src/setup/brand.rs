//! Whose page the set-up page says it is: a name, a logo, a colour, by settings.
//!
//! Not here: whether a colour can be seen; the settings are refused where it can't (`config`).

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::config;

/// The largest logo, in bytes.
const LARGEST: usize = 256 * 1024;

/// Whose page it is.
pub(super) struct Brand {
    pub(super) name: String,
    pub(super) logo: Option<Logo>,
    /// What the stylesheet ends with.
    pub(super) colours: String,
}

/// A picture that stands in place of the name.
pub(super) struct Logo {
    /// With its hash.
    pub(super) name: String,
    pub(super) media: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// The settings' logo can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    /// It can't be read.
    #[error("the logo {path} can't be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("the logo {path} isn't a PNG, JPEG, WebP or SVG of {LARGEST} bytes at most")]
    NoPicture {
        /// Which.
        path: PathBuf,
    },
}

impl Brand {
    pub(super) fn load(settings: &config::Brand) -> Result<Self, BrandError> {
        let (accent, ink) = (settings.accent, settings.accent.ink());
        Ok(Self {
            name: settings.name.clone(),
            logo: settings.logo.as_deref().map(Logo::read).transpose()?,
            colours: format!(":root {{ --accent: {accent}; --accent-ink: {ink}; }}\n"),
        })
    }
}

impl Logo {
    fn read(path: &Path) -> Result<Self, BrandError> {
        let unreadable = |source| BrandError::Unreadable { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let kind = kind(&bytes).filter(|_| bytes.len() <= LARGEST);
        let (media, extension) = kind.ok_or_else(|| BrandError::NoPicture { path: path.to_owned() })?;
        let hash: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { name: format!("logo-{hash}.{extension}"), media, bytes })
    }
}

/// What kind of picture it is, by what it begins with.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let is_svg = || {
        let text = std::str::from_utf8(bytes).ok().map(|text| text.trim_start_matches('\u{feff}').trim_start());
        text.is_some_and(|text| (text.starts_with("<svg") || text.starts_with("<?xml")) && text.contains("<svg"))
    };
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(("image/png", "png")),
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("image/webp", "webp")),
        _ if is_svg() => Some(("image/svg+xml", "svg")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_logo_is_known_by_its_bytes_and_not_by_its_name() {
        assert_eq!(kind(b"\x89PNG\r\n").map(|(media, _)| media), Some("image/png"));
        assert_eq!(kind(b"<?xml version='1.0'?><svg/>").map(|(media, _)| media), Some("image/svg+xml"));
        for other in [&b""[..], b"<html>", b"GIF89a", b"<?xml version='1.0'?><html/>", b"RIFF1234WAVE"] {
            assert_eq!(kind(other), None);
        }
    }
}
