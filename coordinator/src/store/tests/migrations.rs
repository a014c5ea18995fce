//! Older and newer stores: what is in them is kept, and who may use them.
//!
//! Not here: what a step may do; the house rules hold that.

use domain::environment::Environment;
use domain::secret::Secret;
use sqlx::AssertSqlSafe;

use super::*;
use crate::store::migrations::{POSTGRES, SQLITE};

/// A database without tables, and a way to it past the store.
struct Ground {
    url: StoreUrl,
    raw: Raw,
    _ground: Box<dyn std::any::Any>,
}

enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

async fn grounds() -> [Ground; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("t.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let sqlite = Raw::Sqlite(sqlx::SqlitePool::connect_with(options).await.expect("SQLite"));
    let server = Database::create().await.expect("PostgreSQL");
    let postgres = Raw::Postgres(sqlx::PgPool::connect(&server.url()).await.expect("PostgreSQL"));
    let url = StoreUrl::Postgres(Secret::new(server.url()));
    [
        Ground { url: StoreUrl::Sqlite(file), raw: sqlite, _ground: Box::new(folder) },
        Ground { url, raw: postgres, _ground: Box::new(server) },
    ]
}

impl Ground {
    /// Brings the tables to where the first step left them.
    async fn take_first_step(&self) {
        let taken = match &self.raw {
            Raw::Sqlite(pool) => SQLITE.run_to(1, pool).await,
            Raw::Postgres(pool) => POSTGRES.run_to(1, pool).await,
        };
        taken.expect("the first step");
    }

    /// Runs SQL; `@7` stands for the id or the bytes of that number.
    async fn run(&self, sql: &str) {
        let mut text = String::new();
        for (index, part) in sql.split('@').enumerate() {
            let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            match part[..digits].parse::<u128>() {
                Ok(number) if index > 0 => {
                    let id = Uuid::from_u128(number);
                    match &self.raw {
                        Raw::Sqlite(_) => text += &format!("X'{}'{}", id.simple(), &part[digits..]),
                        Raw::Postgres(_) => text += &format!("'{id}'{}", &part[digits..]),
                    }
                }
                _ => text += part,
            }
        }
        let ran = match &self.raw {
            Raw::Sqlite(pool) => sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(pool).await.map(|_| ()),
            Raw::Postgres(pool) => sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(pool).await.map(|_| ()),
        };
        ran.unwrap_or_else(|error| unreachable!("{text}: {error}"));
    }

    async fn open(&self, tables: Tables) -> Result<Arc<dyn Store>, StoreError> {
        open(&self.url, tables).await
    }

    async fn states(&self) -> Vec<StepState> {
        steps(&self.url).await.expect("steps").iter().map(|step| step.state).collect()
    }
}

/// What a coordinator that knew the first step alone may have left behind.
const OLD: &str = "
    INSERT INTO organizations (id, slug, data_key, created_at) VALUES (@1, 'default', 'key', 1000);
    INSERT INTO api_keys (id, organization_id, environment, name, scopes, secret_hash, created_at)
        VALUES ('live', @1, 'live', 'l', '[\"accounts:read\"]', 'h', 1000), ('test', @1, 'test', 't', '[]', 'h', 1001);
    INSERT INTO entities (id, organization_id, external_entity_id, is_default, contact_emails, metadata, created_at, updated_at)
        VALUES (@2, @1, 'default', TRUE, '[\"a-b.example\"]', '{\"k\":1}', 1000, 1000);
    INSERT INTO connections (id, organization_id, entity_id, anchor, institution_id, portal_url, status, state, instructions,
            metadata, created_at, updated_at)
        VALUES (@3, @1, @2, 'institution:harbour', 'harbour', 'https://bank.example/', 'active', '{STATE}', '{INSTRUCTIONS}',
            '{}', 1000, 1000);
    INSERT INTO accounts (id, organization_id, connection_id, portal_key, type, currency, name, status, current_balance,
            metadata, created_at, updated_at)
        VALUES (@4, @1, @3, 'a1', 'checking', 'USD', 'Operating', 'open', '10.00', '{}', 1000, 1000);
    INSERT INTO transactions (id, organization_id, connection_id, account_id, status, posted_date, sort_date, amount, currency,
            entry_type, description, rail, match_key, created_at, updated_at)
        VALUES (@5, @1, @3, @4, 'posted', '2026-10-03', '2026-10-03', '-4.50', 'USD', 'debit', 'coffee', 'card', 'm', 1000, 1000);
    INSERT INTO webhooks (id, organization_id, url, events, secret_sealed, active, metadata, created_at, updated_at)
        VALUES (@6, @1, 'https://hooks.example/', '[\"test\"]', 's', TRUE, '{}', 1000, 1000);
";

#[tokio::test]
async fn a_store_of_the_first_step_is_brought_up_to_date_with_all_that_is_in_it() {
    for ground in grounds().await {
        ground.take_first_step().await;
        let active = serde_json::to_string(&ConnectionState::Active).expect("a state");
        let instructions = r#"{"firstName":"A","lastName":"B","username":"ab"}"#;
        let old = OLD.replace("{STATE}", &active).replace("{INSTRUCTIONS}", instructions);
        ground.run(&old).await;
        assert_eq!(ground.states().await[0], StepState::Applied);
        assert!(ground.states().await.contains(&StepState::Pending));

        let store = ground.open(Tables::BroughtUpToDate).await.expect("opened");
        assert!(ground.states().await.iter().all(|state| *state == StepState::Applied));
        let owner = OrganizationId(Uuid::from_u128(1));
        let listed = store.organizations().await.expect("organizations");
        assert_eq!(listed.iter().map(|one| (one.id, one.test_id)).collect::<Vec<_>>(), [(owner, None)]);
        let page = PageRequest { after: None, limit: 10 };
        let entities = store.entities(owner, None, page).await.expect("entities");
        assert_eq!((entities[0].contact_emails.len(), entities[0].metadata["k"].as_i64()), (1, Some(1)));
        let connection = store.connection(owner, ConnectionId(Uuid::from_u128(3))).await.expect("a connection");
        assert_eq!(connection.state.status(), ConnectionStatus::Active);
        let accounts = store.accounts(owner, AccountFilter::default(), page).await.expect("accounts");
        assert_eq!(accounts[0].current_balance.as_deref(), Some("10.00"));
        let transaction = domain::id::TransactionId(Uuid::from_u128(5));
        let transaction = store.transaction(owner, transaction).await.expect("a transaction");
        assert_eq!((transaction.amount.as_str(), transaction.description.as_str()), ("-4.50", "coffee"));
        let webhook = store.webhook(owner, WebhookId(Uuid::from_u128(6))).await.expect("a webhook");
        assert_eq!(webhook.url.as_str(), "https://hooks.example/");

        let new = NewTenant { id: OrganizationId(Uuid::from_u128(9)), data_key: vec![1] };
        store.add_test_tenant(owner, new.clone(), now()).await.expect("a test tenant");
        for (id, environment, tenant) in [("live", Environment::Live, owner), ("test", Environment::Test, new.id)] {
            let key = store.key(id).await.expect("read").expect("there");
            assert_eq!((key.environment, key.organization_id, key.tenant_id), (environment, owner, tenant));
        }
        let again = ground.open(Tables::LeftAlone).await.expect("nothing is missing any more");
        assert_eq!(again.organizations().await.expect("organizations")[0].test_id, Some(new.id));
    }
}

#[tokio::test]
async fn tables_that_are_left_alone_are_not_opened_before_they_are_up_to_date() {
    for ground in grounds().await {
        let all = ground.states().await.len();
        let refused = ground.open(Tables::LeftAlone).await.err();
        assert!(matches!(refused, Some(StoreError::StepsMissing { missing }) if missing == all), "{refused:?}");
        ground.take_first_step().await;
        let refused = ground.open(Tables::LeftAlone).await.err();
        assert!(matches!(refused, Some(StoreError::StepsMissing { missing }) if missing == all - 1), "{refused:?}");
        assert_eq!(ground.states().await[1], StepState::Pending, "nothing was changed");
    }
}

#[tokio::test]
async fn a_newer_store_opens_unless_it_says_that_this_program_is_too_old() {
    for ground in grounds().await {
        ground.open(Tables::BroughtUpToDate).await.expect("opened");
        let checksum = if matches!(ground.raw, Raw::Sqlite(_)) { "X'00'" } else { "'\\x00'" };
        ground
            .run(&format!(
                "CREATE TABLE of_tomorrow (id TEXT);
                 INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                     VALUES (9000, 'tomorrow', TRUE, {checksum}, 0);"
            ))
            .await;
        for tables in [Tables::BroughtUpToDate, Tables::LeftAlone] {
            let store = ground.open(tables).await.expect("opened");
            store.ping().await.expect("an answer");
        }
        assert_eq!(ground.states().await.last(), Some(&StepState::AppliedByNewer));

        ground.run("UPDATE fleet SET oldest_step = 9000").await;
        for tables in [Tables::BroughtUpToDate, Tables::LeftAlone] {
            let refused = ground.open(tables).await.err();
            assert!(matches!(refused, Some(StoreError::TooNew { oldest: 9000, .. })), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_step_that_was_changed_after_it_was_taken_is_named() {
    for ground in grounds().await {
        ground.open(Tables::BroughtUpToDate).await.expect("opened");
        let checksum = if matches!(ground.raw, Raw::Sqlite(_)) { "X'00'" } else { "'\\x00'" };
        ground.run(&format!("UPDATE _sqlx_migrations SET checksum = {checksum} WHERE version = 1")).await;
        for tables in [Tables::BroughtUpToDate, Tables::LeftAlone] {
            let refused = ground.open(tables).await.err();
            assert!(matches!(refused, Some(StoreError::Migration(_))), "{refused:?}");
        }
    }
}
