//! Buttons as a page shows them: the form around one with all that the page put into it, sent as a browser sends it; and what
//! stands in the trail of it.
//!
//! Not here: what pressing a button does (`acts`, `people_and_keys`).

use serde_json::{Value, json};
use tests::world::Fleet;

use crate::Outcome;
use crate::visitor::{Page, SAME_SITE, Visitor};

/// A form that a page shows.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// With something typed or chosen in one of its fields.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(known, _)| known == name);
        value.clone_into(&mut field.expect("the page's form has that field").1);
        self
    }

    /// The same to another address, as one is left behind whose thing is gone.
    pub(crate) fn to(&self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self.clone() }
    }

    fn without_token(&self) -> Self {
        let fields = self.fields.iter().filter(|(name, _)| name != "token").cloned().collect();
        Self { fields, ..self.clone() }
    }
}

impl Visitor {
    /// The form of a page that goes to where `end` is the end of.
    pub(crate) async fn shown(&self, path: &str, end: &str) -> Form {
        let page = self.get(path).await;
        let form = forms(&page.text).into_iter().find(|form| form.action.ends_with(end));
        assert!(form.is_some(), "{path} shows no form to {end}: {} {}", page.status, page.text);
        form.expect("it is there")
    }

    /// Whether a page offers what `shown` would return.
    pub(crate) async fn is_offered(&self, path: &str, end: &str) -> bool {
        forms(&self.get(path).await.text).iter().any(|form| form.action.ends_with(end))
    }

    /// Sends a form as it is.
    pub(crate) async fn sends(&self, form: &Form) -> Page {
        let fields: Vec<_> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.form(&form.action, &fields, &[SAME_SITE]).await
    }

    /// Presses a button that does something; the page that then comes, which has to say so.
    pub(crate) async fn presses(&self, form: &Form, said: &str) -> String {
        let page = self.sends(form).await;
        assert_eq!(page.status, 303, "{}: {}", form.action, page.text);
        let next = self.get(&page.location).await;
        let told = format!("<p class=\"said\" role=\"status\">{said}");
        assert!(next.status == 200 && next.text.contains(&told), "{} doesn't say {said}: {}", form.action, next.text);
        next.text
    }

    /// Presses a button that comes to nothing, and is told why.
    pub(crate) async fn is_refused(&self, form: &Form, status: u16, said: &str) {
        let page = self.sends(form).await;
        assert_eq!(page.status, status, "{}: {}", form.action, page.text);
        assert!(page.text.contains(said), "{} doesn't say {said}: {}", form.action, page.text);
    }

    /// Sends a form without what makes it one of this session's.
    pub(crate) async fn is_refused_without_token(&self, form: &Form) {
        self.is_refused(&form.without_token(), 403, "Nothing was changed.").await;
    }
}

/// What of a kind stands in the trail: who did it, to what, and more about it; the first first.
pub(crate) async fn written(fleet: &Fleet, action: &str) -> Result<Vec<[Value; 3]>, Box<dyn std::error::Error>> {
    let mut entries = fleet.operator()?.list(&format!("/control/v1/audit?action={action}")).await?;
    entries.reverse();
    let row = |entry: Value| {
        let named = ["subject", "connectionId", "tenantId"].into_iter().map(|field| &entry[field]);
        let subject = named.into_iter().find(|id| !id.is_null()).unwrap_or(&Value::Null);
        let detail = entry["detail"].as_str().and_then(|detail| serde_json::from_str(detail).ok());
        [entry["actor"]["name"].clone(), subject.clone(), detail.unwrap_or_default()]
    };
    Ok(entries.into_iter().map(row).collect())
}

/// Holds against the trail who did something to what, the first first, and nobody else.
pub(crate) async fn is_written(fleet: &Fleet, action: &str, expected: &[(&str, &str)]) -> Outcome {
    let found = written(fleet, action).await?;
    let found: Vec<_> = found.iter().map(|[who, subject, _]| (who.clone(), subject.clone())).collect();
    let expected: Vec<_> = expected.iter().map(|(who, subject)| (json!(who), json!(subject))).collect();
    assert_eq!(found, expected, "{action}");
    Ok(())
}

/// The forms of a page that are posted.
fn forms(page: &str) -> Vec<Form> {
    let posted = page.split("<form").skip(1).filter_map(|rest| rest.split_once("</form>"));
    let posted = posted.map(|(form, _)| form.split('<').collect::<Vec<_>>());
    posted.filter(|tags| attribute(tags[0], "method").as_deref() == Some("post")).map(|tags| form(&tags)).collect()
}

fn form(tags: &[&str]) -> Form {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut is_chosen = false;
    for tag in &tags[1..] {
        let value = attribute(tag, "value").unwrap_or_default();
        let kind = tag.split([' ', '>']).next().unwrap_or_default();
        let is_unticked = attribute(tag, "type").as_deref() == Some("checkbox") && !tag.contains(" checked");
        match (kind, attribute(tag, "name")) {
            ("input", Some(name)) if !is_unticked => fields.push((name, value)),
            ("select", Some(name)) => {
                is_chosen = false;
                fields.push((name, String::new()));
            }
            // The one that is chosen, or else the first.
            ("option", _) => {
                let is_selected = tag.contains(" selected");
                if let Some((_, kept)) = fields.last_mut()
                    && (is_selected || !is_chosen)
                {
                    *kept = value;
                }
                is_chosen = true;
            }
            _ => {}
        }
    }
    Form { action: attribute(tags[0], "action").unwrap_or_default(), fields }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split('>').next()?.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}
