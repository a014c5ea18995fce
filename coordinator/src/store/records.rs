//! What the store gives out and takes in.
//!
//! Not here: how it looks in the API (`http`) or in tables (`sql`).

use domain::challenge::{ChallengeState, Question};
use domain::connection::{ConnectionState, ConnectionStatus, Credentials, OpenChallenge};
use domain::failure::Failure;
use domain::id::{AccountId, ChallengeId, ConnectionId, EntityId, OrganizationId, RunId, TransactionId, WebhookId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

/// Free values that an integrator keeps with a thing.
pub type Metadata = Map<String, Value>;

/// Which part of a list is wanted, in the order of ids.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// From after this one.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: u32,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name on the command line.
    pub slug: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An organization to be added.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name on the command line.
    pub slug: String,
    /// Its data key, wrapped by the vault.
    pub data_key: Vec<u8>,
}

/// An API key, without the secret.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The part of the key that names it.
    pub id: String,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// `live` or `test`.
    pub environment: String,
    /// What it is for, in its owner's words.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// An entity.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// The integrator's id for it.
    pub external_entity_id: String,
    /// Whether it is the organization's default.
    pub is_default: bool,
    /// Its name.
    pub name: Option<String>,
    /// Whom to write to.
    pub contact_emails: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An entity to be added.
#[derive(Clone, Debug)]
pub struct NewEntity {
    /// Its id.
    pub id: EntityId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The integrator's id for it.
    pub external_entity_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Whom to write to.
    pub contact_emails: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// The delegated user as the customer is to create it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instructions {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Postal address.
    pub address: Option<String>,
    /// Where the bank can write to.
    pub email: Option<String>,
    /// The sign-in name to ask for.
    pub username: String,
    /// Where the bank can send codes to.
    pub phone_number: Option<String>,
}

impl Instructions {
    /// The value of a field by its name in the API.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        match field {
            "firstName" => Some(&self.first_name),
            "lastName" => Some(&self.last_name),
            "address" => self.address.as_deref(),
            "email" => self.email.as_deref(),
            "username" => Some(&self.username),
            "phoneNumber" => self.phone_number.as_deref(),
            _ => None,
        }
    }
}

/// A connection with what is known of it right now.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// On whose behalf it was made.
    pub entity_id: EntityId,
    /// The bank, where the catalog knows it.
    pub institution_id: Option<String>,
    /// Where the portal is.
    pub portal_url: Url,
    /// Where it stands.
    pub state: ConnectionState,
    /// Whether there is something to sign in with.
    pub credentials: Credentials,
    /// Whether the bank asks something.
    pub challenge: OpenChallenge,
    /// The run that is under way.
    pub run: Option<OpenRun>,
    /// Why the last run came to nothing, until one succeeds.
    pub last_failure: Option<Failure>,
    /// When it first became active.
    pub activated_at: Option<Timestamp>,
    /// When records were last read.
    pub last_synced_at: Option<Timestamp>,
    /// The delegated user.
    pub instructions: Instructions,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A run that is under way.
#[derive(Clone, Debug)]
pub struct OpenRun {
    /// Why the attempt before this one failed.
    pub failure: Option<Failure>,
    /// When it is tried next, where it waits.
    pub not_before: Timestamp,
}

/// A connection to be made.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// On whose behalf.
    pub entity_id: EntityId,
    /// What makes a second request the same.
    pub anchor: String,
    /// The bank, where the catalog knows it.
    pub institution_id: Option<String>,
    /// Where the portal is.
    pub portal_url: Url,
    /// The delegated user.
    pub instructions: Instructions,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// What came of a create-or-return.
#[derive(Clone, Debug)]
pub enum CreatedOrReturned {
    /// It is new.
    Created(Connection),
    /// It was there.
    Returned(Connection),
}

/// Which connections are wanted.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// In this status.
    pub status: Option<ConnectionStatus>,
    /// Of this bank.
    pub institution_id: Option<String>,
    /// Of this entity.
    pub entity_id: Option<EntityId>,
}

/// Something that happened to a connection.
#[derive(Clone, Debug)]
pub struct ConnectionEventRecord {
    /// Its id, which orders.
    pub id: Uuid,
    /// What happened.
    pub cause: String,
    /// Who did it: `integrator`, `platform` or `portal`.
    pub actor: String,
    /// The status before.
    pub previous_status: Option<String>,
    /// The status after.
    pub status: String,
    /// The failure that came with it.
    pub failure: Option<Failure>,
    /// The run that it came from.
    pub run_id: Option<RunId>,
    /// When.
    pub created_at: Timestamp,
}

/// A question of a bank.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// What the bank asks.
    pub question: Question,
    /// Where it stands.
    pub state: ChallengeState,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where it was read.
    pub connection_id: ConnectionId,
    /// What kind it is.
    pub account_type: String,
    /// ISO 4217 or similar.
    pub currency: String,
    /// The customer's name for it.
    pub name: String,
    /// Whether it is in use.
    pub status: String,
    /// The bank's product name.
    pub official_name: Option<String>,
    /// As the portal masks it.
    pub masked_number: Option<String>,
    /// Whole.
    pub account_number: Option<String>,
    /// ABA routing number.
    pub routing_number: Option<String>,
    /// BIC.
    pub swift_bic: Option<String>,
    /// Booked.
    pub current_balance: Option<String>,
    /// To be spent.
    pub available_balance: Option<String>,
    /// The bank's day for the balances.
    pub balance_as_of: Option<String>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was first read.
    pub created_at: Timestamp,
    /// When something shown last changed.
    pub updated_at: Timestamp,
}

/// Which accounts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
    /// Of this kind.
    pub account_type: Option<String>,
    /// In this currency.
    pub currency: Option<String>,
    /// In this status.
    pub status: Option<String>,
}

/// A transaction.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// Where it was read.
    pub connection_id: ConnectionId,
    /// Its account.
    pub account_id: AccountId,
    /// Whether it is booked.
    pub status: String,
    /// The bank's day of booking.
    pub posted_date: Option<String>,
    /// Signed decimal.
    pub amount: String,
    /// ISO 4217 or similar.
    pub currency: String,
    /// Direction.
    pub entry_type: String,
    /// The bank's words, white space collapsed.
    pub description: String,
    /// The bank's words.
    pub raw_description: Option<String>,
    /// The way of the money.
    pub rail: String,
    /// The bank's reference.
    pub bank_reference: Option<String>,
    /// The customer's reference.
    pub customer_reference: Option<String>,
    /// The position in a list sorted by date.
    pub sort_date: String,
    /// When something shown last changed.
    pub updated_at: Timestamp,
}

/// Which transactions are wanted.
#[derive(Clone, Debug, Default)]
pub struct TransactionFilter {
    /// Of this account.
    pub account_id: Option<AccountId>,
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
    /// In this status.
    pub status: Option<String>,
    /// On this rail.
    pub rail: Option<String>,
    /// Booked on this day or later.
    pub posted_date_gte: Option<Date>,
    /// Booked before this day.
    pub posted_date_lt: Option<Date>,
}

/// The order of a list of transactions; ids decide between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionSort {
    /// Oldest booking first; pending ones last.
    #[serde(rename = "postedDate")]
    PostedDate,
    /// Latest booking last; pending ones first.
    #[serde(rename = "-postedDate")]
    PostedDateDescending,
    /// Longest unchanged first.
    #[serde(rename = "updatedAt")]
    UpdatedAt,
    /// Latest changed first.
    #[serde(rename = "-updatedAt")]
    UpdatedAtDescending,
}

/// Which part of a list of transactions is wanted.
#[derive(Clone, Debug)]
pub struct TransactionPageRequest {
    /// From after the one with this sort value and id.
    pub after: Option<(TransactionPosition, Uuid)>,
    /// At most so many.
    pub limit: u32,
}

/// What a list of transactions is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TransactionPosition {
    /// By date.
    Date(String),
    /// By the moment of change, in milliseconds since 1970.
    Moment(i64),
}

/// A webhook endpoint, without its secret.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where to deliver.
    pub url: Url,
    /// What to deliver.
    pub events: Vec<String>,
    /// Whether to deliver.
    pub active: bool,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An endpoint to be added.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where to deliver.
    pub url: Url,
    /// What to deliver.
    pub events: Vec<String>,
    /// What to sign with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// Something to be delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// Where to.
    pub url: Url,
    /// What to sign with, sealed by the vault.
    pub secret_sealed: Vec<u8>,
    /// The event, the same for every endpoint and every attempt.
    pub event_id: Uuid,
    /// The event's type.
    pub event_type: String,
    /// What the event says.
    pub data: Value,
    /// When the event happened.
    pub created_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempt: u32,
}

/// What came of a delivery.
#[derive(Clone, Debug)]
pub enum DeliveryOutcome {
    /// The receiver took it.
    Delivered {
        /// Its answer.
        status: u16,
    },
    /// It is tried again.
    TryAgain {
        /// When.
        at: Timestamp,
        /// Its answer, if it gave one.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
    /// It isn't tried again.
    GivenUp {
        /// Its answer, if it gave one.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}
