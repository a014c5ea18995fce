//! A bundle: a catalog as one file that somebody signed, so that it may come by any way and still be theirs.
//!
//! It is a tar archive, packed by gzip, with a folder an institution, and beside it a signature as minisign makes them
//! (<https://jedisct1.github.io/minisign/>): Ed25519 over the BLAKE2b hash of the whole file. Nothing of a bundle is
//! unpacked before its signature holds.
//!
//! Not here: keys, which are files of whoever signs (`cli`), and which of them count (settings).

use std::io::Cursor;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use minisign::{PublicKey, SecretKey, SignatureBox};

use super::CatalogError;
use super::files::Files;

/// What the name of a bundle's signature has after the bundle's own.
pub const SIGNATURE: &str = ".minisig";

/// What is in a bundle that one of these keys signed. `place` is where it is from, for people.
///
/// # Errors
/// [`CatalogError::Unsigned`] where none of them did, and as of an archive.
pub(super) fn opened(bundle: &[u8], signature: &str, keys: &[String], place: &Path) -> Result<Files, CatalogError> {
    let unsigned = |reason: String| CatalogError::Unsigned { place: place.to_owned(), reason };
    let signature = SignatureBox::from_string(signature)
        .map_err(|error| unsigned(format!("what is beside it is no signature: {error}")))?;
    let mut held = Err("no public key is given".to_owned());
    for key in keys {
        let key = public_key(key).map_err(|reason| unsigned(format!("`{key}` is no public key: {reason}")))?;
        // The older kind of signature, over the file itself, isn't taken.
        held = minisign::verify(&key, &signature, Cursor::new(bundle), true, false, false)
            .map_err(|error| error.to_string());
        if held.is_ok() {
            break;
        }
    }
    held.map_err(unsigned)?;
    Files::of_archive(GzDecoder::new(bundle), place, "")
}

/// A public key as minisign writes it: the line alone, or the file with its comment.
fn public_key(text: &str) -> Result<PublicKey, String> {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    PublicKey::from_base64(line).map_err(|error| error.to_string())
}

/// A catalog as a bundle, the same bytes of the same files.
///
/// # Errors
/// Where memory is written to, none that is known.
pub fn packed(files: &Files) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    files.write_archive(&mut gzip)?;
    gzip.finish()
}

/// The signature of a bundle, with what is said of it, which is signed, too.
///
/// # Errors
/// Why there is none.
pub fn signed(bundle: &[u8], key: &SecretKey, said: &str) -> Result<String, String> {
    minisign::sign(None, key, Cursor::new(bundle), Some(said), Some("a catalog of Bursar"))
        .map(|signature| signature.into_string())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use minisign::KeyPair;

    use super::{opened, packed, signed};
    use crate::catalog::files::Files;
    use crate::catalog::{Catalog, CatalogError};

    fn scripts() -> Files {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
        Files::of_folder(&folder).expect("the catalog")
    }

    fn keys() -> (KeyPair, String) {
        let pair = KeyPair::generate_unencrypted_keypair().expect("keys");
        let public = pair.pk.to_base64();
        (pair, public)
    }

    #[test]
    fn a_bundle_has_what_was_packed_and_is_the_same_each_time() {
        let (files, (pair, public)) = (scripts(), keys());
        let bundle = packed(&files).expect("a bundle");
        assert_eq!(bundle, packed(&files).expect("another"));
        let signature = signed(&bundle, &pair.sk, "of today").expect("a signature");
        let other = keys().1;
        let read = opened(&bundle, &signature, &[other, public], Path::new("b")).expect("what is in it");
        assert_eq!(read.folders, files.folders);
        let catalog = Catalog::read(&read, &std::collections::BTreeMap::new()).expect("a catalog");
        assert!(catalog.script("harbour").is_some());
    }

    #[test]
    fn what_nobody_known_has_signed_isn_t_looked_into() {
        let (files, (pair, public)) = (scripts(), keys());
        let mut bundle = packed(&files).expect("a bundle");
        let signature = signed(&bundle, &pair.sk, "of today").expect("a signature");
        let refused = |bundle: &[u8], signature: &str, keys: &[String]| {
            let read = opened(bundle, signature, keys, Path::new("b"));
            assert!(matches!(read, Err(CatalogError::Unsigned { .. })), "{read:?}");
        };
        refused(&bundle, &signature, &[keys().1]);
        refused(&bundle, &signature, &[]);
        refused(&bundle, &signature, &["RWQ".into()]);
        refused(&bundle, "untrusted comment: x", std::slice::from_ref(&public));
        // What is said of it is signed, too.
        refused(&bundle, &signature.replace("of today", "of 2031"), std::slice::from_ref(&public));
        let last = bundle.len() - 1;
        bundle[last] ^= 1;
        refused(&bundle, &signature, &[public]);
    }
}
