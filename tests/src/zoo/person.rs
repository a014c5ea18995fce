//! Who answers what a bank asks: the person with the phone, the app and the memory.
//!
//! Not here: when a bank asks.

use fixtures::portal::RunningPortal;
use serde_json::{Value, json};

use super::Failure;
use crate::integrator::Integrator;
use crate::patience::eventually;

/// Somebody who has what one portal's user has.
pub struct Person<'a> {
    portal: &'a RunningPortal,
    client: reqwest::Client,
    /// The challenge that was answered last.
    seen: Option<String>,
}

impl<'a> Person<'a> {
    /// The first user of `portal`.
    #[must_use]
    pub fn of(portal: &'a RunningPortal) -> Self {
        Self { portal, client: crate::client::client().build().unwrap_or_default(), seen: None }
    }

    /// Waits until the connection is as `ended` says, and answers whatever is asked meanwhile.
    ///
    /// # Errors
    /// [`Failure`] where it never is, or nobody knows an answer.
    pub async fn until(
        &mut self,
        integrator: &Integrator,
        id: &str,
        ended: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        loop {
            let seen = self.seen.clone();
            let found = eventually(async || {
                let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await.ok()?;
                // What is answered without a person is left alone.
                let is_ours = |it: &Value| it["mayAnswer"].get(0).is_none_or(|first| first == "person");
                let is_new = |it: &Value| it["status"] == "open" && it["id"].as_str() != seen.as_deref() && is_ours(it);
                if let Some(challenge) = challenges.into_iter().find(is_new) {
                    return Some(Err(challenge));
                }
                let connection = integrator.get(&format!("/v1/connections/{id}")).await.ok()?;
                ended(&connection).then_some(Ok(connection))
            });
            match found.await {
                Some(Ok(connection)) => return Ok(connection),
                Some(Err(challenge)) => self.answer(integrator, id, &challenge).await?,
                None => {
                    let last = integrator.get(&format!("/v1/connections/{id}")).await?;
                    return Err(format!("{} came to no end: {last}", self.portal.name()).into());
                }
            }
        }
    }

    /// Answers one challenge as the bank wants it answered.
    ///
    /// # Errors
    /// [`Failure`] where nobody knows how.
    pub async fn answer(&mut self, integrator: &Integrator, id: &str, challenge: &Value) -> Result<(), Failure> {
        self.seen = challenge["id"].as_str().map(str::to_owned);
        let answer = match challenge["kind"].as_str() {
            Some("appApproval") => {
                self.tap("_approve").await?;
                return Ok(());
            }
            Some("securityQuestion") => self.remembered(challenge)?,
            Some("gridCard") => self.squares(challenge),
            Some("terms") => "accept".to_owned(),
            Some("oneTimeCode") => self.newest_code()?,
            _ => return Err(self.at_a_loss(challenge)),
        };
        match integrator.answer(id, challenge, &answer).await {
            Ok(_) => Ok(()),
            // The run may have ended meanwhile, which is for whoever waits to see.
            Err(error) => {
                let now = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
                let is_open = |it: &Value| it["id"] == challenge["id"] && it["status"] == "open";
                if now.iter().any(is_open) { Err(error.into()) } else { Ok(()) }
            }
        }
    }

    /// Has the app do something, or behave from now on so that it waits to be told.
    ///
    /// # Errors
    /// [`Failure`] where the portal has no app.
    pub async fn tap(&self, call: &str) -> Result<(), Failure> {
        let url = format!("{}{call}", self.portal.url());
        let request = match call {
            "_approval" => self.client.put(url).json(&json!({ "afterMs": null })),
            _ => self.client.post(url),
        };
        Ok(request.send().await?.error_for_status().map(|_| ())?)
    }

    /// A message is sent before its code is asked for; when it is asked for again there may be no
    /// other.
    fn newest_code(&self) -> Result<String, Failure> {
        let newest = self.portal.phone().messages.pop();
        Ok(newest.ok_or_else(|| format!("{} sent no message", self.portal.name()))?.code)
    }

    /// What the portal asks for at its first page, as the API takes it. Where first sign-ins are seen, the user is one who
    /// was never there.
    ///
    /// # Errors
    /// [`Failure`] where the portal isn't there.
    pub async fn credentials(&self) -> Result<Value, Failure> {
        let portal = self.portal;
        let mut credentials = json!({ "bankUsername": portal.username(), "password": portal.password() });
        for name in ["customerNumber", "branchNumber"] {
            if let Some(known) = portal.credentials().iter().find(|known| known.name == name) {
                credentials["bankCustomerId"] = known.value.as_str().into();
            }
        }
        if portal.name() == "threshold" {
            credentials["password"] = self.invite().await?;
        }
        Ok(credentials)
    }

    /// Has the bank's administrator make the user anew; the temporary password.
    ///
    /// # Errors
    /// [`Failure`] where the portal has no such thing.
    pub async fn invite(&self) -> Result<Value, Failure> {
        let invited = self.client.post(format!("{}_invite", self.portal.url())).send().await?;
        Ok(invited.error_for_status()?.json::<Value>().await?["password"].take())
    }

    /// What stands in the squares of the card that are asked for, such as `［Ｃ－３］`.
    fn squares(&self, challenge: &Value) -> String {
        let narrow = |letter: char| match letter {
            '０'..='９' | 'Ａ'..='Ｚ' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
            letter => letter,
        };
        let asked: String = challenge["prompt"].as_str().unwrap_or_default().chars().map(narrow).collect();
        let names = asked.split(['［', '］']).filter(|name| name.contains('－')).map(|name| name.replace('－', ""));
        let card: Vec<(&str, &str)> =
            self.portal.credential("card").split(' ').filter_map(|square| square.split_once('=')).collect();
        let digits = |name: String| card.iter().find(|(known, _)| *known == name).map(|(_, digits)| *digits);
        names.filter_map(digits).collect::<Vec<_>>().join(" ")
    }

    /// The letters of the memorable word that are asked for by their places.
    fn letters(&self, word: &str, question: &str) -> String {
        let places =
            question.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse::<usize>().ok());
        places.filter_map(|place| word.chars().nth(place.checked_sub(1)?)).collect()
    }

    /// What was agreed on with the bank: `question=answer|question=answer`, or a word.
    fn remembered(&self, challenge: &Value) -> Result<String, Failure> {
        let question = challenge["prompt"].as_str().unwrap_or_default();
        if let Some(word) = self.portal.credentials().iter().find(|known| known.name == "memorableWord") {
            return Ok(self.letters(&word.value, question));
        }
        let agreed = self.portal.credential("securityAnswers").split('|');
        let found = agreed.filter_map(|pair| pair.split_once('=')).find(|(known, _)| question.contains(known));
        found.map(|(_, answer)| answer.to_owned()).ok_or_else(|| self.at_a_loss(challenge))
    }

    fn at_a_loss(&self, challenge: &Value) -> Failure {
        let hint = "hint: teach it to tests/src/zoo/person.rs";
        format!("nobody knows what to answer to {}: {challenge}\n{hint}", self.portal.name()).into()
    }
}
