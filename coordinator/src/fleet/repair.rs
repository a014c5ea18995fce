//! Repair tickets: what a run that its script failed tells, so that whoever mends the script sees the page as it was and as
//! it is now; and what people do about them.
//!
//! Nothing is mended by itself: what is proposed, a person accepts, and it is published like any other revision.
//!
//! Not here: proposals themselves (the script crate), or trying what is published (`rollout`).

use domain::failure::Failure;
use domain::id::RepairTicketId;
use domain::repair::{TicketState, is_for_ticket};
use protocol::lease::Evidence;
use script::drift::{
    Change, Changes, KnownPage, Lesson, Near, NoProposal, NowPage, Proposal, Skeleton, Ticket, Trouble, known_page,
    nearest, propose, teach,
};
use script::{OwnWords, Script};

use super::complete::{NAME_LIMIT, Worked};
use super::publish::{LONGEST_NOTE, LookedThrough, Publication, PublishError};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{NewTicket, Refused, RepairTicket, TicketPages};

/// The longest target that is kept, in characters.
const LONGEST_TARGET: usize = 200;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// A ticket with all that a repair needs.
#[derive(Clone, Debug)]
pub struct TicketStory {
    /// The ticket.
    pub ticket: RepairTicket,
    /// Its pages.
    pub pages: TicketPages,
    /// What is gone from the one and new in the other.
    pub changes: Changes,
    /// What a repair takes.
    pub input: Ticket,
    /// What the script could say, the likeliest first; or why nothing is proposed.
    pub proposals: Result<Vec<Proposal>, NoProposal>,
}

/// What a person decides of a ticket.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The proposal that makes this revision is taken.
    Accept(String),
    /// The page is taught.
    Teach(Lesson),
}

/// A revision that a person's decision made.
#[derive(Clone, Debug)]
pub struct MadeRevision {
    /// What is known of it.
    pub looked: LookedThrough,
    /// Where the script differs from the one that fails.
    pub change: Change,
}

impl Fleet {
    /// What a run's end comes to as a ticket; none where it isn't one's.
    pub(super) async fn ticket_of(
        &self,
        worked: &Worked,
        failure: &Failure,
        page: Option<&str>,
        evidence: Option<&Evidence>,
    ) -> Option<NewTicket> {
        let Worked { institution, revision, part, .. } = worked;
        if !is_for_ticket(failure.code, *part) || revision.is_empty() {
            return None;
        }
        let Trouble { page: said, target, .. } = Trouble::told_by(failure.code, &failure.message);
        let page = said.or_else(|| page.map(str::to_owned)).filter(|page| page.len() <= NAME_LIMIT);
        let target = target.map(|target| target.chars().take(LONGEST_TARGET).collect());
        let known = match self.known_of(institution).await {
            Ok(known) => known,
            Err(error) => {
                // The ticket is of use without them.
                tracing::warn!(institution, error = &error as &dyn std::error::Error, "a ticket lacks known pages");
                Vec::new()
            }
        };
        let source =
            self.script_named(institution, revision).await.map_or_else(|_| String::new(), |script| script.source);
        let now = evidence.map(|evidence| evidence.html.clone());
        let built = move || {
            let own = OwnWords::of(&source);
            let nearest = now.as_deref().and_then(|now| nearest(&known, now, &own));
            let before = page.as_deref().or(nearest.as_ref().map(|(page, _)| page.as_str()));
            let before = known.iter().find(|known| Some(known.page.as_str()) == before).map(|known| known.html.clone());
            NewTicket { page, target, nearest, before }
        };
        // Pages may be large.
        tokio::task::spawn_blocking(built).await.ok()
    }

    async fn known_of(&self, institution: &str) -> Result<Vec<KnownPage>, Error> {
        let known = self.store.known_pages(institution).await?;
        Ok(known.into_iter().map(|known| KnownPage { page: known.page, html: known.latest.html }).collect())
    }

    /// A ticket with all that a repair needs.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; also where its revision is kept no longer.
    pub async fn ticket_story(&self, id: RepairTicketId) -> Result<TicketStory, Error> {
        let ticket = self.store.repair_ticket(id).await?;
        let pages = self.store.ticket_pages(id).await?;
        let (institution, revision) = (ticket.institution_id.as_str(), ticket.revision.as_str());
        let source = self.store.revision_source(institution, revision).await?.ok_or(Refused::NotFound)?;
        let known = self.known_of(institution).await?;
        let input = Ticket {
            id: id.to_string(),
            institution: institution.to_owned(),
            revision: revision.to_owned(),
            source,
            code: ticket.code,
            message: ticket.message.clone(),
            page: ticket.page.clone(),
            target: ticket.target.clone(),
            nearest: ticket.nearest.clone().map(|(page, distance)| Near { page, distance }),
            known,
            now: pages.now.clone().map(|Evidence { url, html }| NowPage { url, html }),
        };
        // Pages may be large.
        let told = tokio::task::spawn_blocking(move || {
            let proposals = match &input.now {
                Some(now) => propose(&input.source, &input.known, &now.html, &input.trouble()),
                None => Err(NoProposal::NoPage),
            };
            let changes = changes(&pages, &input.source);
            TicketStory { ticket, pages, changes, input, proposals }
        });
        told.await.map_err(|_| Error::Busy)
    }

    /// Publishes what a person decided of an open ticket, as a revision that is to mend it.
    ///
    /// # Errors
    /// [`PublishError`]; [`Error::Invalid`] where nothing follows from the decision.
    pub async fn decide_repair(&self, id: RepairTicketId, decision: Decision) -> Result<MadeRevision, PublishError> {
        let story = self.ticket_story(id).await?;
        let invalid = |field, reason: String| Err(PublishError::Failed(Error::Invalid { field, reason }));
        if story.ticket.state != TicketState::Open {
            return invalid("/ticketId", "the ticket has ended".into());
        }
        let (source, note) = match decision {
            Decision::Accept(revision) => {
                let proposals = story.proposals.unwrap_or_default();
                match proposals.into_iter().find(|proposal| Script::revision(&proposal.source) == revision) {
                    Some(proposal) => (proposal.source, proposal.title),
                    None => return invalid("/proposal", "it isn't proposed any more; look at the ticket again".into()),
                }
            }
            Decision::Teach(lesson) => {
                let html = story.input.now.as_ref().map(|now| now.html.as_str()).unwrap_or_default();
                match teach(&story.input.source, &story.input.known, html, &lesson) {
                    Ok(source) => (source, taught(&lesson)),
                    Err(why) => return invalid("/lesson", why.to_string()),
                }
            }
        };
        let change = difference(&story.input.source, &source);
        let note = Some(note.chars().take(LONGEST_NOTE).collect());
        let publication = Publication { source, note, mends: Some(id), ..Publication::default() };
        let (looked, _, _) = self.publish(&story.ticket.institution_id, &publication).await?;
        Ok(MadeRevision { looked, change })
    }

    /// Closes a ticket that no revision mends.
    ///
    /// # Errors
    /// [`Refused::NotFound`], and [`Error::Invalid`] without a reason.
    pub async fn close_ticket(&self, id: RepairTicketId, because: &str) -> Result<RepairTicket, Error> {
        let because = because.trim();
        if because.is_empty() || because.chars().count() > LONGEST_REASON {
            let reason = format!("a reason has 1 to {LONGEST_REASON} characters");
            return Err(Error::Invalid { field: "/reason", reason });
        }
        let closed = self.store.close_ticket(id, because, clock::now()).await?;
        tracing::info!(ticket = %id, institution = closed.institution_id, "a repair ticket was closed");
        Ok(closed)
    }
}

/// What a lesson is, for other operators.
fn taught(lesson: &Lesson) -> String {
    match lesson {
        Lesson::Is { page } => format!("taught: the page is `{page}`, changed"),
        Lesson::Passage { press } => format!("taught: `{press}` is pressed, and the way goes on"),
        Lesson::Failure { code, .. } => format!("taught: the portal says `{code}`"),
    }
}

/// The lines of one text that another has otherwise: from the first that differs to the last.
fn difference(before: &str, after: &str) -> Change {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let first = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.split_at(first).1, new.split_at(first).1);
    let last = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let cut = |lines: &[&str]| lines.get(..lines.len() - last).unwrap_or_default().join("\n");
    Change { at: first + 1, before: cut(old), after: cut(new) }
}

/// What is gone from a page as it was known, and what is new. Both are looked at alike, so that nothing is told as gone that
/// only one of them keeps.
fn changes(pages: &TicketPages, source: &str) -> Changes {
    let own = OwnWords::of(source);
    let skeleton = |html: &String| Skeleton::of(&known_page(html, &[], &own));
    match (&pages.before, &pages.now) {
        (Some(before), Some(now)) => skeleton(before).changes(&skeleton(&now.html)),
        _ => Changes::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_is_from_the_first_line_that_differs_to_the_last() {
        let check = |before: &str, after: &str, expected: (usize, &str, &str)| {
            let change = difference(before, after);
            assert_eq!((change.at, change.before.as_str(), change.after.as_str()), expected);
        };
        check("a\nb\nc\n", "a\nx\nc\n", (2, "b", "x"));
        check("a\nc\n", "a\nb\nb\nc\n", (2, "", "b\nb"));
        check("a\n", "a\n", (2, "", ""));
        check("a\na\n", "a\n", (2, "a", ""));
    }
}
