//! What the user may do: one page beside the list of accounts, which is gone to before the first
//! account is opened. Whatever is wrong with it, the accounts are read all the same: where it doesn't show,
//! or nothing leads back, the list is gone to by its address, once.
//!
//! Not here: the table on it (`read`).

use domain::failure::{Failure, FailureCode};
use domain::permissions::Permissions;

use super::{Awaiting, Phase, Runner};
use crate::command::Command;
use crate::document::Document;
use crate::language::PermissionsRead;
use crate::read::Place;

/// What is known of it.
#[derive(Clone, Debug, Default)]
pub(super) enum Entitled {
    /// Nobody looked yet, or the script says nothing of it.
    #[default]
    Unread,
    Read(Permissions),
    Failed(Failure),
}

impl Entitled {
    /// Whether the page can be gone to from the list that shows; what is wrong is kept where it can't.
    pub(super) fn leads_on(&mut self, document: &Document, read: &PermissionsRead, place: &Place) -> bool {
        if !matches!(self, Self::Unread) {
            return false;
        }
        let can_go = document.can_click(&read.open);
        if !can_go {
            let what =
                format!("nothing on the list of accounts fits `{}`, which leads to permissions", read.open.text());
            *self = Self::Failed(place.failure(FailureCode::ElementMissing, what));
        }
        can_go
    }
}

impl Runner {
    /// The end of the run, unless what failed is the page of permissions or the way back from it, or the list that was
    /// gone to by its address. If it is the session that ended, the list's address shows that as well.
    pub(super) fn fail_unless_aside(&mut self, failure: Failure) -> Command {
        let message = self.masked(&failure.message);
        if let Phase::Reading(walk) = &mut self.phase
            && let Some(url) = walk.skip_permissions(failure.clone().with_message(message))
        {
            self.entitled.clone_from(&walk.entitled);
            self.acted = None;
            self.came_again = false;
            self.looks.clear();
            self.awaiting = Awaiting::Visited;
            return Command::Visit(url);
        }
        // What the bank says of the credentials is never put aside.
        if !failure.code.freezes_credentials()
            && let Some(end) = self.end_without_list()
        {
            return end;
        }
        self.end(Command::Fail(failure))
    }

    /// What the portal says the user may do, where the script reads it and it could be read.
    #[must_use]
    pub const fn permissions(&self) -> Option<Permissions> {
        match self.entitled {
            Entitled::Read(permissions) => Some(permissions),
            Entitled::Unread | Entitled::Failed(_) => None,
        }
    }

    /// Why it couldn't be read, where the script reads it.
    #[must_use]
    pub const fn permissions_failure(&self) -> Option<&Failure> {
        match &self.entitled {
            Entitled::Failed(failure) => Some(failure),
            Entitled::Unread | Entitled::Read(_) => None,
        }
    }
}
