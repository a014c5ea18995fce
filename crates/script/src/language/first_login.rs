//! What a bank has somebody do who is there for the first time: pages on which something is set, and terms.
//!
//! Not here: making what is set, or keeping it; whoever holds the lease sees to that.

use domain::password_rules::PasswordRules;

use super::{Meaning, Pick};
use crate::css::Css;

/// A page that wants another password.
#[derive(Clone, Debug)]
pub(crate) struct NewPassword {
    /// What the bank wants of it.
    pub(crate) rules: PasswordRules,
    /// Visible when it was refused; its text says why.
    pub(crate) refused: Option<Css>,
}

/// A page that hands out the secret of an authenticator, and wants a code of it.
#[derive(Clone, Debug)]
pub(crate) struct Enrol {
    /// The secret, or the address that it is in.
    pub(crate) secret: SecretShown,
    /// Visible when the code was refused; its text says why.
    pub(crate) refused: Option<Css>,
}

/// How the secret of an authenticator is shown.
#[derive(Clone, Debug)]
pub(crate) enum SecretShown {
    /// In words.
    Text(Pick),
    /// In a picture with a QR code alone.
    Picture(Css),
}

/// A page on which answers to questions are set.
#[derive(Clone, Debug)]
pub(crate) struct Questions {
    /// Each, in the order in which they are filled in.
    pub(crate) asked: Vec<Asked>,
    /// Visible when they were refused; its text says why.
    pub(crate) refused: Option<Css>,
}

/// One question, and where its answer goes.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) question: Worded,
    pub(crate) answer: Css,
}

/// Who says what is asked.
#[derive(Clone, Debug)]
pub(crate) enum Worded {
    /// The bank, in these words.
    Shown(Pick),
    /// The user, who takes an option of this field that wasn't taken before.
    Chosen(Css),
}

/// A page with terms to be accepted.
#[derive(Clone, Debug)]
pub(crate) struct TermsShown {
    /// What the bank calls them.
    pub(crate) title: Pick,
    /// All that they say.
    pub(crate) text: Css,
    /// Visible when the page wants something else than was done; its text says what.
    pub(crate) refused: Option<Css>,
}

impl Meaning {
    /// Whether something is set on the page that has to be kept before.
    pub(crate) const fn sets_something(&self) -> bool {
        matches!(self, Self::NewPassword(_) | Self::Enrol(_) | Self::Questions(_))
    }

    /// What shows when the bank says no to what was done on the page.
    pub(crate) fn refused(&self) -> Option<&Css> {
        match self {
            Self::Challenge(challenge) => challenge.refused.as_ref(),
            Self::NewPassword(wanted) => wanted.refused.as_ref(),
            Self::Enrol(enrol) => enrol.refused.as_ref(),
            Self::Questions(questions) => questions.refused.as_ref(),
            Self::Terms(terms) => terms.refused.as_ref(),
            Self::Passage | Self::Failure { .. } | Self::SignedIn | Self::SignedOut => None,
        }
    }
}
