"""A page with a table of transactions, read by a loop over lxml that knows this one page and checks nothing."""

from datetime import datetime
from decimal import Decimal

from lxml import html
from timed import money, timed

TYPES = {"ACH": "ach", "Wire": "wire", "Check": "check", "Card": "card", "Fee": "fee"}


def number(text):
    return Decimal(text.replace("$", "").replace(",", ""))


def read(content):
    records = []
    for row in html.fromstring(content).xpath('//table[@id="transactions-table"]/tbody/tr'):
        date, words, kind, reference, amount, balance = [cell.text_content().strip() for cell in row.xpath("./td")]
        day = datetime.strptime(date, "%m/%d/%Y").date()
        records.append((day, words, TYPES[kind], reference, number(amount), number(balance)))
    return records


def rows(records):
    for day, words, _, reference, amount, balance in records:
        yield [day.isoformat(), money(amount), reference, words, money(balance)]


timed(read, rows)
