"""The ingestor's live sources, against stand-ins of the platforms and against real servers.

stand_in    an HTTP server on raw streams, which checks what it is asked and can misbehave
faults      how it misbehaves, byte by byte
x, mastodon, bluesky, feeds   what it is the stand-in of: the documented contract of each
recorded    answers that X and Mastodon gave once, served again
pipeline    the real executables around a list of sources; processes: servers as children
case        what the tests share
servers     WordPress with MariaDB, nginx; network: the Bluesky network from npm

Debian's Python 3.11 and its standard library; free_ports of tests/chaos, scripts/supervisor.
"""
