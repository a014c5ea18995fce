//! The controls of a form: what kind each is, whether it may be used, and which of its options
//! are chosen.
//!
//! Not here: forms, and what is filled in (`plain`).

use scraper::ElementRef;

use crate::document::{fold, folded_case, hides, is_disabled, text};

/// What kind of input it is, lower case.
pub(crate) fn kind(input: &ElementRef<'_>) -> String {
    input.attr("type").unwrap_or("text").trim().to_ascii_lowercase()
}

fn takes_text(input: &ElementRef<'_>) -> bool {
    let others = ["checkbox", "radio", "submit", "image", "button", "reset", "file", "hidden", "range", "color"];
    !others.contains(&kind(input).as_str())
}

pub(crate) fn submits(element: &ElementRef<'_>) -> bool {
    match element.value().name() {
        "button" => element
            .attr("type")
            .is_none_or(|kind| !matches!(kind.trim().to_ascii_lowercase().as_str(), "button" | "reset")),
        "input" => matches!(kind(element).as_str(), "submit" | "image"),
        _ => false,
    }
}

pub(crate) fn is_control(element: &ElementRef<'_>) -> bool {
    let is_one = matches!(element.value().name(), "input" | "button" | "select" | "textarea");
    let above = |name: &str| element.ancestors().filter_map(ElementRef::wrap).any(|above| above.value().name() == name);
    // What is hidden from sight is sent all the same; what is in a template isn't there.
    is_one && !above("template") && !above("datalist")
}

/// Whether it is in a group of fields that is switched off; what stands in its legend isn't.
pub(crate) fn is_in_disabled_set(element: &ElementRef<'_>) -> bool {
    let mut legend = None;
    for above in element.ancestors().filter_map(ElementRef::wrap) {
        match above.value().name() {
            "legend" => legend = Some(above.id()),
            "fieldset" if above.attr("disabled").is_some() => {
                let first =
                    above.children().filter_map(ElementRef::wrap).find(|child| child.value().name() == "legend");
                if first.is_none_or(|first| Some(first.id()) != legend) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn options<'d>(select: &ElementRef<'d>) -> impl Iterator<Item = ElementRef<'d>> {
    select.descendants().filter_map(ElementRef::wrap).filter(|element| element.value().name() == "option")
}

pub(crate) fn value_of(option: &ElementRef<'_>) -> String {
    option.attr("value").map_or_else(|| fold(&text(*option)).into_owned(), str::to_owned)
}

/// The value of the option that a text names, by its value or by what is shown.
pub(crate) fn option(select: &ElementRef<'_>, wanted: &str) -> Option<String> {
    let usable = || options(select).filter(|option| !is_disabled(option) && !hides(*option));
    let by_value = usable().find(|option| value_of(option) == wanted);
    let found = by_value.or_else(|| usable().find(|option| folded_case(&text(*option)) == folded_case(wanted)));
    found.map(|option| value_of(&option))
}

/// Whether a person could put a text into it; where it isn't known which, some text.
pub(crate) fn takes(field: &ElementRef<'_>, text: Option<&str>) -> bool {
    if field.attr("readonly").is_some() {
        return false;
    }
    match (field.value().name(), text) {
        ("textarea", _) => true,
        ("input", _) => takes_text(field),
        ("select", Some(text)) => option(field, text).is_some(),
        ("select", None) => options(field).any(|option| !is_disabled(&option) && !hides(option)),
        _ => false,
    }
}

/// The values that are chosen in a list.
pub(crate) fn chosen(select: &ElementRef<'_>, filled: Option<&str>) -> Vec<String> {
    if let Some(value) = filled.and_then(|wanted| option(select, wanted)) {
        return vec![value];
    }
    let selected: Vec<ElementRef<'_>> = options(select).filter(|option| option.attr("selected").is_some()).collect();
    let mut selected = selected.iter().filter(|option| !is_disabled(option)).map(value_of);
    if select.attr("multiple").is_some() {
        return selected.collect();
    }
    let first = || options(select).find(|option| !is_disabled(option)).map(|option| value_of(&option));
    selected.next_back().or_else(first).into_iter().collect()
}
