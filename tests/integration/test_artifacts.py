"""The shipped files of alerts/, docs/runbooks/ and docker/prometheus/: they load, follow the rules of
docs/alerts.md, belong together, and what the runbooks tell people to paste works."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from harness import REPOSITORY

ALERTS = REPOSITORY / "alerts"
RUNBOOKS = REPOSITORY / "docs/runbooks"
RULE_FILES = sorted(ALERTS.glob("*.rules.yaml"))
TEST_FILES = sorted(ALERTS.glob("tests/*.test.yaml"))
BASE = "https://github.com/pgsidecar/pgsidecar/blob/main/docs/runbooks/"
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url"}
NOT_OURS = {"up"}


def groups():
    return [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]


RULES = [rule for group in groups() for rule in group["rules"]]
NAMES = sorted({rule["alert"] for rule in RULES})
each_rule = pytest.mark.parametrize(
    "rule", RULES, ids=[f"{rule['alert']}-{rule['labels']['severity']}" for rule in RULES])


def fenced(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)


def succeeds(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def seconds(duration):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration))


def metrics_in(expression):
    """Names of metrics: words in front of a selector, a range or nothing, that are no functions."""
    without_text = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:pgsidecar|process)_[a-z0-9_]+\b|\bup\b", without_text))


# --- the tools' own opinion ---

@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_promtool_accepts_the_rules(path):
    succeeds("promtool", "check", "rules", str(path))


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_promtool_unit_test(path):
    assert "SUCCESS" in succeeds("promtool", "test", "rules", str(path))


def test_promtool_accepts_the_scrape_configuration():
    succeeds("promtool", "check", "config", str(REPOSITORY / "docker/prometheus/prometheus.yaml"))


EXAMPLE = str(ALERTS / "alertmanager.example.yaml")


def test_amtool_accepts_the_example():
    assert "4 inhibit rules" in succeeds("amtool", "check-config", EXAMPLE)


@pytest.mark.parametrize("severity, receiver", [("critical", "pager"), ("warning", "team"),
                                                ("info", "low-noise")])
def test_route_of_each_severity(severity, receiver):
    succeeds("amtool", "config", "routes", "test", f"--config.file={EXAMPLE}",
             f"--verify.receivers={receiver}", f"severity={severity}", "alertname=PgSidecarDown")


# --- lint: names, labels, annotations ---

@each_rule
def test_name_and_severity(rule):
    assert re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule["alert"])
    assert rule["alert"].startswith("PgSidecar")
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert not [value for value in rule["labels"].values() if "{{" in value]


@each_rule
def test_annotations(rule):
    annotations = rule["annotations"]
    assert set(annotations) == ANNOTATIONS
    assert re.fullmatch(r"[A-Z][^.{]*\.", annotations["summary"])
    assert "{{" in annotations["description"]
    assert annotations["runbook_url"] == f"{BASE}{rule['alert']}.md"
    assert re.match(r"/d/pgsidecar-[a-z]+\?var-", annotations["dashboard_url"])
    for value in re.findall(r"{{([^}]*\$value[^}]*)}}", annotations["description"]):
        assert re.search(r"\| humanize(Duration|Percentage)?\b", value), value


@each_rule
def test_template_labels_survive_the_expression(rule):
    used = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    dropped = {label.strip() for group in re.findall(r"without \(([^)]*)\)", rule["expr"])
               for label in group.split(",")}
    assert not used & dropped


@each_rule
def test_expression(rule):
    expression = rule["expr"]
    assert re.search(r"[<>]=?|[!=]=|absent\(", expression)
    assert not re.search(r"\b(by|topk|bottomk|avg) *\(", expression)
    for aggregation in re.findall(r"\b(sum|max|min|count|quantile)\b(?! without \()", expression):
        pytest.fail(f"{aggregation} does not say without")
    for window in re.findall(r"\[(\w+)\]", expression):
        assert seconds(window) >= 4 * 15
    divisions = expression.count("/")
    guarded = re.findall(r"/\s*\(sum without .*> 0\)", expression)
    events = re.findall(r"and\s+sum without [^>]*increase\([^>]*> 5", expression)
    assert len(guarded) == len(events) == divisions, "a ratio needs traffic and a few events"


@each_rule
def test_for_is_absent_or_two_scrapes(rule):
    assert "for" not in rule or seconds(rule["for"]) >= 30


def test_groups_are_named_once_and_evaluated_often():
    names = [group["name"] for group in groups()]
    assert len(names) == len(set(names))
    assert all(seconds(group.get("interval", "15s")) <= 300 for group in groups())


def test_no_rule_is_written_twice():
    keys = [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]
    assert len(keys) == len(set(keys))


def test_no_alert_matches_both_sides_of_an_inhibition():
    def matches(matchers, labels):
        for matcher in matchers:
            label, operator, value = re.fullmatch(r'(\w+)\s*(=~|=)\s*"?([^"]*)"?', matcher).groups()
            pattern = value if operator == "=~" else re.escape(value)
            if not re.fullmatch(pattern, labels.get(label, "")):
                return False
        return True

    for rule in RULES:
        labels = {**rule["labels"], "alertname": rule["alert"]}
        for inhibition in yaml.safe_load(pathlib.Path(EXAMPLE).read_text())["inhibit_rules"]:
            assert not (matches(inhibition["source_matchers"], labels)
                        and matches(inhibition["target_matchers"], labels)), (labels, inhibition)


# --- belonging together ---

def test_every_alert_has_a_test_file_and_a_runbook_and_there_are_no_others():
    assert [path.name.removesuffix(".test.yaml") for path in TEST_FILES] == NAMES
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_the_four_cases(path):
    """fires, just below, no traffic, stale."""
    named = [test["name"] for test in yaml.safe_load(path.read_text())["tests"]]
    for case in ("fires", "just below", "no traffic", "stale"):
        assert any(name.startswith(case) for name in named), case


def test_the_table_of_alerts_is_the_generated_one():
    generated = succeeds(sys.executable, str(REPOSITORY / "scripts/alerts_doc.py"))
    assert generated == (REPOSITORY / "docs/alerts.md").read_text()


def catalogue():
    return set(re.findall(r"`(pgsidecar_\w+|process_\w+)`",
                          (REPOSITORY / "docs/metrics.md").read_text()))


def assert_in_catalogue(expression):
    for metric in metrics_in(expression) - NOT_OURS:
        name = re.sub(r"_(bucket|sum|count)$", "", metric)
        assert {metric, name} & catalogue(), metric


@each_rule
def test_rules_read_metrics_of_the_catalogue(rule):
    assert metrics_in(rule["expr"])
    assert_in_catalogue(rule["expr"])


# --- runbooks ---

@pytest.mark.parametrize("name", NAMES)
def test_runbook_sections(name):
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.M) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert len(text.splitlines()) <= 75


@pytest.mark.parametrize("name", NAMES)
def test_runbook_promql(name, tmp_path):
    queries = fenced(RUNBOOKS / f"{name}.md", "promql")
    assert queries
    rules = [{"record": f"runbook:query{index}", "expr": query}
             for index, query in enumerate(queries)]
    file = tmp_path / "queries.rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": rules}]}))
    succeeds("promtool", "check", "rules", str(file))
    for query in queries:
        assert_in_catalogue(query)


@pytest.mark.parametrize("name", NAMES)
def test_runbook_sql(name, postgres):
    statements = fenced(RUNBOOKS / f"{name}.md", "sql")
    assert statements
    for statement in statements:
        postgres.sql(f"BEGIN READ ONLY; {statement}")
