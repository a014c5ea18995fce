//! What a script says, once it is known to be sound: pages with how each is
//! recognised and what it means, and what is read where.
//!
//! Not here: how the text is read (`parse`) or what is done with it (`runner`).

mod captured;
mod file;
mod first_login;
mod permissions;
mod steps;
mod words;

use domain::account::{AccountStatus, AccountType};
use domain::calendar::DateFormat;
use domain::challenge::{ChallengeKind, Medium};
use domain::failure::FailureCode;
use domain::institution::CredentialName;
use domain::money::{Currency, Locale};
use domain::run::Effect;
use domain::transaction::{Rail, TransactionStatus};

use crate::command::{Popups, Target};
use crate::css::Css;

pub(crate) use captured::{Captured, Datum, Words as CapturedWords};
pub(crate) use file::{Beside, CsvRead, FileDays, FileKind, FileRead};
pub(crate) use first_login::{Asked, Enrol, NewPassword, Questions, SecretShown, TermsShown, Worded};
pub(crate) use permissions::{PermissionField, PermissionsRead};
pub(crate) use steps::{Source, Step};
pub(crate) use words::{BankWord, meant};

/// How to drive one portal. Made by [`Script::parse`].
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) institution: String,
    pub(crate) locale: Locale,
    pub(crate) currency: Currency,
    pub(crate) timezone: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) start: Option<String>,
    pub(crate) busy: Vec<Css>,
    /// What becomes of windows that pages open.
    pub(crate) popups: Popups,
    /// What stands in a cell that says nothing, case folded.
    pub(crate) blank: Vec<String>,
    pub(crate) patience_ms: u64,
    pub(crate) pages: Vec<Page>,
    pub(crate) reads: Reads,
    pub(crate) sign_out: Option<Css>,
}

impl Script {
    /// The institution's id, equal to the name of the script's folder.
    #[must_use]
    pub fn institution(&self) -> &str {
        &self.institution
    }

    /// The hosts that may be reached beside the portal's own.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The bank's time zone, an IANA name: its dates are calendar dates there.
    #[must_use]
    pub fn timezone(&self) -> &str {
        &self.timezone
    }

    /// Whether some page asks for a code that a device of the user shows.
    #[must_use]
    pub fn asks_for_device_codes(&self) -> bool {
        let asks = |page: &Page| {
            matches!(&page.meaning, Meaning::Challenge(challenge)
                if challenge.kind == ChallengeKind::OneTimeCode && challenge.medium == Some(Medium::Device))
        };
        self.pages.iter().any(asks)
    }

    /// The credentials that the script fills in, each once.
    #[must_use]
    pub fn credentials(&self) -> Vec<CredentialName> {
        let steps = self.pages.iter().flat_map(|page| &page.steps);
        let mut names: Vec<CredentialName> = steps
            .filter_map(|step| match step {
                Step::Fill { with: Source::Credential(name), .. } => Some(*name),
                _ => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether it knows a page on which the bank asks for a second factor.
    #[must_use]
    pub fn knows_challenges(&self) -> bool {
        self.pages.iter().any(|page| matches!(page.meaning, Meaning::Challenge(_)))
    }

    /// Whether a popup is closed anywhere.
    pub(crate) fn closes_popups(&self) -> bool {
        let visit = self.reads.visit.as_ref();
        let backs = visit.map(|visit| &visit.back).into_iter();
        let backs = backs.chain(visit.and_then(|visit| visit.onward.as_ref()).map(|onward| &onward.back));
        let mut steps = self.pages.iter().flat_map(|page| &page.steps);
        steps.any(|step| matches!(step, Step::ClosePopup))
            || backs.into_iter().any(|back| matches!(back, Back::ClosePopup))
    }

    pub(crate) fn page(&self, name: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.name == name)
    }
}

/// A recognisable place in a portal.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) name: String,
    /// All of these hold when the page shows.
    pub(crate) when: Vec<Sign>,
    pub(crate) meaning: Meaning,
    /// What is done on it, unless something is read on it just then.
    pub(crate) steps: Vec<Step>,
}

impl Page {
    /// Whether what is done on it has an effect that happens once.
    pub(crate) fn submits(&self) -> bool {
        self.effect().is_some()
    }

    /// The effect of what is done on it.
    pub(crate) fn effect(&self) -> Option<Effect> {
        self.steps.last().and_then(Step::effect)
    }
}

/// One thing by which a page is recognised.
#[derive(Clone, Debug)]
pub(crate) enum Sign {
    Visible(Css),
    Absent(Css),
    Text { within: Css, contains: String },
    Url(String),
}

/// What it means that a page shows.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// A form, an advert, a place where something is read.
    Passage,
    /// The portal's answer instead of data.
    Failure { code: FailureCode, message: Option<Pick> },
    /// The bank asks something of a person.
    Challenge(Box<Challenge>),
    /// The bank wants another password.
    NewPassword(Box<NewPassword>),
    /// The bank has an authenticator enrolled.
    Enrol(Box<Enrol>),
    /// The bank has answers to security questions set.
    Questions(Box<Questions>),
    /// The bank has terms accepted.
    Terms(Box<TermsShown>),
    /// The sign-in worked.
    SignedIn,
    /// The session was ended as wished.
    SignedOut,
}

/// What the bank asks.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) kind: ChallengeKind,
    pub(crate) medium: Option<Medium>,
    /// The masked number or address that the bank names.
    pub(crate) target: Option<Pick>,
    /// What a person is asked, in the bank's words.
    pub(crate) prompt: Pick,
    /// Visible when the answer before was refused; its text says why.
    pub(crate) refused: Option<Css>,
    /// How many answers one run tries.
    pub(crate) attempts: u32,
    /// How a new code is asked for, where it can be.
    pub(crate) resend: Option<Resend>,
}

/// How the bank is asked for a new code.
#[derive(Clone, Debug)]
pub(crate) struct Resend {
    pub(crate) click: Target,
    /// What the bank says of the new one.
    pub(crate) said: Option<Pick>,
    /// How many one run asks for.
    pub(crate) limit: u32,
}

/// A piece of text on a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pick {
    /// The first thing this fits; none for the thing at hand, such as a row.
    pub(crate) of: Option<Css>,
    /// The attribute that holds the text; none for the thing's own text.
    pub(crate) attribute: Option<String>,
    /// Only a text that starts with this.
    pub(crate) starts: Option<String>,
    /// Only what comes after the first of these.
    pub(crate) after: Option<String>,
    /// Only what comes before the first of these, `after` being applied.
    pub(crate) before: Option<String>,
}

/// What is read, and where.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    pub(crate) accounts: AccountsRead,
    /// How an account's own page is reached; none when it isn't visited.
    pub(crate) visit: Option<Visit>,
    pub(crate) account: Option<AccountRead>,
    pub(crate) transactions: Option<TransactionsRead>,
    /// What the user may do.
    pub(crate) permissions: Option<PermissionsRead>,
    /// The types of accounts whose balances and amounts are shown as what is owed.
    pub(crate) owed: Vec<AccountType>,
    /// By what they are made once the sign-in worked.
    pub(crate) by: ReadBy,
}

/// By what a portal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadBy {
    /// By whatever signed in.
    Session,
    /// Without a browser, with the session's cookies.
    Http,
}

/// The way to an account's own page and back.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The page that it leads to.
    pub(crate) page: String,
    /// Within the row of the account.
    pub(crate) open: Css,
    /// On the account's page.
    pub(crate) back: Back,
    /// The page of its transactions, where that is another.
    pub(crate) onward: Option<Onward>,
}

/// The way from an account's own page to its transactions, and back to the list.
#[derive(Clone, Debug)]
pub(crate) struct Onward {
    /// The page that it leads to.
    pub(crate) page: String,
    /// On the account's page.
    pub(crate) open: Css,
    /// On the page of the transactions: leads to the list of accounts.
    pub(crate) back: Back,
}

/// What leads back from a page.
#[derive(Clone, Debug)]
pub(crate) enum Back {
    Click(Css),
    /// The page is in a popup, which is closed.
    ClosePopup,
}

/// The list of accounts.
#[derive(Clone, Debug)]
pub(crate) struct AccountsRead {
    pub(crate) on: String,
    pub(crate) table: Table<AccountField>,
    /// What tells accounts apart, within a row.
    pub(crate) key: Pick,
    /// Rows of accounts without a page of their own.
    pub(crate) no_page: Option<Css>,
    pub(crate) format: Format,
}

/// The details on an account's own page.
#[derive(Clone, Debug)]
pub(crate) struct AccountRead {
    pub(crate) fields: Vec<(AccountField, Spot)>,
    pub(crate) format: Format,
}

/// Where a value stands on a page, or in a record.
#[derive(Clone, Debug)]
pub(crate) enum Spot {
    /// Beside the one of these labels that is there, in a list of terms or a table; case folded.
    Label(Vec<String>),
    At(Pick),
}

/// The transactions of an account.
#[derive(Clone, Debug)]
pub(crate) struct TransactionsRead {
    /// How they are laid out, at least one: the first whose table is there with all its headers
    /// is the one that shows.
    pub(crate) layouts: Vec<Layout>,
    /// The table of those that are pending, where it is another; a page may lack it.
    pub(crate) pending_table: Option<Table<TransactionField>>,
    /// How many rows the portal says there are, on the first page.
    pub(crate) announced: Option<Pick>,
    /// What leads to the next page.
    pub(crate) next: Option<Next>,
    /// How the portal is asked for some days after others, where it shows no more at a time.
    pub(crate) windows: Option<Windows>,
    /// The portal's own answers, from which rows are taken where a driver sees them.
    pub(crate) captured: Option<Box<Captured>>,
    /// Visible on an account's own page whose transactions aren't shown to the user.
    pub(crate) unless: Option<Css>,
    /// A file that the portal offers of the same.
    pub(crate) file: Option<FileRead>,
    /// How many pages there are at most.
    pub(crate) limit: u32,
}

/// One of the ways in which a portal lays out transactions.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) table: Table<TransactionField>,
    pub(crate) format: Format,
    /// The column and the text in it that make a row a pending one.
    pub(crate) pending: Option<(TransactionField, String)>,
    /// Whether what stands under `debit` has a minus.
    pub(crate) debits: Debits,
}

/// How amounts stand in a column of what goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Debits {
    /// Without a sign.
    Bare,
    /// With a minus, which says what the column says.
    Signed,
}

/// What leads to the next page of a list.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// This, while it can be clicked, or until `end` shows.
    Click { target: Css, end: Option<Css> },
    /// The next one of the options of a field, such as a month, and what asks for it.
    Choose { of: Css, click: Css },
    /// The first of these that stands behind the number of the page that shows.
    Behind { shown: Css, click: Css },
    /// This, while it can be clicked: the rows come below those that are there.
    More(Css),
    /// Scrolling in this: rows come and go, told apart by `key`, until `end` shows and there is
    /// nothing further down.
    Scroll { within: Css, key: Pick, end: Css },
}

/// How a portal is asked for the transactions of some days.
#[derive(Clone, Debug)]
pub(crate) struct Windows {
    /// The field of the first day, and that of the last.
    pub(crate) from: Css,
    pub(crate) to: Css,
    /// What asks for them.
    pub(crate) click: Css,
    /// The part of the page that an answer replaces, where that isn't the table alone.
    pub(crate) answer: Option<Css>,
    /// How days are typed.
    pub(crate) date: DateFormat,
    /// How many days are asked for at once.
    pub(crate) days: u32,
    /// How many days back the portal can be asked.
    pub(crate) reach: u32,
}

/// A field of a record that isn't a column of its own: a part of a cell, or of the record.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// What the column is called that it makes.
    pub(crate) name: String,
    /// The header of the cell that it is in, case folded; none in the record itself.
    pub(crate) header: Option<String>,
    pub(crate) spot: Spot,
}

/// Records: the rows of a table whose columns are found by their headers, or things of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Table<F> {
    pub(crate) css: Css,
    pub(crate) shape: Shape,
    /// Rows that are no records, such as a line between two months.
    pub(crate) skip: Option<Css>,
    /// Visible when there are really no records; a row that it fits is none.
    pub(crate) empty: Option<Css>,
    /// Each field, and the header that it stands under or the name of its part.
    pub(crate) columns: Vec<(F, String)>,
    pub(crate) parts: Vec<Part>,
}

/// What the selector of records fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The table that they are rows of.
    Table,
    /// Each of them.
    Records,
}

impl<F> Table<F> {
    /// What the columns are called, those of parts included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(_, name)| name.as_str())
    }

    /// The headers that have to be there.
    pub(crate) fn headers(&self) -> impl Iterator<Item = &str> {
        let part = |name: &str| self.parts.iter().find(|part| part.name == *name);
        self.names().filter_map(move |name| part(name).map_or(Some(name), |part| part.header.as_deref()))
    }
}

/// How texts become values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Format {
    pub(crate) date: Option<DateFormat>,
    pub(crate) types: Vec<(BankWord, AccountType)>,
    pub(crate) account_statuses: Vec<(BankWord, AccountStatus)>,
    pub(crate) rails: Vec<(BankWord, Rail)>,
    pub(crate) statuses: Vec<(BankWord, TransactionStatus)>,
}

macro_rules! fields {
    ($(#[$attribute:meta])* $name:ident { $( $variant:ident = $word:literal ),+ $(,)? }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),+ }

        impl $name {
            /// Every field with the key by which scripts name it.
            pub(crate) const KNOWN: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    };
}

fields! {
    /// What can be read of an account.
    AccountField {
        Name = "name",
        Type = "type",
        Status = "status",
        Currency = "currency",
        OfficialName = "officialName",
        MaskedNumber = "maskedNumber",
        AccountNumber = "accountNumber",
        RoutingNumber = "routingNumber",
        SwiftBic = "swiftBic",
        CurrentBalance = "currentBalance",
        AvailableBalance = "availableBalance",
        BalanceAsOf = "balanceAsOf",
    }
}

fields! {
    /// What can be read of a transaction.
    TransactionField {
        PostedDate = "postedDate",
        TransactionDate = "transactionDate",
        Description = "description",
        Amount = "amount",
        Credit = "credit",
        Debit = "debit",
        RunningBalance = "runningBalance",
        Status = "status",
        Rail = "rail",
        BankReference = "bankReference",
        CustomerReference = "customerReference",
        BaiCode = "baiCode",
        Category = "category",
        Subcategory = "subcategory",
        Mcc = "mcc",
        MerchantName = "merchantName",
        CounterpartyName = "counterpartyName",
        CounterpartyAccountMasked = "counterpartyAccountMasked",
    }
}
