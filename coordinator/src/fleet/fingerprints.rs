//! What tells two connections' credentials to be the same without telling what they are:
//! HMAC-SHA256 under a key of the vault, of the institution and what is given there.
//!
//! Not here: what follows from their being the same; the store's lockout budget has that.

use std::collections::BTreeMap;

use domain::institution::CredentialName;
use domain::secret::Secret;
use hmac::Mac as _;

use crate::store::Fingerprints;
use crate::vault::{Vault, mac};

/// The fingerprints of credentials at an institution.
pub(super) fn fingerprints(
    vault: &Vault,
    institution: &str,
    credentials: &BTreeMap<CredentialName, Secret>,
) -> Fingerprints {
    let key = vault.derived_key("fingerprints of credentials");
    let of = |kind: &str, parts: &mut dyn Iterator<Item = (CredentialName, String)>| {
        let mut mac = mac(&key);
        for part in [kind.to_owned(), institution.to_owned()]
            .into_iter()
            .chain(parts.flat_map(|(name, text)| [name.as_str().to_owned(), text]))
        {
            // Each with its length, so that no two lists run together.
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    };
    // Most banks don't mind the case of a user's name, and two that are taken for one only wait for each other.
    let told = |(name, text): (&CredentialName, &Secret)| match name {
        CredentialName::Password => (*name, text.expose().to_owned()),
        _ => (*name, text.expose().trim().to_lowercase()),
    };
    let mut names = credentials.iter().filter(|(name, _)| **name != CredentialName::Password).map(told);
    Fingerprints { login: of("login", &mut names), whole: of("whole", &mut credentials.iter().map(told)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: (&str, &str, &str), other: (&str, &str, &str), is_same_login: bool, is_same: bool) {
        let vault = Vault::open(&Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()), "".as_ref());
        let vault = vault.expect("a vault");
        let of = |(institution, name, password): (&str, &str, &str)| {
            let credentials = BTreeMap::from([
                (CredentialName::BankUsername, Secret::new(name.into())),
                (CredentialName::Password, Secret::new(password.into())),
            ]);
            fingerprints(&vault, institution, &credentials)
        };
        let (one, other) = (of(one), of(other));
        assert_eq!((one.login == other.login, one.whole == other.whole), (is_same_login, is_same));
    }

    #[test]
    fn the_same_user_of_a_bank_is_known_again_and_nobody_else_is_taken_for_it() {
        check(("harbour", "amelia", "x"), ("harbour", "amelia", "x"), true, true);
        check(("harbour", "amelia", "x"), ("harbour", " Amelia", "x"), true, true);
        check(("harbour", "amelia", "x"), ("harbour", "amelia", "X"), true, false);
        check(("harbour", "amelia", "x"), ("pier", "amelia", "x"), false, false);
        check(("harbour", "amelia", "x"), ("harbour", "ameliax", ""), false, false);
    }
}
