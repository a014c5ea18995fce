//! The schema and the reader of scripts agree: what one refuses the other does, but for what no schema can say.

#![expect(clippy::panic, reason = "it is how a test fails")]
#![expect(clippy::disallowed_methods, reason = "this test reads the repository's scripts; the crate reads no file")]

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::Index;
use script::{DiagnosticCode as Code, Script, schema};
use serde_json::{Value, json};

/// What a schema can't say: the text as such, selectors, what refers to something elsewhere in the script, and the steps
/// that follow each other.
const BEYOND: [Code; 13] = [
    Code::SourceTooLarge,
    Code::YamlSyntax,
    Code::KeyDuplicate,
    Code::SelectorMalformed,
    Code::PageUnknown,
    Code::PageMeaningless,
    Code::GoalMissing,
    Code::WayMissing,
    Code::AccountMissing,
    Code::WayNeedless,
    Code::EffectMissing,
    Code::EffectMisplaced,
    Code::PopupMisplaced,
];

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap_or_else(|error| panic!("the schema is no schema: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below a folder with this extension.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
}

/// Every whole script of the repository, those in documents included, with where it stands.
fn scripts() -> Vec<(String, String)> {
    let (mut scripts, mut documents) = (Vec::new(), Vec::new());
    files(&root().join("scripts"), "yaml", &mut scripts);
    files(&root().join("docs"), "md", &mut documents);
    documents.push(root().join("crates/script/LANGUAGE.md"));
    scripts.push(root().join("crates/script/tests/pretend/script.yaml"));
    scripts.push(root().join("crates/script/tests/captured/script.yaml"));
    scripts.push(root().join("crates/script/tests/files/script.yaml"));
    scripts.push(root().join("crates/script/tests/popups/script.yaml"));
    scripts.push(root().join("crates/script/src/explain/sound.yaml"));
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a text");
    let is_whole = |text: &str| text.lines().any(|line| line.starts_with("script:")) && text.contains("\nreads:");
    let mut found = Vec::new();
    for path in &scripts {
        found.push((path.display().to_string(), read(path)));
    }
    for path in &documents {
        let text = read(path);
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        found.extend(blocks.map(|block| (path.display().to_string(), block.to_owned())));
    }
    found.retain(|(_, text)| is_whole(text));
    found
}

fn value(script: &str) -> Value {
    serde_saphyr::from_str(script).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether schema and reader agree on a script, which is given as a tree.
fn compare(validator: &Validator, tree: &Value, what: &str) {
    let text = tree.to_string();
    let codes = Script::parse(&text).err().map(|faults| (faults.codes(), faults.to_string()));
    let refused: Vec<String> =
        validator.iter_errors(tree).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    match &codes {
        None => assert!(refused.is_empty(), "{what}: only the schema refuses: {refused:#?}\n{text}"),
        Some((codes, said)) => {
            let is_structural = codes.iter().any(|code| !BEYOND.contains(code));
            assert!(!is_structural || !refused.is_empty(), "{what}: only the reader refuses: {said}\n{text}");
        }
    }
}

#[test]
fn every_script_of_the_repository_is_sound_for_both() {
    let validator = validator();
    let scripts = scripts();
    assert!(scripts.len() >= 6, "only {} scripts were found", scripts.len());
    for (name, script) in scripts {
        let faults = Script::parse(&script).err().map(|faults| faults.render(&name)).unwrap_or_default();
        assert_eq!(faults, "");
        let refused: Vec<String> = validator.iter_errors(&value(&script)).map(|error| error.to_string()).collect();
        assert!(refused.is_empty(), "{name}: {refused:#?}");
    }
}

#[test]
fn what_begins_a_script_in_the_guide_is_a_whole_one_that_is_tried() {
    let guide = root().join("docs/guide/write-a-script.md");
    let text = std::fs::read_to_string(&guide).expect("a text");
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let begun: Vec<&str> = blocks.filter(|block| block.starts_with("script: 1")).collect();
    assert!(begun.len() >= 3, "only {} scripts begin in the guide", begun.len());
    let tried = scripts();
    for block in begun {
        let is_tried = tried.iter().any(|(name, script)| *name == guide.display().to_string() && script == block);
        assert!(is_tried, "it isn't whole, and no test parses it:\n{block}");
    }
}

#[test]
fn both_refuse_what_is_no_script() {
    let validator = validator();
    let sound = include_str!("pretend/script.yaml");
    for (from, to, expected) in [
        ("sign_out:", "sign_off:", Code::KeyUnknown),
        ("visible: \"#details\"", "visble: \"#details\"", Code::KeyUnknown),
        ("fill: \"#user\"", "click: \"#user\"", Code::KeyUnknown),
        ("locale: en-US\n", "", Code::KeyMissing),
        ("    on: accounts\n", "", Code::KeyMissing),
        ("    date: MM/DD\n", "", Code::KeyMissing),
        ("amount: Amount", "debit: Out", Code::KeyMissing),
        ("name: Account, ", "", Code::KeyMissing),
        ("fill: \"#digits\", with: answer", "click: \"#digits\"", Code::KeyMissing),
        (", rail: Type", "", Code::KeyConflict),
        ("when: { visible: \"#accounts\" }", "when: { absent: \"#accounts\" }", Code::KeyMissing),
        ("when: { visible: \"#accounts\" }", "when: { visible: [] }", Code::ValueType),
        ("when: { visible: \"#accounts\" }", "when: { text: {} }", Code::KeyMissing),
        ("hosts: [", "hosts: [{}, ", Code::ValueType),
        ("busy: x", "busy: []", Code::ValueType),
        ("patience: 2s", "patience: 2h", Code::ValueMalformed),
        ("patience: 2s", "patience: 301s", Code::ValueMalformed),
        ("timezone: America/New_York", "timezone: EST", Code::ValueMalformed),
        ("currency: USD", "currency: dollars", Code::ValueMalformed),
        ("institution: pretend", "institution: Pretend", Code::ValueMalformed),
        ("start: /login", "start: https://evil.example/", Code::ValueMalformed),
        ("start: /login", "start: //evil.example/", Code::ValueMalformed),
        ("date: MM/DD", "date: YYYY", Code::ValueMalformed),
        ("limit: 4", "limit: 0", Code::ValueMalformed),
        ("attempts: 2", "attempts: 6", Code::ValueMalformed),
        ("attempts: 2", "attempts: 2\n      resend: { click: \"#a\", limit: 4 }", Code::ValueMalformed),
        ("attempts: 2", "attempts: 2\n      resend: { said: \"#a\" }", Code::KeyMissing),
        ("kind: oneTimeCode", "kind: gridCard\n      resend: { click: \"#a\" }", Code::KeyConflict),
        ("locale: en-US", "locale: en_US", Code::ValueMalformed),
        ("  advert:", "  Advert:", Code::ValueMalformed),
        ("code: auth.session.expired", "code: auth.session", Code::WordUnknown),
        ("kind: oneTimeCode", "kind: code", Code::WordUnknown),
        ("with: answer", "with: answers", Code::WordUnknown),
        ("ACH: ach", "ACH: ahc", Code::WordUnknown),
        ("script: 1", "script: 2", Code::VersionUnknown),
        ("goal: signed_out", "goal: signed_out\n    failure: { code: portal.unavailable }", Code::KeyConflict),
        (
            "failure: { code: portal.maintenance }",
            "failure: { code: portal.maintenance }\n    do: [{ click: a }]",
            Code::KeyConflict,
        ),
        ("kind: oneTimeCode", "kind: appApproval", Code::KeyConflict),
        ("click: \"#no-thanks\"", "fill: \"#no-thanks\", with: answer", Code::KeyConflict),
        ("fill: \"#user\"", "click: a, fill: \"#user\"", Code::KeyConflict),
        ("next: \"#next\"", "next: { choose: a, behind: b, click: c }", Code::KeyConflict),
        ("pending: { postedDate: Pending }", "pending: { mcc: Pending }", Code::KeyConflict),
        ("pending: { postedDate: Pending }", "pending: { postedDate: Pending, amount: x }", Code::ValueMalformed),
    ] {
        let base = sound.replace("start: /login", "start: /login\nhosts: [a.example]\nbusy: x");
        assert!(Script::parse(&base).is_ok(), "the script is sound");
        assert!(base.contains(from), "{from}");
        let faulty = base.replacen(from, to, 1);
        let faults = Script::parse(&faulty).expect_err(to);
        assert!(faults.codes().contains(&expected), "{to}: {faults}");
        assert!(!validator.is_valid(&value(&faulty)), "the schema doesn't refuse {to}");
    }
}

/// What may become of one place in a script.
fn changes() -> Vec<Change> {
    let mut changes = vec![Change::Drop, Change::Add];
    let values = [json!("zzz"), json!(7), json!(null), json!([]), json!({}), json!(["x"]), json!({ "zzz": "x" })];
    changes.extend(values.into_iter().map(Change::Become));
    changes
}

#[derive(Clone, Debug)]
enum Change {
    /// It is taken out.
    Drop,
    /// It gets another key or entry.
    Add,
    /// It becomes another value.
    Become(Value),
}

/// Every place below the root.
fn places(tree: &Value) -> Vec<String> {
    fn visit(tree: &Value, at: &str, found: &mut Vec<String>) {
        let keys: Vec<String> = match tree {
            Value::Object(entries) => entries.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        };
        for key in keys {
            let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            found.push(at.clone());
            let Some(below) = (match tree {
                Value::Object(entries) => entries.get(&key),
                Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            }) else {
                continue;
            };
            visit(below, &at, found);
        }
    }
    let mut found = Vec::new();
    visit(tree, "", &mut found);
    found
}

fn change(tree: &mut Value, at: &str, change: &Change) {
    let (above, key) = at.rsplit_once('/').expect("a place below the root");
    let key = key.replace("~1", "/").replace("~0", "~");
    match change {
        Change::Become(value) => {
            if let Some(place) = tree.pointer_mut(at) {
                place.clone_from(value);
            }
        }
        Change::Drop => match tree.pointer_mut(above) {
            Some(Value::Object(entries)) => drop(entries.shift_remove(&key)),
            Some(Value::Array(items)) => drop(key.parse::<usize>().ok().map(|index| items.remove(index))),
            _ => {}
        },
        Change::Add => match tree.pointer_mut(at) {
            Some(Value::Object(entries)) => drop(entries.insert("zzz".into(), json!("x"))),
            Some(Value::Array(items)) => items.push(json!("zzz")),
            _ => {}
        },
    }
}

#[test]
fn both_agree_on_every_single_change_of_a_script() {
    let validator = validator();
    let language = include_str!("../LANGUAGE.md").split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut count = 0;
    for script in [
        language.expect("the example"),
        include_str!("../../../scripts/kontor/script.yaml"),
        include_str!("../../../scripts/coppermine/script.yaml"),
        include_str!("../../../scripts/lantern/script.yaml"),
        include_str!("../../../scripts/granary/script.yaml"),
    ] {
        let sound = value(script);
        for at in places(&sound) {
            for changed in changes() {
                let mut tree = sound.clone();
                change(&mut tree, &at, &changed);
                compare(&validator, &tree, &format!("{at}: {changed:?}"));
                count += 1;
            }
        }
    }
    assert!(count > 2_000, "only {count} changes were tried");
}

fn several() -> impl Strategy<Value = Vec<(Index, Index)>> {
    proptest::collection::vec((any::<Index>(), any::<Index>()), 2..5)
}

proptest! {
    #[test]
    fn both_agree_on_several_changes_of_a_script(script in any::<Index>(), several in several()) {
        thread_local! {
            static BOTH: (Validator, Vec<(String, String)>) = (validator(), scripts());
        }
        BOTH.with(|(validator, scripts)| {
            let (name, script) = script.get(scripts);
            let mut tree = value(script);
            for (at, what) in &several {
                let places = places(&tree);
                if let Some(at) = (!places.is_empty()).then(|| at.get(&places)) {
                    change(&mut tree, at, what.get(&changes()));
                }
            }
            compare(validator, &tree, name);
        });
    }
}

#[test]
fn rows_come_from_answers_or_from_a_file_and_never_from_both() {
    let script = include_str!("captured/script.yaml");
    let both = script.replace("    captured:\n", "    file: { format: ofx, click: \"#file\" }\n    captured:\n");
    assert_ne!(both, script);
    let faults = Script::parse(&both).expect_err("both").to_string();
    assert!(faults.contains("`captured` or `file`, and not both"), "{faults}");
    assert!(!validator().is_valid(&value(&both)), "the schema takes both");
}
