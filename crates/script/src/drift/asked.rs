//! What a selector asks for, apart from how it is written: two that ask for the same are one opinion of where a thing is, and
//! not two.
//!
//! Not here: whether it fits.

/// Whether one of two selectors asks for what the other does, and perhaps for what that is within.
pub(super) fn asks_the_same(one: &str, other: &str) -> bool {
    let (one, other) = (compounds(one), compounds(other));
    !one.is_empty() && !other.is_empty() && (one.ends_with(&other) || other.ends_with(&one))
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
    use super::asks_the_same;

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
}
