//! Reading an institution's catalog record at length: all that is wrong with it at once, each with its place, and where
//! it and the script beside it say different things.
//!
//! The domain's own reader has the last word on every value: its types are what a coordinator reads records with, and
//! this only finds out which place it means. Not here: the keys (`grammar`), or files.

use domain::anchor::{Loopback, PortalUrlError, normalize_portal_url};
use domain::codes::Codes;
use domain::institution::{GUIDE_FIELDS, Institution, Mfa, SetupGuide};
use serde_json::{Map as Object, Value as Json, json};
use url::Url;

use crate::diagnostic::{DiagnosticCode as Code, Diagnostics, Position};
use crate::form::{Faults, Form, cut};
use crate::grammar::{Key, Map, Need, RECORD, Takes};
use crate::language::Script;
use crate::node::{Node, Value, tree};

/// What stands around a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The name of its folder.
    pub folder: Option<&'a str>,
    /// The script in it, where that is sound.
    pub script: Option<&'a Script>,
}

/// Reads a record.
///
/// # Errors
/// All that is wrong with it, in the order of the document.
pub fn check_record(source: &str, around: Around<'_>) -> Result<Institution, Diagnostics> {
    let root = tree(source).map_err(|fault| Diagnostics::new(source, vec![fault]))?;
    let mut faults = Faults::default();
    let mut form = Form::new(&RECORD, &root, &mut faults);
    for key in RECORD.known() {
        let Some(node) = asked(&mut form, key, &mut faults) else { continue };
        let before = faults.0.len();
        value(key.takes, node, &mut faults);
        if faults.0.len() == before {
            domains(key, node, &mut faults);
        }
    }
    form.finish(&mut faults);
    let read = match serde_saphyr::from_str::<Institution>(source) {
        Ok(record) => Some(record),
        Err(error) => {
            if faults.0.is_empty() {
                // Something that only the whole of it shows.
                let number = |number: u64| usize::try_from(number).unwrap_or(1).max(1);
                let at = error.location().map_or(Position { line: 1, column: 1 }, |at| Position {
                    line: number(at.line()),
                    column: number(at.column()),
                });
                let message = error.without_snippet().to_string();
                faults.add(Code::ValueMalformed, at, cut(message.lines().next().unwrap_or_default()));
            }
            None
        }
    };
    if let Some(record) = read.as_ref() {
        compare(&root, record, around, &mut faults);
    }
    match read {
        Some(record) if faults.0.is_empty() => Ok(record),
        _ => Err(Diagnostics::new(source, faults.0)),
    }
}

/// The value of a key, if it is there.
fn asked<'n>(form: &mut Form<'n>, key: &Key, faults: &mut Faults) -> Option<&'n Node> {
    match key.need {
        Need::Needed => form.need(key.name, faults),
        Need::Optional | Need::Default(_) => form.ask(key.name),
    }
}

/// Keys, kinds of values, words and numbers, by the table.
fn map(map: &'static Map, node: &Node, faults: &mut Faults) {
    let mut form = Form::new(map, node, faults);
    for key in map.known() {
        if let Some(node) = asked(&mut form, key, faults) {
            value(key.takes, node, faults);
        }
    }
    form.finish(faults);
}

fn value(takes: Takes, node: &Node, faults: &mut Faults) {
    match takes {
        Takes::Text(_) => {
            faults.text(node);
        }
        Takes::Word(words) => {
            let words: Vec<(&'static str, ())> = words().into_iter().map(|(word, _)| (word, ())).collect();
            faults.word(node, &words);
        }
        Takes::Whole(least, most) => {
            faults.number(node, least..=most);
        }
        Takes::Map(inner) => map(inner, node, faults),
        Takes::List(takes, _) => faults.list(node).iter().for_each(|node| value(*takes, node, faults)),
        Takes::OneOrMany(takes) => faults.one_or_many(node).iter().for_each(|node| value(*takes, node, faults)),
        Takes::Or(takes, _) => value(*takes, node, faults),
    }
}

/// What the domain's reader says of a value, in a record that is sound but for it.
fn domains(key: &Key, node: &Node, faults: &mut Faults) {
    let refused = |json: Json| {
        let mut record = sample();
        record.insert(key.name.to_owned(), json);
        let read = serde_json::from_value::<Institution>(Json::Object(record));
        read.err().map(|error| error.to_string())
    };
    let Some(whole) = refused(json(key.takes, node)) else { return };
    for (at, why) in pinned(key.takes, node, whole, &refused) {
        faults.add(Code::ValueMalformed, at, format!("`{}`: {why}", key.name));
    }
}

/// The parts of a value that are refused by themselves; the whole of it where none is.
fn pinned(takes: Takes, node: &Node, why: String, refused: &dyn Fn(Json) -> Option<String>) -> Vec<(Position, String)> {
    let mut parts = Vec::new();
    match (takes, &node.value) {
        (Takes::List(takes, _), Value::List(items)) => {
            for item in items {
                let alone = |json: Json| refused(json!([json]));
                let Some(why) = alone(json(*takes, item)) else { continue };
                parts.extend(pinned(*takes, item, why, &alone));
            }
        }
        (Takes::Map(map), Value::Map(entries)) => {
            for entry in entries {
                let Some(takes) = map.takes(&entry.key) else { continue };
                let alone = |json: Json| {
                    let mut around = sample_of(map);
                    around.insert(entry.key.clone(), json);
                    refused(Json::Object(around))
                };
                let Some(why) = alone(json(takes, &entry.value)) else { continue };
                parts.extend(pinned(takes, &entry.value, why, &alone));
            }
        }
        _ => {}
    }
    if parts.is_empty() { vec![(node.at, why)] } else { parts }
}

/// A value as the domain's reader takes it.
fn json(takes: Takes, node: &Node) -> Json {
    match (&node.value, takes) {
        (Value::Empty, _) => Json::Null,
        (Value::Text(text), Takes::Whole(..)) => {
            text.parse::<u32>().map_or_else(|_| json!(text), |number| json!(number))
        }
        (Value::Text(text), Takes::Word(_)) => match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            word => json!(word),
        },
        (Value::Text(text), _) => json!(text),
        (Value::List(items), Takes::List(takes, _) | Takes::OneOrMany(takes)) => {
            items.iter().map(|item| json(*takes, item)).collect()
        }
        (Value::Map(entries), Takes::Map(map)) => {
            let known = entries.iter().filter_map(|entry| Some((entry, map.takes(&entry.key)?)));
            let known = known.map(|(entry, takes)| (entry.key.clone(), json(takes, &entry.value)));
            Json::Object(known.collect())
        }
        (Value::List(_) | Value::Map(_), _) => Json::Null,
    }
}

/// A record with what has to be there.
fn sample() -> Object<String, Json> {
    let sample = json!({
        "id": "a", "name": "A", "defaultPortalUrl": "https://a.example/", "mfa": "none", "credentials": [],
    });
    object(sample)
}

/// The same of a map within it.
fn sample_of(map: &Map) -> Object<String, Json> {
    object(match map.id {
        "guide" => json!({ "title": "A", "steps": [] }),
        "codes" => json!({ "pattern": "your code is {code}" }),
        "window" => json!({ "from": "00:00", "to": "24:00" }),
        "history" => json!({ "recentDays": 90, "stepDays": 365 }),
        _ => json!({}),
    })
}

fn object(json: Json) -> Object<String, Json> {
    match json {
        Json::Object(object) => object,
        _ => Object::new(),
    }
}

/// Where the record, its folder and its script say different things.
fn compare(root: &Node, record: &Institution, around: Around<'_>, faults: &mut Faults) {
    let at = |key: &str| match &root.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map_or(root.at, |entry| entry.value.at),
        _ => root.at,
    };
    if let Some(folder) = around.folder.filter(|folder| *folder != record.id) {
        let message = format!("its id is `{}`, and its folder's name is `{}`", record.id, cut(folder));
        let hint = "name the folder after the id: a coordinator doesn't start otherwise".to_owned();
        faults.hinted(Code::RecordDiffers, at("id"), message, hint);
    }
    for url in record.portal_urls() {
        let Err(why) = normalize_portal_url(url.as_str(), Loopback::Refused) else { continue };
        let is_default = *url == record.default_portal_url;
        let key = if is_default { "defaultPortalUrl" } else { "additionalPortalUrls" };
        let hint = match why {
            PortalUrlError::HasCredentials => "who signs in is kept with the connection, sealed",
            _ => "it begins with `https://`: nothing is sent to a bank in the clear",
        };
        let message = format!("`{key}`: a portal's address that {why}");
        faults.hinted(Code::ValueMalformed, at(key), message, hint.to_owned());
    }
    if let Some(fault) = record.codes.as_ref().and_then(Codes::fault) {
        faults.add(Code::ValueMalformed, at("codes"), format!("`codes`: {fault}"));
    }
    for field in record.guide.iter().flat_map(SetupGuide::unknown_fields) {
        let message = format!("`guide`: the instructions have no `{{{}}}`", cut(&field));
        faults.hinted(Code::ValueMalformed, at("guide"), message, format!("they have {}", GUIDE_FIELDS.join(", ")));
    }
    let Some(script) = around.script else { return };
    if script.institution() != record.id {
        let message = format!("its id is `{}`, and the script is of `{}`", record.id, script.institution());
        faults.hinted(Code::RecordDiffers, at("id"), message, "one of the two has to be the other".to_owned());
    }
    let filled = script.credentials();
    for name in filled.iter().filter(|name| !record.credentials.contains(name)) {
        let message = format!("the script fills in `credentials.{name}`, and `credentials` doesn't ask for it");
        faults.hinted(Code::RecordDiffers, at("credentials"), message, format!("add `{name}` to `credentials`"));
    }
    for name in record.credentials.iter().filter(|name| !filled.contains(name)) {
        let message = format!("`credentials` asks for `{name}`, and the script fills it in nowhere");
        faults.hinted(Code::RecordDiffers, at("credentials"), message, format!("take `{name}` out, or fill it in"));
    }
    let differs = match (record.mfa, script.knows_challenges()) {
        (Mfa::None, true) => Some(("has a page with `challenge`", "say `sometimes` or `always`")),
        (Mfa::Always, false) => Some(("has no page with `challenge`", "describe that page, or say `none`")),
        _ => None,
    };
    if let Some((has, hint)) = differs {
        let message = format!("`mfa` is `{}`, and the script {has}", record.mfa);
        faults.hinted(Code::RecordDiffers, at("mfa"), message, hint.to_owned());
    }
    // A session's own host is open to it; where the portal has several, one may lead to another.
    let mut hosts: Vec<&str> = record.portal_urls().filter_map(Url::host_str).collect();
    hosts.sort_unstable();
    hosts.dedup();
    if hosts.len() < 2 {
        return;
    }
    for host in hosts.into_iter().filter(|host| !script.hosts().iter().any(|known| known == host)) {
        let is_default = record.default_portal_url.host_str() == Some(host);
        let key = if is_default { "defaultPortalUrl" } else { "additionalPortalUrls" };
        let message = format!("the portal is at `{host}`, too, and the script's `hosts` don't name it");
        let hint = format!("add `{host}` to `hosts` in script.yaml: one of the portal's addresses may lead to another");
        faults.hinted(Code::RecordDiffers, at(key), message, hint);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::institution::Institution;
    use serde_json::{Value as Json, json};

    use super::{Around, check_record, sample, sample_of};
    use crate::grammar::{Map, RECORD, Takes};
    use crate::language::Script;

    const SOUND: &str = "id: first-bank\nname: First Bank\ndefaultPortalUrl: https://bank.example/\nmfa: none\n\
        credentials: [bankUsername, password]\n";

    fn check(source: &str, expected: &[&str]) {
        let found = match check_record(source, Around::default()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .iter()
                .map(|fault| format!("{}:{} {} {}", fault.line, fault.column, fault.code.as_str(), fault.message))
                .collect(),
        };
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn all_that_is_wrong_with_a_record_is_said_at_once_with_its_place() {
        check(SOUND, &[]);
        check(
            "id: first-bank\nnmae: First Bank\ndefaultPortalUrl: https://bank.example/\nmfa: sometime\n\
             credentials: [bankUsername, pasword]\nlimits: { atOnce: 0, perMinute: 3 }\n",
            &[
                "1:1 key.missing the record needs the key `name`",
                "2:1 key.unknown the record has no key `nmae`",
                "4:6 word.unknown `sometime` isn't one of none, sometimes, always",
                "5:29 word.unknown `pasword` isn't one of bankUsername, bankCustomerId, password",
                "6:19 value.malformed a whole number from 1 to 1000 is wanted here",
                "6:22 key.unknown `limits` has no key `perMinute`",
            ],
        );
        let more = |more: &str| format!("{SOUND}{more}");
        check(
            &more("schedule: { every: 1m }\n"),
            &["6:20 value.malformed `schedule`: schedule.every is 1m; it has to be from 15m to 7d"],
        );
        check(
            &more(
                "schedule:\n  maintenance:\n    - { from: \"22:00\", to: \"23:00\" }\n    - { from: \"22:00\", to: \"25:00\" }\n",
            ),
            &["9:28 value.malformed `schedule`: `25:00` is no time of day; write it as 06:30, from 00:00 to 24:00"],
        );
        check(
            &SOUND.replace("https://bank.example/", "bank.example"),
            &["3:19 value.malformed `defaultPortalUrl`: relative URL without a base: \"bank.example\""],
        );
        check(&more("drivers: [cdp, cdp]\n"), &["6:10 value.malformed `drivers`: drivers has cdp twice"]);
        check(
            "id: a\nid: b\n",
            &[
                "1:1 key.missing the record needs the key `name`",
                "1:1 key.missing the record needs the key `defaultPortalUrl`",
                "1:1 key.missing the record needs the key `mfa`",
                "1:1 key.missing the record needs the key `credentials`",
                "2:1 key.duplicate `id` stands here again; it was said on line 1",
            ],
        );
    }

    #[test]
    fn several_parts_of_one_value_are_told_at_once() {
        let schedule = "schedule: { every: 5m, hours: { days: [mon], from: \"22:00\", to: \"25:00\" } }\n";
        let faults = check_record(&format!("{SOUND}{schedule}"), Around::default()).expect_err("it is refused");
        let places: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(places, [(6, 20), (6, 65)]);
    }

    #[test]
    fn addresses_in_the_clear_and_unknown_instructions_are_faults() {
        check(
            &SOUND.replace("https", "http"),
            &["3:19 value.malformed `defaultPortalUrl`: a portal's address that isn't https"],
        );
        let guide = "guide: { title: For {firstName}, steps: [\"Add {firstNme}\"] }\n";
        let guide = guide.replace("For {firstName}", "\"For {firstName}\"");
        check(&format!("{SOUND}{guide}"), &["6:8 value.malformed `guide`: the instructions have no `{firstNme}`"]);
    }

    #[test]
    fn what_record_folder_and_script_say_otherwise_is_told_with_a_hint() {
        let script = include_str!("explain/sound.yaml");
        let script = Script::parse(script).unwrap_or_else(|faults| unreachable!("{faults}"));
        let around = Around { folder: Some("second-bank"), script: Some(&script) };
        let source = format!("{SOUND}additionalPortalUrls: [https://business.bank.example/]\n")
            .replace("password", "bankCustomerId")
            .replace("none", "always");
        let faults = check_record(&source, around).expect_err("they differ");
        let said: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.line, fault.message)).collect();
        let expected = [
            "1 its id is `first-bank`, and its folder's name is `second-bank`",
            "1 its id is `first-bank`, and the script is of `example`",
            "3 the portal is at `bank.example`, too, and the script's `hosts` don't name it",
            "4 `mfa` is `always`, and the script has no page with `challenge`",
            "5 the script fills in `credentials.password`, and `credentials` doesn't ask for it",
            "5 `credentials` asks for `bankCustomerId`, and the script fills it in nowhere",
            "6 the portal is at `business.bank.example`, too, and the script's `hosts` don't name it",
        ];
        assert_eq!(said, expected);
        assert!(faults.iter().all(|fault| fault.code.as_str() == "record.differs" && fault.hint.is_some()));
    }

    #[test]
    fn a_bank_that_was_never_seen_to_ask_has_no_page_on_which_it_does() {
        let page = "  code:\n    when: { visible: '#code' }\n    challenge: { kind: oneTimeCode, prompt: p }\n    do:\n\
            \x20     - { fill: '#code', with: answer }\n      - { click: button, effect: code }\n";
        let script = include_str!("explain/sound.yaml").replacen("pages:\n", &format!("pages:\n{page}"), 1);
        let script = Script::parse(&script).unwrap_or_else(|faults| unreachable!("{faults}"));
        let said = |mfa: &str| {
            let source = SOUND.replace("first-bank", "example").replace("none", mfa);
            let checked = check_record(&source, Around { folder: None, script: Some(&script) });
            checked.err().map(|faults| faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>())
        };
        assert_eq!(said("none"), Some(vec!["`mfa` is `none`, and the script has a page with `challenge`".to_owned()]));
        assert_eq!((said("sometimes"), said("always")), (None, None));
    }

    /// The keys that the domain's reader knows in a map, as its refusal of another one names them.
    fn read(json: Json) -> BTreeSet<String> {
        let refused = serde_json::from_value::<Institution>(json).expect_err("nobody knows the key").to_string();
        assert!(refused.starts_with("unknown field `zzz`"), "{refused}");
        refused.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    fn maps(map: &'static Map, wrap: &dyn Fn(Json) -> Json) {
        let mut within = if map.id == RECORD.id { sample() } else { sample_of(map) };
        within.insert("zzz".into(), json!(1));
        let known: BTreeSet<String> = map.known().iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(read(wrap(Json::Object(within))), known, "{}", map.id);
        for key in map.known() {
            let put = |json: Json| {
                let mut around = if map.id == RECORD.id { sample() } else { sample_of(map) };
                around.insert(key.name.into(), json);
                wrap(Json::Object(around))
            };
            match key.takes {
                Takes::Map(inner) => maps(inner, &put),
                Takes::List(Takes::Map(inner), _) => maps(inner, &|json| put(json!([json]))),
                _ => {}
            }
        }
    }

    #[test]
    fn the_table_and_the_domains_reader_know_the_same_keys() {
        maps(&RECORD, &|json| json);
    }
}
