//! Every script of the repository is sound, and lives in the folder of its
//! institution.

#![expect(clippy::panic, reason = "it is how a test fails")]
#![expect(clippy::disallowed_methods, reason = "this test reads the repository's scripts; the crate reads no file")]

use std::path::Path;

use script::Script;

#[test]
fn every_script_in_the_repository_has_no_faults() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder of scripts") {
        let path = entry.expect("an entry").path().join("script.yaml");
        let source =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()));
        let script =
            Script::parse(&source).unwrap_or_else(|faults| panic!("{}", faults.render(&path.to_string_lossy())));
        let institution = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        assert_eq!(Some(script.institution()), institution.as_deref());
        seen += 1;
    }
    assert!(seen > 0, "no script was found in {}", folder.display());
}
