"""A page with a table of transactions, read by woob as its modules do: a TableElement on an HTMLPage."""

from types import SimpleNamespace

import requests
from timed import money, timed
from woob.browser.elements import ItemElement, TableElement, method
from woob.browser.filters.html import TableCell
from woob.browser.filters.standard import CleanDecimal, CleanText, Date, Map
from woob.browser.pages import HTMLPage
from woob.capabilities.bank import Transaction

TYPES = {
    "ACH": Transaction.TYPE_TRANSFER,
    "Wire": Transaction.TYPE_TRANSFER,
    "Check": Transaction.TYPE_CHECK,
    "Card": Transaction.TYPE_CARD,
    "Fee": Transaction.TYPE_BANK,
}


class AccountPage(HTMLPage):
    @method
    class iter_history(TableElement):
        head_xpath = '//table[@id="transactions-table"]/thead/tr/th'
        item_xpath = '//table[@id="transactions-table"]/tbody/tr'

        col_date = "Date"
        col_label = "Description"
        col_type = "Type"
        col_reference = "Reference"
        col_amount = "Amount"
        col_balance = "Balance"

        class item(ItemElement):
            klass = Transaction

            obj_date = Date(CleanText(TableCell("date")))
            obj_label = CleanText(TableCell("label"))
            obj_type = Map(CleanText(TableCell("type")), TYPES)
            obj__reference = CleanText(TableCell("reference"))
            obj_amount = CleanDecimal.US(TableCell("amount"))
            obj__balance = CleanDecimal.US(TableCell("balance"))


def read(content):
    response = requests.Response()
    response.status_code, response.url, response._content = 200, "https://portal.example/", content
    response.headers["content-type"] = "text/html; charset=utf-8"
    browser = SimpleNamespace(logger=None, url=response.url)
    return list(AccountPage(browser, response).iter_history())


def rows(transactions):
    for one in transactions:
        yield [one.date.isoformat()[:10], money(one.amount), one._reference, one.label, money(one._balance)]


timed(read, rows)
