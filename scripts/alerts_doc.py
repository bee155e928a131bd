"""Prints docs/alerts.md from the rules in alerts/. `--write` writes the file instead."""

import pathlib
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/alerts.md"

INTRO = """\
# Alerts

Generated from `alerts/pgsidecar.rules.yaml` by `python3 scripts/alerts_doc.py --write`; a test
compares the two. The thresholds stand in the rules and nowhere else.

## Use

1. Copy `alerts/pgsidecar.rules.yaml` to where Prometheus finds its `rule_files`. Prometheus 2.42 and
   later load it as it is.
2. Scrape the sidecars with a job called `pgsidecar`, and give each target a label `service` with the
   name of its owner: the label survives every aggregation and can route the alert.
   `docker/prometheus/prometheus.yaml` is such a configuration.
3. Take routes, inhibition and the message from `alerts/alertmanager.example.yaml` and put in the
   addresses of your receivers and of Grafana, which stands in front of `dashboard_url`.

`critical` pages, `warning` makes a ticket, `info` is context. A higher severity mutes the lower ones
of the same trouble, and PgSidecarUpstreamDown mutes what follows from it.

To see one arrive, run `scripts/demo.sh`, or send `SELECT pg_sleep(1.2)` through port 6432: the
notification names the operation and carries the text of the statement without its literals.

## Slow queries, three ways

| seen by | alert | why the others miss it |
| --- | --- | --- |
| one finished execution | PgSidecarSlowStatement | one of a million changes no share, and it is over |
| the share of all | PgSidecarSlowQueryShareHigh | many slow statements are one trouble, not many |
| what runs now | PgSidecarSlowQueryRunning | a statement that hangs never finishes |

## All alerts
"""


def rules():
    for path in sorted((ROOT / "alerts").glob("*.rules.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def row(rule):
    name = rule["alert"]
    expression = " ".join(rule["expr"].split()).replace("|", "\\|")
    waits = rule.get("for", "")
    if "keep_firing_for" in rule:
        waits += f", stays {rule['keep_firing_for']}"
    cells = [f"[{name}](runbooks/{name}.md)", rule["labels"]["severity"], waits,
             rule["annotations"]["summary"], f"`{expression}`"]
    return "| " + " | ".join(cells) + " |"


def page():
    table = ["| alert | severity | for | says | fires while |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([INTRO, *table, *(row(rule) for rule in rules())]) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page())
    else:
        sys.stdout.write(page())
