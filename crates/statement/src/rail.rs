//! The way that money took, as far as each format's codes say it; what isn't clear stays unknown.
//!
//! Not here: guesses from the bank's words.

use domain::transaction::Rail;

/// Of ISO 20022's bank transaction code: domain, family, sub-family.
pub(crate) fn of_iso(domain: &str, family: &str, sub_family: &str) -> Rail {
    match (family, sub_family) {
        (_, "CHRG" | "COMM" | "FEES" | "SRCH") | ("MCOP" | "MDOP", "COMT") => Rail::Fee,
        (_, "INTR" | "RCIN") => Rail::Interest,
        ("RCDT" | "ICDT" | "RRCT" | "IRCT", "ESCT") => Rail::SepaCredit,
        ("RDDT" | "IDDT", "ESDD" | "BBDD" | "UPDD" | "SDVA") => Rail::SepaDebit,
        ("RCDT" | "ICDT" | "RRCT" | "IRCT", "XBCT") => Rail::Swift,
        ("RCDT" | "ICDT" | "RRCT" | "IRCT", "BOOK" | "ICCT") => Rail::InternalTransfer,
        ("RCDT" | "ICDT", "SDVA" | "AUTT") => Rail::Wire,
        ("RCDT" | "ICDT" | "RDDT" | "IDDT", "ACDT" | "ACH") => Rail::Ach,
        ("CCRD" | "MCRD", _) => Rail::Card,
        ("RCHQ" | "ICHQ" | "LBOX", _) => Rail::Check,
        ("CNTR", _) => Rail::Cash,
        ("RCDT" | "ICDT" | "RDDT" | "IDDT" | "RRCT" | "IRCT" | "DRFT", _) if domain == "PMNT" => Rail::Other,
        _ => Rail::Unknown,
    }
}

/// Of a type in MT940's field 61, without its first letter, and of the German business transaction code in field 86.
pub(crate) fn of_swift(kind: &str, german: Option<&str>) -> Rail {
    match german {
        Some("104" | "105" | "107" | "108" | "109" | "171" | "174" | "181" | "184") => return Rail::SepaDebit,
        Some("116" | "117" | "118" | "119" | "152" | "153" | "154" | "156" | "166" | "168" | "169" | "177" | "191") => {
            return Rail::SepaCredit;
        }
        Some("106" | "110" | "190") => return Rail::Card,
        Some("101" | "102" | "103" | "111" | "112" | "122" | "170" | "182" | "183") => return Rail::Check,
        Some("201" | "202" | "203" | "204" | "205" | "206" | "213") => return Rail::Swift,
        Some("805" | "814") => return Rail::Interest,
        Some("808" | "809") => return Rail::Fee,
        Some("082" | "083" | "087") => return Rail::Cash,
        Some("833") => return Rail::InternalTransfer,
        _ => {}
    }
    match kind {
        "CHG" | "COM" => Rail::Fee,
        "INT" => Rail::Interest,
        "CHK" | "CLR" | "TCK" | "ECK" => Rail::Check,
        "BOE" | "DIV" | "SEC" | "FEX" => Rail::Other,
        _ => Rail::Unknown,
    }
}

/// Of a BAI2 type code.
pub(crate) fn of_bai(code: &str) -> Rail {
    match code {
        "142" | "143" | "145" | "147" | "155" | "164" | "165" | "166" | "168" | "169" | "170" | "172" | "173"
        | "174" | "445" | "446" | "447" | "451" | "452" | "455" | "464" | "466" | "468" | "469" | "472" => Rail::Ach,
        "191" | "195" | "196" | "198" | "491" | "493" | "495" | "496" => Rail::Wire,
        "206" | "275" | "277" | "295" | "501" | "506" | "575" | "577" | "595" => Rail::InternalTransfer,
        "208" | "508" => Rail::Swift,
        "114" | "115" | "116" | "171" | "301" | "470" | "474" | "475" | "477" | "479" | "481" => Rail::Check,
        "354" | "654" => Rail::Interest,
        "698" | "693" | "661" | "397" => Rail::Fee,
        _ => Rail::Unknown,
    }
}

/// Of a transaction's type in OFX.
pub(crate) fn of_ofx(kind: &str) -> Rail {
    match kind {
        "INT" => Rail::Interest,
        "FEE" | "SRVCHG" => Rail::Fee,
        "CHECK" => Rail::Check,
        "ATM" | "CASH" => Rail::Cash,
        "POS" => Rail::Card,
        "XFER" => Rail::InternalTransfer,
        "DIRECTDEP" | "DIRECTDEBIT" => Rail::Ach,
        "DIV" => Rail::Other,
        _ => Rail::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use domain::transaction::Rail;

    use super::{of_bai, of_iso, of_ofx, of_swift};

    #[test]
    fn clear_codes_say_the_way_and_others_do_not() {
        assert_eq!(of_iso("PMNT", "RCDT", "ESCT"), Rail::SepaCredit);
        assert_eq!(of_iso("PMNT", "CCRD", "POSD"), Rail::Card);
        assert_eq!(of_iso("ACMT", "MDOP", "CHRG"), Rail::Fee);
        assert_eq!(of_iso("XTND", "NTAV", "NTAV"), Rail::Unknown);
        assert_eq!(of_swift("TRF", Some("166")), Rail::SepaCredit);
        assert_eq!(of_swift("TRF", None), Rail::Unknown);
        assert_eq!(of_swift("CHK", None), Rail::Check);
        assert_eq!(of_bai("195"), Rail::Wire);
        assert_eq!(of_bai("475"), Rail::Check);
        assert_eq!(of_bai("399"), Rail::Unknown);
        assert_eq!(of_ofx("SRVCHG"), Rail::Fee);
        assert_eq!(of_ofx("CREDIT"), Rail::Unknown);
    }
}
