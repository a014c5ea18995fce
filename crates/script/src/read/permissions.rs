//! Reading what the user may do from the page on which the portal shows it.
//!
//! Not here: what follows from it.

use domain::failure::Failure;
use domain::permissions::{Permissions, Right};

use super::{Cells, Place, is_word, word_of};
use crate::document::{Document, fold};
use crate::language::{PermissionField, PermissionsRead};
use crate::table::{Grid, places};

/// All that is granted in any row.
pub(crate) fn permissions(
    document: &Document,
    read: &PermissionsRead,
    cells: Cells<'_>,
    place: &Place,
) -> Result<Permissions, Failure> {
    let grid = Grid::find(document, &read.table).map_err(|error| place.table(&error))?;
    let found = places(&grid.headers, read.table.names()).map_err(|error| place.table(&error))?;
    let mut permissions = Permissions::default();
    for (index, row) in grid.rows.iter().enumerate() {
        for ((field, header), column) in read.table.columns.iter().zip(&found) {
            let text = row.cells.get(*column).map(|cell| fold(cell)).unwrap_or_default();
            if cells.is_blank(&text) {
                continue;
            }
            let granted = rights(&text, *field, read).map_err(|why| place.cell(index + 1, header, &why))?;
            permissions = granted.iter().fold(permissions, |before, right| before.with(*right));
        }
    }
    Ok(permissions)
}

/// What a cell that isn't empty grants.
fn rights(text: &str, field: PermissionField, read: &PermissionsRead) -> Result<Vec<Right>, String> {
    let is_one_of = |words: &[String]| words.iter().any(|word| is_word(text, word));
    match field {
        PermissionField::May(right) if is_one_of(&read.granted) => Ok(vec![right]),
        PermissionField::May(_) if is_one_of(&read.refused) => Ok(Vec::new()),
        PermissionField::May(_) => Err("the cell holds a word that is neither in `granted` nor in `refused`".into()),
        PermissionField::Access => word_of(text, &read.accesses).cloned(),
    }
}
