//! Portals that rename, mask, renumber and shuffle.

use proptest::prelude::{Just, Strategy, any, prop, proptest};
use uuid::Uuid;

use super::{KnownAccount, Marks, Matching, SharedRows, adopt, iban, is_same_number, match_accounts};
use crate::account::AccountType;
use crate::id::AccountId;

fn id(index: usize) -> AccountId {
    AccountId(Uuid::from_u128(index as u128 + 1))
}

/// `key number mask type currency name`, with `-` for what isn't shown.
fn marks(text: &str) -> Marks<'_> {
    let mut words = text.trim().splitn(6, ' ');
    let mut next = || words.next().filter(|word| *word != "-");
    Marks {
        portal_key: next().expect("a key"),
        account_number: next(),
        masked_number: next(),
        account_type: next().and_then(|word| word.parse().ok()).unwrap_or(AccountType::Unknown),
        currency: next().unwrap_or("USD"),
        name: next().unwrap_or_default(),
    }
}

fn known<'a>(all: &[Marks<'a>]) -> Vec<KnownAccount<'a>> {
    all.iter().enumerate().map(|(index, marks)| KnownAccount { id: id(index), marks: *marks }).collect()
}

fn read<'a>(list: &[&'a str]) -> Vec<Marks<'a>> {
    list.iter().map(|text| marks(text)).collect()
}

/// What was found, as the position of the known account and the rule, or `new`.
fn said(matching: &Matching) -> String {
    let position = |id: AccountId| id.0.as_u128() - 1;
    let one = |found: &Option<super::Match>| match found {
        Some(found) => format!("{} {}", position(found.id), found.rule),
        None => "new".to_owned(),
    };
    matching.observed.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn check(before: &[&str], now: &[&str], expected: &str) {
    assert_eq!(said(&match_accounts(&known(&read(before)), &read(now))), expected);
}

#[test]
fn a_key_that_stays_is_the_account_whatever_its_name() {
    check(
        &["a - - checking USD Main", "b - - savings USD Rest"],
        &["b - - savings USD X", "a"],
        "1 portalKey, 0 portalKey",
    );
    check(&["a 123456 - checking"], &["a - *3456 savings USD Other"], "0 portalKey");
    check(&[], &["a"], "new");
}

#[test]
fn a_key_that_shows_another_number_is_another_account() {
    check(&["1 111111", "2 222222", "3 333333"], &["1 222222", "2 333333"], "1 number, 2 number");
    check(&["1 111111"], &["1 222222"], "new");
    check(&["1 - **1111 checking", "2 - **2222 checking"], &["1 - **2222 checking"], "1 score");
    check(&["1 111111"], &["1 - **2222"], "new");
    check(&["a - - checking USD Main"], &["a - - checking EUR Main"], "new");
    // From then on two have had the key, and what contradicted goes on to tell them apart.
    check(&["1 - **1111", "1 - **2222"], &["1 - **2222"], "1 portalKey");
    check(&["a - - - EUR", "a - - - USD"], &["a - - - USD", "a - - - EUR"], "1 portalKey, 0 portalKey");
    let found = match_accounts(&known(&read(&["1 111111", "2 222222"])), &read(&["2 111111", "1 333333", "4"]));
    assert_eq!((found.conflicts, found.unseen), (vec![0, 1], vec![id(1)]));
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    check(&["a DE89370400440532013000"], &["b de89\u{a0}3704-0044.0532\u{a0}013000"], "0 number");
    check(&["a 00123456"], &["b 123456"], "0 number");
    // A number and its IBAN aren't equal, but the key may say that they are one.
    check(&["a DE89370400440532013000"], &["a 532013000"], "0 portalKey");
    check(&["a DE89370400440532013000"], &["b 532013000"], "new");
    check(&["a ****56"], &["b ****56"], "new");
    check(&["a 0000"], &["b 000000"], "new");
}

#[test]
fn a_number_that_stands_twice_says_nothing_but_with_its_currency() {
    check(&["a 123456", "b 123456"], &["c 123456"], "new");
    check(&["a 123456 - - EUR", "b 123456 - - USD"], &["c 123456 - - USD"], "1 number");
}

#[test]
fn last_digits_need_a_type_or_a_name_beside_them() {
    check(&["a - *1234 checking"], &["b - x-1234 checking"], "0 score");
    check(&["a - *1234 checking USD Main account"], &["b - *1234 - USD Main"], "0 score");
    check(&["a - *1234 checking USD Main"], &["b - *1234 savings USD Rest"], "new");
    check(&["a - *12 checking USD Main"], &["b - *12 checking USD Main"], "new");
    check(&["a - - checking USD Main"], &["b - - checking USD Main"], "new");
    check(&["a 99001234 - checking"], &["b - *1234 checking"], "0 score");
}

#[test]
fn an_account_that_could_be_two_is_new() {
    check(&["a - *1234 checking", "b - *1234 checking"], &["c - *1234 checking"], "new");
    check(&["a - *1234 checking"], &["b - *1234 checking", "c - *1234 checking"], "new, new");
    check(&["a - *1234 checking USD Main", "b - *1234 checking USD Rest"], &["c - *1234 checking USD Main"], "0 score");
    check(&["a", "a"], &["a"], "new");
}

#[test]
fn an_account_is_adopted_by_its_number_or_by_its_rows() {
    let check = |before: &[&str], now: &[&str], rows: &[(u32, u32)], expected: &str| {
        let shared = |(position, (shared, of)): (usize, &(u32, u32))| SharedRows {
            known: id(0),
            observed: position,
            shared: *shared,
            of: *of,
        };
        let rows: Vec<SharedRows> = rows.iter().enumerate().map(shared).collect();
        assert_eq!(said(&adopt(&known(&read(before)), &read(now), &rows)), expected);
    };
    check(&["a 123456"], &["b 123456"], &[], "0 number");
    check(&["a 123456"], &["a 123456"], &[], "0 portalKey");
    check(&["a - *1234 checking"], &["b - *1234 checking"], &[], "new");
    check(&["a - *1234 checking"], &["b - *1234 checking"], &[(3, 6)], "0 score");
    check(&["a - *1234 checking"], &["b - *1234 checking"], &[(3, 7)], "new");
    check(&["a - *1234 checking"], &["b - *1234 checking"], &[(2, 2)], "new");
    check(&["a"], &["a"], &[], "new");
    check(&["a"], &["a"], &[(9, 9)], "0 portalKey");
    // Rows alone propose nothing.
    check(&["a"], &["b"], &[(9, 9)], "new");
}

/// An account of a small world, where much comes twice.
type Account = (usize, usize, usize, usize, usize, usize);

fn accounts() -> impl Strategy<Value = Vec<Account>> {
    prop::collection::vec((0_usize..4, 0_usize..4, 0_usize..4, 0_usize..3, 0_usize..2, 0_usize..3), 0..6)
}

fn faces(accounts: &[Account]) -> Vec<Marks<'static>> {
    let of = |&(key, number, mask, kind, currency, name): &Account| Marks {
        portal_key: ["1", "2", "3", "4"][key],
        account_number: [None, Some("991111"), Some("992222"), Some("882222")][number],
        masked_number: [None, Some("*1111"), Some("*2222"), Some("*33")][mask],
        account_type: [AccountType::Checking, AccountType::Savings, AccountType::Unknown][kind],
        currency: ["USD", "EUR"][currency],
        name: ["Main", "Main account", "Rest"][name],
    };
    accounts.iter().map(of).collect()
}

fn shuffled<T: Clone + std::fmt::Debug>(all: Vec<T>) -> impl Strategy<Value = (Vec<T>, Vec<usize>)> {
    let order: Vec<usize> = (0..all.len()).collect();
    (Just(all), Just(order).prop_shuffle())
}

proptest! {
    #[test]
    fn the_order_of_accounts_changes_nothing(
        (before, before_order) in accounts().prop_flat_map(shuffled),
        (now, now_order) in accounts().prop_flat_map(shuffled),
    ) {
        let (before, now) = (known(&faces(&before)), faces(&now));
        let found = match_accounts(&before, &now);
        let other_before: Vec<_> = before_order.iter().map(|&index| before[index]).collect();
        let other_now: Vec<_> = now_order.iter().map(|&index| now[index]).collect();
        let other = match_accounts(&other_before, &other_now);
        for (position, &index) in now_order.iter().enumerate() {
            assert_eq!(other.observed[position], found.observed[index]);
            assert_eq!(other.conflicts.contains(&position), found.conflicts.contains(&index));
        }
    }

    #[test]
    fn no_account_is_found_twice_and_each_is_found_or_unseen(before in accounts(), now in accounts()) {
        let before = known(&faces(&before));
        let now = faces(&now);
        let found = match_accounts(&before, &now);
        let mut ids: Vec<_> = found.observed.iter().flatten().map(|found| found.id).chain(found.unseen).collect();
        ids.sort_unstable();
        assert_eq!(ids, before.iter().map(|one| one.id).collect::<Vec<_>>());
        for (position, marks) in now.iter().enumerate() {
            let Some(one) = found.observed[position] else { continue };
            let old = before.iter().find(|known| known.id == one.id).expect("it was given").marks;
            assert_eq!(old.currency, marks.currency);
            if let (Some(old), Some(new)) = (old.account_number, marks.account_number) {
                assert_eq!(old, new, "another number is another account");
            }
        }
    }

    #[test]
    fn new_names_alone_change_nothing_where_keys_last(
        accounts in accounts(),
        names in prop::collection::vec(any::<String>(), 6),
    ) {
        let keys = ["a", "b", "c", "d", "e", "f"];
        let keyed = |(marks, key): (Marks<'static>, &&'static str)| Marks { portal_key: key, ..marks };
        let before: Vec<_> = faces(&accounts).into_iter().zip(&keys).map(keyed).collect();
        let now: Vec<_> = before.iter().zip(&names).map(|(marks, name)| Marks { name, ..*marks }).collect();
        let found = match_accounts(&known(&before), &now);
        let expected: Vec<_> = (0..before.len()).map(|index| Some(id(index))).collect();
        assert_eq!(found.observed.iter().map(|found| found.map(|found| found.id)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn new_keys_for_all_change_nothing_where_numbers_are_unique(
        accounts in accounts(),
        keys in prop::collection::vec("[a-c0-9]{1,2}", 6),
        are_shuffled: bool,
    ) {
        let numbers = ["100001", "100002", "100003", "200001", "200002", "DE200002"];
        let numbered = |(marks, number): (Marks<'static>, &&'static str)| Marks { account_number: Some(number), ..marks };
        let before: Vec<_> = faces(&accounts).into_iter().zip(&numbers).map(numbered).collect();
        let keyed = |(marks, key): (&Marks<'static>, _)| Marks { portal_key: key, ..*marks };
        let mut now: Vec<Marks<'_>> = before.iter().zip(keys.iter().map(String::as_str)).map(keyed).collect();
        if are_shuffled {
            now.reverse();
        }
        let found = match_accounts(&known(&before), &now);
        for (marks, found) in now.iter().zip(&found.observed) {
            let index = before.iter().position(|old| old.account_number == marks.account_number).expect("it is known");
            assert_eq!(found.map(|found| found.id), Some(id(index)));
        }
    }
}

#[test]
fn a_number_is_the_iban_that_ends_in_it_and_no_few_digits_or_masks() {
    let check = |one: &str, other: &str, expected: bool| {
        assert_eq!((is_same_number(one, other), is_same_number(other, one)), (expected, expected), "{one} {other}");
    };
    check("10 0000-4711", "1000004711", true);
    check("0001000004711", "1000004711", true);
    check("DE02 1203 0000 1000 0047 11", "1000004711", true);
    check("DE02 1203 0000 1000 0047 11", "1000004712", false);
    check("DE02 1203 0000 1000 0047 11", "4711", false);
    check("4711", "4711", true);
    // Only an IBAN has a number at its end.
    check("7123456", "123456", false);
    check("XX1234567", "1234567", false);
    check("\u{2022}\u{2022}\u{2022}\u{2022} 4711", "\u{2022}\u{2022}\u{2022}\u{2022} 4711", false);
    check("", "", false);
}

#[test]
fn an_iban_is_one_text_however_a_portal_groups_it() {
    let check = |text: &str, expected: Option<&str>| assert_eq!(iban(text).as_deref(), expected, "{text}");
    let french = Some("FR7630006000011234567890189");
    check("FR76 3000 6000 0112 3456 7890 189", french);
    check("FR7630006000011234567890189", french);
    check("fr76-3000-6000-0112-3456-7890-189", french);
    check("GB82 WEST 1234 5698 7654 32", Some("GB82WEST12345698765432"));
    // A digit off, a number that is none, one that is masked.
    check("FR76 3000 6000 0112 3456 7890 188", None);
    check("3000 6000 0112 3456", None);
    check("FR76 •••• 0189", None);
}
