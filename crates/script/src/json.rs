//! JSON as a portal's own API writes it, and ways into it.
//!
//! Numbers stay the texts that they are, so that no amount ever passes through a float. What is
//! looked at is read, and nothing else: of an answer of some megabytes that is the list of rows.
//! Nothing here recurses further than the ways of a script are long.
//!
//! Not here: what the values mean (`read`).

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How many steps a way into JSON has.
const STEPS_LIMIT: usize = 8;

/// A way to a value: names of keys and numbers of entries, the outermost first. None at all is
/// the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    steps: Vec<String>,
}

/// A text that is no way into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAWay;

impl fmt::Display for NotAWay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "a path is up to {STEPS_LIMIT} keys with dots between them, such as `amount.value`, or `.`, all of it"
        )
    }
}

impl std::str::FromStr for Way {
    type Err = NotAWay;

    fn from_str(text: &str) -> Result<Self, NotAWay> {
        if text == "." {
            return Ok(Self { steps: Vec::new() });
        }
        let steps: Vec<String> = text.split('.').map(str::to_owned).collect();
        let is_step = |step: &String| !step.is_empty() && !step.contains(char::is_whitespace);
        if steps.len() <= STEPS_LIMIT && steps.iter().all(is_step) { Ok(Self { steps }) } else { Err(NotAWay) }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() { formatter.write_str(".") } else { formatter.write_str(&self.steps.join(".")) }
    }
}

/// A value as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'j>(&'j RawValue);

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// A text; a number as it is written; `true` or `false`.
    Text(String),
    /// `null`.
    Nothing,
    /// A list or a map.
    Several,
    /// A text whose escapes are none.
    Unreadable,
}

impl<'j> Json<'j> {
    /// The whole of a text, if it is JSON.
    pub(crate) fn parse(text: &'j str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// What the way leads to, which may be `null`; none where there is no such key.
    pub(crate) fn at(self, way: &Way) -> Option<Self> {
        way.steps.iter().try_fold(self, |value, step| value.step(step))
    }

    fn step(self, step: &str) -> Option<Self> {
        match self.0.get().as_bytes().first() {
            // Of a key that stands there twice, the last counts, as in browsers.
            Some(b'{') => self.entries()?.into_iter().rev().find(|(key, _)| key == step).map(|(_, value)| value),
            Some(b'[') => self.items()?.into_iter().nth(step.parse().ok()?),
            _ => None,
        }
    }

    /// The entries of a list.
    pub(crate) fn items(self) -> Option<Vec<Self>> {
        serde_json::from_str::<Vec<&'j RawValue>>(self.0.get()).ok().map(|items| items.into_iter().map(Self).collect())
    }

    /// The entries of a map, as they are written.
    pub(crate) fn entries(self) -> Option<Vec<(String, Self)>> {
        serde_json::from_str::<Entries<'j>>(self.0.get()).ok().map(|entries| entries.0)
    }

    pub(crate) fn scalar(self) -> Scalar {
        let text = self.0.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map_or(Scalar::Unreadable, Scalar::Text),
            Some(b'{' | b'[') => Scalar::Several,
            Some(b'n') | None => Scalar::Nothing,
            Some(_) => Scalar::Text(text.to_owned()),
        }
    }

    /// Every value that is a text, a number or `null`, with the way to it; those too deep to be
    /// led to are left out. What they weigh is taken from `left`, in bytes; none where that isn't enough.
    pub(crate) fn leaves(self, left: &mut usize) -> Option<Vec<(String, Scalar)>> {
        let mut leaves = Vec::new();
        self.visit(&mut Vec::new(), &mut leaves, left)?;
        Some(leaves)
    }

    fn visit(self, steps: &mut Vec<String>, leaves: &mut Vec<(String, Scalar)>, left: &mut usize) -> Option<()> {
        let scalar = self.scalar();
        if scalar != Scalar::Several {
            let way: usize = steps.iter().map(|step| step.len() + 1).sum();
            *left = left.checked_sub(size_of::<(String, Scalar)>() + way + self.0.get().len())?;
            leaves.push((steps.join("."), scalar));
            return Some(());
        }
        if steps.len() >= STEPS_LIMIT {
            return Some(());
        }
        let listed = || self.items().into_iter().flatten().enumerate().map(|(place, item)| (place.to_string(), item));
        let within = self.entries().unwrap_or_else(|| listed().collect());
        for (step, value) in within {
            steps.push(step);
            value.visit(steps, leaves, left)?;
            steps.pop();
        }
        Some(())
    }
}

/// A map's entries in the order in which they are written.
struct Entries<'j>(Vec<(String, Json<'j>)>);

impl<'j> Deserialize<'j> for Entries<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        struct Maps;

        impl<'j> Visitor<'j> for Maps {
            type Value = Entries<'j>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map")
            }

            fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Entries<'j>, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'j RawValue>()? {
                    entries.push((key, Json(value)));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Maps)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, Scalar, Way};

    fn way(text: &str) -> Way {
        text.parse().expect("a way")
    }

    #[test]
    fn a_way_leads_to_what_is_there_and_numbers_stay_as_they_are_written() {
        let check = |json: &str, path: &str, expected: Option<Scalar>| {
            let found = Json::parse(json).expect("JSON").at(&way(path)).map(Json::scalar);
            assert_eq!(found, expected, "{path} in {json}");
        };
        let text = |text: &str| Some(Scalar::Text(text.into()));
        let json = r#"{"a":{"b":[10.10,{"c":"x é"}],"n":null},"big":12345678901234567890.12,"a.b":1,"t":true}"#;
        check(json, "a.b.0", text("10.10"));
        check(json, "a.b.1.c", text("x é"));
        check(json, "big", text("12345678901234567890.12"));
        check(json, "t", text("true"));
        check(json, "a.n", Some(Scalar::Nothing));
        check(json, "a.b", Some(Scalar::Several));
        check(json, "a.gone", None);
        check(json, "a.b.7", None);
        check(json, "big.x", None);
        check("[1e2]", "0", text("1e2"));
        check("7", ".", text("7"));
        check(r#"{"a":1,"a":2}"#, "a", text("2"));
        check(r#""\ud800""#, ".", Some(Scalar::Unreadable));
    }

    #[test]
    fn what_breaks_off_is_no_json_and_what_is_deep_ends_somewhere() {
        assert!(Json::parse(r#"{"entries":[{"a":1},{"a""#).is_none());
        assert!(Json::parse("<html>").is_none());
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let mut left = 10_000;
        assert!(Json::parse(&deep).is_none_or(|json| json.leaves(&mut left).is_some_and(|leaves| leaves.is_empty())));
        let leaves = Json::parse(r#"{"id":7,"amount":{"minor":-385},"tags":["x"],"none":null,"empty":{}}"#);
        let leaves: Vec<String> =
            leaves.expect("JSON").leaves(&mut left).expect("little").into_iter().map(|(way, _)| way).collect();
        assert_eq!(leaves, ["id", "amount.minor", "tags.0", "none"]);
    }

    #[test]
    fn values_are_taken_while_there_is_room_for_them_and_for_the_ways_to_them() {
        let long = format!(r#"{{"{}":[1,2,3]}}"#, "a".repeat(1_000));
        let taken = |room: usize| {
            let mut left = room;
            Json::parse(&long).expect("JSON").leaves(&mut left).map(|leaves| (leaves.len(), room - left))
        };
        let (count, weight) = taken(100_000).expect("room");
        assert!(count == 3 && weight > 3_000, "{weight}");
        assert_eq!(taken(weight - 1), None);
    }

    #[test]
    fn a_way_is_names_with_dots_between_them() {
        for text in ["", "a..b", ".a", "a.", "a b", "a.b.c.d.e.f.g.h.i"] {
            assert!(text.parse::<Way>().is_err(), "{text}");
        }
        assert_eq!(way("a.b").to_string(), "a.b");
        assert_eq!(way(".").to_string(), ".");
    }
}
