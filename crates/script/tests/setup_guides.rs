//! Every setup guide of a bank in `docs/setup-guides/` is one that a catalog record takes, says where its facts are from, and that
//! nobody has tried them.

#![expect(clippy::panic, reason = "it is how a test fails")]
#![expect(clippy::disallowed_methods, reason = "this test reads the repository's documents; the crate reads no file")]

use std::path::Path;

use script::{Around, check_record};

/// What a guide begins with: portals change, and nobody of this project has signed in to these.
const UNVERIFIED: &str = "# Unverified against the live portal";

/// What a record needs and a guide doesn't know, as the portal of `example` would have it.
const REST: &str =
    "defaultPortalUrl: https://portal.bank.example/\nmfa: sometimes\ncredentials: [bankUsername, password]\n";

#[test]
fn every_setup_guide_is_one_that_a_record_takes_and_names_its_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/setup-guides");
    let index = std::fs::read_to_string(folder.join("README.md")).expect("an index");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of guides") {
        let path = entry.expect("an entry").path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".yaml")) else { continue };
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{id} can't be read: {error}"));
        assert!(source.starts_with(UNVERIFIED), "{id} doesn't begin with `{UNVERIFIED}`");
        assert!(source.lines().any(|line| line.starts_with("# Source: https://")), "{id} names no source");
        let (country, record): (Vec<&str>, Vec<&str>) = source.lines().partition(|line| line.starts_with("country: "));
        let [country] = country.as_slice() else { panic!("{id} is of one country: {country:?}") };
        let country = country.trim_start_matches("country: ");
        let record = format!("{}\n{REST}", record.join("\n"));
        let read = check_record(&record, Around { folder: Some(id), script: None })
            .unwrap_or_else(|faults| panic!("{}", faults.render(&path.to_string_lossy())));
        let row = |line: &str| {
            line.starts_with(&format!("| {} | {country} | ", read.name)) && line.contains(&format!("({id}.yaml)"))
        };
        assert!(country.len() == 2 && index.lines().any(row), "{id} isn't in the index as {} of {country}", read.name);
        let steps = read.guide.map_or(0, |guide| guide.steps.len());
        assert!(steps > 2, "{id} has {steps} steps");
        seen += 1;
    }
    assert!(seen >= 25, "there are {seen} guides");
}
