//! What a bank has set at a first sign-in: another password, an authenticator, answers to security questions. It is made
//! here, or taken from the page that shows it, and kept sealed before any agent types it.
//!
//! Other connections of the organization that have the very same credentials get the same, as it is one user at the bank.
//!
//! Not here: what becomes of it when nobody knows whether the bank took it; the store's candidates have that.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::challenge::Question;
use domain::id::{ConnectionId, IntentId, OrganizationId, RunId};
use domain::institution::CredentialName;
use domain::password_rules::{CharacterClass, PasswordRules};
use domain::run::Effect;
use domain::secret::Secret;
use protocol::intent::{DeclaredIntent, Making, made_context, secret_context};
use protocol::lease::Proof;
use protocol::sealed::PrivateKey;
use tokio::time::Instant;

use super::authenticator::{Authenticator, seal_context};
use super::fingerprints::fingerprints;
use super::give_credentials::{credentials_context, credentials_text};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{NewCandidate, Refused, Setting};
use crate::vault::{Vault, VaultError};

/// How many questions a bank may have answered.
const QUESTIONS_AT_MOST: usize = 12;

/// How long a question may be, in characters.
const LONGEST_QUESTION: usize = 500;

/// How long the code of an authenticator that is enrolled may be waited for. An agent asks again.
const CODE_WAIT: Duration = Duration::from_secs(35);

/// How often it is looked whether the next code shows.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The answer to a security question: nobody has to know it by heart, and banks want no symbols in it.
const ANSWER: (u32, [CharacterClass; 2]) = (16, [CharacterClass::Lower, CharacterClass::Digit]);

/// What is about to be set.
enum Made {
    Password(Secret),
    Authenticator(Secret),
    Answers { all: BTreeMap<String, Secret>, asked: Vec<String> },
}

/// The key that secrets from banks' pages are sealed to on their way here, the same in every coordinator of the vault.
pub(super) fn keeper(vault: &Vault) -> PrivateKey {
    PrivateKey::derived(&vault.derived_key("secrets from banks' pages"))
}

impl Fleet {
    /// Makes what is to be set at a bank, keeps it with the intent that sets it, and hands it to the agent.
    ///
    /// # Errors
    /// As [`declare_intent`](Self::declare_intent); [`Error::Invalid`] for what can't be made.
    pub async fn declare_setting(&self, run_id: RunId, proof: Proof, making: Making) -> Result<DeclaredIntent, Error> {
        let setting = self.store.setting(run_id, proof).await?;
        let made = self.make(run_id, proof, &setting, making).await?;
        let (candidate, effect) = self.candidate(&setting, &made).await?;
        let declared = self.declare(run_id, proof, effect, Some(candidate)).await?;
        // What was kept when it was declared first, where the answer to that was lost.
        let kept = declared.candidate.ok_or(Refused::Changed)?;
        let texts = self.texts(&setting, made, &kept).await?;
        let intent_id = declared.intent_id;
        let plain: Vec<&str> = texts.iter().map(Secret::expose).collect();
        let text = Secret::new(serde_json::to_string(&plain).unwrap_or_default());
        let made = setting.agent_key.seal(&text, &made_context(intent_id, proof.fence));
        Ok(DeclaredIntent { intent_id, made: Some(made.map_err(|_| VaultError::Unopenable)?) })
    }

    async fn make(&self, run_id: RunId, proof: Proof, setting: &Setting, making: Making) -> Result<Made, Error> {
        Ok(match making {
            Making::Password { rules } => Made::Password(compose(&rules)?),
            Making::Authenticator { secret } => {
                let secret = keeper(&self.vault).open(&secret, &secret_context(run_id, proof.fence));
                let invalid = |reason: &str| Error::Invalid { field: "/making/secret", reason: reason.into() };
                let secret = secret.map_err(|_| invalid("the box can't be opened"))?;
                Authenticator::read(&secret).map_err(invalid)?;
                Made::Authenticator(secret)
            }
            Making::Answers { questions } => {
                let is_fit = |text: &String| !text.trim().is_empty() && text.chars().count() <= LONGEST_QUESTION;
                if questions.is_empty() || questions.len() > QUESTIONS_AT_MOST || !questions.iter().all(is_fit) {
                    let reason = format!("1 to {QUESTIONS_AT_MOST} questions of {LONGEST_QUESTION} characters at most");
                    return Err(Error::Invalid { field: "/making/questions", reason });
                }
                let mut all = self.agreed_answers(setting.organization_id, setting.connection_id).await?;
                let (length, classes) = ANSWER;
                let rules = PasswordRules {
                    shortest: length,
                    longest: length,
                    classes: classes.to_vec(),
                    without: String::new(),
                };
                for question in &questions {
                    all.insert(question.clone(), compose(&rules)?);
                }
                Made::Answers { all, asked: questions }
            }
        })
    }

    /// What is kept of it, for each connection that it is for.
    async fn candidate(&self, setting: &Setting, made: &Made) -> Result<(NewCandidate, Effect), Error> {
        let owner = setting.organization_id;
        let mut prints = None;
        let (text, context, effect): (Secret, fn(ConnectionId) -> String, Effect) = match made {
            Made::Password(password) => {
                let old = setting.credentials.as_deref().ok_or(Refused::CredentialsMissing)?;
                let mut credentials = self.open_given(setting, old).await?;
                let institution = &setting.institution_id;
                let before = fingerprints(&self.vault, institution, &credentials);
                credentials.insert(CredentialName::Password, password.clone());
                prints = Some((fingerprints(&self.vault, institution, &credentials), before));
                (credentials_text(&credentials), credentials_context, Effect::NewPassword)
            }
            Made::Authenticator(secret) => (secret.clone(), seal_context, Effect::Enrol),
            Made::Answers { all, .. } => (answers_text(all), answers_context, Effect::NewAnswers),
        };
        let mut sealed = Vec::new();
        for id in std::iter::once(setting.connection_id).chain(setting.siblings.iter().copied()) {
            sealed.push((id, self.sealer.seal(owner, &context(id), &text).await?));
        }
        Ok((NewCandidate { sealed, fingerprints: prints, made_at: clock::now() }, effect))
    }

    /// The credentials that a run was given: those of a candidate are sealed as those that are kept.
    async fn open_given(&self, setting: &Setting, sealed: &[u8]) -> Result<BTreeMap<CredentialName, Secret>, Error> {
        self.open_credentials(setting.organization_id, setting.connection_id, sealed).await
    }

    /// What is to be typed, by what is kept.
    async fn texts(&self, setting: &Setting, made: Made, kept: &[u8]) -> Result<Vec<Secret>, Error> {
        let (owner, id) = (setting.organization_id, setting.connection_id);
        match made {
            Made::Password(_) => {
                let password = self.open_given(setting, kept).await?.remove(&CredentialName::Password);
                Ok(vec![password.ok_or(Refused::CredentialsMissing)?])
            }
            Made::Authenticator(_) => {
                let secret = self.sealer.open(owner, &seal_context(id), kept).await?;
                let authenticator = Authenticator::read(&secret).map_err(|_| VaultError::Unopenable)?;
                let until = Instant::now() + CODE_WAIT;
                loop {
                    if let Some(code) = self.use_code(&authenticator, clock::now()).await? {
                        return Ok(vec![code]);
                    }
                    if Instant::now() >= until {
                        return Err(Error::Busy);
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
            Made::Answers { asked, .. } => {
                let text = self.sealer.open(owner, &answers_context(id), kept).await?;
                let mut all = read_answers(&text)?;
                asked.iter().map(|question| all.remove(question).ok_or(Error::Refused(Refused::Changed))).collect()
            }
        }
    }

    /// The answers that were agreed on with the bank.
    async fn agreed_answers(&self, owner: OrganizationId, id: ConnectionId) -> Result<BTreeMap<String, Secret>, Error> {
        let Some(sealed) = self.store.security_answers(id).await? else { return Ok(BTreeMap::new()) };
        read_answers(&self.sealer.open(owner, &answers_context(id), &sealed).await?)
    }

    /// The answer that was agreed on to what the bank asks; none where it asks something else.
    pub(super) async fn agreed_answer(
        &self,
        owner: OrganizationId,
        id: ConnectionId,
        question: &Question,
    ) -> Result<Option<Secret>, Error> {
        let all = self.agreed_answers(owner, id).await?;
        // Of two that are in the bank's words the longer is meant.
        let asked = all.into_iter().filter(|(agreed, _)| question.asks_for(agreed));
        Ok(asked.max_by_key(|(agreed, _)| agreed.len()).map(|(_, answer)| answer))
    }
}

/// Makes a password by the system's randomness.
fn compose(rules: &PasswordRules) -> Result<Secret, Error> {
    let mut is_random = true;
    let made = rules.compose(&mut |below| {
        draw(below).unwrap_or_else(|| {
            is_random = false;
            0
        })
    });
    let made = made.map_err(|unmeetable| Error::Invalid { field: "/making/rules", reason: unmeetable.to_string() })?;
    if is_random { Ok(made) } else { Err(VaultError::NoRandomness.into()) }
}

/// A number below this, each as likely as the others; none where the system has no randomness.
fn draw(below: u32) -> Option<u32> {
    // What is left of the largest whole number of rounds would make the first ones likelier.
    let end = u32::MAX - u32::MAX % below.max(1);
    loop {
        let drawn = getrandom::u32().ok()?;
        if drawn < end {
            return Some(drawn % below.max(1));
        }
    }
}

fn answers_context(id: ConnectionId) -> String {
    format!("security answers of connection {id}")
}

fn answers_text(all: &BTreeMap<String, Secret>) -> Secret {
    let plain: BTreeMap<&str, &str> = all.iter().map(|(asked, answer)| (asked.as_str(), answer.expose())).collect();
    Secret::new(serde_json::to_string(&plain).unwrap_or_default())
}

fn read_answers(text: &Secret) -> Result<BTreeMap<String, Secret>, Error> {
    serde_json::from_str(text.expose()).map_err(|_| VaultError::Unopenable.into())
}

/// The id of what was declared, for those who set nothing.
pub(super) const fn bare(intent_id: IntentId) -> DeclaredIntent {
    DeclaredIntent { intent_id, made: None }
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn numbers_are_drawn_from_all_that_are_below() {
        let mut seen = [false; 7];
        for _ in 0..2_000 {
            let drawn = draw(7).expect("randomness");
            seen[usize::try_from(drawn).expect("a place")] = true;
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(draw(1), Some(0));
    }
}
