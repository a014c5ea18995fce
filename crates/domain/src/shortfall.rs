//! What a completed run left out, and what becomes of its connection then.
//!
//! A run that read some accounts whole and others not is completed: those that were read are
//! published, and never half an account. Nor is a run refused because what it read doesn't
//! add up: checks report, they never repair. What is missing is one [`Failure`], by this rule:
//!
//! | the run | the connection | its failure |
//! |---|---|---|
//! | left nothing out | `active`, well | none |
//! | left accounts out | `active`, degraded | that of the first account left out |
//! | left none out, but the data of accounts are broken | `active`, degraded | `data.unreconciled` |
//! | left every account out | as that failure says | it wasn't completed: it failed |
//!
//! *Degraded* is no state. The failure is kept with the run and as the connection's last one,
//! is shown beside `active`, and goes when a run leaves nothing out.
//!
//! Not here: which accounts were left out (`account`), and what makes data broken
//! (`completeness`).

use crate::account::ObservedAccount;
use crate::failure::{Failure, FailureCode, Stage};

/// The failure that a completed run is kept with: none where it left nothing out. `broken`
/// says of how many of the accounts the data were graded broken.
#[must_use]
pub fn shortfall(accounts: &[ObservedAccount], broken: usize) -> Option<Failure> {
    let whole = accounts.len();
    let left_out: Vec<&Failure> = accounts.iter().filter_map(|account| account.failure.as_ref()).collect();
    match left_out.first() {
        Some(first) => {
            let said = format!("{} of {whole} accounts couldn't be read. {}", left_out.len(), first.message);
            Some((*first).clone().with_message(said))
        }
        None if broken > 0 => {
            let code = FailureCode::DataUnreconciled;
            let said = format!("{broken} of {whole} accounts don't add up. {}", code.text());
            Some(Failure::new(code, Stage::Transactions).with_message(said))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::shortfall;
    use crate::account::ObservedAccount;
    use crate::failure::{Failure, FailureCode, Stage};

    fn account(code: Option<FailureCode>) -> ObservedAccount {
        let failure = code.map(|code| Failure::new(code, Stage::Accounts));
        ObservedAccount { name: "Operating".into(), failure, ..ObservedAccount::unknown() }
    }

    fn check(codes: &[Option<FailureCode>], broken: usize, expected: Option<(&str, &str)>) {
        let accounts: Vec<ObservedAccount> = codes.iter().copied().map(account).collect();
        let failure = shortfall(&accounts, broken);
        let said = failure.as_ref().map(|failure| (failure.code.as_str(), failure.message.as_str()));
        assert_eq!(said, expected);
    }

    #[test]
    fn what_a_run_left_out_is_one_failure() {
        let unreadable = Some(FailureCode::ScriptParse);
        let parse = "A value on the page can't be read as the script declares it.";
        check(&[], 0, None);
        check(&[None, None], 0, None);
        let said = format!("1 of 3 accounts couldn't be read. {parse}");
        check(&[None, unreadable, None], 0, Some(("script.parse", &said)));
        let said = format!("2 of 3 accounts couldn't be read. {parse}");
        check(&[unreadable, None, Some(FailureCode::ElementMissing)], 2, Some(("script.parse", &said)));
        let said = "1 of 2 accounts don't add up. Balances and transactions don't add up.";
        check(&[None, None], 1, Some(("data.unreconciled", said)));
    }
}
