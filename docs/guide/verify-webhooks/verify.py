"""Whether a webhook delivery is genuine: copy `verify` and `InvalidSignature`.

Python 3.9 or newer, nothing but the standard library.
"""

import hashlib
import hmac
import json
import re
import sys
import time
from typing import Optional


class InvalidSignature(Exception):
    """The delivery isn't from your Bursar, or it is an old one sent again. Answer 401 and forget it."""


def verify(
    secret: str,
    header: str,
    raw_body: bytes,
    now: Optional[int] = None,
    tolerance_seconds: int = 300,
) -> None:
    """Returns if the delivery is genuine, raises `InvalidSignature` if not.

    secret: the webhook's, as it was shown, with its `whsec_`.
    header: the value of `Waycore-Signature`.
    raw_body: the bytes as they came. JSON that was read and written again isn't the same bytes.
    now: Unix seconds; the clock's if you give none.
    """
    if not secret:
        # With an empty key anybody's signature would be right.
        raise InvalidSignature("there is no secret to check with")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not re.fullmatch("[0-9]{1,12}", times[0]):
        raise InvalidSignature("the header has no time")
    sent = int(times[0])
    now = int(time.time()) if now is None else now
    if abs(now - sent) > tolerance_seconds:
        raise InvalidSignature("the time is too far from now")
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + raw_body, hashlib.sha256).hexdigest()
    # There are two while a secret is being replaced: one that fits is enough. compare_digest
    # takes the same time whatever it finds, so that nobody can feel their way to the right one.
    if not any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures):
        raise InvalidSignature("no signature fits")


def main() -> int:
    """Checks one case from stdin, {"secret", "header", "body", "now"}: this is how Bursar's tests call it."""
    case = json.load(sys.stdin)
    try:
        verify(case["secret"], case["header"], case["body"].encode(), case["now"])
    except InvalidSignature as reason:
        print(f"invalid: {reason}")
        return 1
    print("valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
