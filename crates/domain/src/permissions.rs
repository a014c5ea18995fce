//! What a delegated user may do at the bank, as the portal itself shows it.
//!
//! Not here: which words of a bank mean what; scripts say that.

use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// Something that a delegated user may do.
    pub enum Right {
        /// Look at balances and transactions.
        View = "view",
        /// Make payments, or prepare them.
        Initiate = "initiate",
        /// Approve the payments of others.
        Approve = "approve",
    }
}

/// What a delegated user may do on any account at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Permissions {
    /// Look at balances and transactions.
    pub view: bool,
    /// Make payments, or prepare them.
    pub initiate: bool,
    /// Approve the payments of others.
    pub approve: bool,
}

impl Permissions {
    /// The same with one more.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        match right {
            Right::View => Self { view: true, ..self },
            Right::Initiate => Self { initiate: true, ..self },
            Right::Approve => Self { approve: true, ..self },
        }
    }

    /// Whether it is more than reading needs: somebody who gets hold of the user could move money.
    #[must_use]
    pub const fn exceed_view(self) -> bool {
        self.initiate || self.approve
    }
}

#[cfg(test)]
mod tests {
    use super::{Permissions, Right};

    #[test]
    fn whatever_moves_money_exceeds_viewing() {
        let nothing = Permissions::default();
        assert!(!nothing.exceed_view() && !nothing.with(Right::View).exceed_view());
        for right in [Right::Initiate, Right::Approve] {
            assert!(nothing.with(Right::View).with(right).exceed_view(), "{right}");
        }
    }
}
