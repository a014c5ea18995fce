"""Checks {"secret", "headers", "body"} from stdin with the library for Standard Webhooks."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

case = json.load(sys.stdin)
try:
    Webhook(case["secret"]).verify(case["body"], case["headers"])
except WebhookVerificationError as reason:
    print(f"invalid: {reason}")
else:
    print("valid")
