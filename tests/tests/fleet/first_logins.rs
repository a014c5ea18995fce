//! First sign-ins at a bank that has everything set: a password, an authenticator, terms, questions. Whoever dies in
//! between, the connection signs in afterwards, and the bank hears at most one wrong password.
//!
//! Not here: which of two passwords is tried; the store's own tests have every order.

use fixtures::faults::Faults;
use fixtures::oracle::Act;
use fixtures::portal::RunningPortal;
use fixtures::threshold::Threshold;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::verdict::Verdict;
use tests::world::{Fleet, Plan};
use tests::zoo::banks::Bank;
use tests::zoo::fleet_of;
use tests::zoo::person::Person;

use crate::{Outcome, active};

type Story = Box<dyn std::error::Error>;

/// A bank with a user who was never there, a fleet, and an integrator that accepts terms.
struct Scene {
    portal: RunningPortal,
    fleet: Fleet,
    integrator: Integrator,
    password: String,
}

impl Scene {
    async fn open(plan: Plan) -> Result<Self, Story> {
        Self::open_by("http", Faults::default(), plan).await
    }

    /// The same with agents that have this driver alone, at a bank with these faults.
    async fn open_by(driver: &str, faults: Faults, plan: Plan) -> Result<Self, Story> {
        let scene = Self::asking_for_terms(driver, faults, plan).await?;
        scene.fleet.succeed(&["organization", "terms", "default", "accept"]).await?;
        Ok(scene)
    }

    /// The same with an integrator that is asked for each acceptance of terms.
    async fn asking_for_terms(driver: &str, faults: Faults, plan: Plan) -> Result<Self, Story> {
        let portal = Threshold::start(Threshold::settings()).await?;
        portal.set_faults(faults);
        let (fleet, integrator) = fleet_of(plan, &portal, &["--drivers", driver]).await?;
        let password = portal.password().to_owned();
        Ok(Self { portal, fleet, integrator, password })
    }

    async fn set_up(&self) -> Result<String, Story> {
        Ok(self.integrator.set_up("threshold", self.portal.username(), &self.password).await?)
    }

    /// Waits until the bank has seen this so often.
    async fn seen(&self, act: Act, count: usize) -> Outcome {
        let often = || self.portal.oracle().log.iter().filter(|entry| entry.act == act).count();
        let seen = eventually(async || (often() >= count).then_some(())).await;
        Ok(seen.ok_or_else(|| format!("the bank never saw {act:?}: {}", self.fleet.talk()))?)
    }

    fn count(&self, act: Act) -> usize {
        self.portal.oracle().log.iter().filter(|entry| entry.act == act).count()
    }

    async fn everything_is_read(&self) -> Outcome {
        let accounts = self.integrator.list("/v1/accounts").await?;
        let transactions = self.integrator.list("/v1/transactions?limit=500").await?;
        let unshown = Bank::of(fixtures::zoo::Portal::Threshold).map_err(|error| error.to_string())?.manners.unshown;
        let verdict = Verdict::besides(unshown, &json!(self.portal.truth()), &accounts, &transactions);
        assert!(verdict.is_clean(), "{verdict:#?}");
        Ok(())
    }

    /// What the bank knows of its user.
    async fn known(&self) -> Result<Value, Story> {
        Ok(reqwest::get(format!("{}_member", self.portal.url())).await?.json().await?)
    }
}

/// Kills the agent once the bank has seen `act` so often and holds its answer back; another one goes on.
async fn killed_at(act: Act, count: usize, most_refused: usize) -> Outcome {
    let mut scene = Scene::open(Plan::new()).await?;
    scene.portal.set_faults(Faults { slow_ms: 700, ..Faults::default() });
    let id = scene.set_up().await?;
    scene.seen(act, count).await?;
    scene.fleet.agents.remove(0).kill_hard().await;
    scene.portal.set_faults(Faults::default());
    scene.fleet.start_agent()?;
    active(&scene.integrator, &id).await.map_err(|error| format!("{error}\n{}", scene.fleet.talk()))?;
    let oracle = scene.portal.oracle();
    assert!(oracle.refused_passwords <= most_refused, "{} wrong passwords", oracle.refused_passwords);
    assert_eq!(scene.count(Act::PasswordChanged), 1);
    scene.everything_is_read().await
}

#[tokio::test]
async fn an_agent_that_dies_before_anything_is_declared_is_followed_by_the_old_password() -> Outcome {
    killed_at(Act::PasswordAccepted, 1, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_on_the_page_that_wants_a_password_is_followed_by_the_old_one() -> Outcome {
    killed_at(Act::SessionRead, 1, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_before_it_hears_that_its_password_was_taken_is_followed_by_that_password() -> Outcome {
    killed_at(Act::PasswordChanged, 1, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_on_the_next_page_is_followed_by_the_new_password() -> Outcome {
    killed_at(Act::SessionRead, 2, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_before_it_hears_that_its_authenticator_was_taken_is_followed_by_its_codes() -> Outcome {
    killed_at(Act::FactorEnrolled, 1, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_before_it_hears_that_terms_were_taken_is_followed_by_the_next_step() -> Outcome {
    killed_at(Act::TermsAccepted, 1, 0).await
}

#[tokio::test]
async fn an_agent_that_dies_before_it_hears_that_questions_were_set_is_followed_by_the_accounts() -> Outcome {
    killed_at(Act::QuestionsSet, 1, 0).await
}

#[tokio::test]
async fn a_password_that_was_kept_and_never_typed_costs_one_wrong_try() -> Outcome {
    let mut scene = Scene::open(Plan::new().agents(0).with("lease.term", "2s")).await?;
    let id = scene.set_up().await?;
    let bare = BareAgent::of(&scene.fleet)?;
    let held = bare.acquire(20_000).await?.ok_or("the activation")?;
    bare.declare_password(&held).await?;
    bare.settle(&held, "happened").await?;
    let rules = json!({ "shortest": 12, "longest": 64, "classes": ["upper", "lower", "digit", "symbol"] });
    let making = json!({ "kind": "password", "rules": rules });
    let first = bare.declare_setting(&held, "newPassword", &making).await?;
    let again = bare.declare_setting(&held, "newPassword", &making).await?;
    assert_eq!(first["intentId"], again["intentId"], "one candidate an intent, however often it is asked for");
    assert!(first["made"]["ciphertext"].is_string(), "{first}");
    // It goes silent; whether it typed anything nobody knows.
    scene.fleet.start_agent()?;
    active(&scene.integrator, &id).await.map_err(|error| format!("{error}\n{}", scene.fleet.talk()))?;
    let oracle = scene.portal.oracle();
    assert_eq!((oracle.refused_passwords, scene.count(Act::PasswordChanged)), (1, 1));
    scene.everything_is_read().await
}

#[tokio::test]
async fn a_bank_that_fails_after_it_took_a_password_is_signed_in_to_with_it() -> Outcome {
    let scene = Scene::open(Plan::new()).await?;
    scene.portal.set_faults(Faults { lost_answer: true, ..Faults::default() });
    let id = scene.set_up().await?;
    active(&scene.integrator, &id).await?;
    let oracle = scene.portal.oracle();
    assert_eq!((oracle.refused_passwords, oracle.sessions, scene.count(Act::PasswordChanged)), (0, 2, 1));
    let events = scene.integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert!(events.iter().any(|event| event["cause"] == "runPutOff"), "{events:#?}");
    scene.everything_is_read().await
}

#[tokio::test]
async fn credentials_that_are_given_meanwhile_count_and_nothing_else_does() -> Outcome {
    let mut scene = Scene::open(Plan::new().agents(0)).await?;
    let id = scene.set_up().await?;
    let bare = BareAgent::of(&scene.fleet)?;
    let held = bare.acquire(20_000).await?.ok_or("the activation")?;
    bare.declare_password(&held).await?;
    bare.settle(&held, "happened").await?;
    let rules = json!({ "shortest": 12, "longest": 64, "classes": ["upper", "lower", "digit", "symbol"] });
    bare.declare_setting(&held, "newPassword", &json!({ "kind": "password", "rules": rules })).await?;
    // Whether the bank took it nobody knows.
    bare.fail(&held, "portal.action.profile").await?;
    // The administrator makes the user anew, and the integrator says so.
    let password = Person::of(&scene.portal).invite().await.map_err(|error| error.to_string())?;
    let path = format!("/v1/connections/{id}");
    scene.integrator.put(&format!("{path}/credentials"), &json!({ "password": password })).await?;
    scene.integrator.put(&format!("{path}/setupCompletion"), &Value::Null).await?;
    scene.fleet.start_agent()?;
    active(&scene.integrator, &id).await?;
    assert_eq!((scene.portal.oracle().refused_passwords, scene.count(Act::PasswordChanged)), (0, 1));
    Ok(())
}

#[tokio::test]
async fn a_user_who_was_never_there_is_passed_and_nobody_learns_what_was_set() -> Outcome {
    let scene = Scene::open(Plan::new()).await?;
    let id = scene.set_up().await?;
    active(&scene.integrator, &id).await?;
    scene.everything_is_read().await?;
    for act in [Act::PasswordChanged, Act::FactorEnrolled, Act::TermsAccepted, Act::QuestionsSet] {
        assert_eq!(scene.count(act), 1, "{act:?}");
    }
    // The next sign-in has the new password and a code of the authenticator, and no person.
    let path = format!("/v1/connections/{id}");
    scene.integrator.put(&format!("{path}/sync"), &Value::Null).await?;
    let synced = |now: &Value| now["syncStatus"] == "idle";
    let connection = scene.integrator.connection(&id, "the end of a sync", synced).await?;
    assert_eq!((&connection["status"], &connection["authenticator"]), (&json!("active"), &json!("ready")));
    let oracle = scene.portal.oracle();
    assert_eq!((oracle.sessions, oracle.refused_passwords, oracle.refused_codes), (2, 0, 0), "{}", scene.fleet.talk());

    let operator = scene.fleet.operator()?;
    let trail = operator.get("/control/v1/audit?limit=100").await?;
    let terms = trail["data"].as_array().into_iter().flatten().find(|it| it["action"] == "connection.termsAccepted");
    let detail = terms.ok_or("no acceptance in the trail")?["detail"].to_string();
    assert!(detail.contains("Online Access Agreement") && detail.contains("policy"), "{detail}");
    let more = operator.get("/control/v1/overprivileged").await?;
    assert_eq!((&more["data"][0]["connectionId"], &more["data"][0]["initiate"]), (&json!(id), &json!(true)), "{more}");
    let listed = scene.fleet.succeed(&["fleet", "overprivileged", "--coordinator", scene.fleet.address()]).await?;
    assert!(listed.contains(&id) && listed.contains("MAY PAY"), "{listed}");
    let challenges = scene.integrator.list(&format!("{path}/challenges")).await?;
    let terms = challenges.iter().find(|it| it["kind"] == "terms").ok_or("no challenge")?;
    assert_eq!((&terms["status"], &terms["source"]), (&json!("accepted"), &json!("policy")));
    assert!(detail.contains(terms["terms"]["sha256"].as_str().ok_or("a hash")?), "{detail}");

    let known = scene.known().await?;
    let mut secrets =
        vec![known["password"].as_str().ok_or("a password")?, known["secret"].as_str().ok_or("a secret")?];
    secrets.extend(known["answers"].as_array().into_iter().flatten().filter_map(Value::as_str));
    assert_eq!(secrets.len(), 5);
    let events = scene.integrator.list(&format!("{path}/events")).await?;
    let said = format!("{connection}{trail}{challenges:?}{events:?}{}", scene.fleet.talk());
    let mut kept = Vec::new();
    bytes_below(scene.fleet.folder(), &mut kept)?;
    for secret in secrets {
        assert!(!said.contains(secret), "what was set was told");
        let needle = secret.as_bytes();
        assert!(!kept.windows(needle.len()).any(|window| window == needle), "what was set is on the disk");
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_that_only_a_picture_shows_is_read_by_a_browser_from_the_invitation_to_active() -> Outcome {
    let faults = Faults { picture_only: true, ..Faults::default() };
    let scene = Scene::open_by("cdp", faults, Plan::new()).await?;
    let id = scene.set_up().await?;
    active(&scene.integrator, &id).await.map_err(|error| format!("{error}\n{}", scene.fleet.talk()))?;
    assert_eq!((scene.count(Act::FactorEnrolled), scene.portal.oracle().refused_passwords), (1, 0));
    scene.everything_is_read().await?;
    let known = scene.known().await?;
    let secret = known["secret"].as_str().ok_or("a secret")?;
    assert!(!scene.fleet.talk().contains(secret), "what was in the picture was told");
    Ok(())
}

#[tokio::test]
async fn a_secret_that_only_a_picture_shows_is_a_persons_matter_where_no_browser_is() -> Outcome {
    let faults = Faults { picture_only: true, ..Faults::default() };
    let scene = Scene::open_by("http", faults, Plan::new()).await?;
    let id = scene.set_up().await?;
    let over = |now: &Value| now["status"] != "pendingActivation";
    let connection = scene.integrator.connection(&id, "the end of the activation", over).await?;
    assert_eq!(connection["setup"]["lastFailure"]["code"], "portal.action.profile", "{connection}");
    assert_eq!((scene.count(Act::FactorEnrolled), scene.count(Act::PasswordChanged)), (0, 1));
    Ok(())
}

/// Everything in a folder, one file after the other.
fn bytes_below(folder: &std::path::Path, all: &mut Vec<u8>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            bytes_below(&path, all)?;
        } else if path.is_file() {
            all.extend(std::fs::read(&path)?);
        }
    }
    Ok(())
}

#[tokio::test]
async fn terms_are_a_persons_to_accept_or_decline_where_the_organization_wants_to_be_asked() -> Outcome {
    for (answer, ended) in [("accept", "active"), ("decline", "draft")] {
        let scene = Scene::asking_for_terms("http", Faults::default(), Plan::new()).await?;
        let id = scene.set_up().await?;
        let Scene { portal, fleet, integrator, .. } = &scene;
        let asked = eventually(async || {
            let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await.ok()?;
            challenges.into_iter().find(|it| it["kind"] == "terms" && it["status"] == "open")
        });
        let asked = asked.await.ok_or_else(|| fleet.talk())?;
        assert_eq!(asked["mayAnswer"], json!(["person"]));
        assert_eq!(asked["terms"]["title"], "Online Access Agreement");
        let shrug = integrator.answer(&id, &asked, "whatever").await;
        assert!(shrug.is_err_and(|error| error.to_string().contains("422")), "terms are accepted or declined");
        integrator.answer(&id, &asked, answer).await?;
        let over = |now: &Value| now["status"] != "pendingActivation";
        let connection = integrator.connection(&id, "the end of the activation", over).await?;
        assert_eq!(connection["status"], ended, "{connection}");
        if answer == "decline" {
            assert_eq!(connection["setup"]["lastFailure"]["code"], "portal.action.terms", "{connection}");
            assert_eq!(portal.oracle().log.iter().filter(|entry| entry.act == Act::TermsAccepted).count(), 0);
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_made_is_given_when_the_bank_asks_its_question() -> Outcome {
    let scene = Scene::open(Plan::new().agents(0)).await?;
    let id = scene.set_up().await?;
    let bare = BareAgent::of(&scene.fleet)?;
    let held = bare.acquire(20_000).await?.ok_or("the activation")?;
    let question = "What was your first employer?";
    bare.declare_setting(&held, "newAnswers", &json!({ "kind": "answers", "questions": [question] })).await?;
    bare.settle(&held, "accepted").await?;
    for (asked, told) in [("Please answer:  what was your FIRST employer?", "answered"), ("Who are you?", "open")] {
        let challenge = bare.ask_question(&held, asked).await?;
        assert_eq!(bare.wait_for_answer(&held, &challenge).await?, told, "{asked}");
    }
    let challenges = scene.integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(
        (&challenges[0]["source"], &challenges[0]["mayAnswer"]),
        (&json!("agreed"), &json!(["agreed", "person"]))
    );
    assert_eq!(challenges[1]["mayAnswer"], json!(["person"]));
    // The one that is open is on the first page, however many there were, and each is at an address of its own.
    let (list, integrator) = (format!("/v1/connections/{id}/challenges"), &scene.integrator);
    let open = integrator.list(&format!("{list}?status=open&limit=1")).await?;
    assert_eq!(open, [challenges[1].clone()]);
    assert!(integrator.list(&format!("{list}?status=expired")).await?.is_empty());
    let unheard = integrator.list(&format!("{list}?status=pending")).await;
    assert!(unheard.is_err_and(|error| error.to_string().contains("400")), "a status is one of a closed list");
    let one = format!("{list}/{}", challenges[0]["id"].as_str().ok_or("an id")?);
    assert_eq!(integrator.get(&one).await?, challenges[0]);
    let strangers = format!("{list}/{id}");
    assert!(integrator.get(&strangers).await.is_err_and(|error| error.to_string().contains("404")), "{strangers}");
    Ok(())
}
