//! What a browser sends when a form is submitted.
//!
//! The entries of a form are those of the [HTML standard][entries]. A form whose tags stand
//! between those of a table is empty in the tree, and the controls behind it are its own, as
//! in a browser.
//!
//! Not here: which document it is of (`around`), or where its answer shows.
//!
//! [entries]: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#constructing-the-form-data-set

use scraper::ElementRef;

use super::around::Around;
use super::{Filled, Form, Method, Plain};
use crate::command::Problem;
use crate::controls::{chosen, is_control, is_in_disabled_set, kind};
use crate::document::{is_disabled, text};

impl Plain {
    /// What is sent when `submitter` submits its form, with the fields filled like that.
    pub(super) fn submit(&self, submitter: &ElementRef<'_>, fills: &[Filled]) -> Result<Form, Problem> {
        let around = Around::of(*submitter);
        let form = owner(&around, submitter).ok_or(Problem::NotActionable)?;
        let said = |own: &str, forms: &str| submitter.attr(own).or_else(|| form.attr(forms)).map(str::trim);
        let action = said("formaction", "action").unwrap_or_default();
        let own = around.url(&self.frames, &self.url);
        let mut url = if action.is_empty() { Some(own.clone()) } else { around.address(own, action) }
            .ok_or(Problem::NotActionable)?;
        url.set_fragment(None);
        let is_post = said("formmethod", "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let enctype = said("formenctype", "enctype").unwrap_or_default();
        if is_post && !enctype.is_empty() && !enctype.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::NotActionable);
        }
        let entries = entries(&around, &form, submitter, fills);
        let charsets = form.attr("accept-charset").unwrap_or_default();
        let charsets = charsets.split([' ', ',']).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let by = if is_post { Method::Post } else { Method::Get };
        Ok(Form { to: url, by, entries, charsets })
    }
}

/// Names and values, in the order of the document.
fn entries<'f>(
    around: &Around<'_>,
    form: &ElementRef<'_>,
    submitter: &ElementRef<'_>,
    fills: &'f [Filled],
) -> Vec<(String, String)> {
    let of = |filled: &'f Filled| Some((around.element(&filled.field)?.id(), filled.text.expose()));
    let texts: Vec<_> = fills.iter().filter_map(of).collect();
    let mut entries = Vec::new();
    for control in around.elements() {
        let is_own = || owner(around, &control).is_some_and(|owner| owner.id() == form.id());
        let Some(name) = control.attr("name").filter(|name| !name.is_empty()) else { continue };
        if !is_control(&control) || is_disabled(&control) || is_in_disabled_set(&control) || !is_own() {
            continue;
        }
        let filled = texts.iter().rev().find(|(field, _)| *field == control.id()).map(|(_, text)| *text);
        let value = |value: &str| (name.to_owned(), value.replace("\r\n", "\n").replace('\n', "\r\n"));
        match control.value().name() {
            "textarea" => entries.push(value(filled.unwrap_or(&text(control)))),
            "select" => entries.extend(chosen(&control, filled).iter().map(|chosen| value(chosen))),
            "button" if control.id() == submitter.id() => {
                entries.push(value(control.attr("value").unwrap_or_default()));
            }
            "button" => {}
            _ => match kind(&control).as_str() {
                "submit" if control.id() == submitter.id() => {
                    entries.push(value(control.attr("value").unwrap_or("Submit")));
                }
                "image" if control.id() == submitter.id() => {
                    entries.extend(["x", "y"].map(|axis| (format!("{name}.{axis}"), "0".to_owned())));
                }
                "submit" | "image" | "button" | "reset" => {}
                "checkbox" | "radio" if control.attr("checked").is_none() && filled.is_none() => {}
                "checkbox" | "radio" => entries.push(value(control.attr("value").unwrap_or("on"))),
                _ => entries.push(value(filled.or(control.attr("value")).unwrap_or_default())),
            },
        }
    }
    entries
}

/// The form that a control is of.
pub(super) fn owner<'d>(around: &Around<'d>, control: &ElementRef<'_>) -> Option<ElementRef<'d>> {
    let forms = || around.elements().filter(|element| element.value().name() == "form");
    if let Some(id) = control.attr("form") {
        return forms().find(|form| form.attr("id") == Some(id));
    }
    let within = control.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "form");
    if let Some(form) = within {
        return forms().find(|own| own.id() == form.id());
    }
    // A form among the tags of a table ends where it begins, and keeps what comes after it.
    let before = around.elements().take_while(|element| element.id() != control.id());
    let is_cut = |form: &ElementRef<'_>| {
        let above = form.parent().and_then(ElementRef::wrap);
        above.is_some_and(|above| matches!(above.value().name(), "table" | "tbody" | "thead" | "tfoot" | "tr"))
    };
    before.filter(|element| element.value().name() == "form").last().filter(is_cut)
}
