//! The checks themselves, for one choice of signs, and the grade that they come to.
//!
//! All balances are turned first so that they rise with money in.
//!
//! Not here: which signs an account may have, and which of them is believed.

use std::cmp::Reverse;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::chain::{Chain, chain, sum};
use super::reading::{Anchor, Balance, Known, Reading, Row, Sign, Signs};
use super::{Break, Check, CheckName, Completeness, Detail, Edge, End, Grade, Outcome};

/// What the checks come to if these are the signs.
pub(super) struct Verdict {
    pub(super) completeness: Completeness,
    /// In how many places something doesn't fit.
    breaks: usize,
}

impl Verdict {
    /// Greater for what is surer, or less broken.
    pub(super) fn rank(&self) -> (Grade, Reverse<usize>) {
        (self.completeness.grade, Reverse(self.breaks))
    }
}

/// What came of one check: what there is to say of it if it passed, or why it failed or
/// couldn't be made.
enum Finding {
    Passed(Option<Detail>),
    /// Something is missing or too much, and where.
    Contradicted(Break),
    /// Nothing contradicts, but it doesn't hold.
    Failed,
    NotPossible(Detail),
}

/// Makes every check.
pub(super) fn judge(reading: &Reading<'_>, known: &Known<'_>, signs: Signs) -> Verdict {
    let turned = |row: &Row| Row { running_balance: row.running_balance.map(|shown| signs.running.of(shown)), ..*row };
    let rows: Vec<Row> = reading.rows.iter().map(turned).collect();
    let balance = reading
        .balance
        .map(|balance| Balance { ledger_balance: signs.balance.of(balance.ledger_balance), date: balance.date });
    let anchor =
        known.anchor.map(|anchor| Anchor { ledger_balance: signs.balance.of(anchor.ledger_balance), ..*anchor });
    let sides = Sides { reading, known, signs, balance, anchor };
    let chain = chain(&rows, balance.map(|balance| balance.ledger_balance));
    let breaks_in_chain = chain.as_ref().map_or(0, |chain| chain.breaks.len().saturating_sub(1));
    let findings: Vec<(CheckName, Finding)> = CheckName::ALL
        .iter()
        .map(|name| (*name, sides.check(*name, &chain).unwrap_or_else(Finding::NotPossible)))
        .collect();
    let contradictions = || findings.iter().filter_map(|(_, finding)| finding.contradiction());
    let grade = sides.grade(&findings);
    let completeness = Completeness {
        grade,
        checks: findings.iter().map(|(name, finding)| finding.check(*name)).collect(),
        broken: contradictions().next(),
        proven_from: (grade == Grade::Proven).then(|| sides.proven_from(&findings)).flatten(),
        as_of: reading.as_of(),
    };
    Verdict { completeness, breaks: contradictions().count() + breaks_in_chain }
}

impl Finding {
    fn contradiction(&self) -> Option<Break> {
        match self {
            Self::Contradicted(found) => Some(*found),
            Self::Passed(_) | Self::Failed | Self::NotPossible(_) => None,
        }
    }

    fn check(&self, name: CheckName) -> Check {
        let (outcome, detail) = match self {
            Self::Passed(detail) => (Outcome::Passed, *detail),
            Self::Contradicted(_) | Self::Failed => (Outcome::Failed, None),
            Self::NotPossible(detail) => (Outcome::NotPossible, Some(*detail)),
        };
        Check { name, outcome, detail }
    }

    fn passed_if(holds: bool) -> Self {
        if holds { Self::Passed(None) } else { Self::Failed }
    }
}

/// What is held against each other, with balances that rise with money in.
struct Sides<'a> {
    reading: &'a Reading<'a>,
    known: &'a Known<'a>,
    signs: Signs,
    balance: Option<Balance>,
    anchor: Option<Anchor>,
}

impl Sides<'_> {
    fn check(&self, name: CheckName, chain: &Result<Chain, Detail>) -> Result<Finding, Detail> {
        let chain = chain.as_ref().map_err(|reason| *reason);
        match name {
            CheckName::RunningBalance => chain.map(|chain| self.running_balance(chain)),
            CheckName::ChainReachesAnchor => self.chain_reaches_anchor(chain?),
            CheckName::ChainReachesBalance => self.chain_reaches_balance(chain?),
            CheckName::AnchorBalance => self.anchor_balance(),
            CheckName::RowCount => {
                let window = self.reading.window.ok_or(Detail::NoWindow)?;
                let announced = window.rows_announced.ok_or(Detail::NotShown)?;
                Ok(Finding::passed_if(announced == self.reading.rows_read))
            }
            CheckName::ListEnd => {
                self.reading.window.ok_or(Detail::NoWindow)?;
                Ok(Finding::passed_if(self.reading.is_walked_to_its_end()))
            }
            CheckName::Overlap => self.overlap(),
            CheckName::StatementTotals => self.statement_totals(),
            CheckName::LedgerSum => self.ledger_sum(),
        }
    }

    fn running_balance(&self, chain: &Chain) -> Finding {
        match chain.breaks.first() {
            Some(found) => Finding::Contradicted(*found),
            None if self.signs.running == Sign::Inverted => Finding::Passed(Some(Detail::Inverted)),
            None => Finding::Passed(chain.is_reordered.then_some(Detail::Reordered)),
        }
    }

    fn chain_reaches_anchor(&self, chain: &Chain) -> Result<Finding, Detail> {
        let anchor = self.anchor.ok_or(Detail::NoAnchor)?;
        if !chain.breaks.is_empty() {
            return Err(Detail::ChainBroken);
        }
        // The anchor's balance was that between two rows, one dated up to its day and the
        // next from its day on.
        let before =
            std::iter::once((None, chain.start)).chain(chain.steps.iter().map(|step| (Some(step.date), step.after)));
        let after = chain.steps.iter().map(|step| Some(step.date)).chain([None]);
        let is_it = |((before, balance), after): ((Option<Date>, Decimal), Option<Date>)| {
            let fits = |day: Date| before.is_none_or(|date| date <= day) && after.is_none_or(|date| date >= day);
            balance == anchor.ledger_balance && anchor.date.is_none_or(fits)
        };
        if before.zip(after).any(is_it) {
            return Ok(Finding::Passed(None));
        }
        // Bookings that were dated back have moved the balances since; their sum hasn't.
        let expected = sum(anchor.ledger_balance, self.posted_since(&anchor, None)?)?;
        let gap = sum(chain.end, -expected)?;
        let overlaps = self.reading.oldest() <= anchor.date;
        let (true, Some(first), Some(last)) = (!gap.is_zero(), chain.steps.first(), chain.steps.last()) else {
            return if overlaps { Ok(Finding::Passed(Some(Detail::BySum))) } else { Err(Detail::AfterAnchor) };
        };
        let newer = if overlaps { last.position } else { first.position };
        Ok(Finding::Contradicted(Break { between: (End::Edge(Edge::Anchor), End::Row(newer)), gap }))
    }

    fn chain_reaches_balance(&self, chain: &Chain) -> Result<Finding, Detail> {
        let balance = self.balance.ok_or(Detail::NotShown)?;
        let is_by_then = |date: Date| balance.date.is_none_or(|day| date <= day);
        let last = chain.steps.iter().rposition(|step| is_by_then(step.date)).and_then(|at| chain.steps.get(at));
        let at_its_day = last.map_or(chain.start, |step| step.after);
        let inverted = (self.signs.balance == Sign::Inverted).then_some(Detail::Inverted);
        if chain.end == balance.ledger_balance {
            return Ok(Finding::Passed(inverted));
        }
        let gap = sum(balance.ledger_balance, -at_its_day)?;
        let shown = End::Edge(Edge::Balance);
        let between = match (last, chain.steps.first()) {
            _ if gap.is_zero() => return Ok(Finding::Passed(inverted.or(Some(Detail::EarlierDay)))),
            (Some(last), _) => (End::Row(last.position), shown),
            (None, Some(first)) => (shown, End::Row(first.position)),
            (None, None) => return Err(Detail::NoRows),
        };
        Ok(Finding::Contradicted(Break { between, gap: if last.is_some() { gap } else { -gap } }))
    }

    fn anchor_balance(&self) -> Result<Finding, Detail> {
        let anchor = self.anchor.ok_or(Detail::NoAnchor)?;
        let balance = self.balance.ok_or(Detail::NotShown)?;
        if balance.date.is_some() && balance.date < anchor.date {
            return Err(Detail::BeforeAnchor);
        }
        let gap_by = |day: Option<Date>| {
            let expected = sum(anchor.ledger_balance, self.posted_since(&anchor, day)?)?;
            sum(balance.ledger_balance, -expected)
        };
        let gap = gap_by(balance.date)?;
        // Some balances have what is dated ahead.
        if gap.is_zero() || gap_by(None)?.is_zero() {
            return Ok(Finding::Passed((self.signs.balance == Sign::Inverted).then_some(Detail::Inverted)));
        }
        let between = (End::Edge(Edge::Anchor), End::Edge(Edge::Balance));
        Ok(Finding::Contradicted(Break { between, gap }))
    }

    fn overlap(&self) -> Result<Finding, Detail> {
        let through = self.known.through.ok_or(Detail::NothingKnown)?;
        let window = self.reading.window.ok_or(Detail::NoWindow)?;
        let reaches_into = self.reading.read_from().is_some_and(|from| from <= through);
        // A list that holds everything begins before whatever was known of it.
        let is_all = self.reading.is_walked_to_its_end() && window.from.is_none();
        Ok(Finding::passed_if(is_all || reaches_into))
    }

    fn statement_totals(&self) -> Result<Finding, Detail> {
        let totals = self.reading.totals;
        let total = |counts: fn(&Decimal) -> bool| {
            self.reading.rows.iter().map(|row| row.amount).filter(counts).try_fold(Decimal::ZERO, sum)
        };
        let between = (End::Edge(Edge::Opening), End::Edge(Edge::Closing));
        let mut gaps = Vec::new();
        if let (Some(opening), Some(closing)) = (totals.opening, totals.closing) {
            let [opening, closing] = [opening, closing].map(|shown| self.signs.balance.of(shown));
            gaps.push(sum(sum(closing, -opening)?, -total(|_| true)?)?);
        }
        if let Some(credits) = totals.credits {
            gaps.push(sum(credits, -total(|amount| amount.is_sign_positive())?)?);
        }
        if let Some(debits) = totals.debits {
            gaps.push(sum(-debits.abs(), -total(|amount| amount.is_sign_negative())?)?);
        }
        match gaps.iter().find(|gap| !gap.is_zero()) {
            Some(gap) => Ok(Finding::Contradicted(Break { between, gap: *gap })),
            None if gaps.is_empty() => Err(Detail::NotShown),
            None => Ok(Finding::Passed(None)),
        }
    }

    /// By the days of which every row was read: where no day was asked for, the oldest may
    /// have been cut.
    fn ledger_sum(&self) -> Result<Finding, Detail> {
        let window = self.reading.window.filter(|_| self.reading.is_walked_to_its_end()).ok_or(Detail::NoWindow)?;
        if self.known.posted.is_empty() {
            return Err(Detail::NothingKnown);
        }
        let after_oldest = || self.reading.oldest()?.tomorrow().ok();
        let from = window.from.or_else(after_oldest).ok_or(Detail::NoRows)?;
        let is_within = |row: &&Row| from <= row.date && window.to.is_none_or(|to| row.date <= to);
        let mut shown = self.reading.rows.iter().filter(is_within).map(|row| row.amount);
        let shown = shown.try_fold(Decimal::ZERO, sum)?;
        Ok(Finding::passed_if(self.known.posted_within(Some(from), window.to)? == shown))
    }

    /// What the ledger holds beyond what it held when the anchor was set.
    fn posted_since(&self, anchor: &Anchor, day: Option<Date>) -> Result<Decimal, Detail> {
        sum(self.known.posted_within(anchor.counted_from, day)?, -anchor.posted)
    }

    fn grade(&self, findings: &[(CheckName, Finding)]) -> Grade {
        if findings.iter().any(|(_, finding)| finding.contradiction().is_some()) {
            return Grade::Broken;
        }
        let whole = passed(findings, CheckName::ListEnd);
        let chains = passed(findings, CheckName::RunningBalance) && passed(findings, CheckName::ChainReachesBalance);
        let fails = |name| findings.iter().any(|(other, finding)| *other == name && matches!(finding, Finding::Failed));
        if fails(CheckName::LedgerSum) {
            Grade::Unproven
        } else if (chains && (whole || self.reaches_proof(findings))) || self.is_quiet(findings) {
            Grade::Proven
        } else if chains || passed(findings, CheckName::AnchorBalance) {
            Grade::Consistent
        } else if whole && !fails(CheckName::RowCount) && !fails(CheckName::Overlap) {
            Grade::Covered
        } else {
            Grade::Unproven
        }
    }

    /// Whether the chain goes back to an anchor that was proven.
    fn reaches_proof(&self, findings: &[(CheckName, Finding)]) -> bool {
        let is_proven = self.anchor.is_some_and(|anchor| anchor.proven_from.is_some());
        is_proven && passed(findings, CheckName::ChainReachesAnchor)
    }

    /// Whether the list shows that nothing was booked since a proven anchor.
    fn is_quiet(&self, findings: &[(CheckName, Finding)]) -> bool {
        let Some(anchor) = self.anchor.filter(|anchor| anchor.proven_from.is_some()) else { return false };
        let stays = self.balance.is_some_and(|balance| balance.ledger_balance == anchor.ledger_balance);
        let begins_by_then =
            self.reading.window.is_some_and(|window| window.from.is_none_or(|from| Some(from) <= anchor.date));
        let nothing = self.reading.rows.is_empty() && passed(findings, CheckName::ListEnd);
        nothing && stays && begins_by_then && passed(findings, CheckName::AnchorBalance)
    }

    fn proven_from(&self, findings: &[(CheckName, Finding)]) -> Option<Date> {
        let by_list = self.reading.read_from().filter(|_| passed(findings, CheckName::ListEnd));
        let goes_back = self.reaches_proof(findings) || self.is_quiet(findings);
        let by_anchor = self.anchor.and_then(|anchor| anchor.proven_from).filter(|_| goes_back);
        [by_list, by_anchor].into_iter().flatten().min()
    }
}

fn passed(findings: &[(CheckName, Finding)], name: CheckName) -> bool {
    findings.iter().any(|(other, finding)| *other == name && matches!(finding, Finding::Passed(_)))
}
