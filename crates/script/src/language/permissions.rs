//! What a script says of the page on which a portal shows what its user may do.
//!
//! Not here: what follows from it.

use domain::permissions::Right;

use super::{BankWord, Table};
use crate::css::Css;

/// A page of permissions. What is granted in any row is granted.
#[derive(Clone, Debug)]
pub(crate) struct PermissionsRead {
    /// The page's name.
    pub(crate) on: String,
    /// On the list of accounts: leads there.
    pub(crate) open: Css,
    /// There: leads to the list of accounts.
    pub(crate) back: Css,
    pub(crate) table: Table<PermissionField>,
    /// The words that grant what a column is headed by, and those that don't; case folded.
    pub(crate) granted: Vec<String>,
    pub(crate) refused: Vec<String>,
    /// The words of a column of accesses, case folded, and what each grants.
    pub(crate) accesses: Vec<(BankWord, Vec<Right>)>,
}

/// What can be read of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PermissionField {
    /// Whether this may be done.
    May(Right),
    /// What may be done, in a word.
    Access,
}

impl PermissionField {
    /// Every field with the key by which scripts name it.
    pub(crate) const KNOWN: &'static [(&'static str, Self)] = &[
        ("view", Self::May(Right::View)),
        ("initiate", Self::May(Right::Initiate)),
        ("approve", Self::May(Right::Approve)),
        ("access", Self::Access),
    ];
}
