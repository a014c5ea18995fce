//! The pages of the portal that a run sees, each as it showed first: how it is built, without anything of a customer's.
//! The page itself goes along only where it is built otherwise than the lease said, so that a portal that stays as it is
//! costs nothing but digests.
//!
//! A page that shows or sets a secret isn't told of at all.
//!
//! Not here: what a page is built of (the script crate), or how far one is from another (the coordinator).

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::secret::Secret;
use protocol::report::{KnownDigest, PAGE_LIMIT, PAGES_LIMIT, PAGES_TOGETHER, SeenPage};
use script::OwnWords;
use script::drift::{Skeleton, known_page};

/// What is known before a run of how its portal's pages are built.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the script says, which may be seen on pages.
    pub own: Arc<OwnWords>,
    /// Of each page, the digest of how it showed last.
    pub digests: Vec<KnownDigest>,
}

/// The pages that a run saw.
pub(super) struct Sights<'a> {
    known: &'a Known,
    /// Nothing of a page that is withheld.
    seen: BTreeMap<String, Option<SeenPage>>,
    /// How large those are that go along.
    together: usize,
}

impl<'a> Sights<'a> {
    /// None yet.
    pub(super) fn new(known: &'a Known) -> Self {
        Self { known, seen: BTreeMap::new(), together: 0 }
    }

    /// Notes how a page is built, where it shows for the first time.
    pub(super) async fn see(&mut self, page: &str, html: &str, secrets: &[Secret]) {
        if html.is_empty() || self.seen.len() >= PAGES_LIMIT || self.seen.contains_key(page) {
            return;
        }
        let (own, html, secrets) = (Arc::clone(&self.known.own), html.to_owned(), secrets.to_vec());
        // A page may be large, and nothing else waits for it.
        let built = tokio::task::spawn_blocking(move || {
            let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
            let kept = known_page(&html, &secrets, &own);
            (Skeleton::of(&kept).digest(), kept)
        });
        let Ok((digest, kept)) = built.await else { return };
        let is_known = self.known.digests.iter().any(|known| known.page == page && known.digest == digest);
        let has_room = kept.len() <= PAGE_LIMIT && self.together + kept.len() <= PAGES_TOGETHER;
        let html = Some(kept).filter(|_| !is_known && has_room);
        self.together += html.as_ref().map_or(0, String::len);
        self.seen.insert(page.to_owned(), Some(SeenPage { page: page.to_owned(), digest, html }));
    }

    /// Tells nothing of a page that shows or sets a secret.
    pub(super) fn withhold(&mut self, page: &str) {
        let told = self.seen.insert(page.to_owned(), None).flatten();
        self.together -= told.and_then(|told| told.html).map_or(0, |html| html.len());
    }

    /// What there is to tell.
    pub(super) fn into_list(self) -> Vec<SeenPage> {
        self.seen.into_values().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::secret::Secret;
    use protocol::report::{KnownDigest, PAGES_LIMIT};
    use script::OwnWords;

    use super::{Known, Sights};

    const PAGE: &str = "<h1>Accounts of Ada</h1><form><label for=u>User</label><input id=u></form><td>Ada 4711</td>";

    async fn seen(known: &Known, page: &str) -> Vec<protocol::report::SeenPage> {
        let mut sights = Sights::new(known);
        sights.see("accounts", page, &[Secret::new("4711".into())]).await;
        // It is told as it showed first.
        sights.see("accounts", "<p>Another", &[]).await;
        sights.into_list()
    }

    #[tokio::test]
    async fn a_page_goes_along_where_it_is_built_otherwise_than_was_known() {
        let known = Known { own: Arc::new(OwnWords::default()), digests: Vec::new() };
        let told = seen(&known, PAGE).await;
        let [first] = told.as_slice() else { unreachable!("one page: {told:?}") };
        let html = first.html.as_deref().expect("nobody knew it");
        assert!(!html.contains("Ada") && !html.contains("4711") && html.contains("User"), "{html}");
        let digests = vec![KnownDigest { page: first.page.clone(), digest: first.digest.clone() }];
        let known = Known { digests, ..known };
        let again = seen(&known, &PAGE.replace("Ada", "Grace")).await;
        assert_eq!((again[0].digest.as_str(), &again[0].html), (first.digest.as_str(), &None), "another customer's");
        let changed = seen(&known, &PAGE.replace("id=u", "id=login")).await;
        assert!(changed[0].html.is_some() && changed[0].digest != first.digest, "{changed:?}");
    }

    #[tokio::test]
    async fn nothing_is_told_of_a_page_that_shows_a_secret_and_of_too_many_only_the_first() {
        let known = Known::default();
        let mut sights = Sights::new(&known);
        sights.see("enrol", PAGE, &[]).await;
        sights.withhold("enrol");
        sights.see("enrol", PAGE, &[]).await;
        for page in 0..2 * PAGES_LIMIT {
            sights.see(&page.to_string(), PAGE, &[]).await;
        }
        let told = sights.into_list();
        assert_eq!(told.len(), PAGES_LIMIT - 1);
        assert!(told.iter().all(|seen| seen.page != "enrol"));
    }
}
