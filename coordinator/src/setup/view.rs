//! What the set-up page shows, by where the connection stands and whose turn it is.
//!
//! Not here: how its pieces look (`parts`).

use axum::extract::{Extension, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::challenge::ChallengeState;
use domain::connection::{ConnectionState, ConnectionStatus};
use domain::failure::{Action, Failure, FailureCode};
use domain::institution::{CredentialName, Institution};
use domain::setup::Credentials;
use maud::{Markup, html};
use url::Url;

use super::Setup;
use super::acts::Said;
use super::door::{Guest, Standing};
use super::frame::{Leg, Looks, Page, Tone, card};
use super::parts::{Kept, Key, again, asks_guest, credentials, details, question};
use crate::clock;
use crate::console::Fields;
use crate::store::{Challenge, Connection, OwnedConnection, PageRequest, StoreError};

/// What is asked for where no record of the bank says it.
const USUAL: [CredentialName; 2] = [CredentialName::BankUsername, CredentialName::Password];

/// How many challenges are read at once.
const AT_ONCE: u32 = 200;

/// What a page comes to.
struct Shown {
    leg: Leg,
    title: String,
    looks: Looks,
    body: Markup,
}

/// The page of a link.
pub(super) async fn show(
    State(setup): State<Setup>,
    Extension(guest): Extension<Guest>,
    RawQuery(query): RawQuery,
) -> Response {
    let said = Said::of_word(Fields::of_query(query.as_deref()).get("said"));
    let shown = match &guest.standing {
        Standing::Done(owned) => Ok(done(&bank(&setup, &owned.connection), owned.connection.state.status())),
        Standing::Open(owned) => match &owned.connection.state {
            ConnectionState::PendingActivation => signing_in(&setup, &guest.token, owned).await,
            state => Ok(adding(&setup, &guest.token, &owned.connection, state.failure())),
        },
    };
    match shown {
        Ok(Shown { leg, title, looks, body }) => {
            let said = said.filter(|said| said.lasts(leg)).map(Said::text).map(|(tone, text)| (tone, text.to_owned()));
            Page { brand: &setup.brand, status: StatusCode::OK, leg, title: &title, looks, said, body }.answer()
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a set-up page can't be shown");
            let say = "Something is wrong on our side, and nothing is lost. Load the page again in a minute.";
            card(&setup.brand, Tone::Bad, StatusCode::SERVICE_UNAVAILABLE, "Not just now", say)
        }
    }
}

/// The credentials that the bank of a link asks for.
pub(super) fn asked_for(setup: &Setup, guest: &Guest) -> Vec<CredentialName> {
    let (Standing::Open(owned) | Standing::Done(owned)) = &guest.standing;
    credentials_of(institution(setup, &owned.connection).as_ref())
}

/// Whether the bank of a link asks for codes of an authenticator.
pub(super) fn asks_for_key(setup: &Setup, guest: &Guest) -> bool {
    let (Standing::Open(owned) | Standing::Done(owned)) = &guest.standing;
    key_of(setup, &owned.connection) == Key::AskedFor
}

fn key_of(setup: &Setup, connection: &Connection) -> Key {
    let id = connection.institution_id.as_deref();
    let is_asked = id.is_some_and(|id| setup.fleet.catalog().asks_for_device_codes(id));
    if is_asked { Key::AskedFor } else { Key::Unheard }
}

fn credentials_of(institution: Option<&Institution>) -> Vec<CredentialName> {
    institution.map_or_else(|| USUAL.to_vec(), |institution| institution.credentials.clone())
}

fn institution(setup: &Setup, connection: &Connection) -> Option<Institution> {
    let catalog = setup.fleet.catalog();
    connection.institution_id.as_deref().and_then(|id| catalog.institution(id)).cloned()
}

/// What the bank is called: its name, or where its portal is.
fn bank(setup: &Setup, connection: &Connection) -> String {
    let host = || Url::host_str(&connection.portal_url).unwrap_or("the bank").to_owned();
    institution(setup, connection).map_or_else(host, |institution| institution.name)
}

/// The delegated user is to be created, or something about it is to be put right.
fn adding(setup: &Setup, token: &str, connection: &Connection, failure: Option<&Failure>) -> Shown {
    let bank = bank(setup, connection);
    let asked = credentials_of(institution(setup, connection).as_ref());
    let kept = if connection.credentials == Credentials::Present { Kept::Yes } else { Kept::No };
    let is_refused = connection.credentials == Credentials::Refused;
    let action = failure.map(|failure| failure.code.action());
    let is_ours = matches!(action, Some(Action::FixScript | Action::Operator)) && !is_refused;
    let title = match failure {
        _ if is_refused => format!("{bank} refused the sign-in details"),
        Some(_) if is_ours => "We have to look into something".to_owned(),
        Some(_) => format!("The sign-in at {bank} didn't work yet"),
        None => format!("Connect {bank}"),
    };
    let form = credentials(token, &asked, key_of(setup, connection), kept);
    let body = html! {
        @if let Some(failure) = failure { (what_happened(failure, is_refused)) }
        @if is_ours {
            p { "There is nothing for you to do. We go on from here ourselves; you can close this page." }
        } @else {
            @if kept == Kept::Yes && failure.is_some() {
                (again(token))
                h2 { "Or enter other sign-in details" }
            } @else if kept == Kept::Yes {
                p { "The sign-in details are there already." }
                (again(token))
            } @else if is_refused {
                h2 { "Enter them anew" }
            } @else {
                (how(setup, connection, &bank))
                h2 { "Enter the new user's sign-in details" }
            }
            (form)
            @if kept == Kept::Yes || is_refused {
                details.how { summary { "How the user is added" } (how(setup, connection, &bank)) }
            }
        }
    };
    let looks = if is_ours { Looks::Again } else { Looks::WithScripts };
    Shown { leg: Leg::User, title, looks, body }
}

/// What came of the last sign-in, and what helps.
fn what_happened(failure: &Failure, is_refused: bool) -> Markup {
    let helps = match failure.code.action() {
        _ if failure.code == FailureCode::PortalActionTerms => {
            "Without the bank's terms nothing is read there. Try again, and accept them once you agree to them."
        }
        _ if is_refused => "Check the user ID and the password at the bank, so that the user isn't locked.",
        Action::VisitPortal => "Sign in at the bank as the new user, settle what it asks for there, and try again.",
        Action::ContactBank => "Ask the bank about the new user, and try again once that is settled.",
        Action::AnswerChallenge | Action::ApproveOnDevice => {
            "The bank asked for something and heard nothing in time. Have your phone at hand, and try again."
        }
        Action::EnterCredentials => "Check the sign-in details, and enter them anew.",
        Action::None | Action::Wait => "The bank couldn't be reached. Try again a little later.",
        Action::FixScript => "The bank's pages aren't as we know them.",
        Action::Operator => "Something went wrong that one of us has to look at.",
    };
    html! {
        @if let Some(said) = &failure.institution_message {
            p { "The bank says:" }
            blockquote.bank { (said) }
        }
        p.notice { (helps) }
    }
}

/// How the delegated user is created.
fn how(setup: &Setup, connection: &Connection, bank: &str) -> Markup {
    let instructions = &connection.instructions;
    let guide = institution(setup, connection).and_then(|institution| institution.guide);
    let guide = guide.map(|guide| guide.filled(|field| instructions.value(field)));
    html! {
        @match guide {
            Some(guide) => {
                h2 { (guide.title) }
                @if let Some(intro) = &guide.intro { p { (intro) } }
                ol.steps { @for step in &guide.steps { li { (step) } } }
            }
            None => {
                h2 { "Add a user at " (bank) }
                p { "You need to be an administrator of your company's online banking." }
                ol.steps {
                    li { "Sign in at " (bank) " and open the administration of users." }
                    li { "Add a user with the details below, and give it a password." }
                    li { "Let it see balances and transactions of the accounts that you want to share, and nothing else." }
                    li { "Come back to this page and enter the new user's sign-in details." }
                }
            }
        }
        h2 { "The new user's details" }
        (details(instructions))
    }
}

/// The first sign-in is under way.
async fn signing_in(setup: &Setup, token: &str, owned: &OwnedConnection) -> Result<Shown, StoreError> {
    let bank = bank(setup, &owned.connection);
    let open = open_challenge(setup, owned).await?;
    let asks = open.as_ref().is_some_and(|challenge| challenge.state == ChallengeState::Open);
    let title = if asks { format!("{bank} asks something") } else { format!("Signing in at {bank}") };
    let body = html! {
        @match &open {
            Some(challenge) if asks => (question(token, challenge, clock::now())),
            Some(_) => p.busy { "The bank looks at the answer." },
            None => {
                p.busy { "This takes a minute or two. The bank may ask for a code: have your phone at hand." }
                @if let Some(failure) = owned.connection.run.as_ref().and_then(|run| run.failure.as_ref()) {
                    p.notice {
                        "It didn't work at once"
                        // A script's own words say nothing to the bank's customer.
                        @if let Some(said) = &failure.institution_message { ": " q { (said) } }
                        ". It is tried again by itself."
                    }
                }
            }
        }
    };
    // What somebody is typing isn't loaded away.
    let is_typing = open.as_ref().is_some_and(|challenge| asks && asks_guest(challenge, clock::now()));
    let looks = if is_typing { Looks::WithScripts } else { Looks::Again };
    Ok(Shown { leg: Leg::SignIn, title, looks, body })
}

/// What the bank asks, or looks at.
async fn open_challenge(setup: &Setup, owned: &OwnedConnection) -> Result<Option<Challenge>, StoreError> {
    // A run waits for one at a time, and a connection has one run.
    let (pending, page) =
        ([ChallengeState::Open, ChallengeState::Answered], PageRequest { after: None, limit: AT_ONCE });
    match setup.fleet.store.challenges(owned.organization_id, owned.connection.id, &pending, page).await {
        Ok(mut challenges) => Ok(challenges.pop()),
        Err(crate::store::Refused::Store(error)) => Err(error),
        // Deleted a moment ago: the next look says so.
        Err(_) => Ok(None),
    }
}

fn done(bank: &str, status: ConnectionStatus) -> Shown {
    let body = html! {
        @match status {
            ConnectionStatus::Active => {
                p.notice.good { "We can read your accounts at " (bank) " now. There is nothing more for you to do." }
                p.quiet { "You can close this page. To end the connection, remove the user at the bank." }
            }
            ConnectionStatus::Paused => {
                p.notice { "The connection is paused: nothing is read at " (bank) " at the moment. There is nothing for you to do." }
                p.quiet { "Whoever sent you this link can switch it on again." }
            }
            _ => p.notice { "This was set up before. Whoever sent you this link knows how it stands now." },
        }
    };
    let title = match status {
        ConnectionStatus::Active => format!("{bank} is connected"),
        ConnectionStatus::Paused => format!("{bank} is paused"),
        _ => format!("{bank} was connected"),
    };
    Shown { leg: Leg::Done, title, looks: Looks::Once, body }
}
