//! An agent without a browser: it takes leases and hands in records that are made up, so
//! that a test or a bench can have as many as it needs at once.
//!
//! Not here: a portal; whatever is to be true of one is tested with a real agent.

use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::integrator::CallError;
use crate::world::Fleet;

/// The base point of Curve25519 (RFC 7748, section 4.1), which anybody may seal to: a
/// bare agent never opens what it is sent.
const PUBLIC_KEY: &str = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// An agent that hands in what it is given.
#[derive(Clone)]
pub struct BareAgent {
    client: reqwest::Client,
    coordinator: String,
    token: String,
    id: Uuid,
}

/// A lease that it holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// The run.
    pub run_id: String,
    /// What it is about.
    pub connection_id: String,
    proof: Value,
}

impl BareAgent {
    /// An agent of a fleet.
    ///
    /// # Errors
    /// What the system says when the agents' token can't be read.
    pub fn of(fleet: &Fleet) -> std::io::Result<Self> {
        let token = std::fs::read_to_string(fleet.folder().join("data/agent.token"))?;
        Ok(Self::at(fleet.address(), token.trim()))
    }

    /// An agent of the coordinator at `address`.
    #[must_use]
    pub fn at(address: &str, token: &str) -> Self {
        let client = crate::client::client().build().unwrap_or_default();
        Self { client, coordinator: address.to_owned(), token: token.to_owned(), id: Uuid::now_v7() }
    }

    /// Another agent of the same fleet; it shares this one's connections.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { id: Uuid::now_v7(), ..self.clone() }
    }

    /// Takes a lease; none if nothing becomes ready within `wait_ms` milliseconds.
    ///
    /// # Errors
    /// [`CallError`] for anything but a lease or none.
    pub async fn acquire(&self, wait_ms: u64) -> Result<Option<Held>, CallError> {
        let seats = json!({ "total": 1, "busy": 0, "parked": 0, "parkedLimit": 1, "state": "ready" });
        let asked = json!({
            "agentId": self.id, "agentName": "bare", "publicKey": PUBLIC_KEY, "waitMs": wait_ms, "seats": seats,
        });
        let lease = self.call("", &asked).await?;
        Ok((!lease.is_null()).then(|| Held {
            run_id: text(&lease["runId"]),
            connection_id: text(&lease["connectionId"]),
            proof: json!({ "agentId": self.id, "fence": lease["fence"] }),
        }))
    }

    /// Makes the lease last for another term.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn renew(&self, held: &Held) -> Result<(), CallError> {
        self.call(&format!("/{}/renew", held.run_id), &held.proof).await.map(|_| ())
    }

    /// Says that it is about to submit a password.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn declare_password(&self, held: &Held) -> Result<(), CallError> {
        self.declare(held, "password").await
    }

    /// Says that it is about to do this at the bank.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn declare(&self, held: &Held, effect: &str) -> Result<(), CallError> {
        let body = json!({ "proof": held.proof, "effect": effect });
        self.call(&format!("/{}/intents", held.run_id), &body).await.map(|_| ())
    }

    /// Says what is about to be set at the bank; what it is answered.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn declare_setting(&self, held: &Held, effect: &str, making: &Value) -> Result<Value, CallError> {
        let body = json!({ "proof": held.proof, "effect": effect, "making": making });
        self.call(&format!("/{}/intents", held.run_id), &body).await
    }

    /// Says what became of what it declared.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn settle(&self, held: &Held, outcome: &str) -> Result<(), CallError> {
        let body = json!({ "proof": held.proof, "outcome": outcome });
        self.call(&format!("/{}/intents/settle", held.run_id), &body).await.map(|_| ())
    }

    /// Asks a security question.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn ask_question(&self, held: &Held, prompt: &str) -> Result<String, CallError> {
        let question = json!({ "kind": "securityQuestion", "prompt": prompt, "attemptsLeft": 3 });
        let body = json!({ "proof": held.proof, "question": question });
        let opened = self.call(&format!("/{}/challenges", held.run_id), &body).await?;
        Ok(text(&opened["challengeId"]))
    }

    /// Hands in what was read.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn complete(&self, held: &Held, accounts: &[Value]) -> Result<(), CallError> {
        let body = json!({ "proof": held.proof, "accounts": accounts });
        self.call(&format!("/{}/complete", held.run_id), &body).await.map(|_| ())
    }

    /// Says that nothing could be read.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn fail(&self, held: &Held, code: &str) -> Result<(), CallError> {
        let failure = json!({ "code": code, "stage": "login", "message": "" });
        let body = json!({ "proof": held.proof, "failure": failure });
        self.call(&format!("/{}/fail", held.run_id), &body).await.map(|_| ())
    }

    /// Says that nothing could be read, and keeps the page that was showing.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn fail_on_page(&self, held: &Held, code: &str, html: &str) -> Result<(), CallError> {
        let failure = json!({ "code": code, "stage": "login", "message": "" });
        let evidence = json!({ "url": "https://portal.example/accounts", "html": html });
        let body = json!({ "proof": held.proof, "failure": failure, "evidence": evidence });
        self.call(&format!("/{}/fail", held.run_id), &body).await.map(|_| ())
    }

    /// Asks for a code that somebody has been sent.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn ask(&self, held: &Held) -> Result<String, CallError> {
        self.ask_by(held, "sms").await
    }

    /// Asks for a code that the bank sent by this way.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn ask_by(&self, held: &Held, medium: &str) -> Result<String, CallError> {
        self.ask_for_code(held, medium, 0).await
    }

    /// Asks for a code that the bank has sent, and can send anew so often.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn ask_with_resends(&self, held: &Held, resends: u32) -> Result<String, CallError> {
        self.ask_for_code(held, "sms", resends).await
    }

    async fn ask_for_code(&self, held: &Held, medium: &str, resends: u32) -> Result<String, CallError> {
        let question = json!({
            "kind": "oneTimeCode", "medium": medium, "prompt": "Enter the code.", "attemptsLeft": 3, "resendsLeft": resends,
        });
        let body = json!({ "proof": held.proof, "question": question });
        let opened = self.call(&format!("/{}/challenges", held.run_id), &body).await?;
        Ok(text(&opened["challengeId"]))
    }

    /// Asks for a code that somebody's device shows.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn ask_for_shown_code(&self, held: &Held) -> Result<String, CallError> {
        self.ask_by(held, "device").await
    }

    /// Waits for an answer for a few seconds; returns the state that is told.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn wait_for_answer(&self, held: &Held, challenge: &str) -> Result<String, CallError> {
        self.wait_after_resends(held, challenge, 0).await
    }

    /// The same once the bank was asked for so many new codes.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn wait_after_resends(&self, held: &Held, challenge: &str, resends: u32) -> Result<String, CallError> {
        let body = json!({ "proof": held.proof, "waitMs": 3_000, "resendsDone": resends });
        let told = self.call(&format!("/{}/challenges/{challenge}/wait", held.run_id), &body).await?;
        Ok(text(&told["state"]))
    }

    async fn call(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        let path = format!("/agent/v1/leases{path}");
        let method = reqwest::Method::POST;
        let request = self.client.post(format!("{}{path}", self.coordinator)).bearer_auth(&self.token).json(body);
        let no_answer = |source| CallError::NoAnswer { method: method.clone(), path: path.clone(), source };
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() || status == StatusCode::NO_CONTENT {
            return Ok(body);
        }
        Err(CallError::Unexpected { method, path, status: status.as_u16(), detail: text(&body["detail"]) })
    }
}

/// Made-up accounts, each with transactions on the days of 2025 and 2026, one after the
/// other. The same arguments make the same records.
#[must_use]
pub fn accounts(count: usize, transactions: usize, name: &str) -> Vec<Value> {
    let account = |number: usize| {
        let rows: Vec<Value> = (0..transactions).map(|row| transaction(name, number, row)).collect();
        json!({
            "portalKey": format!("{name}-{number}"), "type": "checking", "currency": "EUR", "status": "open",
            "name": format!("Account {number} of {name}"), "maskedNumber": format!("•••• {number:04}"),
            "currentBalance": "1000.00", "balanceAsOf": "2026-11-20", "transactions": rows,
        })
    };
    (0..count).map(account).collect()
}

fn transaction(name: &str, account: usize, row: usize) -> Value {
    let (month, day) = (row / 28 % 12 + 1, row % 28 + 1);
    let year = 2025 + row / (28 * 12) % 2;
    let is_credit = row.is_multiple_of(3);
    json!({
        "status": "posted", "postedDate": format!("{year}-{month:02}-{day:02}"), "currency": "EUR",
        "amount": format!("{}{}.{:02}", if is_credit { "" } else { "-" }, row % 977 + 1, row % 100),
        "entryType": if is_credit { "credit" } else { "debit" }, "rail": "ach",
        "description": format!("PAYMENT {row} OF {name} ACCOUNT {account}"),
        "bankReference": format!("{name}-{account}-{row}"),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
