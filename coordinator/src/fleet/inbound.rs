//! Codes that banks send to the address or the number of a connection: each is found, kept sealed for ten minutes, and
//! handed to the run of exactly that connection that waits for one.
//!
//! What isn't sure is left to a person: a message of somebody else, one without a code or with several, and every code
//! in a session in which the bank has refused one, until a new one was asked for.
//!
//! Not here: whether a message is authentic (`http::inbound`), or what a code looks like (`domain::codes`).

use domain::challenge::{AnswerSource, Medium};
use domain::codes::NoCode;
use domain::id::ConnectionId;
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};

use super::answer_challenge::answer_seal_context;
use super::authenticator::Answering;
use super::{Error, Fleet};
use crate::clock;
use crate::store::{Challenge, Reached, Refused, TakenIn, WaitingCodes};
use crate::vault::mac;

/// How long a code waits for its challenge.
pub(super) const CODES_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// How long the code of before is held back, after a new one was asked for, since it may come late and the new one soon.
const LAST_IS_LATE: SignedDuration = SignedDuration::from_secs(20);

/// How long it is kept which messages were taken in: most providers' don't say when they were made.
pub(super) const MESSAGES_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The most addresses of a message that are looked up.
const MOST_ADDRESSES: usize = 20;

/// A message that is authentic.
#[derive(Debug)]
pub struct Message {
    /// What its provider knows it by.
    pub id: String,
    /// Where it was sent to, the envelope's word first.
    pub to: Vec<String>,
    /// Who says that they sent it.
    pub from: String,
    /// What it says, its subject first.
    pub text: Secret,
}

/// What a code is sealed for while it waits.
fn seal_context(id: ConnectionId) -> String {
    format!("code that came in for connection {id}")
}

impl Fleet {
    /// Takes a message in, whatever it is good for.
    ///
    /// # Errors
    /// [`Error`] where nothing could be kept, so that its provider brings it again.
    pub async fn take_message(&self, provider: &'static str, message: Message) -> Result<(), Error> {
        let (what, outcome) = self.look_into(&message).await?;
        let mut fingerprint = mac(&self.vault.derived_key("inbound messages"));
        fingerprint.update(provider.as_bytes());
        fingerprint.update(b"\0");
        fingerprint.update(message.id.as_bytes());
        let is_new = self.store.take_in(fingerprint.finalize().into_bytes().into(), what, clock::now()).await?;
        let outcome = if is_new { outcome } else { "repeated" };
        metrics::counter!("bursar_inbound_messages_total", "provider" => provider, "outcome" => outcome).increment(1);
        tracing::info!(provider, outcome, "a message came in");
        self.answered.notify_waiters();
        Ok(())
    }

    /// What a message comes to, and the word for it.
    async fn look_into(&self, message: &Message) -> Result<(TakenIn, &'static str), Error> {
        let Some(reached) = self.whose(message).await? else { return Ok((TakenIn::Nobodys, "nobodys")) };
        let catalog = self.catalog();
        let institution = reached.institution_id.as_deref().and_then(|id| catalog.institution(id));
        let codes = institution.and_then(|institution| institution.codes.clone()).unwrap_or_default();
        let connection = reached.connection_id;
        if !codes.are_from(&message.from) {
            return Ok((TakenIn::Ignored { connection }, "otherSender"));
        }
        match codes.code_in(message.text.expose()) {
            Err(NoCode::Missing) => Ok((TakenIn::Ignored { connection }, "noCode")),
            Err(NoCode::Ambiguous) => Ok((TakenIn::Ignored { connection }, "ambiguous")),
            Ok(code) => {
                let code = Secret::new(code);
                let sealed = self.sealer.seal(reached.organization_id, &seal_context(connection), &code).await?;
                Ok((TakenIn::Code { connection, medium: reached.medium, sealed }, "kept"))
            }
        }
    }

    /// The connection that a message was sent to.
    async fn whose(&self, message: &Message) -> Result<Option<Reached>, Error> {
        for address in message.to.iter().take(MOST_ADDRESSES) {
            if let Some(reached) = self.store.reached_at(&reachable(address)).await? {
                return Ok(Some(reached));
            }
        }
        Ok(None)
    }

    /// Answers a challenge with a code that came in for it, if one did.
    pub(super) async fn answer_by_message(&self, challenge: &Challenge, now: Timestamp) -> Result<Answering, Error> {
        let media: Vec<Medium> = challenge.may_answer.iter().filter_map(|source| medium_of(*source)).collect();
        if media.is_empty() {
            return Ok(Answering::Later);
        }
        let waiting = self.store.codes_for(challenge.id, &media, now - CODES_KEPT).await?;
        let Some(code) = waiting.codes.first().filter(|code| !is_held_back(&waiting, code.received_at, now)) else {
            return Ok(Answering::Later);
        };
        let owner = challenge.organization_id;
        let opened = self.sealer.open(owner, &seal_context(challenge.connection_id), &code.sealed).await?;
        let sealed = self.sealer.seal(owner, &answer_seal_context(challenge.id), &opened).await?;
        let source = if code.medium == Medium::Email { AnswerSource::Email } else { AnswerSource::Sms };
        // Whoever took the code in may have another clock: it is forgotten in any case.
        let now = now.max(code.received_at);
        let kept = self.store.answer_challenge(owner, challenge.connection_id, challenge.id, sealed, source, now).await;
        match kept {
            Ok(_) => {
                tracing::info!(challenge_id = %challenge.id, %source, "a code that came in answers");
                metrics::counter!("bursar_inbound_answers_total", "source" => source.as_str()).increment(1);
            }
            // A person was faster.
            Err(Refused::IllegalChallengeEvent(_)) => {}
            // It is given once they hand it back.
            Err(Refused::WheelHeld { .. }) => return Ok(Answering::Later),
            Err(refused) => return Err(refused.into()),
        }
        Ok(Answering::Done)
    }
}

/// An address or a number as connections have theirs, of what providers and gateways write.
fn reachable(written: &str) -> String {
    let written = written.trim();
    // As mails have it: a name, and the address behind it.
    let address = match (written.rfind('<'), written.strip_suffix('>')) {
        (Some(start), Some(whole)) => whole.get(start + 1..).unwrap_or_default().trim(),
        _ => written,
    };
    if address.contains('@') {
        return address.to_ascii_lowercase();
    }
    // Numbers are written with blanks and dashes, and by some without the `+` or with what is dialled in its place.
    let number: String =
        address.chars().filter(|sign| !matches!(sign, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
    let digits = number.strip_prefix('+').or_else(|| number.strip_prefix("00")).unwrap_or(&number);
    match !digits.is_empty() && digits.bytes().all(|sign| sign.is_ascii_digit()) {
        true => format!("+{digits}"),
        false => number.to_ascii_lowercase(),
    }
}

/// Whether the last of the codes that came waits for another: which of those that were sent it is, nobody can tell, and a
/// bank takes the last alone. What the bank refused came, too.
fn is_held_back(waiting: &WaitingCodes, last_came_at: Timestamp, now: Timestamp) -> bool {
    waiting.codes.len() + waiting.refused < waiting.sent && now < last_came_at + LAST_IS_LATE
}

fn medium_of(source: AnswerSource) -> Option<Medium> {
    match source {
        AnswerSource::Email => Some(Medium::Email),
        AnswerSource::Sms => Some(Medium::Sms),
        AnswerSource::Totp | AnswerSource::Agreed | AnswerSource::Policy | AnswerSource::Person => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::challenge::Medium;
    use jiff::Timestamp;

    use super::{LAST_IS_LATE, is_held_back, reachable};
    use crate::store::{WaitingCode, WaitingCodes};

    #[test]
    fn a_code_waits_for_the_one_that_was_sent_after_it_and_not_for_ever() {
        let came_at = Timestamp::UNIX_EPOCH;
        let code = WaitingCode { medium: Medium::Sms, sealed: Vec::new(), received_at: came_at };
        let held = |came, refused, sent, now| {
            is_held_back(&WaitingCodes { codes: vec![code.clone(); came], sent, refused }, came_at, now)
        };
        assert!(!held(1, 0, 1, came_at), "none was sent after it");
        assert!(held(1, 0, 2, came_at));
        assert!(!held(2, 0, 2, came_at), "both are there");
        assert!(!held(1, 1, 2, came_at), "the other was refused");
        assert!(held(2, 0, 3, came_at) && held(1, 1, 3, came_at));
        assert!(!held(1, 0, 2, came_at + LAST_IS_LATE), "the other may never come");
    }

    #[test]
    fn whoever_a_message_is_to_is_read_as_providers_write_it() {
        for (written, expected) in [
            ("+14155550142", "+14155550142"),
            (" +1 (415) 555-0142 ", "+14155550142"),
            ("+1\u{a0}415.555.0142", "+14155550142"),
            ("Own.Alias@Codes.Example", "own.alias@codes.example"),
            ("Bursar <Own@codes.example>", "own@codes.example"),
            ("14155550142", "+14155550142"),
            ("00 1 415 555 0142", "+14155550142"),
            ("HARBOUR", "harbour"),
            ("+", "+"),
            ("+tag@codes.example", "+tag@codes.example"),
            ("<", "<"),
            (">", ">"),
            ("a>b<c>", "c"),
        ] {
            assert_eq!(reachable(written), expected);
        }
    }
}
