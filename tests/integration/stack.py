"""Prometheus, Alertmanager and a webhook receiver around a sidecar, with the shipped files.

Used by the end-to-end test of the alerts and by scripts/demo.sh.
"""

import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import yaml

from harness import REPOSITORY, eventually, free_port, stop_process


def get_json(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


class Daemon:
    """One server process with a directory and a log of its own, ready when `ready_path` answers."""

    ready_path = "/-/ready"

    def __init__(self, port=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pgsidecar-stack-"))
        self.log_path = self.directory / "log"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return answers(self.url + self.ready_path)

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ready = eventually(lambda: self.process.poll() is not None or self.is_ready(), timeout=30)
        if not ready or self.process.poll() is not None:
            raise RuntimeError(f"{self.command()[0]} did not start: {self.log_path.read_text()}")
        return self

    def destroy(self):
        if self.process:
            stop_process(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)


class Redis(Daemon):
    """Keeps nothing on disk; listens on a Unix socket in its directory."""

    @property
    def uri(self):
        return f"unix://{self.directory}/redis.sock"

    def command(self):
        return ["redis-server", "--port", "0", "--unixsocket", f"{self.directory}/redis.sock",
                "--dir", str(self.directory), "--save", ""]

    def is_ready(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(f"{self.directory}/redis.sock") == 0


class Prometheus(Daemon):
    """Scrapes and evaluates each second; otherwise the shipped configuration and rules."""

    def __init__(self, target, alertmanager_port, port=None):
        super().__init__(port)
        config = yaml.safe_load((REPOSITORY / "docker/prometheus/prometheus.yaml").read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s",
                            "evaluation_interval": "1s"}
        config["rule_files"] = [str(REPOSITORY / "alerts/*.rules.yaml")]
        manager = config["alerting"]["alertmanagers"][0]
        manager["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager_port}"]
        job = config["scrape_configs"][0]
        job["static_configs"][0]["targets"] = [target]
        (self.directory / "prometheus.yaml").write_text(yaml.safe_dump(config))

    def command(self):
        return ["prometheus", f"--config.file={self.directory}/prometheus.yaml",
                f"--storage.tsdb.path={self.directory}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--enable-feature=exemplar-storage", "--log.level=warn"]

    def query(self, text):
        """[(labels, value)] of an instant query."""
        parameters = urllib.parse.urlencode({"query": text})
        answer = get_json(f"{self.url}/api/v1/query?{parameters}")["data"]
        return [(sample["metric"], float(sample["value"][1])) for sample in answer["result"]]

    def firing(self, alert=None):
        """Labels of the alerts that fire, all or of one name."""
        alerts = get_json(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return [found["labels"] for found in alerts if found["state"] == "firing"
                and alert in (None, found["labels"]["alertname"])]


class Alertmanager(Daemon):
    """The shipped example with every receiver replaced by `webhook_url`/<receiver> and short waits.
    Routes and inhibition are as shipped."""

    def __init__(self, webhook_url, port=None):
        super().__init__(port)
        config = yaml.safe_load((REPOSITORY / "alerts/alertmanager.example.yaml").read_text())
        for route in [config["route"], *config["route"]["routes"]]:
            route.update(group_wait="1s", group_interval="1s")
        config["receivers"] = [
            {"name": receiver["name"],
             "webhook_configs": [{"url": f"{webhook_url}/{receiver['name']}"}]}
            for receiver in config["receivers"]]
        (self.directory / "alertmanager.yaml").write_text(yaml.safe_dump(config))

    def command(self):
        return ["prometheus-alertmanager", f"--config.file={self.directory}/alertmanager.yaml",
                f"--storage.path={self.directory}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=", "--log.level=warn"]

    def alerts(self, name):
        """What the API lists under this alert's name."""
        return [found for found in get_json(f"{self.url}/api/v2/alerts")
                if found["labels"]["alertname"] == name]


class Webhook:
    """Receives notifications. `received` holds (monotonic time, receiver, alert)."""

    def __init__(self, on_alert=lambda receiver, alert: None):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for alert in body["alerts"]:
                    received.append((time.monotonic(), self.path.strip("/"), alert))
                    on_alert(self.path.strip("/"), alert)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments):
                """The alerts themselves are the log."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, name, status="firing"):
        return [alert for _, _, alert in list(self.received)
                if alert["labels"]["alertname"] == name and alert["status"] == status]

    def destroy(self):
        self.server.shutdown()
        self.server.server_close()


class Stack:
    """All of it around one sidecar. `ports` may name prometheus and alertmanager ports."""

    def __init__(self, sidecar, on_alert=lambda receiver, alert: None, ports=None):
        ports = ports or {}
        self.webhook = Webhook(on_alert)
        self.alertmanager = Alertmanager(self.webhook.url, ports.get("alertmanager"))
        self.prometheus = Prometheus(f"127.0.0.1:{sidecar.admin_port}", self.alertmanager.port,
                                     ports.get("prometheus"))

    def start(self):
        self.alertmanager.start()
        self.prometheus.start()
        scraped = eventually(lambda: self.prometheus.query('up{job="pgsidecar"} == 1'), timeout=15)
        if not scraped:
            raise RuntimeError("Prometheus does not reach the sidecar")
        return self

    def destroy(self):
        for part in (self.prometheus, self.alertmanager, self.webhook):
            part.destroy()
