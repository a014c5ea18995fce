//! What the console calls what the domain has a word for.
//!
//! Not here: the words that programs see; those are the domain's own.

use domain::audit::{ActorKind, KeptActor};
use domain::challenge::{ChallengeKind, ChallengeState, Medium};
use domain::completeness::Grade;
use domain::connection::ConnectionStatus;
use domain::failure::{Action, Fault, Retry, Stage};
use domain::run::{RunKind, RunState, Step};
use domain::setup::{NextAction, Party};

use super::parts::Tone;

pub(super) const fn status(status: ConnectionStatus) -> (Tone, &'static str) {
    match status {
        ConnectionStatus::Draft => (Tone::Quiet, "Draft"),
        ConnectionStatus::PendingActivation => (Tone::Waiting, "Activating"),
        ConnectionStatus::Active => (Tone::Good, "Active"),
        ConnectionStatus::ReauthRequired => (Tone::Bad, "Needs customer"),
        ConnectionStatus::Errored => (Tone::Bad, "Errored"),
        ConnectionStatus::Paused => (Tone::Quiet, "Paused"),
        ConnectionStatus::Revoked => (Tone::Quiet, "Revoked"),
    }
}

pub(super) const fn run(state: RunState) -> (Tone, &'static str) {
    match state {
        RunState::Open => (Tone::Waiting, "Open"),
        RunState::Succeeded => (Tone::Good, "Succeeded"),
        RunState::Failed => (Tone::Bad, "Failed"),
    }
}

pub(super) const fn run_kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Activate => "Activation",
        RunKind::Sync => "Sync",
    }
}

pub(super) const fn party(party: Party) -> &'static str {
    match party {
        Party::EndUser => "the customer",
        Party::Integrator => "the integrator",
        Party::Platform => "Bursar",
    }
}

pub(super) const fn next_action(action: NextAction) -> &'static str {
    match action {
        NextAction::CreateDelegatedUser => "Create the delegated user at the bank",
        NextAction::ProvideCredentials => "Give the delegated user's credentials",
        NextAction::CompleteSetup => "Say that the set-up is complete",
        NextAction::WaitForActivation => "Wait for the first sign-in",
        NextAction::AnswerChallenge => "Answer what the bank asks",
        NextAction::WriteScript => "Describe the portal in a script",
        NextAction::FixScript => "Mend the script, then complete the set-up again",
        NextAction::AskOperator => "See what failed, or what a run waits for at the wheel",
        NextAction::ContactBank => "Talk to the bank, then complete the set-up again",
        NextAction::VisitPortal => "Settle something in the portal, then complete the set-up again",
    }
}

pub(super) const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::User => "the customer's",
        Fault::Bank => "the bank's",
        Fault::Script => "the script's: it doesn't fit the portal any more",
        Fault::Platform => "Bursar's own",
        Fault::Network => "the network's",
        Fault::Unknown => "nobody knows",
    }
}

pub(super) const fn remedy(action: Action) -> &'static str {
    match action {
        Action::None => "nothing, it goes on by itself",
        Action::Wait => "waiting for the bank",
        Action::EnterCredentials => "new credentials",
        Action::AnswerChallenge => "an answer to what the bank asks",
        Action::ApproveOnDevice => "an approval on the device",
        Action::VisitPortal => "a visit to the portal as the delegated user",
        Action::ContactBank => "a call to the bank",
        Action::FixScript => "mending the script",
        Action::Operator => "a look by an operator",
    }
}

pub(super) const fn retry(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "never, until somebody clears it",
        Retry::AfterUser => "after that was done",
        Retry::Backoff => "by itself, after a growing delay",
        Retry::NextSchedule => "when it is due again",
        Retry::AfterScriptChange => "with another revision of the script",
        Retry::AtOnce => "at once, on another agent",
    }
}

pub(super) const fn stage(stage: Stage) -> &'static str {
    stage.as_str()
}

pub(super) const fn step(step: Step) -> &'static str {
    match step {
        Step::Visit => "Goes to an address",
        Step::Watch => "Waits for a page",
        Step::Act => "Fills in and clicks",
        Step::Capture => "Looks for the portal's answers",
        Step::Collect => "Collects what comes bit by bit",
        Step::Download => "Has a file come",
        Step::LeaveBrowser => "Goes on without the browser",
        Step::ReturnToBrowser => "Goes on in the browser",
        Step::Declare => "Declares an effect",
        Step::Make => "Has something made and kept",
        Step::Settle => "Settles effects",
        Step::Ask => "Waits for an answer",
        Step::OfferWheel => "Offers a person the wheel",
        Step::SettleAnswer => "Tells what became of the answer",
    }
}

pub(super) const fn challenge(kind: ChallengeKind) -> &'static str {
    match kind {
        ChallengeKind::OneTimeCode => "One-time code",
        ChallengeKind::SecurityQuestion => "Security question",
        ChallengeKind::GridCard => "Grid card",
        ChallengeKind::AppApproval => "Approval on a device",
        ChallengeKind::Takeover => "A page that only a person can pass",
        ChallengeKind::Terms => "Terms of the bank",
    }
}

pub(super) const fn medium(medium: Medium) -> &'static str {
    match medium {
        Medium::Sms => "by text message",
        Medium::Email => "by e-mail",
        Medium::Voice => "by a call",
        Medium::Device => "on a device or in an app",
    }
}

pub(super) const fn challenge_state(state: ChallengeState) -> (Tone, &'static str) {
    match state {
        ChallengeState::Open => (Tone::Waiting, "Open"),
        ChallengeState::Answered => (Tone::Waiting, "Answered, the portal looks at it"),
        ChallengeState::Accepted => (Tone::Good, "Accepted"),
        ChallengeState::Rejected => (Tone::Bad, "Rejected"),
        ChallengeState::Expired => (Tone::Quiet, "Expired"),
        ChallengeState::Cancelled => (Tone::Quiet, "Cancelled"),
    }
}

pub(super) const fn grade(grade: Grade) -> (Tone, &'static str) {
    match grade {
        Grade::Broken => (Tone::Bad, "Broken"),
        Grade::Unproven => (Tone::Quiet, "Unproven"),
        Grade::Covered => (Tone::Good, "Covered"),
        Grade::Consistent => (Tone::Good, "Consistent"),
        Grade::Proven => (Tone::Good, "Proven"),
    }
}

/// Who did something, in words.
pub(super) fn actor(actor: &KeptActor) -> String {
    let name = actor.name.as_deref().or(actor.id.as_deref());
    let kind = match actor.kind.parse() {
        // Whatever stands there, where it is none of our words.
        Err(_) => actor.kind.as_str(),
        Ok(ActorKind::ConsoleUser) => return name.unwrap_or("somebody").to_owned(),
        Ok(ActorKind::ControlToken) => "control token",
        Ok(ActorKind::SettingsToken) => "the settings' control token",
        Ok(ActorKind::ApiKey) => "API key",
        Ok(ActorKind::SetupLink) => "set-up link",
        Ok(ActorKind::CommandLine) => "command line",
        Ok(ActorKind::System) => "Bursar",
    };
    name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"))
}

/// What happened to a connection, in words; its own word where this is another version's.
pub(super) fn cause(cause: &str) -> &str {
    match cause {
        "created" => "Made",
        "credentialsGiven" => "Credentials given",
        "setupCompleted" => "Set-up completed",
        "syncRequested" => "Sync asked for",
        "runSucceeded" => "Run succeeded",
        "runFailed" => "Run failed",
        "runPutOff" => "Run put off",
        "paused" => "Paused",
        "resumed" => "Resumed",
        "revoked" => "Revoked",
        "revived" => "Let go on",
        "phoneNumberProvisioned" => "Given a number",
        "institutionFound" => "Its portal is known now",
        "messageIgnored" => "A message came in that no code was taken from",
        "due" | "scheduled" => "Sync was due",
        other => other,
    }
}
