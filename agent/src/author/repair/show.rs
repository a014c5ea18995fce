//! A ticket and its proposals, as people read them.
//!
//! Not here: for programs (`told` in the module above).

use script::OwnWords;
use script::drift::{Changes, KnownPage, Near, NoProposal, Proposal, Skeleton, Ticket, known_page, nearest};

use crate::author::plain;

/// How many differences of two pages are told.
const TOLD: usize = 12;

/// The known page that the page is nearest to, by the ticket or else by a look.
pub(super) fn near(ticket: &Ticket) -> Option<Near> {
    let own = OwnWords::of(&ticket.source);
    let looked = || {
        let (page, distance) = nearest(&ticket.known, &ticket.now.as_ref()?.html, &own)?;
        Some(Near { page, distance })
    };
    ticket.nearest.clone().or_else(looked)
}

/// What differs between the page as it is and as it was.
pub(super) fn changes(ticket: &Ticket) -> Changes {
    let name = ticket.page.clone().or_else(|| near(ticket).map(|near| near.page));
    let is_it = |known: &&KnownPage| Some(&known.page) == name.as_ref();
    let (Some(before), Some(now)) = (ticket.known.iter().find(is_it), &ticket.now) else { return Changes::default() };
    let now = known_page(&now.html, &[], &OwnWords::of(&ticket.source));
    Skeleton::of(&before.html).changes(&Skeleton::of(&now))
}

/// All of a ticket in lines.
pub(super) fn ticket(ticket: &Ticket, proposals: &Result<Vec<Proposal>, NoProposal>) -> String {
    let mut lines = vec![
        format!("{}, revision {}: {}", ticket.institution, ticket.revision, ticket.code),
        format!("  {}", ticket.message),
    ];
    if let Some(near) = near(ticket) {
        lines.push(format!("nearest known page: {}, at a distance of {}", near.page, near.distance));
    }
    let changes = changes(ticket);
    for (mark, list) in [("-", &changes.gone), ("+", &changes.new)] {
        lines.extend(list.iter().take(TOLD).map(|what| format!("  {mark} {what}")));
        if let Some(more) = list.len().checked_sub(TOLD).filter(|more| *more > 0) {
            lines.push(format!("  {mark} and {more} more"));
        }
    }
    match proposals {
        Err(why) => lines.push(format!("nothing is proposed: {why}")),
        Ok(all) => all.iter().for_each(|proposal| lines.extend(proposed(proposal))),
    }
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

fn proposed(proposal: &Proposal) -> Vec<String> {
    let Proposal { number, title, why, sureness, changes, needs_person, .. } = proposal;
    let mut lines = vec![String::new(), format!("{number}. {title} ({})", sureness.as_str())];
    for change in changes {
        if !change.before.is_empty() {
            lines.push(format!("   line {}", change.at));
            lines.push(format!("   - {}", change.before));
        }
        lines.extend(change.after.lines().map(|line| format!("   + {line}")));
    }
    lines.extend(why.iter().map(|why| format!("   because: {why}")));
    lines.extend(needs_person.iter().map(|what| format!("   look at: {what}")));
    lines
}
