"""A site behind which there is a real server: requests are counted and checked on their way."""

import http.client

from live.stand_in import Answer, Request

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date",
              "content-encoding"}


class Forward:
    """To a server at `port` of 127.0.0.1. One request at a time: it blocks its stand-in."""

    def __init__(self, port: int):
        self.port = port

    def answer(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {name: value for name, value in request.headers.items()
                       if name not in ("host", "connection", "accept-encoding")}
            connection.request(request.method, request.target, request.body or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return Answer(answer.status, body, {name: value for name, value in answer.getheaders()
                                            if name.lower() not in HOP_BY_HOP})
