//! Known pages and their distances by day, repair tickets, and connections that wait for another revision; on both databases.

use domain::audit::{Actor, ActorKind};
use domain::id::RepairTicketId;
use domain::repair::TicketState;
use jiff::tz::TimeZone;
use script::drift::Distance;

use super::*;

fn look(html: &str) -> PageLook {
    PageLook { html: html.into(), digest: format!("digest of {html}"), at: now() }
}

fn note(page: &str, distance: u16, kept: PageKept) -> PageNote {
    PageNote { page: page.into(), distance: Distance::of_thousandths(distance), kept }
}

impl Bench {
    async fn deployed(&self, revision: &str) {
        let new =
            NewRevision { institution: "harbour", revision, source: "a source", hosts: &[], note: None, mends: None };
        self.store.deploy_revision(new, now()).await.expect("kept");
    }

    /// A sync of a connection that ends by a fault of the script's.
    async fn fails(&self, id: ConnectionId, counter: u32, target: &str, then: AfterFailure) -> Told {
        let run = RunId(Uuid::now_v7());
        self.store.request_sync(self.organization, id, run, now()).await.expect("a run");
        self.grant(run, counter).await.expect("granted");
        let failure = Failure::new(FailureCode::ElementMissing, Stage::Login);
        let evidence = protocol::lease::Evidence { url: "https://bank.example/".into(), html: format!("<p>{target}") };
        let ticket = NewTicket {
            page: Some("sign_in".into()),
            target: Some(target.into()),
            nearest: Some(("sign_in".into(), Distance::of_thousandths(120))),
            before: Some("<p>before".into()),
        };
        let kept = Kept { page: Some(evidence), steps: &[], ticket: Some(ticket) };
        let told =
            self.store.fail(run, proof(counter), failure.clone(), kept.clone(), then, now()).await.expect("told");
        let again = self.store.fail(run, proof(counter), failure, kept, then, now()).await.expect("told again");
        assert_eq!(again, Told::Before, "{}", self.name);
        told
    }

    async fn tickets(&self, state: Option<TicketState>) -> Vec<RepairTicket> {
        let filter = TicketFilter { institution: Some("harbour"), state };
        self.store.repair_tickets(filter, 100).await.expect("tickets")
    }
}

#[tokio::test]
async fn runs_that_fail_alike_are_one_ticket_and_those_told_twice_are_counted_once() {
    for bench in benches().await {
        bench.deployed("aaa").await;
        let (one, other) = (bench.active().await, bench.active().await);
        let later = AfterFailure::TryAgain { not_before: now() };
        bench.fails(one, 2, "#a", AfterFailure::End).await;
        bench.fails(other, 2, "#a", AfterFailure::End).await;
        let put_off = bench.active().await;
        bench.fails(put_off, 2, "#b", later).await;
        let tickets = bench.tickets(Some(TicketState::Open)).await;
        let [ticket] = tickets.as_slice() else { unreachable!("{}: {tickets:?}", bench.name) };
        assert_eq!((ticket.runs, ticket.connections, ticket.target.as_deref()), (2, 2, Some("#a")), "{}", bench.name);
        assert_eq!(ticket.nearest, Some(("sign_in".into(), Distance::of_thousandths(120))));
        let pages = bench.store.ticket_pages(ticket.id).await.expect("pages");
        assert_eq!(pages.before.as_deref(), Some("<p>before"));
        assert_eq!(pages.now.map(|now| now.html).as_deref(), Some("<p>#a"));
        // The page now is the run's evidence, and goes with it.
        let far = now() + SignedDuration::from_hours(1);
        bench.store.prune_evidence(far, 100).await.expect("pruned");
        assert_eq!(bench.store.ticket_pages(ticket.id).await.expect("pages").now, None, "{}", bench.name);
        let nowhere = bench.store.repair_ticket(RepairTicketId(Uuid::now_v7())).await;
        assert!(matches!(nowhere, Err(Refused::NotFound)));
    }
}

#[tokio::test]
async fn a_ticket_ends_when_a_touched_connection_is_read_whole_by_another_revision_or_somebody_closes_it() {
    for bench in benches().await {
        bench.deployed("aaa").await;
        let (one, other) = (bench.active().await, bench.active().await);
        bench.fails(one, 2, "#a", AfterFailure::End).await;
        // Another connection, or the same revision, mends nothing.
        bench.sync(other, 2, vec![]).await;
        assert_eq!(bench.tickets(None).await[0].state, TicketState::Open, "{}", bench.name);
        bench.deployed("bbb").await;
        bench.sync(other, 3, vec![]).await;
        assert_eq!(bench.tickets(None).await[0].state, TicketState::Open, "it wasn't touched");
        let stopped = bench.store.stopped(10).await.expect("stopped");
        let [waiting] = stopped.as_slice() else { unreachable!("{}: {stopped:?}", bench.name) };
        assert_eq!((waiting.planned.id, waiting.last.revision.as_deref()), (one, Some("aaa")));
        bench.store.plan(&[(one, Some(now()))]).await.expect("planned");
        let run = RunId(Uuid::now_v7());
        let begun = bench.store.begin_due(one, run, domain::run::RunClass::Scheduled, now()).await.expect("begun");
        assert!(begun.is_some(), "{}: one that was stopped is due where it is planned", bench.name);
        bench.grant(run, 3).await.expect("granted");
        bench.store.complete(run, proof(3), handed_in(&[account(vec![])]), now()).await.expect("completed");
        let mended = bench.tickets(Some(TicketState::Mended)).await;
        assert_eq!(mended[0].mended_by.as_deref(), Some("bbb"), "{}", bench.name);

        bench.fails(other, 4, "#c", AfterFailure::End).await;
        let id = bench.tickets(Some(TicketState::Open)).await[0].id;
        let ada = Actor::new(ActorKind::ConsoleUser, "u1", "Ada");
        let closed = acting(ada, bench.store.close_ticket(id, "as it was", now())).await.expect("closed");
        assert_eq!((closed.closed_by.as_deref(), closed.closed_because.as_deref()), (Some("Ada"), Some("as it was")));
        let again = bench.store.close_ticket(id, "another", now()).await.expect("closed");
        assert_eq!(again, closed, "it has ended");
        let far = now() + SignedDuration::from_hours(1);
        assert_eq!(bench.store.prune_tickets(far, 10).await.expect("pruned"), 2, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_stopped_a_connection_is_looked_at_again_when_its_rollout_takes_a_step() {
    for bench in benches().await {
        bench.deployed("aaa").await;
        let id = bench.active().await;
        bench.fails(id, 2, "#a", AfterFailure::End).await;
        // Nothing else would read it, so it isn't due by itself.
        bench.store.plan(&[(id, None)]).await.expect("planned");
        assert!(bench.store.stopped(10).await.expect("stopped").is_empty(), "{}", bench.name);
        bench.deployed("bbb").await;
        assert_eq!(bench.store.stopped(10).await.expect("stopped").len(), 1, "{}", bench.name);
    }
}

#[tokio::test]
async fn pages_are_kept_as_they_showed_first_and_last_and_their_distances_are_counted_by_day() {
    for bench in benches().await {
        let notes = async |notes: &[PageNote]| {
            bench.store.note_pages("harbour", notes, now()).await.expect("noted");
        };
        notes(&[note("sign_in", 0, PageKept::Reference("aaa".into(), look("one")))]).await;
        notes(&[note("sign_in", 100, PageKept::Latest(look("two")))]).await;
        notes(&[note("sign_in", 100, PageKept::Nothing)]).await;
        notes(&[note("sign_in", 400, PageKept::Nothing), note("account", 7, PageKept::Nothing)]).await;
        let pages = bench.store.known_pages("harbour").await.expect("pages");
        let [page] = pages.as_slice() else { unreachable!("{}: {pages:?}", bench.name) };
        assert_eq!((page.reference.html.as_str(), page.latest.html.as_str()), ("one", "two"), "{}", bench.name);
        assert_eq!((page.revision.as_str(), page.distance.thousandths()), ("aaa", 100));
        let digests = bench.store.known_digests("harbour").await.expect("digests");
        assert_eq!(digests[0].digest, "digest of two");
        let today = now().to_zoned(TimeZone::UTC).date();
        let days = bench.store.page_days("harbour", today.yesterday().expect("a day")).await.expect("days");
        let told: Vec<_> = days
            .iter()
            .map(|day| (day.page.as_str(), day.runs, day.changed, day.mean.thousandths(), day.most.thousandths()))
            .collect();
        assert_eq!(told, [("account", 1, 1, 7, 7), ("sign_in", 4, 3, 150, 400)], "{}", bench.name);

        notes(&[note("sign_in", 0, PageKept::LatestIsReference("bbb".into()))]).await;
        let page = bench.store.known_pages("harbour").await.expect("pages").remove(0);
        assert_eq!(
            (page.revision.as_str(), page.reference.html.as_str(), page.distance),
            ("bbb", "two", Distance::default())
        );
        assert!(bench.store.known_pages("kontor").await.expect("pages").is_empty());
        let tomorrow = today.tomorrow().expect("a day").tomorrow().expect("a day");
        assert_eq!(bench.store.prune_page_days(tomorrow, 10).await.expect("pruned"), 2, "{}", bench.name);
    }
}
