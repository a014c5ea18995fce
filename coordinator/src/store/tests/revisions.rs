//! Revisions that are kept, who leads, and by what runs are given out.

use domain::audit::{Actor, ActorKind};
use domain::observation::{Extent, Source, Window};
use domain::rollout::trial::{Seen, Strayed};
use domain::rollout::{Halt, Origin, Part, Share, StageName, Stale, Try};

use super::*;

fn new<'a>(revision: &'a str, source: &'a str) -> NewRevision<'a> {
    NewRevision { institution: "harbour", revision, source, hosts: &[], note: None, mends: None }
}

fn canary(percent: u32, promote_after: u32) -> RolloutStep {
    let share = Share::try_from(percent).expect("a share");
    RolloutStep::Begin(Try::Canary { share, promote_after: std::num::NonZeroU32::new(promote_after) })
}

impl Bench {
    async fn deploy(&self, revision: &str) -> Deployed {
        self.store.deploy_revision(new(revision, "a source"), now()).await.expect("kept")
    }

    async fn publish(&self, revision: &str, expected: Option<&str>) -> Result<Published, Refused> {
        let ada = Actor::new(ActorKind::ConsoleUser, "u1", "Ada");
        acting(ada, self.store.publish_revision(new(revision, "another"), expected, now())).await
    }

    async fn steer(&self, revision: &str, step: RolloutStep) -> Result<domain::rollout::Rollout, Refused> {
        self.store.steer_rollout("harbour", revision, step, None, now()).await
    }

    async fn current(&self) -> String {
        self.store.rollouts().await.expect("rollouts").remove(0).rollout.current.revision
    }

    /// One run by a canary: against how many settled transactions it was held, or what it strayed from.
    async fn tried(&self, (id, counter): (ConnectionId, u32), read: ObservedAccount) -> Result<usize, String> {
        let run = RunId(Uuid::now_v7());
        self.store.request_sync(self.organization, id, run, now()).await.expect("a run");
        let by = self.grant(run, counter).await.expect("granted").by.expect("a revision");
        assert_eq!((by.revision.as_str(), by.part), ("bbb", Part::Canary));
        match self.store.complete(run, proof(counter), handed_in(&[read]), now()).await {
            Ok(completed) => Ok(completed.expect("told for the first time").held),
            Err(refused) => {
                let then = AfterFailure::End;
                self.fail(run, counter, FailureCode::ScriptParse, then).await.expect("ended");
                let Refused::Strayed(strayed) = refused else { return Err(refused.to_string()) };
                Err(strayed.to_string())
            }
        }
    }

    /// What the trail says, the latest first.
    async fn said(&self) -> Vec<String> {
        let entries = self.store.audit_entries(AuditFilter::default(), None, 100).await.expect("entries");
        entries.into_iter().map(|entry| entry.entry.action).filter(|action| action.starts_with("script.")).collect()
    }
}

#[tokio::test]
async fn an_older_folder_beside_a_newer_one_takes_nothing_back() {
    for bench in benches().await {
        assert_eq!(bench.deploy("aaa").await, Deployed::IsCurrent);
        assert_eq!(bench.deploy("bbb").await, Deployed::IsCurrent, "{}", bench.name);
        assert_eq!(bench.deploy("aaa").await, Deployed::WasKnown, "the old coordinator starts once more");
        assert_eq!(bench.current().await, "bbb");
        let rolled = bench.steer("bbb", RolloutStep::RollBack).await.expect("rolled back");
        assert_eq!((rolled.current.revision.as_str(), rolled.current.origin), ("aaa", Origin::Folder));
        assert_eq!(bench.deploy("bbb").await, Deployed::WasKnown);
        assert_eq!(bench.current().await, "aaa", "what was rolled back doesn't come back with a restart");
        assert_eq!(bench.deploy("ccc").await, Deployed::IsCurrent, "what nobody knew is a deployment");
        assert_eq!(bench.said().await, ["script.deployed", "script.rolledBack", "script.deployed"]);
    }
}

#[tokio::test]
async fn what_somebody_published_and_promoted_stands_until_somebody_chooses_again() {
    for bench in benches().await {
        bench.deploy("aaa").await;
        let published = bench.publish("bbb", Some("aaa")).await.expect("published");
        assert_eq!((published.told, published.rollout.current.revision.as_str()), (Told::Now, "aaa"));
        assert_eq!(bench.publish("bbb", Some("aaa")).await.expect("again").told, Told::Before);
        assert!(matches!(bench.publish("ccc", Some("zzz")).await, Err(Refused::Changed)));
        bench.steer("bbb", RolloutStep::Promote).await.expect("promoted");
        bench.steer("bbb", RolloutStep::Promote).await.expect("promoted already");
        assert_eq!(bench.deploy("ddd").await, Deployed::IsKept, "{}", bench.name);
        assert_eq!(bench.current().await, "bbb");
        bench.steer("ddd", RolloutStep::Promote).await.expect("promoted");
        assert_eq!(bench.deploy("eee").await, Deployed::IsCurrent, "the folder leads again");
        let revisions = bench.store.revisions("harbour").await.expect("revisions");
        let by = |revision: &str| revisions.iter().find(|one| one.revision == revision).expect("kept").clone();
        assert_eq!(by("bbb").published_by.as_deref(), Some("Ada"));
        assert_eq!(by("aaa").published_by, None);
        let source = bench.store.revision_source("harbour", "bbb").await.expect("an answer");
        assert_eq!(source.as_deref(), Some("another"));
        let twice = ["script.deployed", "script.promoted", "script.promoted", "script.published"];
        assert_eq!(bench.said().await, twice, "what is done twice is written down once");
    }
}

#[tokio::test]
async fn what_is_published_where_there_was_no_script_is_current_at_once() {
    for bench in benches().await {
        let published = bench.publish("aaa", None).await.expect("published");
        assert_eq!(published.rollout.current.revision, "aaa");
        assert!(matches!(bench.steer("zzz", RolloutStep::Promote).await, Err(Refused::NotFound)));
    }
}

#[tokio::test]
async fn a_step_for_another_candidate_or_after_another_choice_is_refused() {
    for bench in benches().await {
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        bench.publish("ccc", None).await.expect("published");
        bench.steer("bbb", canary(10, 0)).await.expect("a canary");
        let other = bench.steer("ccc", RolloutStep::Promote).await;
        assert!(matches!(other, Err(Refused::StaleRollout(Stale::OtherCandidate))), "{other:?}");
        let late = bench.store.steer_rollout("harbour", "bbb", RolloutStep::Promote, Some("zzz"), now()).await;
        assert!(matches!(late, Err(Refused::Changed)), "{late:?}");
        let promoted = bench.store.steer_rollout("harbour", "bbb", RolloutStep::Promote, Some("aaa"), now()).await;
        assert_eq!(promoted.expect("promoted").current.revision, "bbb");
        let again = bench.store.steer_rollout("harbour", "bbb", RolloutStep::Promote, Some("aaa"), now()).await;
        assert!(again.is_ok(), "what is done already is done: {again:?}");
    }
}

#[tokio::test]
async fn a_run_is_given_out_by_the_revision_of_its_connection_and_says_so() {
    for bench in benches().await {
        let (_, before) = bench.activating().await;
        assert_eq!(bench.grant(before, 1).await.expect("granted").by, None, "nobody said by what");
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        let (_, run) = bench.neighbour().await.activating().await;
        let by = bench.grant(run, 1).await.expect("granted").by.expect("a revision");
        assert_eq!((by.revision.as_str(), by.part, by.shadow), ("aaa", Part::Current, None));
        bench.steer("bbb", RolloutStep::Begin(Try::Shadow(Share::ALL))).await.expect("a shadow");
        let by = bench.grant(run, 2).await.expect("granted").by.expect("a revision");
        assert_eq!((by.revision.as_str(), by.shadow.as_deref()), ("aaa", Some("bbb")));
        bench.steer("bbb", canary(100, 0)).await.expect("a canary");
        let by = bench.grant(run, 3).await.expect("granted").by.expect("a revision");
        assert_eq!((by.revision.as_str(), by.part, by.shadow.clone()), ("bbb", Part::Canary, None));
        let place = bench.store.place_of_run(run).await.expect("an answer").expect("a run");
        assert_eq!(place, RunPlace { institution_id: "harbour".into(), by: Some(by) });
        bench.steer("bbb", RolloutStep::Halt(Halt::Asked)).await.expect("halted");
        let by = bench.grant(run, 4).await.expect("granted").by.expect("a revision");
        assert_eq!((by.revision.as_str(), by.part), ("aaa", Part::Current));
    }
}

#[tokio::test]
async fn a_canary_that_strays_is_halted_by_bursar_itself_and_counted() {
    for bench in benches().await {
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        bench.steer("bbb", canary(100, 0)).await.expect("a canary");
        let note = async |seen: Seen| bench.store.note_trial("harbour", "bbb", &seen, now()).await.expect("noted");
        assert_eq!(note(Seen::Clean).await, None);
        let strayed = Strayed { changed: 2, ..Strayed::default() };
        let halted = note(Seen::Strayed(strayed)).await.expect("a step");
        assert_eq!(halted.stage(), StageName::Halted);
        assert_eq!(note(Seen::Strayed(strayed)).await, None, "it is halted already");
        let trial = bench.store.revisions("harbour").await.expect("revisions");
        let trial = trial.iter().find(|one| one.revision == "bbb").and_then(|one| one.trial.clone()).expect("a trial");
        assert_eq!((trial.runs, trial.clean, trial.strayed.changed), (3, 1, 4));
        assert_eq!(bench.said().await[0], "script.halted");
        bench.steer("bbb", canary(100, 2)).await.expect("tried again");
        assert_eq!(note(Seen::Clean).await, None, "what was counted before doesn't count again");
        let promoted = note(Seen::Clean).await.expect("a step");
        assert_eq!((promoted.current.revision.as_str(), promoted.stage()), ("bbb", StageName::Settled));
        assert_eq!(bench.said().await[0], "script.promoted");
    }
}

#[tokio::test]
async fn old_revisions_go_and_those_that_somebody_works_by_stay() {
    for bench in benches().await {
        bench.deploy("first").await;
        for number in 0..REVISIONS_KEPT + 5 {
            bench.publish(&format!("r{number:04}"), None).await.expect("published");
        }
        let kept = bench.store.revisions("harbour").await.expect("revisions");
        let names: Vec<&str> = kept.iter().map(|one| one.revision.as_str()).collect();
        assert_eq!(names.len(), REVISIONS_KEPT + 1, "{}", bench.name);
        assert!(names.contains(&"first"), "it is current");
    }
}

/// A posted row of a day in October.
fn booked(day: i8, description: &str) -> ObservedTransaction {
    let posted_date = Some(jiff::civil::date(2026, 10, day));
    ObservedTransaction { posted_date, ..transaction(description) }
}

#[tokio::test]
async fn what_a_canary_reads_otherwise_than_was_settled_is_taken_back_whole() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        bench.sync(id, 2, vec![booked(7, "bread"), booked(3, "bean")]).await;
        bench.steer("bbb", canary(100, 0)).await.expect("a canary");
        let before = bench.transaction_ids().await;
        let mut counter = 3;
        let mut run = async |read: ObservedAccount| {
            counter += 1;
            bench.tried((id, counter), read).await.map_or_else(|strayed| strayed, |_| "nothing".to_owned())
        };
        let usual = vec![booked(7, "bread"), booked(3, "bean")];
        assert_eq!(run(account(usual.clone())).await, "nothing", "{}", bench.name);
        let wrong = vec![booked(7, "91"), booked(3, "bean")];
        assert_eq!(run(account(wrong)).await, "1 lists newly broken", "what is another row doubles the list");
        let renamed = vec![booked(7, "bread of today"), booked(3, "bean")];
        assert_eq!(run(account(renamed)).await, "1 settled transactions changed");
        let no_balance = ObservedAccount { current_balance: None, ..account(usual.clone()) };
        assert_eq!(run(no_balance).await, "1 balances missing");
        let failure = Failure::new(FailureCode::ScriptParse, Stage::Transactions);
        let unread = ObservedAccount { failure: Some(failure), transactions: Vec::new(), ..account(Vec::new()) };
        let other = ObservedAccount { portal_key: "a2".into(), name: "Savings".into(), ..account(Vec::new()) };
        assert_eq!(run(other).await, "1 accounts missing");
        assert_eq!(run(unread).await, "1 accounts unread");
        assert_eq!(bench.transaction_ids().await, before, "the ledger is as it was");
        let fresh = vec![booked(9, "milk"), booked(7, "bread"), booked(3, "bean")];
        let fresh = ObservedAccount { current_balance: Some("5.50".into()), ..account(fresh) };
        assert_eq!(run(fresh).await, "nothing", "what is new is what a sync is for");
        assert_eq!(bench.transaction_ids().await.len(), before.len() + 1);
    }
}

/// All that a bank shows since September.
fn whole(balance: &str, transactions: Vec<ObservedTransaction>) -> ObservedAccount {
    let window = Window {
        source: Source::Pages,
        extent: Extent::Whole,
        from: Some(jiff::civil::date(2026, 9, 1)),
        to: None,
        pages: 1,
        rows_announced: None,
    };
    ObservedAccount { window: Some(window), current_balance: Some(balance.into()), ..account(transactions) }
}

#[tokio::test]
async fn what_a_canary_finds_gone_or_dates_back_is_taken_back() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        let known = [booked(9, "milk"), booked(5, "bread"), booked(1, "bean")];
        bench.sync_account(id, 2, whole("10.00", known.to_vec()), now()).await;
        bench.steer("bbb", canary(100, 0)).await.expect("a canary");
        let before = bench.transaction_ids().await;
        let [milk, bread, bean] = known;
        let gone = whole("14.50", vec![milk.clone(), bean.clone()]);
        let strayed = bench.tried((id, 3), gone).await.expect_err("one is gone");
        assert!(strayed.contains("1 settled transactions gone"), "{}: {strayed}", bench.name);
        let late = whole("5.50", vec![milk.clone(), bread.clone(), bean.clone(), booked(1, "soap")]);
        let strayed = bench.tried((id, 4), late).await.expect_err("one is dated back");
        assert!(strayed.contains("1 back-dated transactions new"), "{}: {strayed}", bench.name);
        assert_eq!(bench.transaction_ids().await, before, "the ledger is as it was");
        let same = bench.tried((id, 5), whole("10.00", vec![milk, bread, bean])).await;
        assert_eq!(same, Ok(3), "all was found again");
    }
}

#[tokio::test]
async fn a_canary_s_first_reading_is_held_against_nothing_and_strays_where_its_list_breaks() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.deploy("aaa").await;
        bench.publish("bbb", None).await.expect("published");
        bench.steer("bbb", canary(100, 0)).await.expect("a canary");
        let with = |balance: &str, row: ObservedTransaction| ObservedTransaction {
            running_balance: Some(balance.into()),
            ..row
        };
        let broken = vec![with("10.00", booked(7, "bread")), with("99.00", booked(3, "bean"))];
        let strayed = bench.tried((id, 3), whole("10.00", broken)).await.expect_err("its list breaks");
        assert_eq!(strayed, "1 lists newly broken", "{}", bench.name);
        let sound = whole("10.00", vec![with("10.00", booked(7, "bread")), with("14.50", booked(3, "bean"))]);
        assert_eq!(bench.tried((id, 4), sound.clone()).await, Ok(0), "nobody knew any of it");
        assert_eq!(bench.tried((id, 5), sound).await, Ok(2));
    }
}

#[tokio::test]
async fn a_deployment_beside_a_canary_keeps_it_from_being_promoted_by_itself() {
    for bench in benches().await {
        bench.deploy("aaa").await;
        bench.publish("ccc", None).await.expect("published");
        bench.steer("ccc", canary(100, 2)).await.expect("a canary");
        let note = async || bench.store.note_trial("harbour", "ccc", &Seen::Clean, now()).await.expect("noted");
        assert_eq!(note().await, None);
        assert_eq!(bench.deploy("bbb").await, Deployed::IsCurrent);
        assert_eq!((note().await, note().await), (None, None), "{}", bench.name);
        assert_eq!(bench.current().await, "bbb");
        assert_eq!(bench.deploy("ddd").await, Deployed::IsCurrent);
        bench.steer("ccc", canary(100, 2)).await.expect("asked for again");
        assert_eq!(note().await, None, "what was clean beside another revision doesn't count");
        assert_eq!(note().await.expect("a step").current.revision, "ccc");
    }
}
