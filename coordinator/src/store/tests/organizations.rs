//! Organizations and the tenants that they are kept as.
//!
//! Not here: what belongs to a tenant.

use domain::challenge::TermsPolicy;
use domain::environment::Environment;

use super::keys::new_key;
use super::*;

fn tenant() -> NewTenant {
    NewTenant { id: OrganizationId(Uuid::now_v7()), data_key: vec![7] }
}

#[tokio::test]
async fn an_organization_is_two_tenants_and_listed_once() {
    for bench in benches().await {
        let (live, test) = (tenant(), tenant());
        let (live_id, test_id) = (live.id, test.id);
        let new = NewOrganization { slug: "acme".into(), live, test };
        bench.store.create_organization(new.clone(), now()).await.expect("made");
        let listed = bench.store.organizations().await.expect("listed");
        assert_eq!(listed.iter().map(|one| one.slug.as_str()).collect::<Vec<_>>(), ["default", "acme"]);
        let acme = &listed[1];
        assert_eq!((acme.id, acme.test_id), (live_id, Some(test_id)));
        let page = PageRequest { after: None, limit: 5 };
        for id in [live_id, test_id] {
            assert_eq!(bench.store.data_key(id).await.expect("a key"), [7], "{}", bench.name);
            let entities = bench.store.entities(id, None, page).await.expect("entities");
            assert!(entities.len() == 1 && entities[0].is_default);
        }
        let again = NewOrganization { slug: "acme".into(), live: tenant(), test: tenant() };
        let again = bench.store.create_organization(again, now()).await;
        assert!(matches!(again, Err(Refused::Duplicate)), "{again:?}");
        let second = bench.store.add_test_tenant(live_id, tenant(), now()).await;
        assert!(matches!(second, Err(Refused::Duplicate)), "{second:?}");
        let nested = bench.store.add_test_tenant(test_id, tenant(), now()).await;
        assert!(matches!(nested, Err(Refused::NotFound)), "a test tenant has none of its own: {nested:?}");
    }
}

#[tokio::test]
async fn what_an_organization_says_is_changed_together_or_not_at_all() {
    for bench in benches().await {
        let hours = domain::schedule::AttendedHours::new("mon 09:00-10:00", "UTC").expect("hours");
        let change = OrganizationChange { terms: Some(TermsPolicy::Accept), attended: Some(Some(hours.clone())) };
        let nobodys = bench.store.change_organization("nobody", change.clone(), now()).await;
        assert!(matches!(nobodys, Err(Refused::NotFound)), "{nobodys:?}");
        let changed = bench.store.change_organization("default", change, now()).await.expect("changed");
        assert_eq!((changed.terms, changed.attended.as_ref()), (TermsPolicy::Accept, Some(&hours)), "{}", bench.name);
        assert_eq!(bench.store.organizations().await.expect("listed")[0], changed);
        let back = bench.store.change_organization("default", TermsPolicy::Ask.into(), now()).await.expect("changed");
        assert_eq!((back.terms, &back.attended), (TermsPolicy::Ask, &Some(hours)), "what isn't named stays");
        let entries = bench.store.audit_entries(AuditFilter::default(), None, 10).await.expect("a trail");
        let actions: Vec<_> = entries.iter().rev().map(|entry| entry.entry.action.as_str()).collect();
        assert!(actions.ends_with(&["organization.termsSet", "organization.attendanceSet", "organization.termsSet"]));

        // What can't be written down isn't done: the trail's head is sent back, so that its next entry finds its place taken.
        bench.runs("UPDATE audit_head SET position = 0").await.expect("sent back");
        let change = OrganizationChange { terms: Some(TermsPolicy::Accept), attended: Some(None) };
        let refused = bench.store.change_organization("default", change, now()).await;
        assert!(matches!(refused, Err(Refused::Store(_))), "{}: {refused:?}", bench.name);
        assert_eq!(bench.store.organizations().await.expect("listed")[0], back, "{}", bench.name);
    }
}

#[tokio::test]
async fn keys_name_their_organization_and_the_tenant_that_they_reach() {
    for bench in benches().await {
        let test_id = bench.store.organizations().await.expect("listed")[0].test_id.expect("a test tenant");
        for (id, tenant, environment) in
            [("a", bench.organization, Environment::Live), ("b", test_id, Environment::Test)]
        {
            let new = NewApiKey { tenant_id: tenant, environment, ..new_key(id, bench.organization) };
            let key = bench.store.create_key(new, now()).await.expect("kept");
            assert_eq!((key.organization_id, key.tenant_id), (bench.organization, tenant), "{}", bench.name);
            assert_eq!(key.organization_slug, "default");
        }
    }
}

#[tokio::test]
async fn a_column_that_is_added_meanwhile_disturbs_nobody_on_postgresql() {
    let server = Database::create().await.expect("PostgreSQL");
    let url = domain::secret::Secret::new(server.url());
    let store = open(&StoreUrl::Postgres(url), Tables::BroughtUpToDate).await.expect("PostgreSQL");
    let organization = add_organization(&*store, "default").await;
    let read = async || {
        let page = PageRequest { after: None, limit: 10 };
        store.entities(organization, None, page).await.map(|entities| entities.len())
    };
    for _ in 0..50 {
        assert_eq!(read().await.expect("entities"), 1);
    }
    let pool = sqlx::PgPool::connect(&server.url()).await.expect("PostgreSQL");
    sqlx::query("ALTER TABLE entities ADD COLUMN later TEXT").execute(&pool).await.expect("added");
    for _ in 0..50 {
        assert_eq!(read().await.expect("entities"), 1);
    }
}
