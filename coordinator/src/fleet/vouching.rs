//! People for whom an OpenID provider vouches (OpenID Connect Core 1.0, the code flow with PKCE).
//!
//! What a sign-in has to show again when its person comes back stays in their browser, under a keyed hash: nothing of
//! one that is never finished is kept here, and any coordinator takes it up.
//!
//! ```text
//! begin ──▶ the provider ──code──▶ finish ──▶ what it says of them ──▶ a role ──▶ a user, and a session
//! ```
//!
//! Not here: cookies and pages (`console`), and what the provider asks of people.

mod asking;
mod person;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::{Actor, ActorKind};
use domain::id::UserId;
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
    UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::people::Known;
use super::{Error, Fleet};
use crate::clock;
use crate::config;
use crate::store::{Access, NewUser, ProvenBy, Refused, Session, StoreError, User, acting};
use crate::vault::mac;
use asking::{ask, http, unusable};
use person::{Person, person, tail};

/// How long somebody has at the provider.
const AWAY: SignedDuration = SignedDuration::from_mins(10);

/// How many are looked at at once.
const PLACES: usize = 8;

/// How long it is believed what the provider says of itself, its keys among it.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// What a provider says of somebody beside what the standard names.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody is let in who came from a provider.
#[derive(Debug, thiserror::Error)]
pub enum VouchError {
    /// No provider is set.
    #[error("no OpenID provider is set")]
    NotSet,
    /// It can't be asked, or says what it may not.
    #[error("the OpenID provider can't be used: {0}")]
    Unusable(String),
    /// It didn't vouch.
    #[error("the OpenID provider refused: {0}")]
    Denied(String),
    /// It isn't what this browser began, or began too long ago.
    #[error("this sign-in wasn't begun by this browser, or too long ago")]
    Stale,
    /// It vouches for somebody who has no role here.
    #[error("the OpenID provider names no role for this person")]
    NoRole,
    /// They were shut out here.
    #[error("this person isn't let in")]
    ShutOut,
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<StoreError> for VouchError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A sign-in that was begun.
pub struct Begun {
    /// Where the browser goes.
    pub to: Url,
    /// What it shows when it comes back.
    pub ticket: Secret,
}

/// What a browser comes back with.
pub struct Returned<'a> {
    /// What it was given.
    pub ticket: &'a str,
    /// What the provider sent back.
    pub state: &'a str,
    /// What the provider vouches with.
    pub code: &'a str,
    /// Who says so, where the provider says it (RFC 9207).
    pub issuer: Option<&'a str>,
    /// Where it comes from.
    pub address: String,
    /// What it calls itself.
    pub browser: &'a str,
}

/// What has to come back.
#[derive(Deserialize, Serialize)]
struct Ticket {
    state: String,
    nonce: String,
    verifier: String,
    /// The page that was asked for.
    next: String,
    /// Until when, in milliseconds of the epoch.
    until: i64,
}

/// A provider, as far as it is known.
pub struct Provider {
    /// What it says of itself, and when it was asked.
    known: Mutex<Option<(Instant, CoreProviderMetadata)>>,
    /// Whoever is looked at has a place: nobody has it asked more often than it bears.
    places: Semaphore,
}

impl Default for Provider {
    fn default() -> Self {
        Self { known: Mutex::default(), places: Semaphore::new(PLACES) }
    }
}

impl Fleet {
    /// Begins a sign-in at the provider, to go on at `next` after it.
    ///
    /// # Errors
    /// [`VouchError::NotSet`], [`VouchError::Unusable`].
    pub async fn begin_vouched(&self, next: &str) -> Result<Begun, VouchError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let settings = self.oidc()?;
        let mut asked = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .set_pkce_challenge(challenge);
        for scope in settings.scopes.split_whitespace().filter(|scope| *scope != "openid") {
            asked = asked.add_scope(Scope::new(scope.to_owned()));
        }
        let (to, state, nonce) = asked.url();
        let until = clock::now().saturating_add(AWAY).unwrap_or(Timestamp::MAX).as_millisecond();
        let ticket = Ticket {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next: next.to_owned(),
            until,
        };
        Ok(Begun { to, ticket: self.sealed_ticket(&ticket)? })
    }

    /// Lets somebody in for whom the provider vouches; with the session come what the browser is to show, and where it
    /// goes on.
    ///
    /// # Errors
    /// [`VouchError`].
    pub async fn finish_vouched(&self, returned: Returned<'_>) -> Result<(Session, Secret, String), VouchError> {
        let settings = self.oidc()?;
        let ticket = self.opened_ticket(returned.ticket).ok_or(VouchError::Stale)?;
        // The ticket is the browser's own secret, so that comparing needs no care for time.
        if ticket.state != returned.state || clock::now().as_millisecond() > ticket.until {
            return Err(VouchError::Stale);
        }
        let _place = self.provider.places.try_acquire().map_err(|_| VouchError::Failed(Error::Busy))?;
        let client = self.client().await?;
        if returned.issuer.is_some_and(|said| said != settings.issuer) {
            return Err(VouchError::Denied("another provider answered".into()));
        }
        let said = self.said_of(&client, returned.code, ticket.nonce, ticket.verifier).await?;
        let person = person(settings, &said)?;
        let vouched_as = person.vouched_as.clone();
        let user = self.user_of(person).await?;
        if user.access == Access::Disabled {
            return Err(VouchError::ShutOut);
        }
        let known = Known { user, proven_by: ProvenBy::Provider(vouched_as) };
        let opened = self.open_session(known, returned.address, returned.browser).await;
        let (session, token) = opened.map_err(|error| match error {
            Error::Refused(Refused::NotFound) => VouchError::ShutOut,
            error => error.into(),
        })?;
        metrics::counter!("bursar_sign_ins_total", "outcome" => "vouched").increment(1);
        Ok((session, token, ticket.next))
    }

    /// What the provider says of whoever it gave this code, of its token and its answer about them.
    async fn said_of(
        &self,
        client: &Client,
        code: &str,
        nonce: String,
        verifier: String,
    ) -> Result<Map<String, Value>, VouchError> {
        let http = http()?;
        let ask = |request| ask(http.clone(), request);
        let asked = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(unusable)?;
        let tokens = asked.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&ask).await;
        let tokens = tokens.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(said) => VouchError::Denied(said.error().to_string()),
            error => unusable(error),
        })?;
        let token = tokens.id_token().ok_or_else(|| VouchError::Unusable("it gave no id token".into()))?;
        let claims = token.claims(&client.id_token_verifier(), &Nonce::new(nonce)).map_err(unusable)?;
        let mut said = object(claims)?;
        if let Ok(asked) = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())) {
            let more: UserInfoClaims<Claims, CoreGenderClaim> = asked.request_async(&ask).await.map_err(unusable)?;
            for (name, value) in object(&more)? {
                said.entry(name).or_insert(value);
            }
        }
        Ok(said)
    }

    /// The user that somebody is here, added when they come for the first time, with the role that they have now.
    async fn user_of(&self, person: Person) -> Result<User, VouchError> {
        let organization_id = match &person.organization {
            None => None,
            Some(slug) => {
                let all = self.store.organizations().await?;
                Some(all.into_iter().find(|one| one.slug == *slug).ok_or(VouchError::NoRole)?.id)
            }
        };
        let mut new = NewUser {
            id: UserId(Uuid::now_v7()),
            login: person.login.clone(),
            display_name: person.display_name,
            role: person.role,
            organization_id,
            proven_by: ProvenBy::Provider(person.vouched_as.clone()),
        };
        let by = || Actor::new(ActorKind::ConsoleUser, person.vouched_as.clone(), &person.login);
        match acting(by(), self.store.admit(new.clone(), clock::now())).await {
            // Somebody else has the name, and keeps it.
            Err(Refused::Duplicate) => {
                new.login = format!("{}-{}", person.login, tail(&person.vouched_as));
                Ok(acting(by(), self.store.admit(new, clock::now())).await.map_err(Error::from)?)
            }
            admitted => Ok(admitted.map_err(Error::from)?),
        }
    }

    fn oidc(&self) -> Result<&config::Oidc, VouchError> {
        Some(&self.config.console.oidc).filter(|settings| !settings.issuer.is_empty()).ok_or(VouchError::NotSet)
    }

    async fn client(&self) -> Result<Client, VouchError> {
        let settings = self.oidc()?;
        let metadata = self.provider_metadata(settings).await?;
        let secret = Some(settings.client_secret.expose()).filter(|secret| !secret.is_empty());
        let back = format!("{}/console/oidc/callback", self.config.public_url().trim_end_matches('/'));
        let client = openidconnect::Client::from_provider_metadata(
            metadata,
            ClientId::new(settings.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.to_owned())),
        );
        Ok(client.set_redirect_uri(RedirectUrl::new(back).map_err(unusable)?))
    }

    /// What the provider says of itself, its keys among it: asked for at most once in [`KEPT`].
    async fn provider_metadata(&self, settings: &config::Oidc) -> Result<CoreProviderMetadata, VouchError> {
        let mut kept = self.provider.known.lock().await;
        if let Some((at, metadata)) = kept.as_ref()
            && at.elapsed() < KEPT
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(unusable)?;
        let http = http()?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &|request| ask(http.clone(), request)).await;
        let metadata = metadata.map_err(unusable)?;
        *kept = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

impl Fleet {
    fn ticket_mac(&self, body: &[u8]) -> Vec<u8> {
        let mut mac = mac(&self.vault.derived_key("sign-ins at a provider"));
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    }

    /// A ticket that nobody else can make.
    fn sealed_ticket(&self, ticket: &Ticket) -> Result<Secret, VouchError> {
        let body = serde_json::to_vec(ticket).map_err(unusable)?;
        let proof = URL_SAFE_NO_PAD.encode(self.ticket_mac(&body));
        Ok(Secret::new(format!("{}.{proof}", URL_SAFE_NO_PAD.encode(body))))
    }

    fn opened_ticket(&self, shown: &str) -> Option<Ticket> {
        let (body, proof) = shown.split_once('.')?;
        let (body, proof) = (URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(proof).ok()?);
        let is_ours = bool::from(self.ticket_mac(&body).ct_eq(&proof));
        is_ours.then(|| serde_json::from_slice(&body).ok())?
    }
}

fn object(said: &impl Serialize) -> Result<Map<String, Value>, VouchError> {
    match serde_json::to_value(said).map_err(unusable)? {
        Value::Object(object) => Ok(object),
        _ => Err(VouchError::Unusable("it says nothing of them".into())),
    }
}
