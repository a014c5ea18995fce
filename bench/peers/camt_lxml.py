"""A CAMT.053 file, read by a loop over lxml that knows this one file and checks nothing."""

from datetime import date
from decimal import Decimal

from lxml import etree
from timed import money, timed

NAMESPACE = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.06}"


def path(*names):
    return "/".join(NAMESPACE + name for name in names)


BOOKED, SIDE, AMOUNT, REFERENCE = path("BookgDt", "Dt"), path("CdtDbtInd"), path("Amt"), path("AcctSvcrRef")
WORDS = path("NtryDtls", "TxDtls", "RmtInf", "Ustrd")


def read(content):
    records = []
    for entry in etree.fromstring(content).iter(NAMESPACE + "Ntry"):
        amount = Decimal(entry.findtext(AMOUNT))
        signed = -amount if entry.findtext(SIDE) == "DBIT" else amount
        day = date.fromisoformat(entry.findtext(BOOKED))
        records.append((day, signed, entry.findtext(REFERENCE), entry.findtext(WORDS)))
    return records


def rows(records):
    for day, amount, reference, words in records:
        yield [day.isoformat(), money(amount), reference, words]


timed(read, rows)
