//! One statement: an account, the days that it covers, its balances and its transactions.
//!
//! Not here: which portal key the account has; whoever took the file knows.

use domain::account::{AccountStatus, AccountType, ObservedAccount};
use domain::observation::{Extent, ShownBalance, Source, Window};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;

use crate::format::Format;
use crate::text::masked;

/// One statement of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it was read from.
    pub format: Format,
    /// The bank's own number or name for it.
    pub reference: Option<String>,
    /// Whose it is.
    pub account: StatedAccount,
    /// The first day that it says it covers.
    pub from: Option<Date>,
    /// The last day that it says it covers.
    pub to: Option<Date>,
    /// Whether that is all of those days.
    pub extent: Extent,
    /// The booked balance before the first transaction, as the end of the day before.
    pub opening: Option<ShownBalance>,
    /// The booked balance after the last transaction; its day may not have ended.
    pub closing: Option<ShownBalance>,
    /// Whether the closing balance is that of the end of its day.
    pub closing_kind: BalanceKind,
    /// What else is said of balances, in the file's order.
    pub others: Vec<OtherBalance>,
    /// The transactions, in the file's order.
    pub transactions: Vec<ObservedTransaction>,
    /// How many entries were left out because they are announced for information alone and move nothing.
    pub informational: u64,
    /// What the file says of its transactions; it held.
    pub announced: Announced,
}

/// What a statement says of its account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedAccount {
    /// Its number.
    pub number: Option<AccountNumber>,
    /// The BIC of the bank or branch.
    pub bic: Option<String>,
    /// The bank's national number: a routing number, a sort code, a Bankleitzahl.
    pub routing_number: Option<String>,
    /// Upper-case code; empty only in what a caller declares.
    pub currency: String,
    /// What the bank calls it.
    pub name: Option<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// What kind it is.
    pub account_type: Option<AccountType>,
}

/// The number of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountNumber {
    /// An international one.
    Iban(String),
    /// Any other.
    Other(String),
}

/// What a balance says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceKind {
    /// Booked, at the end of a day.
    Closing,
    /// Booked, at some time of a day.
    Interim,
    /// What can be spent, at the end of a day.
    Available,
    /// What can be spent, at some time of a day.
    InterimAvailable,
    /// What can be spent on a later day.
    ForwardAvailable,
    /// What was there before a day's first transaction.
    Opening,
    /// What could be spent before a day's first transaction.
    OpeningAvailable,
}

/// A balance beside the opening and the closing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherBalance {
    /// What it says.
    pub kind: BalanceKind,
    /// The day that the file gives for it.
    pub date: Date,
    /// A signed decimal in the account's currency.
    pub amount: String,
}

/// What a file says of its own transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// How many there are.
    pub rows: Option<u64>,
    /// What they come to, a signed decimal.
    pub net: Option<String>,
}

impl AccountNumber {
    /// The number itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iban(number) | Self::Other(number) => number,
        }
    }
}

impl Statement {
    /// A statement of which nothing is known but its format and account.
    pub(crate) fn of(format: Format, account: StatedAccount) -> Self {
        Self {
            format,
            reference: None,
            account,
            from: None,
            to: None,
            extent: Extent::Whole,
            opening: None,
            closing: None,
            closing_kind: BalanceKind::Closing,
            others: Vec::new(),
            transactions: Vec::new(),
            informational: 0,
            announced: Announced::default(),
        }
    }

    /// The account as this statement shows it.
    #[must_use]
    pub fn observed(self, portal_key: String) -> ObservedAccount {
        let window = Window {
            source: Source::File,
            extent: self.extent,
            from: self.from,
            to: self.to,
            pages: 1,
            rows_announced: self.announced.rows,
        };
        let (current_balance, balance_as_of) = match &self.closing {
            Some(closing) => (Some(closing.ledger_balance.clone()), Some(closing.date)),
            None => (None, None),
        };
        let can_be_spent = |kind| matches!(kind, BalanceKind::Available | BalanceKind::InterimAvailable);
        let available = self.others.iter().rfind(|other| can_be_spent(other.kind));
        // One figure and one day: an available balance of another day isn't shown beside the booked one.
        let available = available.filter(|other| balance_as_of.is_none_or(|day| day == other.date));
        let available_balance = available.map(|other| other.amount.clone());
        let balance_as_of = balance_as_of.or(available.map(|other| other.date));
        let ended = self.others.iter().filter(|other| other.kind == BalanceKind::Closing);
        let mut balances: Vec<ShownBalance> = self.opening.into_iter().collect();
        balances.extend(ended.map(|other| ShownBalance { date: other.date, ledger_balance: other.amount.clone() }));
        balances.extend(self.closing.filter(|_| self.closing_kind == BalanceKind::Closing));
        let account = self.account;
        let number = account.number.map(|number| match number {
            AccountNumber::Iban(number) | AccountNumber::Other(number) => number,
        });
        let masked_number = number.as_deref().map(masked);
        ObservedAccount {
            portal_key,
            account_type: account.account_type.unwrap_or(AccountType::Unknown),
            currency: account.currency,
            name: account.name.or(account.owner).or(masked_number.clone()).unwrap_or_default(),
            status: AccountStatus::Unknown,
            official_name: None,
            masked_number,
            account_number: number,
            routing_number: account.routing_number,
            swift_bic: account.bic,
            current_balance,
            available_balance,
            balance_as_of,
            transactions: self.transactions,
            window: Some(window),
            balances,
            failure: None,
            sheets: Vec::new(),
        }
    }
}
