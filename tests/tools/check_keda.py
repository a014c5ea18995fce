"""Checks an object of KEDA's, as JSON on stdin, against the models made from KEDA's definitions.

Prints nothing and ends with 0 where it is one. Models ignore what they don't know, so what they kept is compared with what
was there.
"""

import json
import sys

from cloudcoil.models.keda import v1alpha1


def lost(written, kept, path=""):
    if isinstance(written, dict) and isinstance(kept, dict):
        for key, value in written.items():
            if key not in kept:
                yield f"{path}/{key}: unknown"
            else:
                yield from lost(value, kept[key], f"{path}/{key}")
    elif isinstance(written, list) and isinstance(kept, list) and len(written) == len(kept):
        for number, (one, other) in enumerate(zip(written, kept)):
            yield from lost(one, other, f"{path}/{number}")
    elif written != kept:
        yield f"{path}: {written!r} was read as {kept!r}"


written = json.load(sys.stdin)
try:
    model = getattr(v1alpha1, written["kind"]).model_validate(written)
except ValueError as error:
    sys.exit(str(error))
kept = json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
sys.exit("\n".join(lost(written, kept)) or 0)
