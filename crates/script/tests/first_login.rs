//! First sign-ins, step by step: what is set is made before it is typed, and the page that shows next says what became of it.
//!
//! Not here: a portal; Threshold's own tests have it.

#![expect(clippy::panic, reason = "it is how a test fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::challenge::ChallengeKind;
use domain::failure::FailureCode;
use domain::institution::CredentialName;
use domain::password_rules::CharacterClass;
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;
use jiff::civil::date;
use script::command::{Act, AnswerVerdict, Command, Making, Observation, Problem};
use script::{Compares, Plan, Runner, Script};

const SCRIPT: &str = include_str!("../../../scripts/threshold/script.yaml");

const PASSWORD_PAGE: &str = "<form data-cy=password></form>";
const REFUSED_PASSWORD: &str = "<p class=alert>Not the old-Key-1 again.</p><form data-cy=password></form>";
const ENROLMENT: &str = "<form data-cy=authenticator></form><code id=totp-key>GEZD GNBV GY3T QOJQ</code>";
const PICTURE: &str = "<form data-cy=authenticator></form><div class=enrol><svg></svg></div>";
const TERMS: &str =
    "<h1>Agreement</h1><div class=terms><p>1. Nothing.</p> <p>2. Version 14.</p></div><form data-cy=terms></form>";
const QUESTIONS: &str = "<form data-cy=questions>\
    <select id=question1><option value=''>Choose</option><option value=q0>Street?</option><option value=q1>Employer?</option></select>\
    <select id=question2><option value=''>Choose</option><option value=q0>Street?</option><option value=q1>Employer?</option></select>\
    <select id=question3><option value=''>Choose</option><option value=q0>Street?</option><option value=q2>Mascot?</option></select>\
    </form>";
const ACCOUNTS: &str = "<table id=accounts></table>";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// A run that was asked to look for a page.
struct Run {
    runner: Runner,
    command: Command,
}

impl Run {
    fn start() -> Self {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| panic!("{faults}"));
        let credentials =
            [(CredentialName::BankUsername, secret("maren")), (CredentialName::Password, secret("old-Key-1"))];
        let plan = Plan {
            portal_url: "https://bank.example".parse().expect("an address"),
            credentials: BTreeMap::from(credentials),
            open_intents: Vec::new(),
            today: date(2026, 11, 20),
            since: None,
            compares: Compares::No,
        };
        let mut runner = Runner::new(Arc::new(script), plan);
        let command = runner.next(None);
        let mut run = Self { runner, command };
        run.tell(Observation::Visited);
        run
    }

    fn tell(&mut self, observation: Observation) -> &Command {
        self.command = self.runner.next(Some(observation));
        &self.command
    }

    /// Shows a page of the script.
    fn shows(&mut self, page: &str, html: &str) -> &Command {
        assert!(matches!(self.command, Command::Watch(_)), "{:?}", self.command);
        let url = "https://bank.example/setup".parse().expect("an address");
        self.tell(Observation::Recognised { page: page.into(), url, html: html.into() })
    }

    /// What is filled in, and what is clicked, now that it is done.
    fn acts(&mut self) -> Vec<(String, Option<String>)> {
        let Command::Act(deed) = self.command.clone() else { panic!("{:?}", self.command) };
        self.tell(Observation::Acted);
        let shown = |act: &Act| match act {
            Act::Fill { text, .. } => (act.target().to_owned(), Some(text.expose().to_owned())),
            _ => (act.target().to_owned(), None),
        };
        deed.acts.iter().map(shown).collect()
    }

    fn makes(&self) -> Making {
        let Command::Make(making) = &self.command else { panic!("{:?}", self.command) };
        making.clone()
    }

    fn settles(&self, expected: EffectOutcome) {
        assert!(matches!(&self.command, Command::SettleIntents(outcome) if *outcome == expected), "{:?}", self.command);
    }

    /// To where a new password was submitted.
    fn with_a_new_password() -> Self {
        let mut run = Self::start();
        run.shows("new_password", PASSWORD_PAGE);
        let Making::Password(rules) = run.makes() else { panic!("another thing is made") };
        assert_eq!((rules.shortest, rules.classes.len()), (12, CharacterClass::ALL.len()));
        run.tell(Observation::Made(vec![secret("new-Key-22")]));
        let filled = |field: &str, text: &str| (field.to_owned(), Some(text.to_owned()));
        assert_eq!(
            run.acts(),
            [
                filled("#currentPassword", "old-Key-1"),
                filled("#newPassword", "new-Key-22"),
                filled("#confirmPassword", "new-Key-22"),
                ("form[data-cy=password] button".to_owned(), None),
            ],
        );
        run
    }
}

#[test]
fn a_password_is_made_before_it_is_typed_and_taken_when_the_bank_goes_on() {
    let mut run = Run::with_a_new_password();
    run.shows("authenticator", ENROLMENT);
    run.settles(EffectOutcome::Accepted);
    run.tell(Observation::Done);
    let Making::Authenticator(read) = run.makes() else { panic!("another thing is made") };
    assert_eq!(read.expose(), "GEZD GNBV GY3T QOJQ");
    run.tell(Observation::Made(vec![secret("287082")]));
    assert_eq!(run.acts()[0], ("#code".to_owned(), Some("287082".to_owned())));
}

#[test]
fn a_password_that_the_bank_refuses_ends_the_run_with_its_words_and_no_secret() {
    let mut run = Run::with_a_new_password();
    run.shows("new_password", REFUSED_PASSWORD);
    run.settles(EffectOutcome::Refused);
    run.tell(Observation::Done);
    let Command::Fail(failure) = &run.command else { panic!("{:?}", run.command) };
    assert_eq!(failure.code, FailureCode::PasswordExpired);
    let words = failure.institution_message.as_deref().expect("words");
    assert!(words.starts_with("Not the") && words.ends_with("again.") && !words.contains("old-Key-1"), "{words}");
}

#[test]
fn what_a_bank_says_of_something_else_leaves_the_password_in_doubt() {
    let mut run = Run::with_a_new_password();
    run.shows("unavailable", "<p class=lead>Something isn't working on our side</p>");
    run.settles(EffectOutcome::Happened);
}

#[test]
fn a_step_that_can_not_be_done_was_not() {
    let mut run = Run::start();
    run.shows("new_password", PASSWORD_PAGE);
    run.tell(Observation::Made(vec![secret("new-Key-22")]));
    let target = "form[data-cy=password] button".to_owned();
    let problem = Problem::Missing;
    run.tell(Observation::Stuck { target, problem, html: PASSWORD_PAGE.into() });
    run.shows("new_password", PASSWORD_PAGE);
    run.settles(EffectOutcome::Absent);
}

#[test]
fn nobody_is_there_who_keeps_it_so_nothing_is_set() {
    let mut run = Run::start();
    run.shows("new_password", PASSWORD_PAGE);
    run.tell(Observation::Refused(FailureCode::PortalActionProfile));
    assert!(matches!(&run.command, Command::Fail(failure) if failure.code == FailureCode::PortalActionProfile));
}

#[test]
fn each_question_is_another_one_and_gets_the_answer_that_was_made_for_it() {
    let mut run = Run::start();
    run.shows("questions", QUESTIONS);
    let Making::Answers(questions) = run.makes() else { panic!("another thing is made") };
    assert_eq!(questions, ["Street?", "Employer?", "Mascot?"]);
    run.tell(Observation::Made(["one", "two", "three"].map(secret).into()));
    let filled: Vec<Option<String>> = run.acts().into_iter().map(|(_, text)| text).collect();
    let expected = [Some("q0"), Some("one"), Some("q1"), Some("two"), Some("q2"), Some("three"), None];
    assert_eq!(filled, expected.map(|text| text.map(str::to_owned)));
    run.shows("accounts", ACCOUNTS);
    run.settles(EffectOutcome::Accepted);
}

#[test]
fn terms_are_accepted_once_somebody_said_so_and_else_not() {
    for (answer, is_accepted) in [("accept", true), ("decline", false)] {
        let mut run = Run::start();
        run.shows("terms", TERMS);
        let Command::Ask(question) = &run.command else { panic!("{:?}", run.command) };
        let terms = question.terms.as_ref().expect("terms");
        assert_eq!((question.kind, terms.title.as_str()), (ChallengeKind::Terms, "Agreement"));
        // SHA-256 of "1. Nothing. 2. Version 14."
        assert_eq!(terms.sha256, "5700ca48164f271ebe77a8336f413895b16be055c2e0a14676fc4475dc57d10d");
        run.tell(Observation::Answered(secret(answer)));
        if is_accepted {
            assert!(matches!(run.command, Command::Declare(Effect::AcceptTerms)), "{:?}", run.command);
            run.tell(Observation::Done);
            let clicked: Vec<String> = run.acts().into_iter().map(|(target, _)| target).collect();
            assert_eq!(clicked, ["#agree", "form[data-cy=terms] button"]);
        } else {
            assert!(matches!(run.command, Command::SettleAnswer(AnswerVerdict::Rejected)), "{:?}", run.command);
            run.tell(Observation::Done);
            assert!(matches!(&run.command, Command::Fail(failure) if failure.code == FailureCode::PortalActionTerms));
        }
    }
}

#[test]
fn terms_are_not_handed_back_for_ever() {
    let mut run = Run::start();
    for _ in 0..20 {
        run.shows("terms", TERMS);
        assert!(matches!(run.command, Command::Ask(_)), "{:?}", run.command);
        run.tell(Observation::HandedBack);
        while !matches!(run.command, Command::Watch(_)) {
            run.tell(Observation::Done);
        }
    }
    run.shows("terms", TERMS);
    while !matches!(run.command, Command::Fail(_)) {
        assert!(!matches!(run.command, Command::Ask(_)), "it is asked once more");
        run.tell(Observation::Done);
    }
    assert!(matches!(&run.command, Command::Fail(failure) if failure.code == FailureCode::MfaTimeout));
}

/// A first sign-in to where the page with the picture was looked at, and this came of it.
fn pictured(seen: Observation) -> Run {
    let mut run = Run::start();
    run.shows("authenticator_picture", PICTURE);
    assert!(matches!(&run.command, Command::ReadPicture(selector) if selector == ".enrol svg"), "{:?}", run.command);
    run.tell(seen);
    run
}

#[test]
fn a_secret_in_a_picture_is_kept_before_its_code_is_typed() {
    let address = "otpauth://totp/Threshold:maren?secret=GEZDGNBVGY3TQOJQ";
    let mut run = pictured(Observation::PictureRead(vec![secret(address)]));
    let Making::Authenticator(read) = run.makes() else { panic!("another thing is made") };
    assert_eq!(read.expose(), address);
    run.tell(Observation::Made(vec![secret("287082")]));
    assert_eq!(run.acts()[0], ("#code".to_owned(), Some("287082".to_owned())));
    run.shows("terms", TERMS);
    run.settles(EffectOutcome::Accepted);
}

#[test]
fn a_picture_that_says_no_one_secret_ends_the_run_before_anything_is_kept_or_typed() {
    let said = |texts: &[&str]| Observation::PictureRead(texts.iter().copied().map(secret).collect());
    let stuck = |problem| Observation::Stuck { target: ".enrol svg".into(), problem, html: String::new() };
    let (one, other) = ("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ", "otpauth://totp/b?secret=GEZDGNBVGY3TQOJQ");
    for (seen, expected) in [
        (said(&[]), FailureCode::ElementMissing),
        (said(&[one, other]), FailureCode::ElementAmbiguous),
        (said(&["https://bank.example/app"]), FailureCode::PortalActionProfile),
        (said(&["é"]), FailureCode::PortalActionProfile),
        (stuck(Problem::Missing), FailureCode::ElementMissing),
        (stuck(Problem::Ambiguous), FailureCode::ElementAmbiguous),
        (Observation::Kept, FailureCode::PortalActionProfile),
    ] {
        let shown = format!("{seen:?}");
        let run = pictured(seen);
        let Command::Fail(failure) = &run.command else { panic!("{shown}: {:?}", run.command) };
        assert_eq!(failure.code, expected, "{shown}");
        let words = &failure.message;
        assert!(words.contains("authenticator_picture") && !words.contains("bank.example"), "{words}");
    }
}
