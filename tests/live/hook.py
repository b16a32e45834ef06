"""A receiver of Standard Webhooks 1.0.0: keeps each message once, by its id, and checks it."""

import base64
import hashlib
import hmac
import json
import time

from live.stand_in import Answer, Violation

KEY = b"twenty-four bytes or more"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
MOST_SKEW_S = 300


class Hook:
    WRONG_SHAPES = (b"[]", b"5", b"null")   # for the faults: its answers say nothing

    @staticmethod
    def limit_headers(limit: int, remaining: int, reset: float) -> dict[str, str]:
        return {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(remaining),
                "RateLimit-Reset": str(max(0, int(reset - time.time()) + 1))}

    def __init__(self):
        self.messages: dict[str, dict] = {}   # by id
        self.deliveries = 0                   # with repetitions

    def answer(self, request) -> Answer:
        if request.method != "POST":
            raise Violation(f"{request.method} instead of POST")
        identity, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        if abs(time.time() - int(stamp)) > MOST_SKEW_S:
            raise Violation(f"the time of {identity} is {stamp}")
        signed = f"{identity}.{stamp}.".encode() + request.body
        expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        if request.headers["webhook-signature"] != f"v1,{expected}":
            raise Violation(f"the signature of {identity} is wrong")
        message = json.loads(request.body)
        # Of a post without a time it is that of its reading, and a post may be read again.
        message.pop("timestamp")
        self.deliveries += 1
        if self.messages.setdefault(identity, message) != message:
            raise Violation(f"{identity} is another message than before")
        return Answer(200, b"{}")
