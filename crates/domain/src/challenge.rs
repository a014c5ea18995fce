//! A challenge: what only a person, or the device in their hand, can supply.
//!
//! Not here: the answer, which is a [`Secret`] and is kept
//! sealed; or who is told of it.
//!
//! ```text
//! open ──answer──▶ answered ──settle──▶ accepted   (or handed back: a person did it in the page)
//!   │  ◀──resend─┐     │  └────────────▶ rejected   (a new one may be opened)
//!   ├────────────┘     │
//!   ├──expire──▶ expired ◀──expire──┘
//!   └──cancel──▶ cancelled ◀─cancel─┘               (the session that asked is gone)
//! ```
//!
//! What takes no answer here goes from open to accepted or rejected at once. Whatever is asked, a person may do it in the
//! page itself: handing the wheel back is an answer without words.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::word::words;

words! {
    /// What is asked for.
    pub enum ChallengeKind {
        /// A code that the bank sent, or that a device shows, for this one sign-in.
        OneTimeCode = "oneTimeCode",
        /// The answer to a question that was agreed on before.
        SecurityQuestion = "securityQuestion",
        /// What stands in some squares of a card that the bank handed out.
        GridCard = "gridCard",
        /// An approval in the bank's app or on its device. Nobody answers it here: the portal
        /// goes on by itself.
        AppApproval = "appApproval",
        /// A page that only a person can pass, as one that wants to know whether it is looked at by one, or one that
        /// nobody knows. Nobody answers it here: a person takes the wheel in the console's live view, and hands it back.
        Takeover = "takeover",
        /// Whether the bank's terms are accepted: `accept` or `decline`.
        Terms = "terms",
    }
}

words! {
    /// How the bank reached the person.
    pub enum Medium {
        /// A text message.
        Sms = "sms",
        /// An e-mail.
        Email = "email",
        /// A call.
        Voice = "voice",
        /// An authenticator app or a token device.
        Device = "device",
    }
}

words! {
    /// Where a challenge stands.
    pub enum ChallengeState {
        /// Nobody has answered.
        Open = "open",
        /// An answer is on its way to the portal.
        Answered = "answered",
        /// The portal went on.
        Accepted = "accepted",
        /// The portal refused the answer.
        Rejected = "rejected",
        /// Nobody answered in time.
        Expired = "expired",
        /// The session that asked has ended.
        Cancelled = "cancelled",
    }
}

words! {
    /// What can happen to a challenge.
    pub enum ChallengeEvent {
        /// Somebody gave an answer.
        Answer = "answer",
        /// A person did in the page itself what is asked, and handed the wheel back.
        HandBack = "handBack",
        /// Somebody wants the bank to send a new code.
        Resend = "resend",
        /// The portal took it.
        Accept = "accept",
        /// The portal refused it.
        Reject = "reject",
        /// Its time is up.
        Expire = "expire",
        /// Its session ended.
        Cancel = "cancel",
    }
}

words! {
    /// What answers a challenge.
    pub enum AnswerSource {
        /// The secret of the connection's authenticator, of which the code is made that its device would show.
        Totp = "totp",
        /// The answers that were made when the bank had its questions set.
        Agreed = "agreed",
        /// What the organization says of terms in general.
        Policy = "policy",
        /// A code that the bank sent to the connection's own e-mail address.
        Email = "email",
        /// A code that the bank sent to the connection's own number.
        Sms = "sms",
        /// A person, through the API or the command line.
        Person = "person",
    }
}

impl AnswerSource {
    /// Whether it answers in any case, so that nobody is called; a message may come or not.
    #[must_use]
    pub const fn is_sure(self) -> bool {
        matches!(self, Self::Totp | Self::Agreed | Self::Policy)
    }
}

words! {
    /// How an authenticator that a connection has the secret of fares.
    pub enum AuthenticatorState {
        /// Its codes are answered with.
        Ready = "ready",
        /// The bank refused two of its codes, one after the other: persons are asked until another secret is given.
        Doubtful = "doubtful",
    }
}

words! {
    /// Why a challenge closed without the portal's verdict on an answer.
    pub enum ClosingReason {
        /// The session that asked has ended, or its browser has.
        SessionEnded = "sessionEnded",
        /// The agent that held the session went silent.
        AgentGone = "agentGone",
        /// The run was called off, as the connection was paused or revoked.
        RunCancelled = "runCancelled",
        /// The bank asks something else now.
        AskedAnew = "askedAnew",
        /// Nobody answered in time.
        Expired = "expired",
        /// The portal went on without an answer from here, as after an approval in the bank's app.
        AnsweredElsewhere = "answeredElsewhere",
        /// A person took the wheel, did in the page itself what was asked, and handed it back.
        HandedBack = "handedBack",
    }
}

/// What a script saw when the portal asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// What is asked for.
    pub kind: ChallengeKind,
    /// How the bank reached the person, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Medium>,
    /// The masked number or address that the bank names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_target: Option<String>,
    /// What a person is asked to do, in the bank's own words.
    pub prompt: String,
    /// What the bank said about the answer before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution_message: Option<String>,
    /// How many more answers this run will try, this one included.
    pub attempts_left: u32,
    /// How many more new codes the bank can be asked for; none where the portal has no way to.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resends_left: u32,
    /// How many parts an answer has, where the page takes it in parts; none where it takes it whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_parts: Option<usize>,
    /// The terms that are to be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Terms of a bank, told apart from any others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
    /// What the bank calls them.
    pub title: String,
    /// The SHA-256 of their text with its white space folded, in hexadecimal.
    pub sha256: String,
}

words! {
    /// What an organization says of banks' terms in general.
    pub enum TermsPolicy {
        /// They are accepted, and it is written down which and when.
        Accept = "accept",
        /// A person is asked each time.
        Ask = "ask",
    }
}

words! {
    /// The answers to a question about terms.
    pub enum TermsAnswer {
        /// They are accepted.
        Accept = "accept",
        /// They aren't, and the sign-in ends there.
        Decline = "decline",
    }
}

/// The parts of an answer: its words, between spaces, commas and semicolons; or the signs of its one word. None where they
/// aren't so many.
#[must_use]
pub fn in_parts(answer: &Secret, count: usize) -> Option<Vec<Secret>> {
    let words: Vec<&str> = answer.expose().split([' ', ',', ';', '\t']).filter(|word| !word.is_empty()).collect();
    let parts: Vec<String> = match words.as_slice() {
        [word] if count > 1 => word.chars().map(String::from).collect(),
        words => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    (parts.len() == count).then(|| parts.into_iter().map(Secret::new).collect())
}

impl Question {
    /// Whether an answer has as many parts as the page takes. What has not is never sent, and costs no attempt.
    #[must_use]
    pub fn takes(&self, answer: &Secret) -> bool {
        self.answer_parts.is_none_or(|count| in_parts(answer, count).is_some())
    }

    /// Whether a code that an authenticator shows is what it asks for.
    #[must_use]
    pub fn is_of_authenticator(&self) -> bool {
        self.kind == ChallengeKind::OneTimeCode && self.medium == Some(Medium::Device)
    }

    /// Whether its answer is a code that may come by this way.
    #[must_use]
    pub fn comes_by(&self, medium: Medium) -> bool {
        self.kind == ChallengeKind::OneTimeCode && self.medium.is_none_or(|asked| asked == medium)
    }

    /// Whether whatever answers it answers the other as well: the bank asks for the same, in other words perhaps.
    #[must_use]
    pub fn is_answered_as(&self, other: &Self) -> bool {
        let is_in_words = self.kind == ChallengeKind::SecurityQuestion;
        (self.kind, self.medium, self.answer_parts) == (other.kind, other.medium, other.answer_parts)
            && (!is_in_words || self.prompt == other.prompt)
    }

    /// Whether it is this one that was agreed on with the bank before: banks put words around it.
    #[must_use]
    pub fn asks_for(&self, agreed: &str) -> bool {
        let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let agreed = fold(agreed);
        self.kind == ChallengeKind::SecurityQuestion && !agreed.is_empty() && fold(&self.prompt).contains(&agreed)
    }
}

/// An event that can't happen to a challenge where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a challenge that is {state} can't take the event {event}")]
pub struct IllegalChallengeEvent {
    /// Where the challenge stands.
    pub state: ChallengeState,
    /// What was to happen to it.
    pub event: ChallengeEvent,
}

impl ChallengeState {
    /// The state after `event`.
    ///
    /// # Errors
    /// An [`IllegalChallengeEvent`] names every pair outside the picture above.
    pub fn on(self, event: ChallengeEvent) -> Result<Self, IllegalChallengeEvent> {
        use ChallengeEvent as E;
        match (self, event) {
            (Self::Open, E::Answer | E::HandBack) => Ok(Self::Answered),
            (Self::Open, E::Resend) => Ok(Self::Open),
            (Self::Answered, E::Accept) => Ok(Self::Accepted),
            (Self::Answered, E::Reject) => Ok(Self::Rejected),
            (Self::Open | Self::Answered, E::Expire) => Ok(Self::Expired),
            (Self::Open | Self::Answered, E::Cancel) => Ok(Self::Cancelled),
            (state, event) => Err(IllegalChallengeEvent { state, event }),
        }
    }
}

impl ChallengeKind {
    /// Whether somebody gives an answer to it.
    #[must_use]
    pub const fn takes_answer(self) -> bool {
        match self {
            Self::OneTimeCode | Self::SecurityQuestion | Self::GridCard | Self::Terms => true,
            Self::AppApproval | Self::Takeover => false,
        }
    }

    /// The state of a challenge of this kind after `event`.
    ///
    /// # Errors
    /// As [`ChallengeState::on`]; an answer to what takes none is illegal.
    pub fn after(self, state: ChallengeState, event: ChallengeEvent) -> Result<ChallengeState, IllegalChallengeEvent> {
        use ChallengeEvent as E;
        match (state, event) {
            (ChallengeState::Open, E::Answer) if !self.takes_answer() => Err(IllegalChallengeEvent { state, event }),
            (ChallengeState::Open, E::Accept | E::Reject) if !self.takes_answer() => ChallengeState::Answered.on(event),
            (state, event) => state.on(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChallengeEvent, ChallengeKind, ChallengeState, in_parts};
    use crate::secret::Secret;

    #[test]
    fn an_answer_has_its_words_or_the_signs_of_its_one_word_as_parts() {
        let check = |answer: &str, count: usize, expected: Option<&[&str]>| {
            let parts = in_parts(&Secret::new(answer.into()), count);
            let parts = parts.as_ref().map(|parts| parts.iter().map(Secret::expose).collect::<Vec<_>>());
            assert_eq!(parts.as_deref(), expected, "{answer} in {count}");
        };
        check("41 07 93", 3, Some(&["41", "07", "93"]));
        check("41,07;\t93 ", 3, Some(&["41", "07", "93"]));
        check("aé7", 3, Some(&["a", "é", "7"]));
        check("secret", 1, Some(&["secret"]));
        for (answer, count) in [("41 07", 3), ("41 07 93 11", 3), ("4107", 3), ("", 1), (" ", 2), ("two words", 1)] {
            check(answer, count, None);
        }
    }

    #[test]
    fn an_approval_is_settled_without_an_answer_and_takes_none() {
        use ChallengeEvent as E;
        use ChallengeState as S;
        let settled = [(S::Open, E::Accept), (S::Open, E::Reject), (S::Open, E::Expire), (S::Open, E::Cancel)];
        let legal = [&settled[..], &[(S::Open, E::Resend)]].concat();
        for &state in ChallengeState::ALL {
            for &event in ChallengeEvent::ALL {
                let is_legal = ChallengeKind::AppApproval.after(state, event).is_ok();
                let was_answered = state == S::Answered && !matches!(event, E::Answer | E::HandBack | E::Resend);
                let was_answered = was_answered || (state, event) == (S::Open, E::HandBack);
                assert_eq!(is_legal, legal.contains(&(state, event)) || was_answered, "{state} {event}");
                let as_usual = ChallengeKind::OneTimeCode.after(state, event);
                assert_eq!(as_usual, state.on(event), "{state} {event}");
            }
        }
    }

    #[test]
    fn every_state_meets_every_event_as_the_picture_says() {
        let legal = [
            "open answer answered",
            "open handBack answered",
            "open resend open",
            "open expire expired",
            "open cancel cancelled",
            "answered accept accepted",
            "answered reject rejected",
            "answered expire expired",
            "answered cancel cancelled",
        ];
        let mut seen = Vec::new();
        for &state in ChallengeState::ALL {
            for &event in ChallengeEvent::ALL {
                if let Ok(next) = state.on(event) {
                    seen.push(format!("{state} {event} {next}"));
                }
            }
        }
        let mut expected = legal.map(String::from);
        expected.sort();
        seen.sort();
        assert_eq!(seen, expected);
    }
}
