use worlds::{Rules, Scale, WORLDS, play};
#[test]
fn figures() {
    for (name, make) in WORLDS {
        let outcome = play(&make(1, Scale::Full), &mut Rules::default());
        println!("{name}: {outcome:?}");
    }
}
