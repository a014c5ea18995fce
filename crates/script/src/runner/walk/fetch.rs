//! Where files come in while an account is read: when one is asked for, and where it ends up.
//!
//! Not here: what is made of a file ([`Filed`](super::super::files::Filed)).

use std::sync::Arc;

use domain::failure::{Failure, FailureCode};
use jiff::civil::Date;

use super::{At, Pages, Walk};
use crate::command::{Download, FileBytes, Told};
use crate::language::{Script, TransactionsRead};
use crate::read::Place;
use crate::runner::files::Asking;
use crate::table::ROWS_LIMIT;

impl Walk {
    /// Takes what there is to tell of files.
    pub(in crate::runner) fn tell(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// A file came, of the account that is read.
    pub(in crate::runner) fn file(&mut self, bytes: &FileBytes) {
        let script = Arc::clone(&self.script);
        let read = script.reads.transactions.as_ref().and_then(|read| read.file.as_ref());
        if let (At::Account(pages), Some(read)) = (&mut self.at, read)
            && let Some(account) = self.accounts.get(pages.index)
        {
            let how = (script.locale, self.today);
            self.told.push(pages.filed.take(bytes, read, account, how, pages.index + 1));
        }
    }

    /// None came.
    pub(in crate::runner) fn no_file(&mut self, why: &str) {
        if let At::Account(pages) = &mut self.at {
            self.told.push(pages.filed.missed(pages.index + 1, why));
        }
    }

    /// The end of an account whose transactions were read: the files beside what was read of the table.
    pub(super) fn settle_files(
        &mut self,
        read: &TransactionsRead,
        pages: &mut Pages,
        place: &Place,
    ) -> Result<(), Failure> {
        let Some(account) = self.accounts.get_mut(pages.index) else { return Ok(()) };
        if let Some(file) = &read.file {
            self.told.extend(pages.filed.settle(file, account, place)?);
        }
        self.rows += account.transactions.len();
        if self.rows > ROWS_LIMIT {
            return Err(place.failure(FailureCode::DataIncomplete, "there are more than 100,000 rows"));
        }
        self.weight += pages.weight;
        Ok(())
    }
}

/// What is done for the next file of the page of transactions that shows, if there is one.
pub(super) fn fetch(
    script: &Script,
    (today, since): (Date, Option<Date>),
    read: &TransactionsRead,
    pages: &mut Pages,
) -> Option<Download> {
    let asking = Asking { today, since, shows_rows: pages.shows_rows(read), patience_ms: script.patience_ms };
    pages.filed.ask(read.file.as_ref()?, asking)
}
