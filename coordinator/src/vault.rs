//! The vault: envelope encryption for what is kept and must not be read by others:
//! credentials, answers, webhook secrets.
//!
//! Each organization has a data key; the master key wraps data keys and nothing
//! else. Both use XChaCha20-Poly1305 with random 24-byte nonces
//! (draft-irtf-cfrg-xchacha-03). What a thing is sealed for (its context) is
//! authenticated, so a sealed password of one connection is no use in another.
//!
//! Not a store: sealed bytes are handed back to whoever asked.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::secret::Secret;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// The first byte of everything sealed, so that a later format can be told apart.
const FORMAT: u8 = 1;

type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// Holds the master key.
pub struct Vault {
    master: Key,
}

/// An organization's data key, unwrapped.
pub struct DataKey(Key);

/// The vault can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The configured or kept master key isn't one.
    #[error("the master key isn't 32 bytes in base64")]
    MalformedMasterKey,
    /// The key file can't be read or made.
    #[error("the master key file {file} can't be read or made")]
    KeyFile {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// Sealed with another key, for another purpose, or changed since.
    #[error("sealed bytes can't be opened: another master key, or another purpose")]
    Unopenable,
    /// The system has no randomness to give.
    #[error("the system gives no randomness")]
    NoRandomness,
}

impl Vault {
    /// Takes the configured master key, or the one in `file`, which is made with
    /// mode 0600 if it isn't there.
    ///
    /// # Errors
    /// [`VaultError`] says which key is malformed or can't be kept.
    pub fn open(configured: &Secret, file: &Path) -> Result<Self, VaultError> {
        let text = if configured.expose().is_empty() {
            let fresh = STANDARD.encode(random::<KEY_LENGTH>()?.as_slice());
            read_or_create(file, &Secret::new(fresh))
                .map_err(|source| VaultError::KeyFile { file: file.display().to_string(), source })?
        } else {
            configured.clone()
        };
        let bytes = Zeroizing::new(STANDARD.decode(text.expose().trim()).map_err(|_| VaultError::MalformedMasterKey)?);
        let master = bytes.as_slice().try_into().map_err(|_| VaultError::MalformedMasterKey)?;
        Ok(Self { master: Zeroizing::new(master) })
    }

    /// Makes a data key and returns it wrapped, to be kept with the organization.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn new_data_key(&self, organization: &str) -> Result<Vec<u8>, VaultError> {
        seal(&self.master, &data_key_context(organization), random::<KEY_LENGTH>()?.as_slice())
    }

    /// Unwraps an organization's data key.
    ///
    /// # Errors
    /// [`VaultError::Unopenable`] if it was wrapped with another master key.
    pub fn data_key(&self, organization: &str, wrapped: &[u8]) -> Result<DataKey, VaultError> {
        let bytes = open(&self.master, &data_key_context(organization), wrapped)?;
        let key = bytes.as_slice().try_into().map_err(|_| VaultError::Unopenable)?;
        Ok(DataKey(Zeroizing::new(key)))
    }

    /// A key for authenticating things that are handed out, such as cursors; never
    /// the master key itself.
    #[must_use]
    pub fn derived_key(&self, purpose: &str) -> [u8; KEY_LENGTH] {
        let mut mac = mac(self.master.as_slice());
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A key for sealing what coordinators of one fleet say to each other.
    #[must_use]
    pub fn shared_key(&self, purpose: &str) -> DataKey {
        DataKey(Zeroizing::new(self.derived_key(purpose)))
    }
}

impl DataKey {
    /// Seals a secret for one purpose.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<Vec<u8>, VaultError> {
        seal(&self.0, context, secret.expose().as_bytes())
    }

    /// Opens what was sealed for that purpose.
    ///
    /// # Errors
    /// [`VaultError::Unopenable`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Secret, VaultError> {
        let bytes = open(&self.0, context, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| VaultError::Unopenable)?;
        Ok(Secret::new(text.to_owned()))
    }
}

/// HMAC-SHA256 (RFC 2104) with a key of any length.
#[must_use]
pub fn mac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// Bytes from the system's randomness.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

/// Reads a secret from `file`; where there is none, keeps `fresh` in it with mode 0600.
/// The file is there whole or not at all, and when two processes do this at once, both
/// get the one that came first.
///
/// # Errors
/// What the file system says.
pub fn read_or_create(file: &Path, fresh: &Secret) -> std::io::Result<Secret> {
    if !file.exists() {
        let draft = file.with_extension(format!("draft-{}", std::process::id()));
        let mut writing =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        writing.write_all(fresh.expose().as_bytes())?;
        writing.sync_all()?;
        let linked = std::fs::hard_link(&draft, file);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let text = std::fs::read_to_string(file)?;
    if text.trim().is_empty() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(Secret::new(text.trim().to_owned()))
}

fn data_key_context(organization: &str) -> String {
    format!("data key of {organization}")
}

fn seal(key: &Key, context: &str, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE_LENGTH>()?;
    let payload = Payload { msg: plaintext, aad: context.as_bytes() };
    let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().map_err(|_| VaultError::Unopenable)?);
    let nonce_bytes: &XNonce = nonce.as_slice().try_into().map_err(|_| VaultError::Unopenable)?;
    let ciphertext = cipher.encrypt(nonce_bytes, payload).map_err(|_| VaultError::Unopenable)?;
    Ok([&[FORMAT], nonce.as_slice(), &ciphertext].concat())
}

fn open(key: &Key, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (&format, rest) = sealed.split_first().ok_or(VaultError::Unopenable)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_LENGTH).ok_or(VaultError::Unopenable)?;
    if format != FORMAT {
        return Err(VaultError::Unopenable);
    }
    let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
    let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().map_err(|_| VaultError::Unopenable)?);
    let nonce: &XNonce = nonce.try_into().map_err(|_| VaultError::Unopenable)?;
    cipher.decrypt(nonce, payload).map(Zeroizing::new).map_err(|_| VaultError::Unopenable)
}

#[cfg(test)]
mod tests {
    use super::{Vault, VaultError, random};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use domain::secret::Secret;
    use std::os::unix::fs::PermissionsExt as _;

    fn vault() -> Vault {
        let key = STANDARD.encode(random::<32>().expect("randomness").as_slice());
        Vault::open(&Secret::new(key), std::path::Path::new("unused")).expect("a vault")
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone() {
        let vault = vault();
        let wrapped = vault.new_data_key("o1").expect("a key");
        let key = vault.data_key("o1", &wrapped).expect("the key");
        let sealed = key.seal("password of c1", &Secret::new("Anchor-7".into())).expect("sealed");
        assert_eq!(key.open("password of c1", &sealed).expect("opened").expose(), "Anchor-7");
        assert!(matches!(key.open("password of c2", &sealed), Err(VaultError::Unopenable)));
        assert!(matches!(vault.data_key("o2", &wrapped), Err(VaultError::Unopenable)));
        let mut changed = sealed.clone();
        *changed.last_mut().expect("a byte") ^= 1;
        assert!(matches!(key.open("password of c1", &changed), Err(VaultError::Unopenable)));
        assert!(matches!(key.open("password of c1", &sealed[..20]), Err(VaultError::Unopenable)));
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let wrapped = vault().new_data_key("o1").expect("a key");
        assert!(matches!(vault().data_key("o1", &wrapped), Err(VaultError::Unopenable)));
    }

    #[test]
    fn the_master_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("master.key");
        let none = Secret::new(String::new());
        let wrapped = Vault::open(&none, &file).expect("made").new_data_key("o1").expect("a key");
        Vault::open(&none, &file).expect("read").data_key("o1", &wrapped).expect("the same master key");
        let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_malformed_master_key_is_refused() {
        let opened = Vault::open(&Secret::new("c2hvcnQ=".into()), std::path::Path::new("unused"));
        assert!(matches!(opened, Err(VaultError::MalformedMasterKey)));
    }
}
