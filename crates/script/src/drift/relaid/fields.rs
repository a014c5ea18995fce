//! Which piece of the rows as they are is which field of the rows as they were.
//!
//! Not here: what pieces there are (`spots`), and what is written of them (`written`).

use std::collections::BTreeSet;

use super::super::mend::value_kind;
use super::LEAST;
use super::spots::{Cut, Group, Piece, Says};
use super::values::{are_signed, is_out, shape, size};
use crate::document::{fold, folded_case};
use crate::language::{Spot, Table, TransactionField};

/// By how many rows a list may have moved since.
const MOVED: isize = 10;

/// What a field held, and where.
pub(super) struct Held {
    name: &'static str,
    field: TransactionField,
    values: Vec<String>,
    /// The header that it stood under, case folded, and the selector and the cuts of its part.
    stood: (Option<String>, Option<(Option<String>, Cut)>),
}

/// The fields of a group's rows.
pub(super) struct Found<'g> {
    pub(super) group: &'g Group,
    /// How much speaks for it.
    pub(super) weight: usize,
    pub(super) fields: Vec<(&'static str, Says)>,
    /// A field without which nothing is read, and that isn't there.
    pub(super) lost: Option<&'static str>,
    pub(super) left: Vec<String>,
    pub(super) why: String,
    /// Whether these are the rows that were there before.
    pub(super) is_same: bool,
}

impl Held {
    pub(super) fn new(
        field: TransactionField,
        column: &str,
        table: &Table<TransactionField>,
        values: impl Iterator<Item = String>,
    ) -> Self {
        let name = TransactionField::KNOWN.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| *name);
        let stood = match table.parts.iter().find(|part| part.name == *column) {
            None => (Some(column.to_owned()), None),
            Some(part) => match &part.spot {
                Spot::At(pick) => {
                    let of = pick.of.as_ref().map(|css| css.text().to_owned());
                    let (starts, after, before) = (pick.starts.clone(), pick.after.clone(), pick.before.clone());
                    (part.header.clone(), Some((of, Cut { starts, after, before })))
                }
                Spot::Label(labels) => (labels.first().cloned(), None),
            },
        };
        Self { name, field, values: values.collect(), stood }
    }

    fn normal(&self, text: &str) -> String {
        match self.field {
            // Its words are the script's, which scrubbing leaves.
            TransactionField::Rail | TransactionField::Status => folded_case(text),
            TransactionField::Amount => size(text),
            _ => shape(text),
        }
    }

    /// Whether a piece is said as it was.
    fn is_as_before(&self, says: &Says) -> bool {
        match says {
            Says::Header(header) | Says::Label(header) => {
                self.stood.1.is_none() && self.stood.0.as_deref() == Some(folded_case(header).as_str())
            }
            Says::Within { of, cut, .. } => {
                self.stood.1.as_ref().is_some_and(|(was, known)| was.as_deref() == Some(of.as_str()) && known == cut)
            }
        }
    }

    /// How many of the rows say in a piece what they said, and how many say anything.
    fn same(&self, values: &[String], moved: isize) -> (usize, usize) {
        let (mut same, mut of) = (0, 0);
        for (at, was) in self.values.iter().enumerate() {
            let Some(is) = at.checked_add_signed(moved).and_then(|at| values.get(at)) else { continue };
            let (was, is) = (self.normal(was), self.normal(is));
            of += usize::from(!was.is_empty() || !is.is_empty());
            same += usize::from(!was.is_empty() && was == is);
        }
        (same, of)
    }

    /// How far a piece holds what this held, where it does.
    fn fit(&self, piece: &Piece, moved: isize) -> Option<usize> {
        let (same, of) = self.same(&piece.values, moved);
        let is_whole = self.field != TransactionField::Amount || piece.values.iter().all(|text| !size(text).is_empty());
        (same > 0 && same * 5 >= of * 4 && is_whole).then_some(same)
    }

    /// Whether a piece holds values of the kinds that this held.
    fn is_alike(&self, piece: &Piece) -> bool {
        let kind = |text: &String| match self.field {
            TransactionField::Rail | TransactionField::Status => folded_case(text),
            TransactionField::Amount => value_kind(&size(text)),
            _ => value_kind(&fold(text)),
        };
        let was: BTreeSet<String> = self.values.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
        let is: Vec<String> = piece.values.iter().map(kind).filter(|kind| !kind.is_empty()).collect();
        let is_full = self.values.iter().any(String::is_empty) || is.len() == piece.values.len();
        let known = is.iter().filter(|kind| was.contains(*kind)).count();
        is_full && known >= LEAST && known * 5 >= is.len() * 4
    }
}

/// What the rows of a group hold of what the list held; none where they are other things.
pub(super) fn found<'g>(held: &[Held], rows: usize, group: &'g Group) -> Option<Found<'g>> {
    use TransactionField as F;
    let sums = sums(held, rows);
    let others: Vec<&Held> = held.iter().filter(|one| !matches!(one.field, F::Amount | F::Debit | F::Credit)).collect();
    let wanted: Vec<&Held> = others.iter().copied().chain(sums.as_ref()).collect();
    let total = |moved: isize| {
        let best = |one: &&Held| group.pieces.iter().filter_map(|piece| one.fit(piece, moved)).max().unwrap_or(0);
        wanted.iter().map(best).sum::<usize>()
    };
    let moved = (-MOVED..=MOVED).max_by_key(|moved| (total(*moved), -moved.abs())).unwrap_or(0);
    let description = held.iter().find(|one| one.field == F::Description)?;
    let is_same = group.pieces.iter().filter_map(|piece| description.fit(piece, moved)).max().unwrap_or(0) >= LEAST;
    let mut made = Found {
        group,
        weight: if is_same { total(moved) } else { 0 },
        fields: Vec::new(),
        lost: None,
        left: Vec::new(),
        why: String::new(),
        is_same,
    };
    let mut used: Vec<(&Held, &Piece)> = Vec::new();
    let needed = |one: &Held| matches!(one.field, F::PostedDate | F::TransactionDate | F::Description);
    // What a list is nothing without is chosen first, so that nothing else takes it.
    for one in others.iter().filter(|one| needed(one)) {
        made.add(one, moved, &mut used);
    }
    let sums = sums?;
    let amount = made.choose(&sums, moved, &used);
    let is_told = |piece: &&Piece| !are_signed(sums.values.iter()) || are_signed(piece.values.iter());
    match (amount.filter(is_told), sides(&sums, group, moved)) {
        (Some(piece), _) => {
            let is_turned = |(at, was): (usize, &String)| {
                let is = at.checked_add_signed(moved).and_then(|at| piece.values.get(at));
                is.is_some_and(|is| is_out(was) != is_out(is))
            };
            let have_marks = is_same && sums.values.iter().any(|text| is_out(text));
            if have_marks && sums.values.iter().enumerate().any(is_turned) {
                made.left.push("amounts have other signs than before: see which are paid and which received".into());
            }
            used.push((&sums, piece));
            made.fields.push(("amount", piece.says.clone()));
        }
        (None, Some((out, incoming))) => {
            used.extend([(&sums, out), (&sums, incoming)]);
            made.fields.extend([("debit", out.says.clone()), ("credit", incoming.says.clone())]);
        }
        (None, None) => made.lost = made.lost.or(Some("amount")),
    }
    for one in others.iter().filter(|one| !needed(one)) {
        made.add(one, moved, &mut used);
    }
    // As the list has them.
    let place = |name: &str| {
        let is_sum = |name: &str| matches!(name, "amount" | "debit" | "credit");
        held.iter().position(|one| one.name == name || is_sum(one.name) && is_sum(name))
    };
    made.fields.sort_by_key(|(name, _)| place(name));
    if !is_same {
        made.weight = made.fields.len();
        made.left.push("the rows are others than those that are known: see whether each field is the right one".into());
    }
    let how = if is_same { "the same rows as before" } else { "values of the same kinds as before" };
    made.why = format!("the list is {} times `{}`, with {how}", group.rows, group.selector);
    (made.weight > 1).then_some(made)
}

impl<'g> Found<'g> {
    /// Finds a field that isn't an amount, where it held anything.
    fn add<'h>(&mut self, one: &'h Held, moved: isize, used: &mut Vec<(&'h Held, &'g Piece)>) {
        if one.values.iter().all(String::is_empty) {
            return;
        }
        match self.choose(one, moved, used) {
            Some(piece) => {
                used.push((one, piece));
                self.fields.push((one.name, piece.says.clone()));
            }
            None if matches!(one.field, TransactionField::PostedDate | TransactionField::Description) => {
                self.lost = self.lost.or(Some(one.name));
            }
            None => self.left.push(format!("nothing in a row is what `{}` was: it is read no more", one.name)),
        }
    }

    /// The piece that is a field.
    fn choose(&mut self, one: &Held, moved: isize, used: &[(&Held, &'g Piece)]) -> Option<&'g Piece> {
        let group = self.group;
        let fits = |piece: &'g Piece| match self.is_same {
            true => one.fit(piece, moved).map(|same| (same, piece)),
            false => one.is_alike(piece).then_some((0, piece)),
        };
        let mut fitting: Vec<(usize, &Piece)> = group.pieces.iter().filter_map(fits).collect();
        let best = fitting.iter().map(|(same, _)| *same).max()?;
        fitting.retain(|(same, _)| *same == best);
        if let Some((_, piece)) = fitting.iter().find(|(_, piece)| one.is_as_before(&piece.says)) {
            return Some(piece);
        }
        // What holds another field is more than this one; only where both stood in one thing they may again.
        let is_free = |piece: &&Piece| {
            let is_clear = |other: &Piece| other.stands.0 != piece.stands.0 && !other.is_in(piece);
            used.iter().all(|(other, taken)| other.stood == one.stood || is_clear(taken))
        };
        let free: Vec<&Piece> = fitting.iter().map(|(_, piece)| *piece).filter(is_free).collect();
        let piece = *free.first()?;
        let is_another =
            |other: &&Piece| other.stands.0 != piece.stands.0 && !piece.is_in(other) && !other.is_in(piece);
        if free.iter().any(is_another) {
            if !self.is_same {
                return None;
            }
            self.left.push(format!(
                "whether `{}` is {}: another piece of the rows is built like it",
                one.name,
                piece.says.written()
            ));
        }
        Some(piece)
    }
}

/// What each row came to, in one column or two.
fn sums(held: &[Held], rows: usize) -> Option<Held> {
    let of = |field| held.iter().find(|one| one.field == field);
    let (values, stood) =
        match (of(TransactionField::Amount), of(TransactionField::Debit), of(TransactionField::Credit)) {
            (Some(amount), ..) => (amount.values.clone(), amount.stood.clone()),
            (None, Some(debit), Some(credit)) => {
                let side = |at: usize| {
                    let out = debit.values.get(at).filter(|text| !size(text).is_empty());
                    let out = out.map(|text| if is_out(text) { text.clone() } else { format!("-{text}") });
                    out.or_else(|| credit.values.get(at).cloned()).unwrap_or_default()
                };
                ((0..rows).map(side).collect(), (None, None))
            }
            _ => return None,
        };
    Some(Held { name: "amount", field: TransactionField::Amount, values, stood })
}

/// Two pieces of which each row has one: what went out, and what came in.
fn sides<'g>(sums: &Held, group: &'g Group, moved: isize) -> Option<(&'g Piece, &'g Piece)> {
    for out in &group.pieces {
        for incoming in group.pieces.iter().filter(|piece| piece.stands.0 != out.stands.0) {
            let both = out.values.iter().zip(&incoming.values);
            let is_one = |(one, other): (&String, &String)| size(one).is_empty() != size(other).is_empty();
            if !both.clone().all(is_one) {
                continue;
            }
            let merged: Vec<String> = both.map(|(one, other)| format!("{one}{other}")).collect();
            let (same, of) = sums.same(&merged, moved);
            // Which of them went out signs said before.
            let went: Vec<bool> = sums.values.iter().map(|text| is_out(text)).collect();
            let tells = |(at, went): (usize, &bool)| {
                let is = at.checked_add_signed(moved).and_then(|at| out.values.get(at));
                is.is_none_or(|text| size(text).is_empty() != *went)
            };
            let is_sum = same >= LEAST && same * 5 >= of * 4 && went.iter().any(|out| *out);
            let is_out_here = is_sum && went.iter().enumerate().all(tells);
            if is_out_here {
                return Some((out, incoming));
            }
        }
    }
    None
}
