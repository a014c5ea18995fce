//! Somebody publishes a revision of a script: it is looked through, held against what is kept of its institution,
//! and kept itself. Nobody works by it yet, unless it is the institution's first.
//!
//! A script says which hosts a session may reach, so one that wants more than the current one does has to be told to be
//! right about each of them.
//!
//! Not here: trying it and making it current (`rollout`).

use domain::id::{AccountId, RepairTicketId};
use domain::rollout::Rollout;
use domain::rollout::difference::Difference;

use super::{Error, Fleet, replay};
use crate::catalog::{KnownScript, LARGEST_SCRIPT};
use crate::clock;
use crate::store::{Keeping, NewRevision, Refused, Told};

/// The longest note, in characters.
pub(super) const LONGEST_NOTE: usize = 500;

/// So many accounts are read again by what is published, and of each so many readings, so that the answer doesn't take long.
const REREAD: (u32, u32) = (20, 20);

/// What is to be published.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The script.
    pub source: String,
    /// For other operators.
    pub note: Option<String>,
    /// The revision that whoever publishes believes to be current.
    pub expected: Option<String>,
    /// The further hosts that they agree to.
    pub agreed_hosts: Vec<String>,
    /// The open ticket that it is to mend.
    pub mends: Option<RepairTicketId>,
}

/// What is known of a script before anybody works by it.
#[derive(Clone, Debug)]
pub struct LookedThrough {
    /// Its revision.
    pub revision: String,
    /// The hosts that it may reach beside the portal's own.
    pub hosts: Vec<String>,
    /// Those of them that the current one doesn't reach.
    pub hosts_added: Vec<String>,
    /// What it makes of what is kept.
    pub reread: Rereading,
}

/// What a script makes of the latest readings that are kept.
#[derive(Clone, Debug, Default)]
pub struct Rereading {
    /// Of how many accounts.
    pub accounts: usize,
    /// How many readings were read again.
    pub readings: usize,
    /// How many couldn't be.
    pub unreadable: usize,
    /// Why the first of them couldn't.
    pub because: Option<String>,
    /// How many transactions stay as they are.
    pub unchanged: usize,
    /// In what the others would differ.
    pub difference: Difference,
}

/// Why a script isn't published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It has faults.
    #[error("the script has faults")]
    Faulty(script::Diagnostics),
    /// It is too large, another institution's, or its note too long.
    #[error("{0}")]
    Unfit(String),
    /// It reaches hosts that nobody agreed to.
    #[error("the script reaches hosts that the current one doesn't: {}", .0.join(", "))]
    HostsNotAgreed(Vec<String>),
    /// What it takes failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Fleet {
    /// Says what is known of a script, and keeps nothing.
    ///
    /// # Errors
    /// [`PublishError`]; hosts that nobody agreed to are only told.
    pub async fn look_through(
        &self,
        institution: &str,
        publication: &Publication,
    ) -> Result<LookedThrough, PublishError> {
        let unfit = |reason: String| Err(PublishError::Unfit(reason));
        self.catalog().institution(institution).ok_or(Error::Refused(Refused::NotFound))?;
        if publication.source.len() > LARGEST_SCRIPT {
            return unfit(format!("a script has {LARGEST_SCRIPT} bytes at most"));
        }
        if publication.note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return unfit(format!("a note has {LONGEST_NOTE} characters at most"));
        }
        self.follow().await?;
        let (known, script) = KnownScript::read(publication.source.clone()).map_err(PublishError::Faulty)?;
        if script.institution() != institution {
            return unfit(format!("it is for `{}`, and not for `{institution}`", script.institution()));
        }
        let catalog = self.catalog();
        let reached = catalog.known_script(institution).map_or(&[][..], |current| &current.hosts);
        let hosts_added = known.hosts.iter().filter(|host| !reached.contains(host)).cloned().collect();
        let reread = self.reread(institution, (&script, &known.text.revision)).await?;
        Ok(LookedThrough { revision: known.text.revision, hosts: known.hosts, hosts_added, reread })
    }

    /// Keeps a script, with what is known of it; doing it again changes nothing.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn publish(
        &self,
        institution: &str,
        publication: &Publication,
    ) -> Result<(LookedThrough, Rollout, Told), PublishError> {
        let looked = self.look_through(institution, publication).await?;
        let agreed = &publication.agreed_hosts;
        let not_agreed: Vec<String> =
            looked.hosts_added.iter().filter(|host| !agreed.contains(host)).cloned().collect();
        if !not_agreed.is_empty() {
            return Err(PublishError::HostsNotAgreed(not_agreed));
        }
        let new = NewRevision {
            institution,
            revision: &looked.revision,
            source: &publication.source,
            hosts: &looked.hosts,
            note: publication.note.as_deref().filter(|note| !note.is_empty()),
            mends: publication.mends,
        };
        let published = self.store.publish_revision(new, publication.expected.as_deref(), clock::now()).await;
        let published = published.map_err(Error::from)?;
        tracing::info!(institution, revision = looked.revision, "a script was published");
        self.follow().await?;
        Ok((looked, published.rollout, published.told))
    }

    async fn reread(&self, institution: &str, with: (&script::Script, &str)) -> Result<Rereading, Error> {
        let (accounts, readings) = REREAD;
        let mut reread = Rereading::default();
        let catalog = self.catalog();
        for account in self.store.accounts_at(institution, accounts).await? {
            let account: AccountId = account;
            let one = replay(&*self.store, &catalog, account, Some(with), (readings, Keeping::Nothing), clock::now());
            let one = match one.await {
                Ok(one) => one,
                // It went with its connection in between.
                Err(Error::Refused(Refused::NotFound)) => continue,
                Err(error) => return Err(error),
            };
            reread.accounts += 1;
            reread.readings += one.reread;
            reread.unreadable += one.unreadable.len();
            let because = one.unreadable.first().map(|reading| reading.reason.to_string());
            reread.because = reread.because.take().or(because);
            reread.unchanged += one.replayed.unchanged.len();
            let changed = u32::try_from(one.replayed.differences.len()).unwrap_or(u32::MAX);
            let fields = one.replayed.differences.iter().flat_map(|one| one.before.keys().chain(one.after.keys()));
            let difference =
                Difference { rows_changed: changed, fields: fields.cloned().collect(), ..Difference::default() };
            reread.difference.add(&difference);
        }
        Ok(reread)
    }
}
