//! The elements of CAMT.053 that are read, of any of its versions. All others are one.
//!
//! Not here: where each stands and what it means.

macro_rules! tags {
    ($($tag:ident)+) => {
        /// An element, by its local name.
        #[expect(clippy::upper_case_acronyms, reason = "these are the standard's own names")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Tag {
            $( $tag, )+
            /// One that isn't read.
            Other,
        }

        impl Tag {
            pub(super) fn of(name: &str) -> Self {
                match name {
                    $( stringify!($tag) => Self::$tag, )+
                    _ => Self::Other,
                }
            }
        }
    };
}

tags! {
    Acct AcctSvcrRef AddtlNtryInf AddtlTxInf Amt Bal BIC BICFI BkToCstmrAcctRpt BkToCstmrDbtCdtNtfctn BkToCstmrStmt BkTxCd
    BookgDt Btch Ccy Cd CdOrPrtry CdtDbtInd Cdtr CdtrAcct CdtrRefInf ClrSysMmbId Dbtr DbtrAcct Document Domn Dt DtTm
    ElctrncSeqNb EndToEndId FinInstnId Fmly FrDtTm FrToDt IBAN Id Issr LastPgInd LglSeqNb MmbId NbOfNtries Nm Ntry
    NtryDtls Othr Ownr PgNb PmtInfId Prtry Pty Ref Refs RltdPties RmtInf RvslInd Stmt StmtPgntn Strd Sts SubFmlyCd SubTp Sum
    Svcr Tp ToDtTm TtlCdtNtries TtlDbtNtries TtlNetNtry TtlNetNtryAmt TtlNtries TxDtls TxsSummry Ustrd ValDt
}
