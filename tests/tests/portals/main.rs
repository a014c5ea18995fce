//! The portals of the zoo that take more of the language than a table on a page: frames, shadow
//! roots, lists that come by scrolling or below what is there, dates that are asked for, what is
//! owed, eras. Each is read from its setup to its records, which are held against its truth.
//!
//! Not here: the harbour, Kontor and Meridian, and what becomes of faults (`zoo`).

use fixtures::coppermine::Coppermine;
use fixtures::granary::Granary;
use fixtures::hoshizora::Hoshizora;
use fixtures::lantern::Lantern;
use fixtures::portal::RunningPortal;
use fixtures::threshold::Threshold;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::verdict::{Unshown, Verdict};
use tests::world::{Fleet, Plan};

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A connection that was made and set up, with the fleet that reads it.
struct Case {
    portal: RunningPortal,
    fleet: Fleet,
    integrator: Integrator,
    id: String,
}

impl Case {
    async fn set_up(
        portal: RunningPortal,
        drivers: &str,
        credentials: &Value,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let address = format!("development.portal_urls.{}", portal.name());
        let fleet = Plan::new().with(&address, portal.url()).agents_are_told(&["--drivers", drivers]).start().await?;
        let integrator = fleet.integrator("default").await?;
        let entity = integrator.default_entity().await?;
        let id = integrator.set_up_with(&entity, portal.name(), credentials).await?;
        Ok(Self { portal, fleet, integrator, id })
    }

    /// Answers the question that is asked next.
    async fn answer(&self, answer: impl FnOnce(&Value) -> String) -> Outcome {
        let challenge = self.integrator.open_challenge(&self.id, None).await?;
        let answer = answer(&challenge);
        self.integrator.answer(&self.id, &challenge, &answer).await?;
        Ok(())
    }

    /// Waits for the end of the activation, and holds what was read against the truth.
    async fn is_read(&self, unshown: Unshown<'_>) -> Outcome {
        let ended = |now: &Value| now["status"] != "pendingActivation";
        let connection = self.integrator.connection(&self.id, "the end of the activation", ended).await?;
        assert_eq!(connection["status"], "active", "{connection:#} {}", self.fleet.talk());
        let accounts = self.integrator.list("/v1/accounts").await?;
        let transactions = self.integrator.list("/v1/transactions?limit=500").await?;
        let verdict = Verdict::besides(unshown, &json!(self.portal.truth()), &accounts, &transactions);
        assert!(verdict.is_clean(), "{verdict:#?}");
        let oracle = self.portal.oracle();
        assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
        Ok(())
    }
}

#[tokio::test]
async fn a_bank_of_frames_is_asked_for_ninety_days_after_ninety() -> Outcome {
    let portal = Granary::start(Granary::settings()).await?;
    let credentials = json!({
        "bankCustomerId": portal.credential("customerNumber"),
        "bankUsername": portal.username(),
        "password": portal.password(),
    });
    let case = Case::set_up(portal, "cdp", &credentials).await?;
    case.is_read(Unshown { accounts: &["status"], transactions: &["rail", "runningBalance"] }).await
}

#[tokio::test]
async fn a_bank_of_components_is_scrolled_to_the_end() -> Outcome {
    let portal = Lantern::start(Lantern::settings()).await?;
    let credentials = json!({ "bankUsername": portal.username(), "password": portal.password() });
    let case = Case::set_up(portal, "cdp", &credentials).await?;
    let word: Vec<char> = case.portal.credential("memorableWord").chars().collect();
    let letters = |challenge: &Value| {
        let asked = challenge["prompt"].as_str().unwrap_or_default();
        let numbers =
            asked.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse::<usize>().ok());
        numbers.filter_map(|number| word.get(number - 1)).collect()
    };
    case.answer(letters).await?;
    case.is_read(Unshown { accounts: &["status"], transactions: &["rail", "runningBalance"] }).await
}

#[tokio::test]
async fn a_bank_that_counts_in_eras_asks_for_squares_of_its_card() -> Outcome {
    let portal = Hoshizora::start(Hoshizora::settings()).await?;
    let credentials = json!({
        "bankCustomerId": portal.credential("branchNumber"),
        "bankUsername": portal.username(),
        "password": portal.password(),
    });
    let case = Case::set_up(portal, "cdp", &credentials).await?;
    let card = case.portal.credential("card").to_owned();
    case.answer(|challenge| squares(&card, challenge["prompt"].as_str().unwrap_or_default())).await?;
    case.is_read(Unshown { accounts: &["status", "creditLimit"], transactions: &["rail", "runningBalance"] }).await
}

/// What stands in the squares of the card that are asked for, such as `［Ｃ－３］`.
fn squares(card: &str, asked: &str) -> String {
    let narrow = |letter: char| match letter {
        '０'..='９' | 'Ａ'..='Ｚ' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        letter => letter,
    };
    let names = asked.split(['［', '］']).filter(|name| name.contains('－'));
    let name = |name: &str| name.chars().map(narrow).filter(|letter| *letter != '－').collect::<String>();
    let square = |name: String| {
        let known = |part: &&str| part.split_once('=').is_some_and(|(known, _)| known.replace('-', "") == name);
        card.split([' ', ',', '|', ';']).find(known).and_then(|part| part.split_once('=')).map(|(_, number)| number)
    };
    names.map(name).filter_map(square).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_is_owed_to_a_card_issuer_is_negative() -> Outcome {
    let portal = Coppermine::start(Coppermine::settings()).await?;
    let credentials = json!({ "bankUsername": portal.username(), "password": portal.password() });
    let case = Case::set_up(portal, "cdp", &credentials).await?;
    let challenge = case.integrator.open_challenge(&case.id, None).await?;
    let sent = case.portal.phone().messages.pop().ok_or("a code that was sent")?;
    case.integrator.answer(&case.id, &challenge, &sent.code).await?;
    let accounts = ["status", "creditLimit", "minimumPayment", "paymentDue"];
    // Neither has the API a field for the day on which a card was used, nor the truth one for a category.
    let transactions = ["runningBalance", "transactionDate", "category"];
    case.is_read(Unshown { accounts: &accounts, transactions: &transactions }).await
}

#[tokio::test]
async fn accounts_of_which_only_balances_may_be_seen_have_no_transactions() -> Outcome {
    for drivers in ["cdp", "http"] {
        let portal = Threshold::start(Threshold::settings()).await?;
        let password = behind(&portal, reqwest::Method::POST, "_enrol").await?;
        let password = password["password"].as_str().unwrap_or_default();
        let credentials = json!({ "bankUsername": portal.username(), "password": password });
        let case = Case::set_up(portal, drivers, &credentials).await?;
        let challenge = case.integrator.open_challenge(&case.id, None).await?;
        let app = behind(&case.portal, reqwest::Method::GET, "_authenticator").await?;
        case.integrator.answer(&case.id, &challenge, app["code"].as_str().unwrap_or_default()).await?;
        case.is_read(Unshown { accounts: &["permissions"], transactions: &["rail", "runningBalance"] }).await?;
        // A browser that signed in is left there: it asked for no page of an account.
        let by = if drivers == "cdp" { "reading=http" } else { "reading=session" };
        assert!(case.fleet.talk().contains(by), "{drivers}: {}", case.fleet.talk());
    }
    Ok(())
}

/// What is said behind the scenes of a portal.
async fn behind(
    portal: &RunningPortal,
    method: reqwest::Method,
    call: &str,
) -> Result<Value, Box<dyn std::error::Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new().request(method, format!("{}{call}", portal.url()));
    Ok(request.send().await?.error_for_status()?.json().await?)
}
