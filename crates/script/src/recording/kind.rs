//! What a page of a portal is, as far as drafts tell pages apart.
//!
//! Not here: how one is known for what it is (`draft`), and pages of scripts that authors name as they like.

use serde::{Deserialize, Serialize};

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// Asks who it is, the password being asked for on the next page.
    User,
    /// Asks for the password.
    SignIn,
    /// Says no to a password.
    Refused,
    /// Asks how a code is to be sent.
    Medium,
    /// Asks for what only a person or a device has.
    Code,
    /// Waits for an approval that is given elsewhere.
    Approval,
    /// Comes in between, and is passed by a click.
    Passed,
    /// Lists the accounts.
    Accounts,
    /// An account's own page.
    Account,
    /// An account's transactions, where they have a page of their own.
    Transactions,
    /// Shows after signing out.
    SignedOut,
}

impl PageKind {
    /// All of them, in the order of a session.
    pub const ALL: [Self; 11] = [
        Self::User,
        Self::SignIn,
        Self::Refused,
        Self::Medium,
        Self::Code,
        Self::Approval,
        Self::Passed,
        Self::Accounts,
        Self::Account,
        Self::Transactions,
        Self::SignedOut,
    ];

    /// Its name in a script, and that of its file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::SignIn => "sign_in",
            Self::Refused => "refused",
            Self::Medium => "medium",
            Self::Code => "code",
            Self::Approval => "approval",
            Self::Passed => "passed",
            Self::Accounts => "accounts",
            Self::Account => "account",
            Self::Transactions => "transactions",
            Self::SignedOut => "signed_out",
        }
    }

    /// What it is, in words.
    #[must_use]
    pub const fn said(self) -> &'static str {
        match self {
            Self::User => "the page that asks who it is",
            Self::SignIn => "the page that asks for the password",
            Self::Refused => "the page that refuses a wrong password",
            Self::Medium => "the page that asks how a code is to be sent",
            Self::Code => "the page that asks for a code or an answer",
            Self::Approval => "the page that waits for an approval",
            Self::Passed => "a page that comes in between and is passed",
            Self::Accounts => "the list of accounts",
            Self::Account => "an account's own page",
            Self::Transactions => "an account's transactions",
            Self::SignedOut => "the page that shows after signing out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PageKind;

    #[test]
    fn a_kind_is_written_as_it_is_named() {
        for kind in PageKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        }
    }
}
