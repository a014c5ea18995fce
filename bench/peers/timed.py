"""Times the second reading of a file, and prints the seconds with what was read as one JSON
object. A program that reads one page after the other is warm, and so is what it is held against.

Not here: how a file is read; each peer has a program of its own beside this.
"""

import gc
import json
import sys
import time


def timed(read, rows):
    """`read` turns the file's bytes into whatever the peer makes of them, which is what is timed;
    `rows` turns that into lists of texts, to be compared with the truth."""
    with open(sys.argv[1], "rb") as file:
        content = file.read()
    read(content)
    gc.collect()
    start = time.perf_counter()
    records = read(content)
    seconds = time.perf_counter() - start
    json.dump({"seconds": seconds, "rows": list(rows(records))}, sys.stdout)


def money(amount):
    """An amount as the truth has it."""
    return f"{amount:.2f}"
