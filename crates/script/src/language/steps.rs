//! What is done on a page, and what is filled in there.
//!
//! Not here: doing it (`runner`).

use domain::institution::CredentialName;
use domain::run::Effect;

use crate::command::Target;

/// One thing a script does on a page.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Fill {
        into: Target,
        with: Source,
    },
    Click {
        target: Target,
        effect: Option<Effect>,
    },
    /// The popup that shows is closed, and the page behind it shows again.
    ClosePopup,
}

impl Step {
    /// What is acted on, if it is something on the page.
    pub(crate) const fn target(&self) -> Option<&Target> {
        match self {
            Self::Fill { into: target, .. } | Self::Click { target, .. } => Some(target),
            Self::ClosePopup => None,
        }
    }

    pub(crate) const fn effect(&self) -> Option<Effect> {
        match self {
            Self::Click { effect, .. } => *effect,
            Self::Fill { .. } | Self::ClosePopup => None,
        }
    }
}

/// Where the text for a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Credential(CredentialName),
    /// What the person answered.
    Answer,
    /// One part of it, from 0: of several words, or of as many signs as there are parts.
    AnswerPart(usize),
    /// The password that was made for the page.
    NewPassword,
    /// A code of the authenticator whose secret the page shows.
    EnrolledCode,
}
