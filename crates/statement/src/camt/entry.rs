//! An entry of CAMT.053: what it says, and the row that it is.
//!
//! Not here: whether entries add up (`stated.rs`).

use domain::money::Currency;
use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::stated::{is_debit, truth};
use super::tag::Tag::{self, *};
use crate::amount::{in_currency, negated, with_point};
use crate::day;
use crate::meter::Meter;
use crate::rail;
use crate::refusal::Refusal;
use crate::text::{collapsed, filled, masked};

/// An entry that is being read. What is blank wasn't there.
#[derive(Default)]
pub(super) struct Entry {
    currency: String,
    amount: Option<Decimal>,
    is_debit: Option<bool>,
    is_reversal: bool,
    status: String,
    booked: Option<Date>,
    valued: Option<Date>,
    servicer_reference: String,
    batch_reference: String,
    information: String,
    code: Code,
    /// How many transactions it tells of.
    details: u64,
    detail: Details,
    /// What was read of the first of them, and the remittances of all.
    first: Details,
    remittance: String,
}

/// What one transaction of an entry says.
#[derive(Default)]
struct Details {
    end_to_end: String,
    servicer_reference: String,
    debtor: String,
    debtor_account: String,
    creditor: String,
    creditor_account: String,
    remittance: String,
    structured: String,
    information: String,
    code: Code,
}

/// A bank transaction code.
#[derive(Default)]
struct Code {
    domain: String,
    family: String,
    sub_family: String,
    own: String,
    own_issuer: String,
}

impl Entry {
    pub(super) fn currency(&self) -> &str {
        &self.currency
    }

    pub(super) fn value(&mut self, path: &[Tag], value: &str, currency: &str, meter: &Meter) -> Result<(), Refusal> {
        match path {
            [NtryDtls, TxDtls, inside @ ..] => self.detail.value(inside, value, meter)?,
            [Amt] => {
                if self.amount.replace(with_point(value, "the entry's Amt")?).is_some() {
                    return Err(Refusal::Twice { field: "the entry's Amt" });
                }
                currency.clone_into(&mut self.currency);
            }
            [CdtDbtInd] => self.is_debit = Some(is_debit(value)?),
            [RvslInd] => self.is_reversal = truth(value, "RvslInd")?,
            [Sts] | [Sts, Cd | Prtry] => value.clone_into(&mut self.status),
            [BookgDt, Dt | DtTm] => self.booked = Some(day::iso(value, "BookgDt")?),
            [ValDt, Dt | DtTm] => self.valued = Some(day::iso(value, "ValDt")?),
            [AcctSvcrRef] => value.clone_into(&mut self.servicer_reference),
            [AddtlNtryInf] => value.clone_into(&mut self.information),
            [BkTxCd, inside @ ..] => self.code.value(inside, value),
            [NtryDtls, Btch, PmtInfId] => value.clone_into(&mut self.batch_reference),
            _ => {}
        }
        Ok(())
    }

    /// Takes the end of the details of one transaction.
    pub(super) fn end_details(&mut self, meter: &Meter) -> Result<(), Refusal> {
        let detail = std::mem::take(&mut self.detail);
        let remittance = if detail.remittance.is_empty() { &detail.structured } else { &detail.remittance };
        // A batch can have thousands; what can't be kept within the bound isn't kept at all.
        if self.details == 0 || meter.text(self.remittance.len() + remittance.len() + 1).is_ok() {
            add(&mut self.remittance, remittance);
        }
        if self.details == 0 {
            self.first = detail;
        }
        self.details += 1;
        Ok(())
    }

    /// The amount, and the row unless the entry moves nothing.
    pub(super) fn transaction(self, currency: &Currency) -> Result<(Decimal, Option<ObservedTransaction>), Refusal> {
        let size = self.amount.ok_or(Refusal::Missing { field: "the entry's Amt" })?;
        let size = in_currency(size, currency, "the entry's Amt")?;
        if self.currency.is_empty() {
            return Err(Refusal::Missing { field: "an entry's Ccy" });
        }
        if self.currency != currency.as_str() {
            return Err(Refusal::OtherCurrency { field: "an entry" });
        }
        // A reversal's own direction stands here; that of what it reverses is the other one.
        let is_debit = self.is_debit.ok_or(Refusal::Missing { field: "the entry's CdtDbtInd" })?;
        let amount = if is_debit { negated(size) } else { size };
        let status = match self.status.as_str() {
            "BOOK" => TransactionStatus::Posted,
            "PDNG" | "FUTR" => TransactionStatus::Pending,
            "INFO" => return Ok((amount, None)),
            _ => return Err(Refusal::UnknownWord { field: "the entry's Sts" }),
        };
        let posted = match (status, self.booked.or(self.valued)) {
            (TransactionStatus::Posted, None) => return Err(Refusal::Missing { field: "BookgDt" }),
            (TransactionStatus::Posted, booked) => booked,
            _ => None,
        };
        let transaction_date = self.valued.or(self.booked).filter(|day| Some(*day) != posted);
        let is_one = self.details == 1;
        let first = self.first;
        // The parties of a reversal are those of what it reverses.
        let is_creditor = is_debit != self.is_reversal;
        let (name, account) = match (is_one, is_creditor) {
            (false, _) => ("", ""),
            (true, true) => (first.creditor.as_str(), first.creditor_account.as_str()),
            (true, false) => (first.debtor.as_str(), first.debtor_account.as_str()),
        };
        let mut raw = name.to_owned();
        let is_batch = self.details > 1;
        if is_batch && !self.information.is_empty() {
            add(&mut raw, &self.information);
        } else {
            add(&mut raw, &self.remittance);
        }
        if raw.len() == name.len() {
            let others = [self.information.as_str(), first.information.as_str()];
            add(&mut raw, others.into_iter().find(|text| !text.is_empty()).unwrap_or_default());
        }
        let code = if self.code.is_blank() { &first.code } else { &self.code };
        let of_servicer = if is_one { first.servicer_reference.as_str() } else { "" };
        let of_customer = if is_one { first.end_to_end.as_str() } else { self.batch_reference.as_str() };
        let row = ObservedTransaction {
            status,
            posted_date: posted,
            amount: amount.to_string(),
            currency: currency.as_str().to_owned(),
            entry_type: if is_debit { EntryType::Debit } else { EntryType::Credit },
            description: collapsed(&raw),
            raw_description: filled(&raw),
            rail: code.rail(),
            bank_reference: provided(&self.servicer_reference).or_else(|| provided(of_servicer)),
            customer_reference: provided(of_customer),
            bai_code: code.bai(),
            category: None,
            subcategory: None,
            mcc: None,
            merchant_name: None,
            counterparty_name: filled(&collapsed(name)),
            counterparty_account_masked: filled(account).map(|account| masked(&account)),
            transaction_date,
            running_balance: None,
        };
        Ok((amount, Some(row)))
    }
}

impl Details {
    fn value(&mut self, path: &[Tag], value: &str, meter: &Meter) -> Result<(), Refusal> {
        let (place, goes_on) = match path {
            [Refs, EndToEndId] => (&mut self.end_to_end, false),
            [Refs, AcctSvcrRef] => (&mut self.servicer_reference, false),
            [RltdPties, Dbtr, Nm] | [RltdPties, Dbtr, Pty, Nm] => (&mut self.debtor, false),
            [RltdPties, Cdtr, Nm] | [RltdPties, Cdtr, Pty, Nm] => (&mut self.creditor, false),
            [RltdPties, DbtrAcct, Id, IBAN] | [RltdPties, DbtrAcct, Id, Othr, Id] => (&mut self.debtor_account, false),
            [RltdPties, CdtrAcct, Id, IBAN] | [RltdPties, CdtrAcct, Id, Othr, Id] => {
                (&mut self.creditor_account, false)
            }
            [RmtInf, Ustrd] => (&mut self.remittance, true),
            [RmtInf, Strd, CdtrRefInf, Ref] => (&mut self.structured, true),
            [AddtlTxInf] => (&mut self.information, false),
            [BkTxCd, inside @ ..] => {
                self.code.value(inside, value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if goes_on {
            meter.text(place.len() + value.len() + 1)?;
            add(place, value);
        } else {
            value.clone_into(place);
        }
        Ok(())
    }
}

impl Code {
    fn value(&mut self, path: &[Tag], value: &str) {
        let place = match path {
            [Domn, Cd] => &mut self.domain,
            [Domn, Fmly, Cd] => &mut self.family,
            [Domn, Fmly, SubFmlyCd] => &mut self.sub_family,
            [Prtry, Cd] => &mut self.own,
            [Prtry, Issr] => &mut self.own_issuer,
            _ => return,
        };
        value.clone_into(place);
    }

    fn is_blank(&self) -> bool {
        self.domain.is_empty() && self.own.is_empty()
    }

    fn rail(&self) -> Rail {
        match rail::of_iso(&self.domain, &self.family, &self.sub_family) {
            Rail::Unknown | Rail::Other if !self.own.is_empty() => match self.bai() {
                Some(code) => rail::of_bai(&code),
                // The German `NTRF+166+…`: the type of MT940 and the business transaction code.
                None => {
                    let mut parts = self.own.split('+');
                    let kind = parts.next().and_then(|kind| kind.get(1..)).unwrap_or_default();
                    rail::of_swift(kind, parts.next())
                }
            },
            rail => rail,
        }
    }

    fn bai(&self) -> Option<String> {
        let is_bai = self.own_issuer.starts_with("BAI") && self.own.len() == 3;
        (is_bai && self.own.bytes().all(|byte| byte.is_ascii_digit())).then(|| self.own.clone())
    }
}

fn provided(reference: &str) -> Option<String> {
    filled(reference).filter(|reference| reference != "NOTPROVIDED" && reference != "NONREF")
}

fn add(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}
