"""A CAMT.053 file, read by sepa; it knows no namespaces, so they are cut out first, as its own manual does."""

import re

from sepa import parser
from timed import timed


def read(content):
    text = re.sub(b' xmlns="[^"]+"', b"", content, count=1)
    return parser.parse_string(parser.bank_to_customer_statement, text)


def rows(document):
    for entry in document["statements"][0]["entries"]:
        sign = "-" if entry["credit_debit_indicator"] == "DBIT" else ""
        details = entry["entry_details"][0]["transaction_details"][0]
        yield [entry["booking_date"]["date"], sign + entry["amount"]["_value"], entry["account_servicer_reference"],
               details["remittance_information"]["unstructured"][0]]


timed(read, rows)
