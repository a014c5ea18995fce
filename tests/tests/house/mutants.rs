//! The list of mutants is about the code as it is: each guard's text is in its file once, and
//! its test is there.
//!
//! Not here: whether the tests find them; `cargo xtask mutants` shows that.

#[path = "../../../xtask/src/mutants/list.rs"]
mod list;

use std::collections::BTreeSet;

use crate::files::{files, root};
use crate::no;
use list::{BOUNDS, MUTANTS};

#[test]
fn every_guard_has_its_text_once_and_its_test() {
    let sources = files(&["rs"]);
    let (mut faults, mut guards) = (Vec::new(), BTreeSet::new());
    for mutant in MUTANTS {
        let guard = mutant.guard;
        if !guards.insert(guard) {
            faults.push(format!("`{guard}` is listed twice"));
        }
        let count = std::fs::read_to_string(root().join(mutant.file)).unwrap_or_default().matches(mutant.find).count();
        if count != 1 {
            let file = mutant.file;
            faults.push(format!("`{guard}`: its text is in {file} {count} times: bring the list in line with it"));
        }
        if mutant.find == mutant.replace {
            faults.push(format!("`{guard}`: the mutant changes nothing"));
        }
        let (suite, name) = (mutant.suite, mutant.test.rsplit("::").next().unwrap_or_default());
        let test = format!("fn {name}(");
        if !sources.iter().any(|file| file.is_in(suite.sources) && file.text.contains(&test)) {
            faults.push(format!("`{guard}`: {} has no test {name}, which {} should run", suite.sources, suite.name));
        }
        let targets = suite.target.iter().chain(suite.programs).filter(|name| !name.starts_with("--"));
        for target in targets {
            if !sources.iter().any(|file| is_of(&file.name, target)) {
                faults.push(format!("`{guard}`: nothing is built as {target}"));
            }
        }
    }
    let unknown = BOUNDS.iter().filter(|guard| !guards.contains(*guard));
    faults.extend(unknown.map(|guard| format!("`{guard}` is a bound and not listed")));
    no(&faults);
}

/// Whether a file is where the program or the tests called `target` begin.
fn is_of(file: &str, target: &str) -> bool {
    let places = ["{}/src/main.rs", "/src/bin/{}.rs", "/tests/{}.rs", "/tests/{}/main.rs"];
    places.iter().any(|place| file.ends_with(&place.replace("{}", target)))
}
