//! The pieces that the set-up page is made of: details to copy, fields, questions of the bank.
//!
//! Not here: which of them show when (`view`).

use domain::challenge::{AnswerSource, ChallengeKind, TermsAnswer};
use domain::institution::CredentialName;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::store::{Challenge, Instructions};

/// What the customer types in at the bank, each with a button that copies it.
pub(super) fn details(instructions: &Instructions) -> Markup {
    let known = [
        ("first-name", "First name", Some(instructions.first_name.as_str())),
        ("last-name", "Last name", Some(instructions.last_name.as_str())),
        ("username", "User ID to ask for", Some(instructions.username.as_str())),
        ("email", "E-mail", instructions.email.as_deref()),
        ("phone", "Mobile number", instructions.phone_number.as_deref()),
        ("address", "Address", instructions.address.as_deref()),
    ];
    html! {
        dl.details {
            @for (id, label, value) in known {
                @if let Some(value) = value {
                    div {
                        dt { (label) }
                        dd {
                            span id=(id) { (value) }
                            button type="button" data-copy=(id) hidden { "Copy" span.hidden { " " (label) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether credentials are kept that the bank hasn't refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    No,
}

/// Whether a bank asks for codes of an authenticator, whose key may be given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    AskedFor,
    Unheard,
}

/// The fields of the credentials that a bank asks for.
pub(super) fn credentials(token: &str, asked: &[CredentialName], key: Key, kept: Kept) -> Markup {
    html! {
        form.stack method="post" action=(format!("/setup/{token}/credentials")) {
            @for name in asked {
                @let label = match name {
                    CredentialName::BankUsername => "User ID of the new user",
                    CredentialName::BankCustomerId => "Your company's customer number",
                    CredentialName::Password => "Password of the new user",
                };
                @let kind = if *name == CredentialName::Password { "password" } else { "text" };
                label for=(name) { (label) }
                input id=(name) name=(name) type=(kind) autocomplete="off" autocapitalize="none" spellcheck="false"
                    maxlength="1024" required[kept == Kept::No];
            }
            @if key == Key::AskedFor {
                label for="totpSecret" { "Key of the authenticator app, if the bank has shown one" }
                input id="totpSecret" name="totpSecret" type="password" autocomplete="off" autocapitalize="none"
                    spellcheck="false" maxlength="1024" aria-describedby="key";
                p.quiet #key { "The bank shows it beside the picture for the app. With it nobody has to enter codes." }
            }
            @if kept == Kept::Yes { p.quiet { "What you leave empty stays as it was given before." } }
            button.primary type="submit" { "Connect" }
            p.quiet { "Your details are encrypted, used for nothing but reading, and shown to nobody." }
        }
    }
}

/// A button that signs in once more.
pub(super) fn again(token: &str) -> Markup {
    html! {
        form method="post" action=(format!("/setup/{token}/again")) {
            button.primary type="submit" { "Try again" }
        }
    }
}

/// Whether the customer may answer: nothing of ours does, and nobody is at the bank's page.
pub(super) fn asks_guest(challenge: &Challenge, now: Timestamp) -> bool {
    let may_answer = challenge.question.kind.takes_answer() && challenge.may_answer.contains(&AnswerSource::Person);
    may_answer && !is_ours(challenge) && challenge.held_by(now).is_none()
}

/// Whether it is answered by itself, for all that is known: a code that is typed meanwhile would cost an attempt, and comes
/// to no more.
fn is_ours(challenge: &Challenge) -> bool {
    challenge.may_answer.contains(&AnswerSource::Totp) || challenge.people_at.is_some()
}

/// What the bank asks, with a box for the answer where the customer may give one.
pub(super) fn question(token: &str, challenge: &Challenge, now: Timestamp) -> Markup {
    let question = &challenge.question;
    let path = |act: &str| format!("/setup/{token}/challenges/{}/{act}", challenge.id);
    let (may_answer, is_ours) = (asks_guest(challenge, now), is_ours(challenge));
    let parts = question.answer_parts;
    let minutes = challenge.expires_at.duration_since(now).as_mins().max(1);
    let label = match question.kind {
        ChallengeKind::OneTimeCode => "Code",
        _ => "Answer",
    };
    html! {
        p { "The bank says:" }
        blockquote.bank { (question.prompt) }
        @if let Some(said) = &question.institution_message { p.notice { (said) } }
        @if let Some(terms) = &question.terms {
            p { "These are the bank's terms “" (terms.title) "”. Their text is the bank's, and isn't kept here." }
        }
        @if may_answer && question.kind == ChallengeKind::Terms {
            form.acts method="post" action=(path("answer")) {
                button.primary type="submit" name="answer" value=(TermsAnswer::Accept) { "Accept" }
                button type="submit" name="answer" value=(TermsAnswer::Decline) { "Decline" }
            }
            p.quiet { "There are about " (minutes) " minutes for it. Without the terms nothing is read at the bank." }
        } @else if may_answer {
            form.answer method="post" action=(path("answer")) {
                label for="answer" { (label) }
                input id="answer" name="answer" autocomplete="one-time-code" spellcheck="false" autocapitalize="none"
                    maxlength="200" required autofocus aria-describedby=[parts.map(|_| "parts")];
                @if let Some(count) = parts {
                    p.quiet #parts { "The bank takes " (count) " parts; write them with spaces between." }
                }
                button.primary type="submit" { "Send" }
            }
            p.quiet { "There are about " (minutes) " minutes for it." }
            @if challenge.resends_left > 0 {
                form method="post" action=(path("resend")) {
                    button.plain type="submit" { "Nothing came? Have a new code sent" }
                }
            }
        } @else if challenge.held_by(now).is_some() {
            p { "We are at this page of the bank ourselves right now. There is nothing for you to do meanwhile." }
        } @else if is_ours {
            @if challenge.people_at.is_some() {
                p { "The code is sent to us, and we answer ourselves in a moment. This page goes on by itself." }
            } @else {
                p { "We have this authenticator and answer ourselves within a minute. This page goes on by itself." }
            }
        } @else if question.kind == ChallengeKind::AppApproval {
            p { "Approve it in the bank's app or on its device. This page goes on by itself." }
        } @else {
            p { "We are looking at this ourselves; there is nothing for you to do." }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::challenge::{AnswerSource, ChallengeKind, ChallengeState, Question, Terms};
    use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId, UserId};
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    use super::{asks_guest, question};
    use crate::store::{Challenge, Wheel};

    fn asked(kind: ChallengeKind, terms: Option<Terms>, may_answer: &[AnswerSource]) -> Challenge {
        let now = Timestamp::UNIX_EPOCH;
        Challenge {
            id: ChallengeId(Uuid::nil()),
            organization_id: OrganizationId(Uuid::nil()),
            connection_id: ConnectionId(Uuid::nil()),
            run_id: RunId(Uuid::nil()),
            question: Question {
                kind,
                medium: None,
                masked_target: None,
                prompt: "Please read and accept.".into(),
                institution_message: None,
                attempts_left: 1,
                resends_left: 0,
                answer_parts: None,
                terms,
            },
            state: ChallengeState::Open,
            may_answer: may_answer.to_vec(),
            source: None,
            closed_for: None,
            resends: 0,
            resends_left: 0,
            resend_after: None,
            created_at: now,
            expires_at: now + SignedDuration::from_mins(5),
            people_at: None,
            updated_at: now,
            wheel: None,
        }
    }

    #[test]
    fn terms_are_accepted_or_declined_by_a_button_each_and_named() {
        let terms = Terms { title: "Online <Access> Agreement".into(), sha256: "0".repeat(64) };
        let challenge = asked(ChallengeKind::Terms, Some(terms), &[AnswerSource::Person]);
        let page = question("token", &challenge, challenge.created_at).into_string();
        for part in [
            r#"name="answer" value="accept">Accept</button>"#,
            r#"name="answer" value="decline">Decline</button>"#,
            "Online &lt;Access&gt; Agreement",
        ] {
            assert!(page.contains(part), "{part} isn't in {page}");
        }
        assert!(!page.contains("<input"), "there is nothing to type: {page}");
    }

    #[test]
    fn nobody_is_asked_for_a_code_that_is_given_without_them() {
        for (sources, is_asked) in
            [(&[AnswerSource::Person][..], true), (&[AnswerSource::Totp, AnswerSource::Person], false)]
        {
            let challenge = asked(ChallengeKind::OneTimeCode, None, sources);
            let page = question("token", &challenge, challenge.created_at).into_string();
            assert_eq!(page.contains("<input"), is_asked, "{page}");
            assert_eq!(page.contains("answer ourselves"), !is_asked, "{page}");
        }
        let sources = [AnswerSource::Sms, AnswerSource::Person];
        let called = asked(ChallengeKind::OneTimeCode, None, &sources);
        assert!(question("token", &called, called.created_at).into_string().contains("<input"), "none came in");
        let waits = Challenge { people_at: Some(called.expires_at), ..called };
        let page = question("token", &waits, waits.created_at).into_string();
        assert!(!page.contains("<input") && page.contains("sent to us"), "{page}");
    }

    #[test]
    fn nobody_is_asked_for_a_code_while_somebody_holds_the_wheel_who_alone_is_heard() {
        let mut challenge = asked(ChallengeKind::OneTimeCode, None, &[AnswerSource::Person]);
        let now = challenge.created_at;
        let has_box =
            |challenge: &Challenge| question("token", challenge, now).into_string().contains("name=\"answer\"");
        assert!(has_box(&challenge) && asks_guest(&challenge, now));
        let until = now + SignedDuration::from_mins(1);
        challenge.wheel = Some(Wheel { user: UserId(Uuid::nil()), name: "ada".into(), seat: Uuid::nil(), until });
        assert!(!has_box(&challenge) && !asks_guest(&challenge, now));
        let page = question("token", &challenge, now).into_string();
        assert!(page.contains("ourselves") && !page.contains("ada"), "{page}");
        challenge.wheel = challenge.wheel.map(|wheel| Wheel { until: now, ..wheel });
        assert!(has_box(&challenge), "they aren't heard of any more");
    }
}
