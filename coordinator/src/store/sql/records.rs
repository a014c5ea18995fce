//! Accounts and transactions as they are known: one, or a page of many.
//!
//! Not here: how they come to be known (`ledger`).

use async_trait::async_trait;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use jiff::civil::Date;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::entries::NO_DATE;
use super::{SqlStore, completeness, failed, found, from_json, from_ms, push_owned, push_page};
use crate::store::{
    Account, AccountFilter, Ledger, PageRequest, Refused, StoreError, Transaction, TransactionFilter,
    TransactionPageRequest, TransactionPosition, TransactionSort,
};

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    connection_id: Uuid,
    #[sqlx(rename = "type")]
    account_type: String,
    currency: String,
    name: String,
    status: String,
    official_name: Option<String>,
    masked_number: Option<String>,
    account_number: Option<String>,
    routing_number: Option<String>,
    swift_bic: Option<String>,
    current_balance: Option<String>,
    available_balance: Option<String>,
    balance_as_of: Option<String>,
    completeness: Option<String>,
    metadata: String,
    created_at: i64,
    updated_at: i64,
}

/// The columns of an account.
macro_rules! account_columns {
    () => {
        "id, connection_id, type, currency, name, status, official_name, masked_number, account_number,
         routing_number, swift_bic, current_balance, available_balance, balance_as_of, completeness, metadata,
         created_at, updated_at"
    };
}

impl AccountRow {
    fn read(self) -> Result<Account, StoreError> {
        Ok(Account {
            id: AccountId(self.id),
            connection_id: ConnectionId(self.connection_id),
            account_type: self.account_type,
            currency: self.currency,
            name: self.name,
            status: self.status,
            official_name: self.official_name,
            masked_number: self.masked_number,
            account_number: self.account_number,
            routing_number: self.routing_number,
            swift_bic: self.swift_bic,
            current_balance: self.current_balance,
            available_balance: self.available_balance,
            balance_as_of: self.balance_as_of,
            completeness: completeness::read(self.completeness)?,
            metadata: from_json(&self.metadata, "account's metadata")?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct TransactionRow {
    id: Uuid,
    connection_id: Uuid,
    account_id: Uuid,
    status: String,
    posted_date: Option<String>,
    sort_date: String,
    amount: String,
    currency: String,
    entry_type: String,
    description: String,
    raw_description: Option<String>,
    rail: String,
    bank_reference: Option<String>,
    customer_reference: Option<String>,
    bai_code: Option<String>,
    category: Option<String>,
    subcategory: Option<String>,
    mcc: Option<String>,
    merchant_name: Option<String>,
    counterparty_name: Option<String>,
    counterparty_account_masked: Option<String>,
    updated_at: i64,
}

/// The columns of a transaction.
macro_rules! transaction_columns {
    () => {
        "id, connection_id, account_id, status, posted_date, sort_date, amount, currency, entry_type,
         description, raw_description, rail, bank_reference, customer_reference, bai_code, category,
         subcategory, mcc, merchant_name, counterparty_name, counterparty_account_masked, updated_at"
    };
}

impl TransactionRow {
    pub(super) fn read(self) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            id: TransactionId(self.id),
            connection_id: ConnectionId(self.connection_id),
            account_id: AccountId(self.account_id),
            status: self.status,
            posted_date: self.posted_date,
            amount: self.amount,
            currency: self.currency,
            entry_type: self.entry_type,
            description: self.description,
            raw_description: self.raw_description,
            rail: self.rail,
            bank_reference: self.bank_reference,
            customer_reference: self.customer_reference,
            bai_code: self.bai_code,
            category: self.category,
            subcategory: self.subcategory,
            mcc: self.mcc,
            merchant_name: self.merchant_name,
            counterparty_name: self.counterparty_name,
            counterparty_account_masked: self.counterparty_account_masked,
            sort_date: self.sort_date,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[async_trait]
impl Ledger for SqlStore {
    async fn accounts(
        &self,
        organization: OrganizationId,
        filter: AccountFilter,
        page: PageRequest,
    ) -> Result<Vec<Account>, StoreError> {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", account_columns!(), " FROM accounts WHERE organization_id = "));
        query.push_bind(organization.0);
        if let Some(connection) = filter.connection_id {
            query.push(" AND connection_id = ").push_bind(connection.0);
        }
        for (column, value) in [
            (" AND type = ", filter.account_type),
            (" AND currency = ", filter.currency),
            (" AND status = ", filter.status),
        ] {
            if let Some(value) = value {
                query.push(column).push_bind(value);
            }
        }
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<AccountRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list accounts"))?.into_iter().map(AccountRow::read).collect()
    }

    async fn account(&self, organization: OrganizationId, id: AccountId) -> Result<Account, Refused> {
        let row = sqlx::query_as::<_, AccountRow>(concat!(
            "SELECT ",
            account_columns!(),
            " FROM accounts WHERE organization_id = $1 AND id = $2"
        ))
        .bind(organization.0)
        .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read an account")?.read()?)
    }

    async fn transactions(
        &self,
        organization: OrganizationId,
        filter: TransactionFilter,
        sort: TransactionSort,
        page: TransactionPageRequest,
    ) -> Result<Vec<Transaction>, StoreError> {
        let mut query =
            QueryBuilder::<Db>::new(concat!("SELECT ", transaction_columns!(), " FROM transactions WHERE "));
        push_owned(
            &mut query,
            ("organization_id", organization),
            [
                ("account_id", "accounts", filter.account_id.map(|id| id.0)),
                ("connection_id", "connections", filter.connection_id.map(|id| id.0)),
            ],
        );
        // By the date that the indexes sort by; a pending one has none, so no range holds it.
        let date = |date: Option<Date>| date.map(|date| date.to_string());
        let no_date = filter.posted_date_gte.map(|_| NO_DATE.to_owned());
        let before = date(filter.posted_date_lt).or(no_date);
        for (condition, value) in [
            (" AND status = ", filter.status),
            (" AND rail = ", filter.rail),
            (" AND sort_date >= ", date(filter.posted_date_gte)),
            (" AND sort_date < ", before),
        ] {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        let (column, after, order) = match sort {
            TransactionSort::PostedDate => ("sort_date", ") > (", "sort_date, id"),
            TransactionSort::PostedDateDescending => ("sort_date", ") < (", "sort_date DESC, id DESC"),
            TransactionSort::UpdatedAt => ("updated_at", ") > (", "updated_at, id"),
            TransactionSort::UpdatedAtDescending => ("updated_at", ") < (", "updated_at DESC, id DESC"),
        };
        if let Some((position, id)) = page.after {
            query.push(" AND (").push(column).push(", id").push(after);
            match position {
                TransactionPosition::Date(date) => query.push_bind(date),
                TransactionPosition::Moment(moment) => query.push_bind(moment),
            };
            query.push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY ").push(order).push(" LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<TransactionRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list transactions"))?.into_iter().map(TransactionRow::read).collect()
    }

    async fn transaction(&self, organization: OrganizationId, id: TransactionId) -> Result<Transaction, Refused> {
        let row = sqlx::query_as::<_, TransactionRow>(concat!(
            "SELECT ",
            transaction_columns!(),
            " FROM transactions WHERE organization_id = $1 AND id = $2"
        ))
        .bind(organization.0)
        .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read a transaction")?.read()?)
    }
}
