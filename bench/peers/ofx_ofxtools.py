"""An OFX file, read by ofxtools: parsed, and converted to its models."""

from io import BytesIO

from ofxtools.Parser import OFXTree
from timed import money, timed


def read(content):
    tree = OFXTree()
    tree.parse(BytesIO(content))
    return tree.convert().statements[0].transactions


def rows(transactions):
    for one in transactions:
        yield [one.dtposted.date().isoformat(), money(one.trnamt), one.fitid, one.memo]


timed(read, rows)
