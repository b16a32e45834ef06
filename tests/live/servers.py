"""Real web servers of Debian's, each with its own folder and port, stopped by its process id."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import subprocess
from pathlib import Path

from live.processes import Server, as_user, free_port

PASSWORD = "a long password"
SETUP_S = 120.0

NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/octet-stream;
  types {{ application/rss+xml rss; application/atom+xml atom; text/xml xml;
          application/feed+json json; }}
  gzip on;
  gzip_types application/rss+xml;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    location /dav/ {{
      dav_methods PUT MKCOL;
      client_max_body_size 32m;
    }}
  }}
}}
"""

APACHE = """\
ServerRoot /usr/lib/apache2
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
{modules}
User www-data
Group www-data
StartServers 1
ServerLimit 1
DavLockDB {folder}/locks
DocumentRoot {folder}/www
LogFormat "%>s %m %U" short
CustomLog {folder}/access.log short
<Location /dav/>
  Dav On
  Require all granted
</Location>
"""
APACHE_MODULES = ("mpm_event", "authz_core", "dav", "dav_fs")

WP_CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HOME', 'http://127.0.0.1:{port}');
define('WP_SITEURL', 'http://127.0.0.1:{port}');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT',
          'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $key) define($key, $key);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""

WP_INSTALL = """<?php
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_mail() { return true; }
wp_install('News', 'ada', 'ada@example.org', true, '', $argv[2]);
update_option('permalink_structure', '/%postname%/');
update_option('posts_per_rss', 30);
flush_rewrite_rules();
wp_delete_post(1, true);
[$password] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'tests']);
echo $password;
"""

# php -S knows no rewriting: what is no file is WordPress's.
ROUTER = """<?php
$file = $_SERVER['DOCUMENT_ROOT'] . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (is_file($file)) return false;
$_SERVER['SCRIPT_NAME'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
"""


def missing(*programs: str) -> str:
    """Which of these are not installed, in a line; "" if all are."""
    absent = [name for name in programs if not (shutil.which(name) or Path(name).exists())]
    return f"not installed: {', '.join(absent)}; scripts/setup --test" if absent else ""


class Nginx:
    """Static files of `folder`/www."""

    def __init__(self, folder: Path):
        self.port, self.www, self._folder = free_port(), folder / "www", folder
        self.www.mkdir()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=self.port))
        self._server = Server("nginx", ["/usr/sbin/nginx", "-c", str(config), "-e",
                                        str(folder / "error.log")],
                              folder / "nginx.log", self.port).ready()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def statuses(self, path: str) -> list[int]:
        """Of the answers to requests for `path`, in their order."""
        lines = (line.split('"') for line in
                 (self._folder / "access.log").read_text().splitlines())
        return [int(parts[2].split()[0]) for parts in lines if parts[1].split()[1] == path]

    def stop(self) -> None:
        self._server.stop()


class Apache:
    """WebDAV (mod_dav_fs) in `folder`/www/dav."""

    def __init__(self, folder: Path):
        self.port, self.www, self._folder = free_port(), folder / "www", folder
        (self.www / "dav").mkdir(parents=True)
        folder.chmod(0o755)
        if os.getuid() == 0:
            for one in (folder, self.www / "dav"):
                shutil.chown(one, "www-data", "www-data")
        modules = "\n".join(f"LoadModule {name}_module modules/mod_{name}.so"
                            for name in APACHE_MODULES)
        config = folder / "apache.conf"
        config.write_text(APACHE.format(folder=folder, port=self.port, modules=modules))
        self._server = Server("apache", ["/usr/sbin/apache2", "-DFOREGROUND", "-f", str(config)],
                              folder / "apache.log", self.port, end="TERM").ready()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answers(self) -> list[tuple[str, str, str]]:
        """(status, method, path) of all requests, in their order."""
        return [tuple(line.split(maxsplit=2)) for line in
                (self._folder / "access.log").read_text().splitlines()]

    def stop(self) -> None:
        self._server.stop()


class WordPress:
    """WordPress with a MariaDB of its own. `workers`: requests that are answered at once, each
    at a port of `ports`."""

    USER = "ada"

    def __init__(self, folder: Path, workers: int = 1):
        self.ports = [free_port() for _ in range(workers)]
        self.port = self.ports[0]
        self._servers = contextlib.ExitStack()
        self._socket = socket = folder / "mariadb.sock"
        site = folder / "site"
        try:
            self._start_database(folder, socket)
            # Debian's is full of links to elsewhere, which php -S would not serve.
            subprocess.run(["cp", "-rL", "/usr/share/wordpress", str(site)], check=True)
            (site / "wp-config.php").unlink(missing_ok=True)
            (site / "wp-config.php").write_text(
                WP_CONFIG.format(socket=socket, port=self.port))
            script, router = folder / "install.php", folder / "router.php"
            script.write_text(WP_INSTALL)
            router.write_text(ROUTER)
            installed = subprocess.run(["php", str(script), str(site), PASSWORD], text=True,
                                       capture_output=True, timeout=SETUP_S)
            if installed.returncode != 0:
                raise AssertionError(f"WordPress: {installed.stdout}{installed.stderr}")
            self.password = installed.stdout.strip().splitlines()[-1]  # an application password
            credentials = f"{self.USER}:{self.password}".encode()
            self._authorization = "Basic " + base64.b64encode(credentials).decode()
            # Without PHP_CLI_SERVER_WORKERS, which outlive a parent that is killed.
            for port in self.ports:
                self._start("php", ["php", "-d", "opcache.enable_cli=1", "-S",
                                    f"127.0.0.1:{port}", "-t", str(site), str(router)],
                            folder, port)
        except BaseException:
            self.stop()
            raise

    def _start_database(self, folder: Path, socket: Path) -> None:
        data = folder / "mariadb"
        data.mkdir()
        if os.getuid() == 0:
            folder.chmod(0o777)
            shutil.chown(data, "mysql", "mysql")
        subprocess.run(as_user("mysql", [
            "mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
            "--auth-root-authentication-method=normal"]),
            check=True, capture_output=True, timeout=SETUP_S)
        port = free_port()
        self._start("mariadb", [
            "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}",
            "--bind-address=127.0.0.1", f"--port={port}", f"--pid-file={data}/mariadb.pid",
            "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"],
            folder, port, user="mysql")
        self.sql("CREATE DATABASE wordpress", database="mysql")

    def sql(self, statement: str, database: str = "wordpress") -> list[list[str]]:
        """The rows that it gives."""
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={self._socket}",
                               "--user=root", "--batch", "--skip-column-names", "--raw",
                               f"--execute={statement}", database],
                              check=True, capture_output=True, text=True, timeout=SETUP_S)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def _start(self, name: str, command: list[str], folder: Path, port: int, **options) -> None:
        server = Server(name, command, folder / f"{name}.log", port, **options)
        self._servers.callback(server.stop)
        server.ready()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """Of its REST interface. Raises AssertionError unless it succeeds."""
        return json.loads(self._ask(method, path, body)[1])

    def total(self, path: str) -> int:
        """How many there are of what a list shows."""
        return int(self._ask("GET", path)[0]["X-WP-Total"])

    def _ask(self, method: str, path: str, body: dict | None = None) -> tuple:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"/wp-json/wp/v2/{path}", json.dumps(body or {}),
                               {"Content-Type": "application/json",
                                "Authorization": self._authorization})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path}: {answer.status} {text[:1000]}")
        return answer.headers, text

    def stop(self) -> None:
        self._servers.close()
