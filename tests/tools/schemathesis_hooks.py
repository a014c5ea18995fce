"""What Schemathesis can't know from the document: which refusals of well-formed requests are right.

Each is told by what was sent *and* by what was answered, so that no other refusal passes.
"""

from urllib.parse import urlsplit

import schemathesis
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData

# The paths of what was deleted, in whichever scenario.
DELETED = set()


@schemathesis.hook
def after_call(context, case, response):
    """Remembers what was deleted."""
    if response.request.method == "DELETE" and response.status_code in (200, 202, 204):
        DELETED.add(urlsplit(response.request.url).path)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether a failure counts."""
    if isinstance(failure, EnsureResourceAvailability):
        # A creation that is asked for again with its Idempotency-Key answers as it did the first time, though what it
        # made was deleted since, in a scenario that this check doesn't look at.
        path = urlsplit(response.request.url).path
        return not (response.status_code == 404 and any(f"{path}/".startswith(f"{gone}/") for gone in DELETED))
    if not isinstance(failure, RejectedPositiveData):
        return True
    code = response.json().get("code")
    # A cursor is authenticated: whatever wasn't given by a list before is refused.
    is_made_up_cursor = response.status_code == 400 and code == "invalid_cursor" and "cursor" in (case.query or {})
    # PostgreSQL can't store U+0000, so no text may have it, wherever in a body or a parameter.
    in_body = response.status_code == 422 and b"\\u0000" in (response.request.body or b"")
    in_parameter = response.status_code == 400 and "%00" in response.request.url
    is_null_letter = (in_body or in_parameter) and "U+0000" in response.text
    # Which banks there are and where they live stands in the catalog; whether a host is one, only a resolver knows.
    errors = response.json().get("errors") or [{}]
    told = (response.status_code, errors[0].get("pointer"), errors[0].get("message", ""))
    is_no_bank = told == (422, "/institutionId", "no institution of the catalog has this id")
    is_elsewhere = told == (422, "/portalUrl", "this isn't an address of the institution's portal")
    is_no_host = told[:2] in [(422, "/portalUrl"), (422, "/url")] and "isn't an absolute URL with a host" in told[2]
    # Which time zones there are stands in a database of their own, and windows have a small language of their own.
    is_no_zone = told[:2] == (422, "/attendance/zone") and "is no time zone" in told[2]
    is_no_window = told[:2] == (422, "/attendance/hours") and ("window" in told[2] or "time of day" in told[2])
    return not (
        is_made_up_cursor or is_null_letter or is_no_bank or is_elsewhere or is_no_host or is_no_zone or is_no_window
    )
