//! What KEDA is told, asked by gRPC's own library with the messages that KEDA publishes.
//!
//! Not here: how many agents there should be (`domain::scale`), and what Kubernetes does
//! with the number.

use serde_json::{Value, json};
use tests::patience::eventually;
use tests::programs::Program;
use tests::tools::{tool, top};
use tests::world::{Fleet, Plan};

use crate::Outcome;

/// Where a run can't wait for long, and the number falls at once when nothing is to be done.
fn plan() -> Plan {
    Plan::new()
        .with("keda.listen", "127.0.0.1:0")
        .with("pool.slots_per_agent", "1")
        .with("pool.dwell_goal", "1s")
        .with("pool.window", "1s")
}

/// The library, as it asks one scaler.
struct Keda {
    program: Program,
}

impl Keda {
    async fn of(fleet: &Fleet) -> Result<Self, Box<dyn std::error::Error>> {
        Self::at(json!({ "address": fleet.keda() })).await
    }

    async fn at(mut first: Value) -> Result<Self, Box<dyn std::error::Error>> {
        let mut python = tool("python")?;
        python.arg(top().join("tests/tools/ask_keda.py"));
        let mut program = Program::start("ask_keda", python)?;
        first["proto"] = json!(top().join("coordinator/proto/externalscaler.proto"));
        program.tell(&first.to_string()).await?;
        Ok(Self { program })
    }

    async fn say(&mut self, what: &Value) -> std::io::Result<()> {
        self.program.tell(&what.to_string()).await
    }

    async fn heard(&mut self) -> Result<Value, Box<dyn std::error::Error>> {
        Ok(serde_json::from_str(&self.program.line().await?)?)
    }

    /// The same where it takes a minute by itself: for so long what arrived counts as a flow.
    async fn heard_at_last(&mut self) -> Result<Value, Box<dyn std::error::Error>> {
        match self.heard().await {
            Ok(answer) => Ok(answer),
            Err(_) => self.heard().await,
        }
    }

    async fn ask(&mut self, call: Value) -> Result<Value, Box<dyn std::error::Error>> {
        self.say(&call).await?;
        self.heard().await
    }

    /// The metric's value; as a whole number and as a float it is the same.
    async fn metric(&mut self) -> Result<u64, Box<dyn std::error::Error>> {
        let answer = self.ask(json!({ "call": "GetMetrics", "metric": "desired_agents" })).await?;
        let value = &answer["values"][0];
        assert_eq!((&value[0], value[1].as_f64()), (&json!("desired_agents"), value[2].as_f64()), "{answer}");
        value[1].as_u64().ok_or_else(|| format!("no value: {answer}").into())
    }
}

#[tokio::test]
async fn keda_is_told_the_number_that_operators_are_told() -> Outcome {
    let fleet = plan().agents(0).start().await?;
    let (operator, integrator) = (fleet.operator()?, fleet.integrator("default").await?);
    let mut keda = Keda::of(&fleet).await?;
    assert_eq!(keda.ask(json!({ "call": "IsActive" })).await?, json!({ "result": false }));
    assert_eq!(keda.metric().await?, 0);
    let spec = keda.ask(json!({ "call": "GetMetricSpec", "metadata": { "pool": "default" } })).await?;
    assert_eq!(spec["specs"], json!([["desired_agents", 1, 1.0]]));

    let mut before = 0;
    for name in ["first", "second", "third"] {
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
        let entity = entity["entityId"].as_str().ok_or("an entity")?;
        integrator.set_up_for(entity, "harbour", "clerk", "a password").await?;
        let number = keda.metric().await?;
        let scale = operator.get("/control/v1/pools/default/scale").await?;
        assert_eq!(scale["desired_agents"].as_u64(), Some(number), "{scale}");
        assert!(number > before, "{number} agents with a run more, {before} before");
        before = number;
    }
    assert_eq!(keda.ask(json!({ "call": "IsActive" })).await?, json!({ "result": true }));
    Ok(())
}

#[tokio::test]
async fn a_stream_tells_that_work_is_due_and_that_none_is_left() -> Outcome {
    let mut fleet = plan().agents(1).with("attendance.hours", "mon-sun 00:00-24:00").start().await?;
    let integrator = fleet.integrator("default").await?;
    let (mut keda, mut asking) = (Keda::of(&fleet).await?, Keda::of(&fleet).await?);
    keda.say(&json!({ "call": "StreamIsActive" })).await?;
    let (active, idle) = (json!({ "result": true }), json!({ "result": false }));
    assert_eq!(keda.heard().await?, idle, "what is so at the start is told at once");

    let id = integrator.set_up("harbour", "bursar.ops", "Anchor-7-Lantern").await?;
    assert_eq!(keda.heard().await?, active);
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!(asking.ask(json!({ "call": "IsActive" })).await?, active, "somebody waits with a session open");
    integrator.answer(&id, &challenge, &fleet.code(1).await.ok_or("no code")?).await?;
    integrator.connection(&id, "active", |connection| connection["status"] == "active").await?;
    assert_eq!(keda.heard_at_last().await?, idle);
    assert_eq!(asking.metric().await?, 0, "down to no agent");

    // Kubernetes takes the last one away, and later a sync is due.
    let agent = fleet.agents.pop().ok_or("an agent")?;
    assert_eq!(agent.end().await.0, Some(0));
    fleet.succeed(&["fleet", "due", &id]).await?;
    assert_eq!(keda.heard().await?, active);
    assert_eq!(asking.metric().await?, 1, "and up");

    // A stream is no reason for a coordinator to stay.
    let coordinator = fleet.coordinator.take().ok_or("a coordinator")?;
    assert_eq!(coordinator.end().await.0, Some(0));
    assert_eq!(keda.heard().await?, json!({ "code": "OK" }));
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_when_its_client_is_gone() -> Outcome {
    let fleet = plan().agents(0).start().await?;
    let client = tests::client::client().build()?;
    let streams = async |count: usize| {
        let wanted = format!("bursar_keda_streams {count}");
        let looked = eventually(async || {
            let metrics = client.get(format!("{}/metrics", fleet.address())).send().await.ok()?.text().await.ok()?;
            metrics.lines().any(|line| line == wanted).then_some(())
        });
        looked.await.ok_or(wanted)
    };
    streams(0).await?;
    let mut keda = Keda::of(&fleet).await?;
    keda.say(&json!({ "call": "StreamIsActive" })).await?;
    keda.heard().await?;
    streams(1).await?;
    keda.program.kill_hard().await;
    Ok(streams(0).await?)
}

#[tokio::test]
async fn a_trigger_that_is_wrong_hears_so() -> Outcome {
    let fleet = plan().agents(0).start().await?;
    let mut keda = Keda::of(&fleet).await?;
    let (another, unknown) = (json!({ "pool": "another" }), json!({ "pool": "default", "queueLength": "5" }));
    for call in ["IsActive", "GetMetricSpec", "GetMetrics", "StreamIsActive"] {
        for (metadata, code) in [(&another, "NOT_FOUND"), (&unknown, "INVALID_ARGUMENT")] {
            let asked = json!({ "call": call, "metadata": metadata, "metric": "desired_agents" });
            assert_eq!(keda.ask(asked).await?, json!({ "code": code }), "{call} of {metadata}");
        }
    }
    let metric = json!({ "call": "GetMetrics", "metric": "queue_length" });
    assert_eq!(keda.ask(metric).await?, json!({ "code": "INVALID_ARGUMENT" }));
    let nothing = json!({ "call": "GetMetrics", "metric": "desired_agents", "whole": false });
    assert_eq!(keda.ask(nothing).await?, json!({ "code": "INVALID_ARGUMENT" }));
    // What tells KEDA that it needn't ask again.
    assert_eq!(keda.ask(json!({ "call": "StreamMetricSpec" })).await?, json!({ "code": "UNIMPLEMENTED" }));
    Ok(())
}

#[tokio::test]
async fn keda_is_not_answered_while_redis_is_away_and_again_when_it_is_back() -> Outcome {
    let folder = tempfile::tempdir()?;
    let redis = tests::redis::Redis::start(folder.path()).await?;
    let fleet = plan().agents(0).with("redis.url", &redis.url()).start().await?;
    let mut keda = Keda::of(&fleet).await?;
    assert_eq!(keda.metric().await?, 0);
    drop(redis);
    let is_active = json!({ "call": "IsActive" });
    let refused = eventually(async || {
        let answer = keda.ask(is_active.clone()).await.ok()?;
        answer["code"].is_string().then_some(answer)
    });
    assert_eq!(refused.await, Some(json!({ "code": "UNAVAILABLE" })));
    let _ = std::fs::remove_file(folder.path().join("redis.sock"));
    let _redis = tests::redis::Redis::start(folder.path()).await?;
    let answered = eventually(async || {
        let answer = keda.ask(is_active.clone()).await.ok()?;
        answer["result"].is_boolean().then_some(answer)
    });
    assert_eq!(answered.await, Some(json!({ "result": false })));
    Ok(())
}

#[tokio::test]
async fn with_an_authority_only_who_has_its_certificate_is_answered() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (authority, other) = (Authority::new()?, Authority::new()?);
    std::fs::write(path("authority"), authority.certificate.pem())?;
    authority.issue(&path("server"), &path("server.key"))?;
    authority.issue(&path("client"), &path("client.key"))?;
    other.issue(&path("stranger"), &path("stranger.key"))?;
    let fleet = plan().agents(0).with("keda.certificate", &path("server")).with("keda.key", &path("server.key"));
    let fleet = fleet.with("keda.client_authority", &path("authority")).start().await?;
    let known = json!({ "authority": path("authority"), "certificate": path("client"), "key": path("client.key") });
    let stranger =
        json!({ "authority": path("authority"), "certificate": path("stranger"), "key": path("stranger.key") });
    let refused = json!({ "code": "UNAVAILABLE" });
    for (tls, expected) in [
        (known, json!({ "result": false })),
        (stranger, refused.clone()),
        (json!({ "authority": path("authority") }), refused.clone()),
        (Value::Null, refused),
    ] {
        let asked = format!("{tls}");
        let first = json!({ "address": fleet.keda(), "tls": tls });
        let mut keda = Keda::at(first).await?;
        assert_eq!(keda.ask(json!({ "call": "IsActive" })).await?, expected, "{asked}");
    }
    Ok(())
}

/// Whoever says who is who.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Result<Self, rcgen::Error> {
        let key = rcgen::KeyPair::generate()?;
        let mut wanted = rcgen::CertificateParams::new(Vec::new())?;
        // Its own name has to be another than those that it issues to.
        wanted.distinguished_name.push(rcgen::DnType::CommonName, "authority");
        wanted.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        wanted.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let certificate = wanted.self_signed(&key)?;
        Ok(Self { certificate, issuer: rcgen::Issuer::new(wanted, key) })
    }

    /// A certificate for this machine, with its key.
    fn issue(&self, certificate: &str, key: &str) -> Outcome {
        let own = rcgen::KeyPair::generate()?;
        let wanted = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        std::fs::write(certificate, wanted.signed_by(&own, &self.issuer)?.pem())?;
        Ok(std::fs::write(key, own.serialize_pem())?)
    }
}
