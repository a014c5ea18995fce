//! What a strategy is asked and what it sees: the reads of the accounts, one after the other.
//!
//! Not here: the truth. A strategy that saw it would be the oracle, which only the tests of
//! this crate have.

use domain::observation::Window;
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The name under which a ledger keeps a row. Strategies choose them; no two rows of any
/// accounts may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LedgerId(pub u64);

/// One read of one account by one sync, as a portal shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The bank whose account it is; what is learnt of its manners counts for its others too.
    pub institution: usize,
    /// The account as the portal names it.
    pub account: usize,
    /// The account's currency.
    pub currency: &'static str,
    /// The day of the sync in the bank's calendar; nothing that the bank does later that day
    /// matters.
    pub day: Date,
    /// The rows in the portal's order.
    pub rows: Vec<ObservedTransaction>,
    /// Which part of the list they are.
    pub window: Window,
    /// The booked balance at the time of the sync.
    pub balance: Option<Decimal>,
}

/// A way to give rows an identity, with the ledger that it keeps.
pub trait Strategy {
    /// What the tables call it.
    fn name(&self) -> &'static str;

    /// Takes one read, and says for each of its rows, in their order, under which id the
    /// ledger keeps it now. Other rows may be removed by it.
    fn sync(&mut self, read: &Read) -> Vec<LedgerId>;

    /// The ids that the ledger holds of an account as present: added and not removed.
    fn live(&self, account: usize) -> Vec<LedgerId>;
}
