//! The language as JSON Schema (draft 2020-12), so that an editor completes, explains and refuses what a script says.
//!
//! What a schema can't say is left to the reader of scripts: whether a selector is one, whether a page exists and has a
//! use, whether a submit is marked as the effect that it is.
//!
//! Not here: what the language is; that is the table.

use serde_json::{Map as Object, Value, json};

use super::{Key, Keys, Least, Map, Need, Numbers, RECORD, Rule, SCRIPT, Shape, Takes, Text, maps_from};

/// The schema of scripts.
#[must_use]
pub fn schema() -> Value {
    schema_of(&SCRIPT, "A portal script")
}

/// The schema of catalog records.
#[must_use]
pub fn record_schema() -> Value {
    schema_of(&RECORD, "The catalog record of an institution")
}

fn schema_of(top: &'static Map, title: &str) -> Value {
    let mut root = Object::new();
    root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".into(), json!(title));
    if let Value::Object(whole) = map(top) {
        root.extend(whole);
    }
    let rest = maps_from(top).into_iter().filter(|known| known.id != top.id);
    let definitions: Object<String, Value> = rest.map(|known| (known.id.to_owned(), map(known))).collect();
    root.insert("$defs".into(), Value::Object(definitions));
    Value::Object(root)
}

/// How many parts an answer has at most.
const PARTS: usize = 8;

fn map(map: &Map) -> Value {
    let mut schema = Object::new();
    schema.insert("description".into(), json!(map.text));
    schema.insert("type".into(), json!("object"));
    match map.keys {
        Keys::Ordered(keys) | Keys::Chosen(keys) => known(keys, &mut schema),
        Keys::Named { key, takes, most } => {
            schema.insert("propertyNames".into(), json!({ "pattern": key.pattern }));
            schema.insert("additionalProperties".into(), value(takes));
            if let Some(most) = most {
                schema.insert("maxProperties".into(), json!(most));
            }
        }
    }
    let rules: Vec<Value> = map.rules.iter().flat_map(|rule| self::rule(*rule, map)).collect();
    if !rules.is_empty() {
        schema.insert("allOf".into(), Value::Array(rules));
    }
    Value::Object(schema)
}

fn known(keys: &[Key], schema: &mut Object<String, Value>) {
    let properties: Object<String, Value> = keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    schema.insert("properties".into(), Value::Object(properties));
    schema.insert("additionalProperties".into(), json!(false));
    let needed: Vec<&str> = keys.iter().filter(|key| key.need == Need::Needed).map(|key| key.name).collect();
    if !needed.is_empty() {
        schema.insert("required".into(), json!(needed));
    }
}

fn property(key: &Key) -> Value {
    let mut schema = value(key.takes);
    if let Value::Object(schema) = &mut schema {
        // The sentence about the key stands before the one about the map that it leads to.
        schema.insert("description".into(), json!(key.text));
        if let Need::Default(default) = key.need {
            let default = default.parse::<u32>().map_or_else(|_| json!(default), |number| json!(number));
            schema.insert("default".into(), default);
        }
    }
    schema
}

fn value(takes: Takes) -> Value {
    match takes {
        Takes::Text(text) => self::text(text),
        Takes::Word(words) => {
            let words: Vec<Value> = words().iter().flat_map(|(word, _)| spellings(word)).collect();
            json!({ "enum": words })
        }
        // A number in quotes is one as well.
        Takes::Whole(least, most) => {
            json!({ "type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": "^[0-9]+$" })
        }
        Takes::Map(map) => json!({ "$ref": reference(map) }),
        Takes::List(takes, least) => match least {
            Least::None => json!({ "type": "array", "items": value(*takes) }),
            Least::One => json!({ "type": "array", "items": value(*takes), "minItems": 1 }),
        },
        Takes::OneOrMany(takes) => {
            let one = value(*takes);
            json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
        }
        Takes::Or(text, map) => json!({ "anyOf": [value(*text), { "$ref": reference(map) }] }),
    }
}

fn reference(map: &Map) -> String {
    format!("#/$defs/{}", map.id)
}

fn text(text: Text) -> Value {
    match text.numbers {
        Numbers::Never => json!({ "type": "string", "pattern": text.pattern }),
        // To YAML, `on` is a text and `true` isn't; to the language both are.
        Numbers::Too => json!({ "type": ["string", "number", "boolean"], "pattern": text.pattern }),
    }
}

/// A word as YAML may read it.
fn spellings(word: &str) -> Vec<Value> {
    let number = word.parse::<u32>().ok().map(|number| json!(number));
    let truth = word.parse::<bool>().ok().map(|truth| json!(truth));
    number.or(truth).into_iter().chain([json!(word)]).collect()
}

fn there(keys: &[&str]) -> Value {
    json!({ "required": keys })
}

/// That `key` of the map in `of` is there.
fn within(of: &str, key: &str) -> Value {
    json!({ "required": [of], "properties": { of: { "type": "object", "required": [key] } } })
}

fn rule(rule: Rule, map: &Map) -> Vec<Value> {
    match rule {
        Rule::Shapes(shapes) => self::shapes(shapes, map),
        Rule::All(keys) => vec![there(keys)],
        Rule::OneOf(keys) => vec![json!({ "oneOf": keys.iter().map(|key| there(&[key])).collect::<Vec<_>>() })],
        Rule::AtMostOneOf(keys) => pairs(keys).map(|pair| json!({ "not": there(&pair) })).collect(),
        Rule::SomeOf(keys) => {
            let holding = |key: &&str| json!({ "required": [key], "properties": { *key: { "minProperties": 1 } } });
            vec![json!({ "anyOf": keys.iter().map(holding).collect::<Vec<_>>() })]
        }
        Rule::Single => vec![json!({ "minProperties": 1, "maxProperties": 1 })],
        Rule::Among { from, of } => {
            let keys = map.takes(from).and_then(Takes::maps).map_or(&[][..], Map::known);
            keys.iter().map(|key| json!({ "if": within(from, key.name), "then": within(of, key.name) })).collect()
        }
        Rule::NeededFor { key, of, any } => {
            let any: Vec<Value> = any.iter().map(|other| within(of, other)).collect();
            vec![json!({ "if": { "anyOf": any }, "then": there(&[key]) })]
        }
        Rule::Together { map, of, keys } => {
            let both = |key: &&str| {
                [
                    json!({ "if": within(of, key), "then": within(map, key) }),
                    json!({ "if": within(map, key), "then": within(of, key) }),
                ]
            };
            keys.iter().flat_map(both).collect()
        }
        Rule::Only { map, of, keys } => {
            keys.iter().map(|key| json!({ "if": within(map, key), "then": within(of, key) })).collect()
        }
        Rule::With { key, of, field } => vec![json!({ "if": there(&[key]), "then": within(of, field) })],
        Rule::Later { list, map, of, keys } => {
            let later = |key: &&str| {
                let said = json!({ "required": [map], "properties": { map: {
                    "required": [key], "properties": { *key: { "minProperties": 1 } },
                } } });
                let each = json!({ "if": within(of, key), "then": within(map, key) });
                json!({ "if": said, "else": { "properties": { list: { "items": each } } } })
            };
            keys.iter().map(later).collect()
        }
        Rule::OnlyWhere { key, of, words } => {
            let is_one = json!({ "required": [of], "properties": { of: { "enum": words } } });
            vec![json!({ "if": there(&[key]), "then": is_one })]
        }
        Rule::Amounts => vec![json!({
            "if": { "anyOf": [there(&["debit"]), there(&["credit"])] },
            "then": { "required": ["debit", "credit"], "properties": { "amount": false } },
            "else": there(&["amount"]),
        })],
        Rule::Answered => vec![answered()],
    }
}

/// The first shape whose own key is there is the one that is meant, so that an editor names what it lacks.
fn shapes(shapes: &[Shape], map: &Map) -> Vec<Value> {
    let own: Vec<&str> = shapes.iter().filter_map(|shape| shape.needed.first().copied()).collect();
    let one_of_them = json!({ "anyOf": own.iter().map(|key| there(&[key])).collect::<Vec<_>>() });
    let meant = shapes.iter().zip(&own).enumerate().map(|(index, (shape, key))| {
        let before: Vec<Value> = own.iter().take(index).map(|key| there(&[key])).collect();
        let is_meant = match before.is_empty() {
            true => there(&[key]),
            false => json!({ "required": [key], "not": { "anyOf": before } }),
        };
        let others = map.known().iter().filter(|known| shape.keys().all(|key| key != known.name));
        let others: Object<String, Value> = others.map(|known| (known.name.to_owned(), json!(false))).collect();
        json!({ "if": is_meant, "then": { "required": shape.needed, "properties": others } })
    });
    std::iter::once(one_of_them).chain(meant).collect()
}

fn pairs<'a>(keys: &'a [&'a str]) -> impl Iterator<Item = [&'a str; 2]> {
    let behind = move |(index, one)| keys.iter().skip(index + 1).map(move |other| [one, *other]);
    keys.iter().copied().enumerate().flat_map(behind)
}

fn answered() -> Value {
    let with = |word: &str| json!({ "required": ["with"], "properties": { "with": { "const": word } } });
    let part = |part: usize| with(&format!("answer.{part}"));
    let any = json!({ "required": ["with"], "properties": { "with": { "pattern": "^answer" } } });
    let code = json!({ "required": ["effect"], "properties": { "effect": { "const": "code" } } });
    let approval = json!({ "properties": { "challenge": {
        "required": ["kind"], "properties": { "kind": { "enum": ["appApproval", "takeover"] } },
    } } });
    let steps = |of: Value| json!({ "properties": { "do": of } });
    // Each part has the one before it, and the first stands beside no whole.
    let before = |number: usize| match number {
        1 => json!({ "not": { "contains": with("answer") } }),
        number => json!({ "contains": part(number - 1) }),
    };
    let parts = (1..=PARTS).map(|number| json!({ "if": { "contains": part(number) }, "then": before(number) }));
    let parts: Vec<Value> = parts.collect();
    json!({
        "if": there(&["challenge"]),
        "then": {
            "if": approval,
            "then": { "not": there(&["do"]) },
            "else": { "allOf": [there(&["do"]), steps(json!({ "type": "array", "contains": any, "allOf": parts }))] },
        },
        "else": steps(json!({ "items": { "not": { "anyOf": [any, code] } } })),
    })
}
