#!/usr/bin/python3
"""Stands in for ingestor, republisher and reporter under the launcher; its name says for which.

Keys of its section, beside those that the real ones know:
  exit_with = N      ends at once with N and one line
  crash_once = true  the first process of the run directory ends with 1 after READY=1
  ready = false      never sends READY=1
  unready = TEXT     why /readyz says no, once it has sent READY=1
  stubborn = true    takes no notice of SIGTERM
  done = true        ends with 0 when it is ready (an ingestor whose sources are settled)
  posts, statuses    what the reporter puts into its database, see fill()
"""

import http.server
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import tomllib
from pathlib import Path

ROLE = Path(sys.argv[0]).name
RUN_DIR = Path(os.environ["RUN_DIR"])


def say(text):
    print(f"{ROLE}: {text}", file=sys.stderr, flush=True)


def notify_ready():
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect("\0" + address[1:] if address.startswith("@") else address)
        notify.send(b"STATUS=ready\nREADY=1")


def fill(path, targets, posts, statuses):
    """`posts` posts; publication i (in target, format, post order) has statuses[i] or `published`;
    "missing" leaves it out."""
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE IF NOT EXISTS posts (post_id TEXT PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS publications (post_id TEXT, target TEXT, format TEXT,
            status TEXT, error TEXT, PRIMARY KEY (post_id, target, format));""")
    statuses = iter(statuses)
    for number in range(posts):
        database.execute("INSERT OR IGNORE INTO posts VALUES (?)", (f"file:{number}",))
    for target in targets:
        for form in target["formats"]:
            for number in range(posts):
                status = next(statuses, "published")
                if status != "missing":
                    database.execute("INSERT OR IGNORE INTO publications VALUES (?, ?, ?, ?, ?)",
                                     (f"file:{number}", target["name"], form, status, "no room"))
    database.commit()
    database.close()


def serve(address, posts, unready):
    status = {
        "limiting": "republisher", "uptime_s": 1, "redelivered": 0,
        "stages": [{"stage": "ingestor", "name": f"ingestor@host:{os.getpid()}",
                    "events_per_second": 12.5, "credit": 7, "in_flight": 3, "busy": 0.25,
                    "blocked": 0.5, "trouble": "source x fails: HTTP 401"}],
        "posts": {"read": posts, "settled": posts, "filtered": 0, "skipped": 0},
        "publications": {"published": posts, "failed": 0, "deferred": 0, "per_second": 62.5},
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.path == "/readyz"
            body = f"{unready or 'ready'}\n" if asked else json.dumps(status)
            self.send_response(503 if asked and unready else 200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    host, port = address.rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    path = Path(sys.argv[sys.argv.index("--config") + 1])
    document = tomllib.loads(path.read_text())
    section = document.get(ROLE, {})
    if "exit_with" in section:
        say(f"{path}: line 3: {ROLE}.colour: unknown key")
        return section["exit_with"]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    if ROLE == "reporter":
        if section.get("http"):
            serve(section["http"], section.get("posts", 0), section.get("unready"))
        if section.get("posts"):
            targets = document["republisher"]["target"]
            fill(RUN_DIR / "reports.db", targets, section["posts"], section.get("statuses", []))
    if section.get("ready", True):
        notify_ready()
    if section.get("crash_once"):
        try:
            (RUN_DIR / "crashed").touch(exist_ok=False)
            say("out of luck")
            return 1
        except FileExistsError:
            pass
    if section.get("done"):
        say("every source is settled")
        return 0
    while True:
        signal.sigwait({signal.SIGTERM})
        if not section.get("stubborn"):
            say("drained")
            return 0


sys.exit(main())
