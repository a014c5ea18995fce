//! Links that lead a customer to the set-up page of one connection without signing in.
//!
//! A link's token holds all that it stands for, authenticated by a key of the vault's, so that none has to be kept. It
//! names the number under which the connection's links are good: moving that on ends all of them.
//!
//! Not here: the page (`setup`), or what is done there; those are the same use cases as an integrator's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::connection::ConnectionState;
use domain::id::{ConnectionId, OrganizationId};
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{OwnedConnection, Reach, Refused};
use crate::vault::{Vault, mac, random};

/// What the key of tokens is derived for.
const PURPOSE: &str = "links to set-up pages";

/// How long what a token says is, in bytes: the connection, the link, its number, its end.
const SAID: usize = 16 + 8 + 8 + 8;

/// The same with what it is authenticated by.
const WHOLE: usize = SAID + 32;

/// A link that was just made.
pub struct MadeSetupLink {
    /// Which; the audit trail names it.
    pub id: String,
    /// The address of the page.
    pub url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a token says that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    /// Which it is.
    pub id: String,
    connection: ConnectionId,
    number: i64,
    expires_at: Timestamp,
}

/// What a link is good for now.
pub enum SetupStanding {
    /// The connection is being set up.
    Open(Box<OwnedConnection>),
    /// It has been set up.
    Done(Box<OwnedConnection>),
    /// The link's time is up, it was ended, or the connection was.
    Over,
}

impl SetupLink {
    fn token(&self, vault: &Vault) -> String {
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.extend_from_slice(self.connection.0.as_bytes());
        bytes.extend_from_slice(&u64::from_str_radix(&self.id, 16).unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.expires_at.as_second().to_be_bytes());
        let mut mac = mac(&vault.derived_key(PURPOSE));
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(vault: &Vault, token: &str) -> Option<Self> {
        let bytes: [u8; WHOLE] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (said, tag) = bytes.split_at(SAID);
        let mut mac = mac(&vault.derived_key(PURPOSE));
        mac.update(said);
        mac.verify_slice(tag).ok()?;
        let number = |at: usize| Some(i64::from_be_bytes(said.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            connection: ConnectionId(Uuid::from_slice(said.get(..16)?).ok()?),
            id: said.get(16..24)?.iter().map(|byte| format!("{byte:02x}")).collect(),
            number: number(24)?,
            expires_at: Timestamp::from_second(number(32)?).ok()?,
        })
    }
}

impl Fleet {
    /// Makes a link to the set-up page of a connection that is being set up.
    ///
    /// # Errors
    /// [`Refused::NotInSetup`] of any other.
    pub async fn create_setup_link(&self, owner: OrganizationId, id: ConnectionId) -> Result<MadeSetupLink, Error> {
        let link: String = random::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let now = clock::now();
        let term = SignedDuration::try_from(self.config.setup.link_term).unwrap_or(SignedDuration::from_hours(72));
        // As exactly as the token has it.
        let expires_at = Timestamp::from_second((now + term).as_second()).unwrap_or(now);
        let number = self.store.create_setup_link(owner, id, &link, now).await?;
        let link = SetupLink { id: link, connection: id, number, expires_at };
        let url = format!("{}/setup/{}", self.config.public_url(), link.token(&self.vault));
        Ok(MadeSetupLink { id: link.id, url, expires_at })
    }

    /// Ends every link to the set-up page of a connection.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke_setup_links(&self, owner: OrganizationId, id: ConnectionId) -> Result<(), Error> {
        Ok(self.store.revoke_setup_links(owner, id, clock::now()).await?)
    }

    /// What a token says, if this coordinator or one of its kind made it. Nothing is looked up.
    #[must_use]
    pub fn read_setup_link(&self, token: &str) -> Option<SetupLink> {
        SetupLink::read(&self.vault, token)
    }

    /// What a link is good for now.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn setup_standing(&self, link: &SetupLink) -> Result<SetupStanding, Error> {
        let is_good = self.store.setup_links_number(link.connection).await? == Some(link.number);
        if !is_good || clock::now() >= link.expires_at {
            return Ok(SetupStanding::Over);
        }
        let owned = match self.store.owned_connection(&Reach::All, link.connection).await {
            Err(Refused::NotFound) => return Ok(SetupStanding::Over),
            owned => Box::new(owned?),
        };
        Ok(match &owned.connection.state {
            ConnectionState::Revoked { .. } => SetupStanding::Over,
            _ if owned.connection.activated_at.is_some() => SetupStanding::Done(owned),
            _ => SetupStanding::Open(owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::id::ConnectionId;
    use domain::secret::Secret;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::SetupLink;
    use crate::vault::Vault;

    fn vault(byte: u8) -> Vault {
        use base64::Engine as _;
        let key = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        Vault::open(&Secret::new(key), std::path::Path::new("")).expect("a vault")
    }

    #[test]
    fn a_token_says_what_it_was_made_of_and_any_other_says_nothing() {
        let link = SetupLink {
            id: "00ff10203040506f".into(),
            connection: ConnectionId(Uuid::now_v7()),
            number: 3,
            expires_at: Timestamp::from_second(1_800_000_000).expect("a moment"),
        };
        let token = link.token(&vault(1));
        assert_eq!(SetupLink::read(&vault(1), &token), Some(link));
        assert_eq!(SetupLink::read(&vault(2), &token), None);
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).expect("text");
            assert_eq!(SetupLink::read(&vault(1), &other), None, "{at}");
        }
        for text in ["", "A", &token[..token.len() - 4], &format!("{token}AAAA"), "/../"] {
            assert_eq!(SetupLink::read(&vault(1), text), None, "{text}");
        }
    }
}
