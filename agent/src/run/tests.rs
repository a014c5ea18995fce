//! A run at a portal that takes too long, and one beside which another revision reads.
//!
//! Not here: runs at real browsers; `agent/tests/` has those.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::driver::DriverKind;
use domain::failure::FailureCode;
use domain::fence::Fence;
use domain::id::{AgentId, RunId};
use domain::secret::Secret;
use protocol::lease::{Proof, WayCount};
use protocol::live::UnknownPages;
use protocol::sealed::PrivateKey;
use protocol::shadow::ShadowOutcome;
use script::command::{Deed, Download, Observation, Watch};
use script::{Compares, Plan, Script};
use tokio::time::{Instant, advance};
use url::Url;
use uuid::Uuid;

use super::{Desk, Ended, Known, LONGEST, Outcome, Shadow, run};
use crate::admission::Limits;
use crate::coordinator::Coordinator;
use crate::driver::{Driver, DriverError};
use crate::gate::{Gate, TrustWindow};
use crate::holding::Holding;
use crate::live::LiveRun;
use crate::pace::Paces;
use crate::seats::Seats;

/// A portal that takes as long as a run may.
struct Slow;

#[async_trait]
impl Driver for Slow {
    async fn visit(&mut self, _: &Url) -> Result<Observation, DriverError> {
        advance(LONGEST).await;
        Ok(Observation::Visited)
    }

    async fn watch(&mut self, _: &Watch) -> Result<Observation, DriverError> {
        Err(DriverError::Crashed)
    }

    async fn act(&mut self, _: &Deed) -> Result<Observation, DriverError> {
        Err(DriverError::Crashed)
    }

    async fn download(&mut self, _: &Download) -> Result<Observation, DriverError> {
        Err(DriverError::Crashed)
    }

    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        Ok(None)
    }

    async fn gone(&mut self) -> DriverError {
        std::future::pending().await
    }

    fn ways(&self) -> Vec<WayCount> {
        Vec::new()
    }
}

/// A portal of one page, whose ways are all lost and which takes minutes once it was visited again.
#[derive(Default)]
struct Visited(u32);

#[async_trait]
impl Driver for Visited {
    async fn visit(&mut self, _: &Url) -> Result<Observation, DriverError> {
        self.0 += 1;
        if self.0 > 1 {
            advance(BESIDE).await;
        }
        Ok(Observation::Visited)
    }

    async fn watch(&mut self, _: &Watch) -> Result<Observation, DriverError> {
        let url = "https://bank.example/accounts".parse().expect("a url");
        let html = "<table><tr><th>Name</th></tr><tr id=a1><td>Operating</td></tr></table>".into();
        Ok(Observation::Recognised { page: "accounts".into(), url, html })
    }

    async fn act(&mut self, _: &Deed) -> Result<Observation, DriverError> {
        Err(DriverError::Crashed)
    }

    async fn download(&mut self, _: &Download) -> Result<Observation, DriverError> {
        Err(DriverError::Crashed)
    }

    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError> {
        Ok(None)
    }

    async fn gone(&mut self) -> DriverError {
        std::future::pending().await
    }

    fn ways(&self) -> Vec<WayCount> {
        let (target, way) = ("#go".into(), "#gone".into());
        vec![WayCount { target, way, missing: self.0, ..WayCount::default() }]
    }
}

/// How long each visit takes that isn't the run's first.
const BESIDE: Duration = Duration::from_secs(100);

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_too_long_is_broken_off() {
    let ended = ended(&mut Slow, None).await;
    let Outcome::Failed { failure, .. } = ended.outcome else { unreachable!("nothing was read") };
    assert_eq!(failure.code, FailureCode::PortalUnavailable);
}

#[tokio::test(start_paused = true)]
async fn what_a_shadow_loses_and_takes_isn_t_its_run_s() {
    let script = Some(Arc::new(Script::parse(SCRIPT).expect("a script")));
    let shadow = Shadow { revision: "beside".into(), script };
    let mut portal = Visited::default();
    let ended = ended(&mut portal, Some(&shadow)).await;
    let beside = ended.shadow.expect("another revision read beside");
    assert!(matches!(&beside.outcome, ShadowOutcome::Read(difference) if difference.is_none()), "{beside:?}");
    assert_eq!(portal.0, 3, "the shadow visited, and the run went back");
    assert_eq!(ended.ways.iter().map(|way| way.missing).collect::<Vec<_>>(), [1], "of the run's own visit");
    let Outcome::Finished(read) = ended.outcome else { unreachable!("all was read") };
    assert!(read.took < BESIDE, "{:?}", read.took);
}

const SCRIPT: &str = "script: 1\ninstitution: quay\nlocale: en-US\ntimezone: America/New_York\ncurrency: USD\n\
    start: /\npages:\n  accounts:\n    when: { visible: table }\n    goal: signed_in\n\
    reads:\n  accounts:\n    on: accounts\n    table: table\n    columns: { name: Name }\n\
    \x20   key: { attribute: id }\n";

/// What a run at a portal comes to.
async fn ended(driver: &mut dyn Driver, shadow: Option<&Shadow>) -> Ended {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script = Script::parse(SCRIPT).expect("a script");
    let portal_url: Url = "https://bank.example/".parse().expect("a url");
    let token = Secret::new("token".into());
    let coordinator = Coordinator::new(portal_url.clone(), token).expect("a client");
    let gate = Gate::new(TrustWindow::new(Instant::now(), LONGEST * 2, Duration::ZERO));
    let proof = Proof { agent_id: AgentId(Uuid::nil()), fence: Fence { generation: 1, counter: 1 } };
    let holding = Holding::of(RunId(Uuid::nil()), proof, LONGEST, Duration::ZERO);
    let live = LiveRun::new(holding.clone(), gate.clone(), DriverKind::Cdp, None);
    let seat = Seats::new(Limits { seats: 1, parked: 1 }).free().await.granted();
    let (key, pace) = (PrivateKey::generate(), Paces::default().at("quay", domain::limits::Limits::STEPS_PER_MINUTE));
    let desk = Desk {
        coordinator: &coordinator,
        holding: &holding,
        gate: &gate,
        key: &key,
        keeper: None,
        seat: &seat,
        pace: &pace,
        live: &live,
        unknown_pages: UnknownPages::Fail,
        shadow,
        known: &Known::default(),
    };
    let plan = Plan {
        portal_url,
        credentials: BTreeMap::new(),
        open_intents: Vec::new(),
        today: jiff::civil::date(2026, 1, 2),
        since: None,
        compares: Compares::No,
    };
    run(&desk, driver, Arc::new(script), plan).await.expect("an outcome")
}
