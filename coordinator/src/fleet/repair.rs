//! Repair tickets: what a run that its script failed tells, so that whoever mends the script sees the page as it was and as
//! it is now; and what people do about them.
//!
//! Nothing is mended by itself: what is proposed, a person accepts, and it is published like any other revision.
//!
//! Not here: proposals themselves (the script crate), or trying what is published (`rollout`).

use domain::failure::Failure;
use domain::id::RepairTicketId;
use domain::repair::is_for_ticket;
use protocol::lease::Evidence;
use script::OwnWords;
use script::drift::{Changes, KnownPage, Near, NowPage, Skeleton, Ticket, Trouble, known_page, nearest};

use super::complete::{NAME_LIMIT, Worked};
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
        let source = self.script_named(institution, revision).await.map_or_else(|_| String::new(), |script| script.source);
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
        let changes = changes(&pages, &input.source);
        Ok(TicketStory { ticket, pages, changes, input })
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
