//! What a person did while the pages were recorded, as far as it tells what things are for: what was filled with what, what
//! was clicked, and what kind of page came then.
//!
//! Not here: what a page is by itself.

use ego_tree::NodeId;
use scraper::ElementRef;

use super::Looked;
use super::found::found;
use crate::document::Document;
use crate::recording::{Deed, Length, Recording, Value};

/// The acts that were on pages that are looked at.
#[derive(Default)]
pub(super) struct Trail {
    acts: Vec<Trod>,
}

/// One act.
pub(super) struct Trod {
    /// Its place in the recording.
    act: usize,
    /// The page that it was on, and the page that showed then, by their places among those that are looked at.
    pub(super) on: usize,
    pub(super) then: Option<usize>,
    does: Does,
    /// What it was done to, where it was found on the page.
    element: Option<NodeId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Fill(Value),
    Click,
    Choose,
    Scroll,
    Other,
}

impl Trail {
    /// The trail of a recording, on its pages that have a document.
    pub(super) fn of(recording: &Recording, looked: &[Looked<'_>]) -> Self {
        let mut places = Vec::with_capacity(recording.pages.len());
        let mut next = 0;
        for page in &recording.pages {
            places.push(page.html.as_ref().map(|_| next));
            next += usize::from(page.html.is_some());
        }
        let place = |page: Option<usize>| page.and_then(|page| places.get(page).copied().flatten());
        let trod = recording.acts.iter().enumerate().filter_map(|(place_of_act, act)| {
            let on = place(act.on)?;
            let does = match act.does {
                Deed::Fill { length: Length::Empty, .. } => return None,
                Deed::Fill { with, .. } => Does::Fill(with),
                Deed::Click => Does::Click,
                Deed::Choose => Does::Choose,
                Deed::Scroll => Does::Scroll,
                _ => Does::Other,
            };
            let element = act.target.as_ref().and_then(|target| found(&looked.get(on)?.document, target));
            // Other recorders have one word for what is typed and what is chosen.
            let is_choice = element.is_some_and(|element| element.value().name() == "select");
            let does = if is_choice && matches!(does, Does::Fill(_)) { Does::Choose } else { does };
            Some(Trod {
                act: place_of_act,
                on,
                then: place(act.then),
                does,
                element: element.map(|element| element.id()),
            })
        });
        Self { acts: trod.collect() }
    }

    /// The fields of a page that something was typed into, in order, with what is known of it.
    pub(super) fn fills<'d>(&self, page: usize, document: &'d Document) -> Vec<(ElementRef<'d>, Value)> {
        let mut fills: Vec<(ElementRef<'d>, Value)> = Vec::new();
        for trod in self.acts.iter().filter(|trod| trod.on == page) {
            let (Does::Fill(value), Some(element)) = (trod.does, trod.found(document)) else { continue };
            if fills.iter().all(|(known, _)| known.id() != element.id()) {
                fills.push((element, value));
            }
        }
        fills
    }

    /// What was typed in each act on a page, by what was typed into its fields.
    pub(super) fn typed<'t>(
        &'t self,
        page: usize,
        fields: &'t [(NodeId, Value)],
    ) -> impl Iterator<Item = (usize, Value)> + 't {
        let on_page = self.acts.iter().filter(move |trod| trod.on == page && matches!(trod.does, Does::Fill(_)));
        on_page.filter_map(|trod| {
            let value = fields.iter().find(|(field, _)| Some(*field) == trod.element).map(|(_, value)| *value);
            Some((trod.act, value?))
        })
    }

    /// The things of a page that were clicked, each with the page that showed then.
    pub(super) fn clicks<'d>(
        &self,
        page: usize,
        document: &'d Document,
    ) -> impl Iterator<Item = (ElementRef<'d>, Option<usize>)> {
        self.done(Does::Click, page, document)
    }

    /// The same for those that were scrolled.
    pub(super) fn scrolls<'d>(
        &self,
        page: usize,
        document: &'d Document,
    ) -> impl Iterator<Item = (ElementRef<'d>, Option<usize>)> {
        self.done(Does::Scroll, page, document)
    }

    fn done<'d>(
        &self,
        does: Does,
        page: usize,
        document: &'d Document,
    ) -> impl Iterator<Item = (ElementRef<'d>, Option<usize>)> {
        let on_page = self.acts.iter().filter(move |trod| trod.on == page && trod.does == does);
        on_page.filter_map(move |trod| Some((trod.found(document)?, trod.then)))
    }

    /// The fields of a page of which an option was chosen.
    pub(super) fn chosen<'d>(&self, page: usize, document: &'d Document) -> impl Iterator<Item = ElementRef<'d>> {
        let on_page = self.acts.iter().filter(move |trod| trod.on == page && trod.does == Does::Choose);
        let fields = on_page.filter_map(|trod| trod.found(document));
        fields.filter(|field| field.value().name() == "select")
    }

    /// What was clicked on a page, and led to another.
    pub(super) fn lead<'d>(&self, page: usize, document: &'d Document) -> Option<(ElementRef<'d>, usize)> {
        self.clicks(page, document).filter_map(|(element, then)| Some((element, then?))).last()
    }

    /// Whether a click on the one page led to the other.
    pub(super) fn leads(&self, from: usize, to: usize) -> bool {
        self.acts.iter().any(|trod| trod.on == from && trod.then == Some(to) && trod.does == Does::Click)
    }

    /// Whether nobody did anything that is known.
    pub(super) fn is_empty(&self) -> bool {
        self.acts.is_empty()
    }
}

impl Trod {
    fn found<'d>(&self, document: &'d Document) -> Option<ElementRef<'d>> {
        ElementRef::wrap(document.html.tree.get(self.element?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;
    use crate::SavedPage;
    use crate::document::Document;
    use crate::draft::Looked;
    use crate::recording::{Act, Deed, Length, Page, Recording, Target, Value, Way};

    #[test]
    fn what_changed_in_a_field_of_options_was_chosen_and_elsewhere_typed() {
        let (url, html) =
            ("https://bank.example/".parse::<url::Url>().expect("an address"), "<select id=a></select><input id=b>");
        let mut recording = Recording::new(url.clone());
        recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.into()), kind: None });
        for id in ["a", "b"] {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Id(id.into())] });
            let does = Deed::Fill { with: Value::Other, length: Length::Unknown };
            recording.acts.push(Act { on: Some(0), does, target, then: None });
        }
        let page = SavedPage { file: "", url: &url, html };
        let document = Document::parse(html).expect("a document");
        let looked = [Looked { page, document, language: None, form: None, kind: None }];
        let trail = Trail::of(&recording, &looked);
        let document = &looked[0].document;
        let chosen: Vec<_> = trail.chosen(0, document).filter_map(|field| field.attr("id")).collect();
        let typed: Vec<_> = trail.fills(0, document).iter().filter_map(|(field, _)| field.attr("id")).collect();
        assert_eq!((chosen, typed), (vec!["a"], vec!["b"]));
    }
}
