"""A BAI2 file, read by bai2, which checks the file's control totals."""

from decimal import Decimal

import bai2.bai2
from timed import money, timed


def read(content):
    return bai2.bai2.parse_from_string(content.decode())


def rows(file):
    for group in file.children:
        for account in group.children:
            for one in account.children:
                sign = -1 if one.type_code.transaction.value == "debit" else 1
                yield [group.header.as_of_date.isoformat(), money(sign * Decimal(one.amount) / 100),
                       one.bank_reference, one.text]


timed(read, rows)
