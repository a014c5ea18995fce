//! What a POST under an `Idempotency-Key` was answered.
//!
//! Not here: which answers are kept, and for how long; callers say that.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;

/// Answers that are given again.
#[async_trait]
pub trait Idempotency {
    /// Takes a key for a request, unless it is taken. One that was taken before
    /// `stale_before` and has no answer, or before `kept_since`, is free again.
    async fn begin_idempotent(
        &self,
        request: &IdempotentRequest,
        stale_before: Timestamp,
        kept_since: Timestamp,
    ) -> Result<Begun, StoreError>;
    /// Keeps the answer, unless a later attempt has taken the key.
    async fn answer_idempotent(&self, request: &IdempotentRequest, answer: IdempotentAnswer) -> Result<(), StoreError>;
    /// Gives the key free, unless a later attempt has taken it.
    async fn abandon_idempotent(&self, request: &IdempotentRequest) -> Result<(), StoreError>;
    /// Forgets at most `limit` answers that are older than `before`; returns how many.
    async fn prune_idempotent(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// A request under a key.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// The API key.
    pub key_id: String,
    /// The caller's key.
    pub idempotency_key: String,
    /// What tells this request from others.
    pub fingerprint: Vec<u8>,
    /// When this attempt at it began, which tells it from a later one.
    pub begun_at: Timestamp,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, sealed by the vault.
    pub sealed: Vec<u8>,
}

/// What became of taking a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The request is the first.
    First,
    /// It was answered before.
    Answered(IdempotentAnswer),
    /// The first is still at work.
    UnderWay,
    /// The key was taken for another request.
    Different,
}
