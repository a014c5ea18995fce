//! The two environments of an organization, and the life of keys, from outside.
//!
//! Not here: what a key's scopes open (`bad_input.rs`).

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::world::{Fleet, Plan, scripts};

use crate::Outcome;

/// A catalog with a bank beside the simulated one; neither is ever visited here.
fn catalog_with_a_bank() -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for id in ["harbour", "meadow"] {
        std::fs::create_dir(folder.path().join(id))?;
    }
    std::fs::copy(scripts().join("harbour/institution.yaml"), folder.path().join("harbour/institution.yaml"))?;
    let record = "id: meadow\nname: Meadow Bank\ndefaultPortalUrl: https://portal.meadow.example/\nmfa: none\n\
                  credentials: [bankUsername, password]\n";
    std::fs::write(folder.path().join("meadow/institution.yaml"), record)?;
    Ok(folder)
}

async fn key(fleet: &Fleet, arguments: &[&str]) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(serde_json::from_str(&fleet.succeed(&[&["key"], arguments, &["--json"]].concat()).await?)?)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

#[tokio::test]
async fn test_keys_and_live_keys_see_nothing_of_each_other() -> Outcome {
    let catalog = catalog_with_a_bank()?;
    let folder = catalog.path().display().to_string();
    let fleet = Plan::new().agents(0).with("catalog.folder", &folder).start().await?;
    let live = fleet.integrator("default").await?;
    let made = key(&fleet, &["create", "--environment", "test"]).await?;
    assert!(text(&made, "key").starts_with("way_test_"), "{}", made["id"]);
    let test = Integrator::new(fleet.address(), text(&made, "key"));
    assert_ne!(live.default_entity().await?, test.default_entity().await?);

    for (mine, theirs) in [(&live, &test), (&test, &live)] {
        let entity = mine.post("/v1/entities", &json!({ "externalEntityId": "the-same-id" })).await?;
        let entity = text(&entity, "entityId");
        let asked = json!({ "entityId": entity, "institutionId": "harbour" });
        let connection = mine.post("/v1/connections", &asked).await?;
        let hook = json!({ "url": "https://hooks.example/in", "events": ["test"] });
        let webhook = mine.post("/v1/webhooks", &hook).await?;
        for path in [
            format!("/v1/entities/{entity}"),
            format!("/v1/connections/{}", text(&connection, "id")),
            format!("/v1/connections/{}/events", text(&connection, "id")),
            format!("/v1/webhooks/{}", text(&webhook["webhook"], "id")),
        ] {
            assert_eq!(mine.call(Method::GET, &path, None).await?.status, 200, "{path}");
            assert_eq!(theirs.call(Method::GET, &path, None).await?.status, 404, "{path}");
        }
        let foreign = theirs.call(Method::POST, "/v1/connections", Some(&asked)).await?;
        assert_eq!(foreign.status, 404, "{}", foreign.body);
    }
    for integrator in [&live, &test] {
        assert_eq!(integrator.list("/v1/entities").await?.len(), 2);
        assert_eq!(integrator.list("/v1/connections").await?.len(), 1);
        assert_eq!(integrator.list("/v1/webhooks").await?.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_test_key_reaches_simulated_institutions_alone() -> Outcome {
    let catalog = catalog_with_a_bank()?;
    let folder = catalog.path().display().to_string();
    let fleet = Plan::new().agents(0).with("catalog.folder", &folder).start().await?;
    let live = fleet.integrator("default").await?;
    let made = key(&fleet, &["create", "--environment", "test"]).await?;
    let test = Integrator::new(fleet.address(), text(&made, "key"));
    let ids = async |integrator: &Integrator| {
        let listed = integrator.list("/v1/institutions").await?;
        Ok::<_, tests::integrator::CallError>(
            listed.iter().map(|one| text(one, "institutionId").to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(ids(&live).await?, ["harbour", "meadow"]);
    assert_eq!(ids(&test).await?, ["harbour"]);
    assert!(test.list("/v1/institutions?query=meadow").await?.is_empty());
    assert_eq!(live.call(Method::GET, "/v1/institutions/meadow", None).await?.status, 200);
    assert_eq!(test.call(Method::GET, "/v1/institutions/meadow", None).await?.status, 404);

    let entity = test.default_entity().await?;
    for (asked, pointer) in [
        (json!({ "entityId": entity, "institutionId": "meadow" }), "/institutionId"),
        (json!({ "entityId": entity, "portalUrl": "https://portal.meadow.example/" }), "/portalUrl"),
        (json!({ "entityId": entity, "portalUrl": "https://another.example/" }), "/portalUrl"),
    ] {
        let refused = test.call(Method::POST, "/v1/connections", Some(&asked)).await?;
        assert_eq!((refused.status, refused.body["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{asked}");
    }
    let asked = json!({ "entityId": live.default_entity().await?, "institutionId": "meadow" });
    assert_eq!(live.call(Method::POST, "/v1/connections", Some(&asked)).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn a_key_is_rotated_with_an_overlap_and_ended_on_time() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    fleet.succeed(&["organization", "create", "acme"]).await?;
    let first =
        key(&fleet, &["create", "--organization", "acme", "--name", "erp", "--scopes", "entities:read"]).await?;
    let opens = async |key: &Value| {
        let answer = Integrator::new(fleet.address(), text(key, "key")).call(Method::GET, "/v1/entities", None).await;
        answer.map(|answer| answer.status)
    };
    let id = text(&first, "id");
    let second = key(&fleet, &["rotate", id, "--overlap", "1h"]).await?;
    assert_eq!((text(&second, "replaces"), text(&second, "name")), (id, "erp"));
    assert_eq!((opens(&first).await?, opens(&second).await?), (200, 200), "both work during the overlap");
    let listed = key(&fleet, &["list"]).await?;
    let old = listed.as_array().and_then(|all| all.iter().find(|one| text(one, "id") == id)).ok_or("gone")?;
    assert_eq!(text(old, "organization"), "acme");
    assert!(old["expiresAt"].is_string() && old["lastUsedAt"].is_string(), "{old}");

    let third = key(&fleet, &["rotate", text(&second, "id"), "--overlap", "0s"]).await?;
    assert_eq!((opens(&second).await?, opens(&third).await?), (401, 200), "no overlap");
    let ended = key(&fleet, &["expire", text(&third, "id"), "--in", "7d"]).await?;
    assert!(ended["expiresAt"].is_string(), "{ended}");
    assert_eq!(opens(&third).await?, 200);
    key(&fleet, &["revoke", text(&third, "id")]).await?;
    assert_eq!(opens(&third).await?, 401);

    for (arguments, code, said) in [
        (["rotate", text(&third, "id")].as_slice(), 1, "revoked or has expired"),
        (&["rotate", id], 1, "took over"),
        (&["rotate", "no-such-key"], 3, "no key is called"),
        (&["expire", text(&third, "id"), "--in", "7d"], 1, "revoked or has expired"),
        (&["expire", id, "--at", "2020-01-01T00:00:00Z"], 2, "revoking ends a key at once"),
        (&["expire", id, "--in", "soon"], 2, "isn't a span"),
        (&["expire", id], 2, "required"),
    ] {
        let ran = fleet.run(&[&["key"], arguments].concat(), "").await?;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
    }
    Ok(())
}
