//! What is done at the set-up page: credentials are given and the first sign-in is begun, questions are answered. Each
//! leads back to the page, which says what came of it.
//!
//! Not here: whose link it is (`door`).

use std::collections::BTreeMap;

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::id::{ChallengeId, ConnectionId, OrganizationId};
use domain::institution::CredentialName;
use domain::secret::Secret;
use uuid::Uuid;

use super::door::{Guest, Standing};
use super::frame::{Leg, Tone};
use super::{Setup, view};
use crate::console::Fields;
use crate::fleet::Error;
use crate::store::Refused;

/// What came of something, as the page's address has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The credentials are kept, and the first sign-in has begun.
    Begun,
    /// They are kept; nobody can sign in there yet.
    Kept,
    /// An answer is on its way.
    Answered,
    /// A new code is on its way.
    Resent,
    /// A field is missing, or too long.
    Incomplete,
    /// What was given as an authenticator's key is none.
    NoKey,
    /// An answer isn't one that the bank takes.
    Unfit,
    /// The bank has refused these very credentials.
    Refused,
    /// Somebody else did something at the same time.
    Late,
    /// As many codes as may be were asked for.
    Spent,
    /// The last code was only just sent.
    TooSoon,
    /// It couldn't be done right now.
    Failed,
}

impl Said {
    const WORDS: [(&'static str, Self); 12] = [
        ("begun", Self::Begun),
        ("kept", Self::Kept),
        ("answered", Self::Answered),
        ("resent", Self::Resent),
        ("incomplete", Self::Incomplete),
        ("noKey", Self::NoKey),
        ("unfit", Self::Unfit),
        ("refused", Self::Refused),
        ("late", Self::Late),
        ("spent", Self::Spent),
        ("tooSoon", Self::TooSoon),
        ("failed", Self::Failed),
    ];

    /// What the page's address says; nothing where it is none of these.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, said)| said)
    }

    fn word(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, said)| *said == self).map_or("", |(word, _)| word)
    }

    /// What the page says of it.
    pub(super) fn text(self) -> (Tone, &'static str) {
        match self {
            Self::Begun => (Tone::Good, "Thank you. We are signing in now."),
            Self::Kept => (Tone::Good, "Thank you. Your details are kept safe, and we go on as soon as we can."),
            Self::Answered => (Tone::Good, "Thank you. We are passing it on to the bank."),
            Self::Resent => (Tone::Good, "We have asked the bank for a new code."),
            Self::Incomplete => (Tone::Bad, "Please fill in every field."),
            Self::NoKey => {
                (Tone::Bad, "That isn't the key of an authenticator app. Please copy it as the bank shows it.")
            }
            Self::Unfit => (Tone::Bad, "The bank doesn't take such an answer. Please look at what it asks for."),
            Self::Refused => {
                (Tone::Bad, "The bank has refused these very details before. Please check them, and enter them anew.")
            }
            Self::Late => (Tone::Bad, "This has changed in the meantime. Here is how it stands now."),
            Self::Spent => (Tone::Bad, "The bank was asked for as many codes as it may be."),
            Self::TooSoon => (Tone::Bad, "The bank has only just sent a code. Please wait a little before the next."),
            Self::Failed => {
                (Tone::Bad, "That didn't work just now, and nothing is lost. Please try again in a minute.")
            }
        }
    }

    /// Whether it still says something where the set-up has come to this leg: what is to be put right in a form is
    /// over once that form is behind one.
    pub(super) fn lasts(self, leg: Leg) -> bool {
        match self {
            Self::Incomplete | Self::NoKey | Self::Refused => leg == Leg::User,
            Self::Unfit | Self::Spent | Self::TooSoon => leg == Leg::SignIn,
            Self::Late | Self::Failed => true,
            Self::Begun | Self::Kept | Self::Answered | Self::Resent => leg != Leg::Done,
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::Invalid { field: "/totpSecret", .. } => Self::NoKey,
            Error::ScriptMissing => Self::Kept,
            Error::Invalid { .. } | Error::Refused(Refused::CredentialsMissing) => Self::Incomplete,
            Error::Refused(Refused::BudgetSpent | Refused::DoubtSpent) => Self::Refused,
            Error::Refused(Refused::ResendsSpent | Refused::ResendImpossible) => Self::Spent,
            Error::Refused(Refused::ResendTooSoon(_)) => Self::TooSoon,
            Error::Refused(Refused::Store(_)) | Error::Busy | Error::Queue(_) | Error::Vault(_) => {
                tracing::warn!(error = error as &dyn std::error::Error, "a set-up page's act came to nothing");
                Self::Failed
            }
            Error::Refused(_) => Self::Late,
        }
    }
}

/// Keeps the delegated user's credentials and begins the first sign-in.
pub(super) async fn give_credentials(
    State(setup): State<Setup>,
    Extension(guest): Extension<Guest>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let Some((owner, id)) = open(&guest) else { return to(&guest, Said::Late) };
    let given: BTreeMap<CredentialName, Secret> = view::asked_for(&setup, &guest)
        .into_iter()
        .map(|name| (name, fields.get(name.as_str())))
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(name, text)| (name, Secret::new(text.to_owned())))
        .collect();
    let key = Some(fields.get("totpSecret").trim()).filter(|key| !key.is_empty() && view::asks_for_key(&setup, &guest));
    let key = key.map(|key| Secret::new(key.to_owned()));
    let kept = setup.fleet.give_credentials(owner, id, given, key).await;
    let begun = match kept {
        Ok(()) => setup.fleet.complete_setup(owner, id).await.map(|_| ()),
        Err(error) => Err(error),
    };
    to(&guest, begun.map_or_else(|error| Said::of(&error), |()| Said::Begun))
}

/// Begins the first sign-in anew, with the credentials that are kept.
pub(super) async fn sign_in_again(State(setup): State<Setup>, Extension(guest): Extension<Guest>) -> Response {
    let Some((owner, id)) = open(&guest) else { return to(&guest, Said::Late) };
    let begun = setup.fleet.complete_setup(owner, id).await;
    to(&guest, begun.map_or_else(|error| Said::of(&error), |_| Said::Begun))
}

/// Answers what the bank asks.
pub(super) async fn answer(
    State(setup): State<Setup>,
    Extension(guest): Extension<Guest>,
    Extension(fields): Extension<Fields>,
    Path((_, challenge)): Path<(String, String)>,
) -> Response {
    let (Some((owner, id)), Ok(challenge)) = (open(&guest), Uuid::parse_str(&challenge)) else {
        return to(&guest, Said::Late);
    };
    let answer = Secret::new(fields.get("answer").to_owned());
    let answered = setup.fleet.answer_challenge(owner, id, ChallengeId(challenge), answer).await;
    let unfit = |error: &Error| matches!(error, Error::Invalid { .. });
    to(
        &guest,
        answered.map_or_else(|error| if unfit(&error) { Said::Unfit } else { Said::of(&error) }, |_| Said::Answered),
    )
}

/// Has the bank asked for a new code.
pub(super) async fn resend(
    State(setup): State<Setup>,
    Extension(guest): Extension<Guest>,
    Path((_, challenge)): Path<(String, String)>,
) -> Response {
    let (Some((owner, id)), Ok(challenge)) = (open(&guest), Uuid::parse_str(&challenge)) else {
        return to(&guest, Said::Late);
    };
    let asked = setup.fleet.request_resend(owner, id, ChallengeId(challenge)).await;
    to(&guest, asked.map_or_else(|error| Said::of(&error), |_| Said::Resent))
}

/// Whoever loads the address of an act again is led to the page.
pub(super) async fn back(Extension(guest): Extension<Guest>) -> Response {
    Redirect::to(&format!("/setup/{}", guest.token)).into_response()
}

/// What can be acted on; nothing once the connection has been set up.
fn open(guest: &Guest) -> Option<(OrganizationId, ConnectionId)> {
    match &guest.standing {
        Standing::Open(owned) => Some((owned.organization_id, owned.connection.id)),
        Standing::Done(_) => None,
    }
}

fn to(guest: &Guest, said: Said) -> Response {
    Redirect::to(&format!("/setup/{}?said={}", guest.token, said.word())).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Leg, Said};

    #[test]
    fn what_is_to_be_put_right_is_not_said_once_its_form_is_behind_one() {
        for (_, said) in Said::WORDS {
            let lasts = [Leg::User, Leg::SignIn, Leg::Done].map(|leg| said.lasts(leg));
            let expected = match said {
                Said::Incomplete | Said::NoKey | Said::Refused => [true, false, false],
                Said::Unfit | Said::Spent | Said::TooSoon => [false, true, false],
                Said::Late | Said::Failed => [true, true, true],
                Said::Begun | Said::Kept | Said::Answered | Said::Resent => [true, true, false],
            };
            assert_eq!(lasts, expected, "{said:?}");
        }
    }
}
