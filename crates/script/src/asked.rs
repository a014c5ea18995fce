//! What a selector asks for, apart from how it is written: two that ask for the same are one opinion of where a thing is, and
//! not two.
//!
//! Not here: whether it fits.

/// Whether one of two selectors asks for what the other does, and perhaps for what that is within.
pub(crate) fn asks_the_same(one: &str, other: &str) -> bool {
    let (one, other) = (compounds(one), compounds(other));
    !one.is_empty() && !other.is_empty() && (one.ends_with(&other) || other.ends_with(&one))
}

/// Whether two selectors share a name: an id, a class or an attribute with its value. What kind of thing something is is no name.
pub(crate) fn share_a_name(one: &str, other: &str) -> bool {
    let names = |selector| compounds(selector).into_iter().flatten().filter(|mark| mark.starts_with(['#', '.', '[']));
    let known: Vec<String> = names(one).collect();
    names(other).any(|name| known.contains(&name))
}

/// The parts of a selector between its combinators: the marks of each in one order, or its tag where it has none.
fn compounds(selector: &str) -> Vec<Vec<String>> {
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0_usize);
    for sign in selector.chars().filter(|sign| !matches!(sign, '"' | '\'' | '\\')) {
        match sign {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (sign.is_whitespace() || matches!(sign, '>' | '+' | '~')) {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(sign);
        }
    }
    parts.push(part);
    parts.iter().filter(|part| !part.is_empty()).map(|part| marks(part)).collect()
}

fn marks(compound: &str) -> Vec<String> {
    let mut marks = vec![String::new()];
    let mut depth = 0_usize;
    for sign in compound.chars() {
        match sign {
            '#' | '.' | '[' | ':' if depth == 0 => marks.push(String::new()),
            _ => {}
        }
        match sign {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(mark) = marks.last_mut() {
            mark.push(sign);
        }
    }
    let tag = marks.remove(0);
    marks.sort();
    if marks.is_empty() { vec![tag] } else { marks }
}

#[cfg(test)]
mod tests {
    use super::{asks_the_same, share_a_name};

    #[test]
    fn selectors_are_compared_by_what_they_ask_for() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!((asks_the_same(one, other), asks_the_same(other, one)), (expected, expected), "{one} {other}");
        };
        check("input[name='username']", "[name=\"username\"]", true);
        check("#in > input[name=username]", "[name='username']", true);
        check("a.b.c", ".c.b", true);
        check("#user", "[name='user']", false);
        check("#ba", "a", false);
        check("[name='a b']", "[name='b']", false);
        check("#in input", "#in", false);
    }

    #[test]
    fn what_kind_of_thing_something_is_and_the_beginning_of_a_name_are_no_shared_names() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!((share_a_name(one, other), share_a_name(other, one)), (expected, expected), "{one} {other}");
        };
        check("#in button.btn", "#in button[type=submit]", true);
        check("#in > a.go[href*='/x']", "form >>> .go", true);
        check("[name='user']", "form [name=\"user\"]", true);
        check("#go", "#gone button", false);
        check("#in button", "button", false);
        check("a:nth-of-type(2)", "b:nth-of-type(2)", false);
    }
}
