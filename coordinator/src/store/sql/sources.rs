//! What may answer a challenge, and what does so without a person.
//!
//! Not here: the answers.

use domain::challenge::{AnswerSource, ChallengeKind, Medium, Question, TermsPolicy};
use domain::id::RunId;

use super::held::HeldRun;
use super::{Tx, failed, from_word};
use crate::store::{Agreed, Challenge, NewChallenge, REFUSALS_ALLOWED, StoreError};

/// What may answer a question: what does so by itself, and a person.
pub(super) fn may_answer(question: &Question, by_itself: Vec<AnswerSource>) -> Vec<AnswerSource> {
    let person = question.kind.takes_answer().then_some(AnswerSource::Person);
    by_itself.into_iter().chain(person).collect()
}

/// As a challenge keeps them.
pub(super) fn kept(sources: &[AnswerSource]) -> String {
    sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether one of these, as a challenge keeps them, answers it in any case.
pub(super) fn is_answered_in_any_case(kept: &str) -> bool {
    kept.split_whitespace().filter_map(|word| word.parse().ok()).any(AnswerSource::is_sure)
}

/// What answers a question without a person.
pub(super) async fn by_itself(
    tx: &mut Tx,
    run_id: RunId,
    run: &HeldRun,
    new: &NewChallenge,
) -> Result<Vec<AnswerSource>, StoreError> {
    let answers = match new.question.kind {
        ChallengeKind::Terms => {
            let policy = sqlx::query_scalar::<_, Option<String>>("SELECT terms FROM organizations WHERE id = $1");
            let policy = policy.bind(run.organization_id.0).fetch_one(&mut **tx).await;
            let policy = policy.map_err(failed("read what is said of terms"))?;
            (policy.as_deref() == Some(TermsPolicy::Accept.as_str())).then_some(AnswerSource::Policy)
        }
        ChallengeKind::SecurityQuestion if new.agreed == Agreed::Known => {
            let refused = was_refused(tx, run_id, AnswerSource::Agreed).await?;
            (!refused).then_some(AnswerSource::Agreed)
        }
        _ => authenticator(tx, run_id, &new.question).await?,
    };
    let come_in = messages(tx, run_id, OnRefusal::LeftAlone, &new.question, &new.heard).await?;
    Ok(answers.into_iter().chain(come_in).collect())
}

/// What may answer a question once a new code was asked for: it is another than the one that the bank refused, and comes to
/// nobody else.
pub(super) async fn once_sent_anew(
    tx: &mut Tx,
    challenge: &Challenge,
    heard: &[Medium],
) -> Result<Vec<AnswerSource>, StoreError> {
    let Challenge { run_id, question, may_answer: before, .. } = challenge;
    let come_in = messages(tx, *run_id, OnRefusal::AskedAnew, question, heard).await?;
    let stay = before.iter().copied().filter(|source| *source != AnswerSource::Person && !come_in.contains(source));
    Ok(may_answer(question, stay.chain(come_in.iter().copied()).collect()))
}

/// Whether the bank refused what this gave in the very same run.
async fn was_refused(tx: &mut Tx, run_id: RunId, source: AnswerSource) -> Result<bool, StoreError> {
    let refused = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM challenges WHERE run_id = $1 AND source = $2 AND state || '' = 'rejected'",
    );
    let refused = refused.bind(run_id.0).bind(source.as_str()).fetch_one(&mut **tx).await;
    Ok(refused.map_err(failed("look for refused answers"))? > 0)
}

/// What it means for a way that the bank refused a code that came by it, in the same session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnRefusal {
    /// No other is tried.
    LeftAlone,
    /// A new one was asked for since.
    AskedAnew,
}

/// The ways by which a code may come in for a question: the connection has an address of its own there, and the bank
/// has refused none that came so in that session.
async fn messages(
    tx: &mut Tx,
    run_id: RunId,
    on_refusal: OnRefusal,
    question: &Question,
    heard: &[Medium],
) -> Result<Vec<AnswerSource>, StoreError> {
    let heard: Vec<Medium> = heard.iter().copied().filter(|medium| question.comes_by(*medium)).collect();
    if heard.is_empty() {
        return Ok(Vec::new());
    }
    let own = sqlx::query_scalar::<_, String>(
        "SELECT p.medium FROM pool_addresses p JOIN runs r ON r.connection_id = p.connection_id
         WHERE r.id = $1 AND p.released_at IS NULL AND ($2 OR NOT EXISTS (
             SELECT 1 FROM challenges c WHERE c.run_id = r.id AND c.fence >= r.session
                AND c.source = p.medium AND c.state || '' = 'rejected'))
         ORDER BY p.medium",
    );
    let own = own
        .bind(run_id.0)
        .bind(on_refusal == OnRefusal::AskedAnew)
        .fetch_all(&mut **tx)
        .await
        .map_err(failed("look for a connection's addresses"))?;
    let is_heard = |word: &String| heard.iter().any(|medium| medium.as_str() == word.as_str());
    own.iter().filter(|word| is_heard(word)).map(|word| from_word(word, "answer's source")).collect()
}

/// The connection's authenticator, if it may answer: unless the bank refused its codes, or one in this very run.
async fn authenticator(tx: &mut Tx, run_id: RunId, question: &Question) -> Result<Option<AnswerSource>, StoreError> {
    if !question.is_of_authenticator() {
        return Ok(None);
    }
    if was_refused(tx, run_id, AnswerSource::Totp).await? {
        return Ok(None);
    }
    let usable = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM runs r
         LEFT JOIN authenticators a ON a.connection_id = r.connection_id AND a.refusals < $2
         LEFT JOIN candidates n ON n.connection_id = r.connection_id AND n.effect = 'enrol'
         WHERE r.id = $1 AND (a.connection_id IS NOT NULL OR n.connection_id IS NOT NULL)",
    );
    let usable = usable.bind(run_id.0).bind(REFUSALS_ALLOWED).fetch_one(&mut **tx).await;
    let usable = usable.map_err(failed("look for an authenticator"))?;
    Ok((usable > 0).then_some(AnswerSource::Totp))
}
