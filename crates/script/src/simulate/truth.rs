//! What a portal of saved pages really holds: what the script reads of its pages, as they are served.
//!
//! Not here: how a cell is read.

use domain::account::ObservedAccount;
use domain::failure::{Failure, Stage};
use domain::observation::{Sheet, SheetKind};

use super::{Own, Recorded, SimulateError, SimulatedPortal};
use crate::document::Document;
use crate::language::Script;
use crate::read::{Place, announcements, details_of, list, page};
use crate::saved::{cells, reread};

const PLACE: Place = Place { stage: Stage::Transactions, account: None };

/// Reads every account, whole.
pub(super) fn truth(
    script: &Script,
    portal: &SimulatedPortal,
    files: &[(String, String)],
    owns: &[Own],
    list_at: usize,
    pages: &[Recorded<'_>],
) -> Result<Vec<ObservedAccount>, SimulateError> {
    let named = |at: usize| portal.pages.get(at).map_or("", |page| page.file.as_str());
    let refuse = |at: usize| move |why: String| SimulateError::File { file: named(at).to_owned(), why };
    let document = |at: usize| {
        let html = files.iter().find(|(file, _)| file == named(at)).map_or("", |(_, html)| html);
        Document::parse(html).map_err(|refused| refuse(at)(refused.text().to_owned()))
    };
    let said = |failure: Failure| format!("{}: {}", failure.code, failure.message);
    let day = |at: usize| pages.iter().find(|page| page.file == named(at)).map(|page| page.today).unwrap_or_default();
    let (reads, place) = (&script.reads, Place { stage: Stage::Accounts, account: None });
    let listed = document(list_at)?;
    let listing = list(&listed, &reads.accounts, &place).map_err(said).map_err(refuse(list_at))?;
    let accounts = listing.accounts(&reads.accounts, cells(script, day(list_at)), &place);
    let mut accounts = accounts.map_err(said).map_err(refuse(list_at))?;
    for (account, own) in accounts.iter_mut().zip(owns) {
        let (Some(_), Some(details)) = (own.opens, own.details) else { continue };
        let shown = document(details)?;
        if let Some(read) = &reads.account {
            account.sheets.push(details_of(&shown, read, &PLACE).map_err(said).map_err(refuse(details))?);
        }
        if let Some(read) = &reads.transactions {
            let shows_none = read.unless.as_ref().is_some_and(|css| shown.shown(css).is_some());
            if shows_none {
                account.sheets.push(Sheet { kind: SheetKind::Transactions, headers: Vec::new(), rows: Vec::new() });
            }
            for at in own.read.iter().filter(|_| !shows_none) {
                let shown = document(*at)?;
                let beside = announcements(&shown, read, &PLACE).map_err(said).map_err(refuse(*at))?;
                account.sheets.extend(beside);
                account.sheets.push(page(&shown, read, &PLACE).map_err(said).map_err(refuse(*at))?.sheet);
            }
        }
        *account = reread(script, account, day(list_at)).map_err(said).map_err(refuse(details))?;
    }
    Ok(accounts)
}
