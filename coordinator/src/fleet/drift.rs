//! What runs tell of how a portal's pages are built: kept, measured against how the revision that is current first saw
//! them, and counted by day, so that a portal that changes is seen before a script fails at it.
//!
//! It is for looking at: what can't be kept is passed over, and learned from the next run. Runs by a candidate tell nothing.
//!
//! Not here: what a page is built of, and distances (the script crate).

use std::collections::BTreeMap;

use domain::rollout::Part;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use protocol::report::{KnownDigest, PAGE_LIMIT, PAGES_LIMIT, PAGES_TOGETHER, SeenPage};
use script::drift::{Changes, Distance, Skeleton};

use super::complete::{NAME_LIMIT, Worked};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{KeptPage, PageDay, PageKept, PageLook, PageNote};

/// How many digits a digest has.
const DIGEST: usize = 32;

/// For how many days it is told how far pages were.
const DAYS: i64 = 30;

/// A page, and how it drifts.
#[derive(Clone, Debug)]
pub struct DriftingPage {
    /// As it is known.
    pub kept: KeptPage,
    /// What is gone since its revision saw it first, and what is new.
    pub changes: Changes,
    /// How far it was on the last days.
    pub days: Vec<PageDay>,
}

/// Whether a run read all that it was to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// What it saw is how the portal is when it can be read.
    Whole,
    /// It is told how far its pages were, and nothing of them is kept.
    Short,
}

impl Fleet {
    /// How an institution's pages showed last, for the agent to tell no more than what is new.
    pub(super) async fn known_digests(&self, institution: &str) -> Vec<KnownDigest> {
        match self.store.known_digests(institution).await {
            Ok(known) => known.into_iter().take(4 * PAGES_LIMIT).collect(),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(institution, error, "an agent isn't told how pages are known");
                Vec::new()
            }
        }
    }

    /// An institution's pages, and how they drift.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn drifting_pages(&self, institution: &str) -> Result<Vec<DriftingPage>, Error> {
        let today = clock::now().to_zoned(TimeZone::UTC).date();
        let known = self.store.known_pages(institution).await?;
        let days = self.store.page_days(institution, today.saturating_sub(Span::new().days(DAYS - 1))).await?;
        let drifting = move |kept: KeptPage| {
            let changes = match kept.distance == Distance::default() {
                true => Changes::default(),
                false => Skeleton::of(&kept.reference.html).changes(&Skeleton::of(&kept.latest.html)),
            };
            let days = days.iter().filter(|day| day.page == kept.page).cloned().collect();
            DriftingPage { kept, changes, days }
        };
        // Pages may be large.
        let drifting = tokio::task::spawn_blocking(|| known.into_iter().map(drifting).collect());
        Ok(drifting.await.unwrap_or_default())
    }

    /// Keeps and counts what a run tells of its pages.
    pub(super) async fn note_pages(&self, worked: &Worked, pages: Vec<SeenPage>, came: Came) {
        let Worked { institution, revision, part, .. } = worked;
        if pages.is_empty() || revision.is_empty() || *part != Part::Current {
            return;
        }
        let (known, now) = (self.store.known_pages(institution).await, clock::now());
        let measured = match known {
            Ok(known) => {
                let revision = revision.clone();
                let notes = move || notes(&known, bounded(pages), &revision, came, now);
                // Pages may be large.
                tokio::task::spawn_blocking(notes).await.unwrap_or_default()
            }
            Err(error) => {
                tracing::warn!(institution, error = &error as &dyn std::error::Error, "how pages are built isn't kept");
                return;
            }
        };
        for PageNote { page, distance, .. } in &measured {
            let labels = [("institution", institution.clone()), ("page", page.clone())];
            metrics::gauge!("bursar_page_distance", &labels).set(f64::from(distance.thousandths()) / 1_000.0);
        }
        if let Err(error) = self.store.note_pages(institution, &measured, now).await {
            tracing::warn!(institution, error = &error as &dyn std::error::Error, "how pages are built isn't kept");
        }
    }
}

/// What an agent tells, as far as it can be.
fn bounded(pages: Vec<SeenPage>) -> Vec<SeenPage> {
    let (mut together, mut named) = (0, std::collections::BTreeSet::new());
    let is_sound = |page: &SeenPage| {
        let is_digest = page.digest.len() == DIGEST && page.digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        !page.page.is_empty() && page.page.len() <= NAME_LIMIT && is_digest
    };
    let fits = |mut page: SeenPage| {
        let size = page.html.as_ref().map_or(0, String::len);
        if size > PAGE_LIMIT || together + size > PAGES_TOGETHER {
            page.html = None;
        } else {
            together += size;
        }
        page
    };
    let sound = pages.into_iter().filter(is_sound).filter(|page| named.insert(page.page.clone()));
    sound.take(PAGES_LIMIT).map(fits).collect()
}

/// What is kept and counted of each page; nothing of one that is another than was known and that didn't come along.
fn notes(known: &[KeptPage], seen: Vec<SeenPage>, revision: &str, came: Came, now: Timestamp) -> Vec<PageNote> {
    let known: BTreeMap<&str, &KeptPage> = known.iter().map(|known| (known.page.as_str(), known)).collect();
    let note = |seen: SeenPage| {
        let SeenPage { page, digest, html } = seen;
        let known = known.get(page.as_str());
        // The digest is of whatever version the agent is, and this one's own is what counts.
        let look = html.map(|html| {
            let skeleton = Skeleton::of(&html);
            (PageLook { digest: skeleton.digest(), html, at: now }, skeleton)
        });
        let is_new = known.is_none_or(|known| known.revision != revision);
        match (known, look) {
            (None, None) => None,
            (Some(known), None) if known.latest.digest != digest => None,
            (Some(known), None) => {
                let is_first = is_new && came == Came::Whole;
                let kept = if is_first { PageKept::LatestIsReference(revision.to_owned()) } else { PageKept::Nothing };
                let distance = if is_first { Distance::default() } else { known.distance };
                Some(PageNote { page, distance, kept })
            }
            (None, Some(_)) if came == Came::Short => None,
            (_, Some((look, _))) if is_new && came == Came::Whole => {
                let kept = PageKept::Reference(revision.to_owned(), look);
                Some(PageNote { page, distance: Distance::default(), kept })
            }
            (None, Some(_)) => None,
            (Some(known), Some((look, skeleton))) => {
                let distance = Skeleton::of(&known.reference.html).distance(&skeleton);
                let kept = if came == Came::Whole { PageKept::Latest(look) } else { PageKept::Nothing };
                Some(PageNote { page, distance, kept })
            }
        }
    };
    seen.into_iter().filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use protocol::report::{PAGE_LIMIT, PAGES_LIMIT, SeenPage};
    use script::drift::{Distance, Skeleton};

    use super::{Came, bounded, notes};
    use crate::store::{KeptPage, PageKept, PageLook};

    const BEFORE: &str = "<form><label for=u>User</label><input id=u></form>";
    const AFTER: &str = "<form><label for=login>User</label><input id=login></form>";

    fn look(html: &str) -> PageLook {
        PageLook { html: html.into(), digest: Skeleton::of(html).digest(), at: Timestamp::UNIX_EPOCH }
    }

    fn seen(html: &str) -> SeenPage {
        SeenPage { page: "sign_in".into(), digest: Skeleton::of(html).digest(), html: Some(html.into()) }
    }

    fn kept(reference: &str, latest: &str) -> KeptPage {
        let distance = Skeleton::of(reference).distance(&Skeleton::of(latest));
        KeptPage {
            page: "sign_in".into(),
            revision: "a".into(),
            reference: look(reference),
            latest: look(latest),
            distance,
        }
    }

    fn noted(known: &[KeptPage], seen: SeenPage, revision: &str, came: Came) -> Option<(u16, PageKept)> {
        let notes = notes(known, vec![seen], revision, came, Timestamp::UNIX_EPOCH);
        notes.into_iter().next().map(|note| (note.distance.thousandths(), note.kept))
    }

    #[test]
    fn a_page_is_measured_against_how_its_revision_saw_it_first() {
        let far = Skeleton::of(BEFORE).distance(&Skeleton::of(AFTER)).thousandths();
        assert!(far > 0);
        let first = PageKept::Reference("a".into(), look(BEFORE));
        assert_eq!(noted(&[], seen(BEFORE), "a", Came::Whole), Some((0, first)));
        let known = [kept(BEFORE, BEFORE)];
        let again = SeenPage { html: None, ..seen(BEFORE) };
        assert_eq!(noted(&known, again.clone(), "a", Came::Whole), Some((0, PageKept::Nothing)));
        let latest = PageKept::Latest(look(AFTER));
        assert_eq!(noted(&known, seen(AFTER), "a", Came::Whole), Some((far, latest)));
        let drifted = [kept(BEFORE, AFTER)];
        let again = SeenPage { html: None, ..seen(AFTER) };
        assert_eq!(noted(&drifted, again.clone(), "a", Came::Whole), Some((far, PageKept::Nothing)), "it stays so far");
        // Another revision fits the portal as it is.
        let reference = PageKept::LatestIsReference("b".into());
        assert_eq!(noted(&drifted, again, "b", Came::Whole), Some((Distance::default().thousandths(), reference)));
    }

    #[test]
    fn a_run_that_fails_tells_how_far_its_pages_were_and_changes_none() {
        let known = [kept(BEFORE, BEFORE)];
        let far = Skeleton::of(BEFORE).distance(&Skeleton::of(AFTER)).thousandths();
        assert_eq!(noted(&known, seen(AFTER), "a", Came::Short), Some((far, PageKept::Nothing)));
        assert_eq!(noted(&known, seen(AFTER), "b", Came::Short), Some((far, PageKept::Nothing)));
        assert_eq!(noted(&[], seen(AFTER), "a", Came::Short), None);
        let unsent = SeenPage { html: None, ..seen(AFTER) };
        assert_eq!(noted(&known, unsent, "a", Came::Whole), None, "nobody can say how far that is");
    }

    #[test]
    fn what_an_agent_tells_is_bounded() {
        let many = (0..2 * PAGES_LIMIT).map(|page| SeenPage { page: page.to_string(), ..seen(BEFORE) }).collect();
        assert_eq!(bounded(many).len(), PAGES_LIMIT);
        let twice = vec![seen(BEFORE), seen(AFTER)];
        assert_eq!(bounded(twice), [seen(BEFORE)]);
        let large = SeenPage { html: Some("x".repeat(PAGE_LIMIT + 1)), ..seen(BEFORE) };
        assert_eq!(bounded(vec![large])[0].html, None);
        for digest in ["", "zz", &"0".repeat(64)] {
            assert!(bounded(vec![SeenPage { digest: digest.into(), ..seen(BEFORE) }]).is_empty(), "{digest}");
        }
        let together: Vec<_> = (0..8)
            .map(|page| SeenPage { page: page.to_string(), html: Some("x".repeat(PAGE_LIMIT)), ..seen(BEFORE) })
            .collect();
        assert_eq!(bounded(together).iter().filter(|page| page.html.is_some()).count(), 4);
    }
}
