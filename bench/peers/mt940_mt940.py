"""An MT940 file, read by mt-940."""

import mt940
from timed import money, timed


def read(content):
    return mt940.parse(content.decode())


def rows(transactions):
    for one in transactions:
        data = one.data
        yield [data["entry_date"].isoformat(), money(data["amount"].amount), data["bank_reference"],
               data["transaction_details"]]


timed(read, rows)
