"""Certificates are verified; a private authority is believed where the configuration says so."""

import json
import ssl
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from live.case import TAG, LiveTest
from live.processes import free_port

POST = {"id": "1", "content": f"<p>#{TAG}</p>", "created_at": "2026-11-01T00:00:00.000Z"}


class Timeline(BaseHTTPRequestHandler):
    """One post, and nothing before or after it."""

    def do_GET(self):
        body = json.dumps([] if "_id=" in self.path else [POST]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TlsTest(LiveTest):
    def certificate(self, host: str) -> tuple[Path, Path]:
        """A certificate for `host` that vouches for itself, and its key."""
        certificate, key = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-keyout", key, "-out", certificate, "-subj", f"/CN={host}",
                        "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True)
        return certificate, key

    def serve(self, certificate: Path, key: Path) -> str:
        """The address, with the host as which this machine knows itself."""
        server = ThreadingHTTPServer(("127.0.0.1", free_port()), Timeline)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"localhost:{server.server_port}"

    def test_only_who_can_prove_its_name_is_read(self):
        good, wrong = self.certificate("localhost"), self.certificate("elsewhere.test")
        options = {"backfill": "all", "interval": 0.2}
        honest, impostor = self.serve(*good), self.serve(*wrong)
        pipeline = self.pipeline(
            {"uri": f"mastodon+https://{honest}", "name": "known", "ca_file": str(good[0]),
             **options},
            {"uri": f"mastodon+https://{honest}", "name": "unknown", **options},
            {"uri": f"mastodon+https://{impostor}", "name": "impostor", "ca_file": str(wrong[0]),
             **options})
        self.assert_each_once(pipeline, ["known:1"])
        for name in ("unknown", "impostor"):
            self.until(lambda: pipeline.metric("source_errors_total", source=name) >= 2, 20, name)
        said = pipeline.said("ingestor")
        pipeline.stop()
        self.assertIn("source=unknown reason=\"SSL certificate problem", said)
        self.assertIn("source=impostor reason=\"SSL: no alternative certificate subject", said)
        self.assertEqual(pipeline.posts(), ["known:1"])


if __name__ == "__main__":
    unittest.main()
