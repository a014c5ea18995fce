//! Entities: changed, and deleted with all that belongs to them.
//!
//! Not here: what the stream of changes promises; that has a file of its own.

use domain::event::ChangeKind;

use super::*;

impl Bench {
    async fn entity(&self) -> EntityId {
        let id = EntityId(Uuid::now_v7());
        let new = NewEntity {
            id,
            organization_id: self.organization,
            external_entity_id: id.to_string(),
            name: Some("Corner Shop".into()),
            contact_emails: vec!["a@shop.example".into()],
            metadata: Metadata::new(),
            attended: None,
        };
        self.store.create_entity(new, now()).await.expect("an entity");
        id
    }

    async fn active_of(&self, entity: EntityId) -> ConnectionId {
        let new = self.new_connection(entity);
        let (id, run) = (new.id, RunId(Uuid::now_v7()));
        self.store.create_or_return_connection(new, now()).await.expect("a connection");
        self.give_credentials(id).await;
        self.store.complete_setup(self.organization, id, run, now()).await.expect("a run");
        self.grant(run, 1).await.expect("granted");
        self.store.complete(run, proof(1), handed_in(&[]), now()).await.expect("completed");
        id
    }

    async fn delete(&self, entity: EntityId) -> Result<(), Refused> {
        self.store.delete_entity(self.organization, entity, now()).await
    }
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    for bench in benches().await {
        let id = bench.entity().await;
        let at = now() + SignedDuration::from_hours(1);
        let update = async |patch| bench.store.update_entity(bench.organization, id, patch, at).await.expect("changed");
        let before = bench.store.entity(bench.organization, id).await.expect("an entity");
        let same = update(EntityPatch { name: Some(NewName::Set("Corner Shop".into())), ..Default::default() }).await;
        assert_eq!(same.updated_at, before.updated_at, "{}: nothing changed", bench.name);
        let emails = vec!["b@shop.example".into(), "c@shop.example".into()];
        let changed = update(EntityPatch { contact_emails: Some(emails.clone()), ..Default::default() }).await;
        assert_eq!((changed.contact_emails, changed.name.as_deref()), (emails, Some("Corner Shop")));
        assert_eq!(changed.updated_at.as_millisecond(), at.as_millisecond());
        let metadata: Metadata = [("tier".to_owned(), 1.into())].into_iter().collect();
        let patch = EntityPatch {
            name: Some(NewName::Cleared),
            contact_emails: Some(Vec::new()),
            metadata: Some(metadata.clone()),
            attended: None,
        };
        update(patch).await;
        let after = bench.store.entity(bench.organization, id).await.expect("an entity");
        assert_eq!((after.name, after.contact_emails, after.metadata), (None, Vec::new(), metadata));
        let other = bench.neighbour().await;
        let patch = EntityPatch { name: Some(NewName::Cleared), ..Default::default() };
        let refused = bench.store.update_entity(other.organization, id, patch, at).await;
        assert!(matches!(refused, Err(Refused::NotFound)), "another organization's: {refused:?}");
    }
}

#[tokio::test]
async fn an_entity_goes_with_all_that_belongs_to_it_and_the_stream_tells_of_it() {
    for bench in benches().await {
        let (entity, stays) = (bench.entity().await, bench.active().await);
        let (one, two) = (bench.active_of(entity).await, bench.active_of(entity).await);
        bench.sync(one, 2, vec![transaction("tea"), transaction("coffee")]).await;
        bench.sync(stays, 2, vec![transaction("rent")]).await;
        bench.sync(two, 2, vec![transaction("cake")]).await;
        bench.store.revoke_connection(bench.organization, two, now()).await.expect("revoked");
        let kept = TransactionFilter { connection_id: Some(stays), ..Default::default() };
        let page = TransactionPageRequest { after: None, limit: 10 };
        let kept = bench.store.transactions(bench.organization, kept, TransactionSort::PostedDate, page).await;
        let kept = kept.expect("transactions").first().expect("the rent").id;
        let head = bench.store.head(bench.organization).await.expect("a head");
        let gone: Vec<_> = bench.transaction_ids().await.into_iter().filter(|id| *id != kept).collect();

        bench.delete(entity).await.expect("deleted");
        assert!(matches!(bench.store.entity(bench.organization, entity).await, Err(Refused::NotFound)));
        for id in [one, two] {
            assert!(matches!(bench.store.connection(bench.organization, id).await, Err(Refused::NotFound)));
        }
        assert_eq!(bench.transaction_ids().await, [kept], "{}", bench.name);
        let all = StreamFilter::default();
        let told = bench.store.changes(bench.organization, all, head, 10).await.expect("changes");
        let mut removed: Vec<_> = told.events.iter().map(|change| change.transaction_id).collect();
        removed.sort();
        assert_eq!(removed, gone, "{}", bench.name);
        assert!(told.events.iter().all(|change| change.kind == ChangeKind::Removed && change.transaction.is_none()));
        assert_eq!(told.position, head + 3, "and without gaps");
        let of_one = StreamFilter { connection_id: Some(one), account_id: None };
        assert_eq!(bench.store.changes(bench.organization, of_one, head, 10).await.expect("changes").events.len(), 2);
        // What was told before shows no more than that it is gone.
        let early = bench.store.changes(bench.organization, all, 0, 10).await.expect("changes").events;
        let kinds: Vec<_> = early.iter().take(4).map(|change| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Removed, ChangeKind::Removed, ChangeKind::Added, ChangeKind::Removed]);
        assert!(matches!(bench.delete(entity).await, Err(Refused::NotFound)), "once");
    }
}

#[tokio::test]
async fn an_entity_that_syncs_or_is_the_default_stays() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let default = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
        let refused = bench.delete(default).await;
        assert!(matches!(refused, Err(Refused::DefaultEntity)), "{}: {refused:?}", bench.name);
        let entity = bench.entity().await;
        let id = bench.active_of(entity).await;
        bench.store.request_sync(bench.organization, id, RunId(Uuid::now_v7()), now()).await.expect("a run");
        let refused = bench.delete(entity).await;
        assert!(matches!(refused, Err(Refused::EntitySyncing)), "{}: {refused:?}", bench.name);
        let other = bench.neighbour().await;
        let refused = bench.store.delete_entity(other.organization, entity, now()).await;
        assert!(matches!(refused, Err(Refused::NotFound)), "another organization's: {refused:?}");
        bench.store.revoke_connection(bench.organization, id, now()).await.expect("revoked");
        bench.delete(entity).await.expect("a run that was ended is in nobody's way");
    }
}

#[tokio::test]
async fn deleting_waits_for_nobody_who_waits_for_it() {
    for bench in benches().await {
        for _ in 0..8 {
            let entity = bench.entity().await;
            let (one, two) = (bench.active_of(entity).await, bench.active_of(entity).await);
            let run = RunId(Uuid::now_v7());
            bench.store.request_sync(bench.organization, two, run, now()).await.expect("a run");
            bench.grant(run, 2).await.expect("granted");
            let records = [account(vec![transaction("coffee")])];
            let (completed, revoked, made, deleted, again) = tokio::join!(
                bench.store.complete(run, proof(2), handed_in(&records), now()),
                bench.store.revoke_connection(bench.organization, one, now()),
                bench.store.create_or_return_connection(bench.new_connection(entity), now()),
                bench.delete(entity),
                bench.delete(entity),
            );
            assert!(matches!(completed, Ok(_) | Err(Refused::LeaseLost)), "{}: {completed:?}", bench.name);
            assert!(matches!(revoked, Ok(None) | Err(Refused::NotFound)), "{}: {revoked:?}", bench.name);
            assert!(matches!(made, Ok(_) | Err(Refused::NotFound)), "{}: {made:?}", bench.name);
            for deleted in [deleted, again] {
                let is_fine = matches!(deleted, Ok(()) | Err(Refused::EntitySyncing | Refused::NotFound));
                assert!(is_fine, "{}: {deleted:?}", bench.name);
            }
        }
    }
}

#[tokio::test]
async fn an_entitys_hours_count_before_its_organizations_and_what_nobody_attended_is_planned_again() {
    for bench in benches().await {
        let id = bench.active_of(bench.entity().await).await;
        let hours = |text: &str| domain::schedule::AttendedHours::new(text, "UTC").expect("hours");
        let planned = async || {
            let all = bench.store.unplanned(10).await.expect("listed");
            all.into_iter().find(|one| one.id == id)
        };
        let one = planned().await.expect("it is unplanned");
        assert_eq!(one.attended, None, "{}", bench.name);
        bench.store.plan(&[(id, None)]).await.expect("planned");
        assert!(planned().await.is_none(), "it isn't due by itself");
        bench.store.change_organization("default", Some(hours("mon 09:00-10:00")).into(), now()).await.expect("set");
        assert_eq!(planned().await.expect("it is unplanned again").attended, Some(hours("mon 09:00-10:00")));
        bench.store.plan(&[(id, None)]).await.expect("planned");
        let patch = EntityPatch { attended: Some(Some(hours("tue 09:00-10:00"))), ..Default::default() };
        let changed =
            bench.store.update_entity(bench.organization, one.entity_id, patch, now()).await.expect("changed");
        assert_eq!(changed.attended, Some(hours("tue 09:00-10:00")));
        assert_eq!(planned().await.expect("it is unplanned again").attended, Some(hours("tue 09:00-10:00")));
        let patch = EntityPatch { attended: Some(None), ..Default::default() };
        bench.store.update_entity(bench.organization, one.entity_id, patch, now()).await.expect("changed");
        bench.store.change_organization("default", None.into(), now()).await.expect("set");
        assert_eq!(planned().await.expect("it is unplanned").attended, None);
        // What is planned for a moment keeps it.
        bench.store.plan(&[(id, Some(now()))]).await.expect("planned");
        bench.store.change_organization("default", Some(hours("")).into(), now()).await.expect("set");
        assert!(planned().await.is_none());
        let nobodys = bench.store.change_organization("nobody", None.into(), now()).await;
        assert!(matches!(nobodys, Err(Refused::NotFound)), "{nobodys:?}");
    }
}
