//! Selectors as the DevTools Recorder has them, in both directions.
//!
//! An alternative is a text, or a list of texts of which each but the last leads to a shadow host. A text begins with what
//! it is: `aria/`, `text/`, `xpath/`, `pierce/`, or is CSS. Source: the types `Selector` and `StepWithSelectors` of
//! `@puppeteer/replay` 3.1.
//!
//! Not here: frames, which a step has beside its selectors.

use serde_json::{Value as Json, json};

use crate::recording::{Edge, Target, Way};

/// Attributes that are there for programs that try a page, as that recorder looks for them.
const TEST_IDS: [&str; 6] = ["data-testid", "data-test", "data-qa", "data-cy", "data-test-id", "data-qa-id"];

/// What a step's selectors come to: a target, and how many of them lead elsewhere than its edges.
pub(super) struct Selected {
    pub(super) target: Target,
    pub(super) elsewhere: usize,
}

/// The target of a step's selectors within frames; none if there is none in them.
pub(super) fn target(selectors: &Json, frames: Vec<Edge>, attribute: Option<&str>) -> Option<Selected> {
    let chains: Vec<Vec<&str>> = selectors.as_array()?.iter().map(chain).collect::<Option<_>>()?;
    // The hosts of one that names them by CSS are the edges; others of as many parts mean the same ones.
    let is_css =
        |part: &&str| matches!(way(part, attribute), Way::Css(_) | Way::Id(_) | Way::Name(_) | Way::TestId { .. });
    let hosts_of = |chain: &Vec<&str>| chain.split_last().map_or(0, |(_, hosts)| hosts.len());
    let hosts = chains.iter().filter(|chain| chain.iter().rev().skip(1).all(is_css));
    let hosts: Vec<&str> = hosts
        .max_by_key(|chain| hosts_of(chain))
        .and_then(|chain| chain.split_last())
        .map_or_else(Vec::new, |(_, hosts)| hosts.to_vec());
    let (mut ways, mut elsewhere) = (Vec::new(), 0);
    for chain in &chains {
        let Some((last, own)) = chain.split_last() else { continue };
        // These look into every shadow root by themselves.
        let pierces = ["pierce/", "aria/", "text/"].iter().any(|prefix| last.starts_with(prefix));
        if own.len() == hosts.len() || (own.is_empty() && pierces) {
            let way = way(last, attribute);
            if !ways.contains(&way) {
                ways.push(way);
            }
        } else {
            elsewhere += 1;
        }
    }
    if ways.is_empty() {
        return None;
    }
    let mut within = frames;
    within.extend(hosts.iter().map(|host| Edge::ShadowRoot { css: way(host, attribute).css().unwrap_or_default() }));
    Some(Selected { target: Target { within, ways }, elsewhere })
}

fn chain(selector: &Json) -> Option<Vec<&str>> {
    match selector {
        Json::String(one) => Some(vec![one.as_str()]),
        Json::Array(parts) if !parts.is_empty() => parts.iter().map(Json::as_str).collect(),
        _ => None,
    }
}

fn way(selector: &str, attribute: Option<&str>) -> Way {
    if let Some(name) = selector.strip_prefix("aria/") {
        return match name.strip_suffix("\"]").and_then(|name| name.rsplit_once("[role=\"")) {
            Some((name, role)) => Way::Role { role: role.to_owned(), name: name.to_owned() },
            None => Way::Label(name.to_owned()),
        };
    }
    if let Some(text) = selector.strip_prefix("text/") {
        return Way::Text(text.to_owned());
    }
    if let Some(path) = selector.strip_prefix("xpath/") {
        return Way::Xpath(path.to_owned());
    }
    let css = selector.strip_prefix("pierce/").unwrap_or(selector);
    let id = css.strip_prefix('#').filter(|id| is_identifier(id));
    if let Some(id) = id {
        return Way::Id(id.to_owned());
    }
    match of_attribute(css) {
        Some(("id", value)) => Way::Id(value),
        Some(("name", value)) => Way::Name(value),
        Some(("placeholder", value)) => Way::Placeholder(value),
        Some((name, value)) if TEST_IDS.contains(&name) || attribute == Some(name) => {
            Way::TestId { attribute: name.to_owned(), value }
        }
        _ => Way::Css(css.to_owned()),
    }
}

/// Name and value of `[name="value"]`, where that is all of it and nothing in it is escaped.
fn of_attribute(css: &str) -> Option<(&str, String)> {
    let (name, quoted) = css.strip_prefix('[')?.strip_suffix(']')?.split_once('=')?;
    let quote = quoted.chars().next().filter(|quote| "'\"".contains(*quote))?;
    let value = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_plain = !value.contains(['\\', '"', '\'', ']', '[']) && is_identifier(name);
    is_plain.then(|| (name, value.to_owned()))
}

/// Whether it is a name of CSS without anything that is escaped.
fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
}

/// A target's selectors, as that recorder would write them.
pub(super) fn selectors(target: &Target) -> Vec<Json> {
    let hosts = target.within.iter().filter_map(|edge| match edge {
        Edge::ShadowRoot { css } => Some(css.as_str()),
        Edge::Frame { .. } => None,
    });
    let hosts: Vec<&str> = hosts.collect();
    let written = |way: &Way| {
        let own = match way {
            Way::Label(name) => format!("aria/{name}"),
            Way::Role { role, name } => format!("aria/{name}[role=\"{role}\"]"),
            Way::Text(text) => format!("text/{text}"),
            Way::Xpath(path) => format!("xpath/{path}"),
            Way::Id(id) if is_identifier(id) => format!("#{id}"),
            way => way.css().unwrap_or_default(),
        };
        let chain: Vec<&str> = hosts.iter().copied().chain([own.as_str()]).collect();
        json!(chain)
    };
    target.ways.iter().map(written).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{selectors, target};
    use crate::recording::{Edge, Way};

    #[test]
    fn each_alternative_is_what_it_begins_with() {
        let given = json!([
            ["aria/User ID"],
            ["aria/Sign in[role=\"button\"]"],
            ["#user"],
            ["[name=\"user\"]"],
            ["[data-testid='user']"],
            ["xpath///*[@id=\"user\"]"],
            ["pierce/#user"],
            "form > input:nth-of-type(1)",
            ["text/Sign in"]
        ]);
        let selected = target(&given, Vec::new(), None).expect("a target");
        let role = Way::Role { role: "button".into(), name: "Sign in".into() };
        let ways = [
            Way::Label("User ID".into()),
            role,
            Way::Id("user".into()),
            Way::Name("user".into()),
            Way::TestId { attribute: "data-testid".into(), value: "user".into() },
            Way::Xpath("//*[@id=\"user\"]".into()),
            Way::Css("form > input:nth-of-type(1)".into()),
            Way::Text("Sign in".into()),
        ];
        assert_eq!((selected.target.ways.as_slice(), selected.elsewhere), (ways.as_slice(), 0));
        assert_eq!(selected.target.within, []);
    }

    #[test]
    fn a_list_of_texts_leads_through_shadow_roots_and_what_leads_elsewhere_is_counted() {
        let given = json!([
            ["aria/Accounts[role=\"main\"]", "aria/Next"],
            ["x-app", "x-list", "button.next"],
            ["#app", "#list", "#next"],
            ["xpath///*[@id=\"app\"]", "xpath///*[@id=\"next\"]"],
            ["pierce/button.next"]
        ]);
        let selected = target(&given, Vec::new(), None).expect("a target");
        let edge = |css: &str| Edge::ShadowRoot { css: css.into() };
        assert_eq!(selected.target.within, [edge("[id=\"app\"]"), edge("[id=\"list\"]")]);
        assert_eq!(selected.target.ways, [Way::Css("button.next".into()), Way::Id("next".into())]);
        assert_eq!(selected.elsewhere, 2);
    }

    #[test]
    fn what_was_written_is_read_as_it_was() {
        let given =
            json!([["x-app", "aria/Next"], ["x-app", "#next"], ["x-app", "[name=\"a b\"]"], ["x-app", "text/Next"]]);
        let selected = target(&given, Vec::new(), None).expect("a target");
        let written = selectors(&selected.target);
        assert_eq!(json!(written), given);
        let odd = crate::recording::Target {
            within: Vec::new(),
            ways: vec![Way::Id("1 \"odd\"".into()), Way::Name("line\nbreak".into())],
        };
        assert_eq!(json!(selectors(&odd)), json!([["[id=\"1 \\\"odd\\\"\"]"], ["[name=\"line\\a break\"]"]]));
    }
}
