#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The names of metrics: what a daemon exposes against what is documented, shown and alerted on.

    metrics_names.py SOURCE FOLDER

FOLDER holds scrapes of one daemon, in both formats and by both ways. Held true: both ways expose the same
families; each is named by the conventions; each stands in docs/metrics.md with its type and its labels,
and none besides; every name in the Grafana board and in the alert rules is exposed, with the labels that
are used there. What prometheus_client or promtool says besides is heard where they are installed.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

SAMPLE = re.compile(r"^([a-z][a-z0-9_]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
USED = re.compile(r"\b((?:hazardd|process)_[a-z0-9_]+)(?:\{([^}]*)\})?")
SUFFIXES = {"counter": ["_total"], "info": ["_info"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
# Label names that Prometheus adds, or takes away by an aggregation.
FOREIGN = {"instance", "job", "le"}
faults = []


def fault(words):
    faults.append(words)


class Family:
    def __init__(self, kind):
        self.kind, self.samples, self.labels, self.help = kind, set(), set(), ""


def parse(text, openmetrics):
    """Families by name (as OpenMetrics has it), in order; every line must be one that there may be."""
    families, present = {}, None
    lines = text.split("\n")
    if lines.pop() != "":
        fault("the text does not end with a line's end")
    if openmetrics and lines.pop() != "# EOF":
        fault("no # EOF")
    for line in lines:
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            name, said = words[2], words[3]
            if not said.endswith("."):
                fault("%s: the help is no sentence" % name)
        elif words[:2] == ["#", "TYPE"]:
            kind = words[3]
            if words[2] != name:
                fault("TYPE %s follows HELP %s" % (words[2], name))
            if not openmetrics:
                if name.endswith("_total"):
                    name = name[: -len("_total")]
                elif name.endswith("_info"):
                    name, kind = name[: -len("_info")], "info"
            if name in families:
                fault("%s: twice" % name)
            present = families[name] = Family(kind)
            present.help = said
        elif words[:2] == ["#", "UNIT"]:
            if not openmetrics or words[2] != name or not name.endswith("_" + words[3]):
                fault("%s: unit %s" % (name, line))
        else:
            match = SAMPLE.match(line)
            if not match:
                fault("no sample: " + line)
                continue
            suffix = match[1][len(name):]
            if not match[1].startswith(name) or suffix not in SUFFIXES[present.kind]:
                fault("%s is not of %s %s" % (match[1], present.kind, name))
            labels = dict(LABEL.findall(match[2] or ""))
            key = (match[1], tuple(sorted(labels.items())))
            if key in present.samples:
                fault("twice: " + line)
            present.samples.add(key)
            present.labels |= set(labels) - {"le"}
            float(match[3])
    return families


def conventions(families):
    for name, family in families.items():
        if not re.fullmatch(r"(hazardd|process)_[a-z][a-z0-9_]*[a-z0-9]", name) or name.endswith(("_total", "_info")):
            fault("%s: not a name by the conventions" % name)
        if re.search(r"_(ms|us|ns|millis|kb|mb|minutes|days|percent)(_|$)", name):
            fault("%s: not a base unit" % name)
        if {"point", "hazard", "enterprise"} & family.labels:
            fault("%s: a label for each point" % name)


def exposed_names(families):
    return {name + suffix for name, family in families.items() for suffix in SUFFIXES[family.kind]}


def documented(path):
    """Rows of docs/metrics.md: | `name` | type | labels | text |"""
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        match = re.fullmatch(r"`((?:hazardd|process)_[a-z0-9_]+)`", cells[0])
        if line.startswith("| ") and match:
            if match[1] in rows:
                fault("docs: %s stands there twice" % match[1])
            rows[match[1]] = (cells[1], set(re.findall(r"`([a-z_]+)`", cells[2])))
    return rows


def against_documentation(families, rows):
    for name, family in families.items():
        shown = name + (SUFFIXES[family.kind][0] if family.kind in ("counter", "info") else "")
        if shown not in rows:
            fault("docs: nothing on %s" % shown)
            continue
        kind, labels = rows.pop(shown)
        if kind != family.kind:
            fault("docs: %s is a %s" % (shown, family.kind))
        if family.samples and labels != family.labels:
            fault("docs: %s has the labels %s" % (shown, sorted(family.labels)))
    for name in rows:
        fault("docs: %s is exposed nowhere" % name)


def against_use(where, text, families):
    exposed = exposed_names(families)
    labels_of = {name + suffix: family.labels for name, family in families.items() for suffix in SUFFIXES[family.kind]}
    used = USED.findall(text)
    if len(used) < 20:
        fault("%s: hardly any name found" % where)
    for name, matchers in used:
        if name not in exposed:
            fault("%s: %s is exposed nowhere" % (where, name))
            continue
        foreign = set(re.findall(r"([a-z_]+)\s*[=!]", matchers)) - labels_of[name] - FOREIGN
        if foreign:
            fault("%s: %s has no label %s" % (where, name, foreign))


def expressions_of_board(board):
    panels = board["panels"]
    texts = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    texts += [item["definition"] for item in board["templating"]["list"] if item["type"] == "query"]
    texts += [item["expr"] for item in board["annotations"]["list"]]
    places = [tuple(panel["gridPos"].values()) for panel in panels]
    if len(set(places)) != len(places) or len({panel["id"] for panel in panels}) != len(panels):
        fault("board: two panels in one place, or with one id")
    return texts


def others(source, folder, rules):
    """What the conventions' own programs say, where they are installed."""
    try:
        from prometheus_client.openmetrics import parser
        from prometheus_client import parser as old_parser
        list(parser.text_string_to_metric_families((folder / "openmetrics.txt").read_text()))
        list(old_parser.text_string_to_metric_families((folder / "prometheus.txt").read_text()))
    except ImportError:
        print("prometheus_client: not there, not asked")
    except ValueError as error:
        fault("prometheus_client: %s" % error)
    if not shutil.which("promtool"):
        print("promtool: not there, not asked")
        return
    run = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True)
    if run.returncode != 0:
        fault("promtool: " + run.stdout + run.stderr)
    with open(folder / "prometheus.txt", encoding="utf-8") as text:
        run = subprocess.run(["promtool", "check", "metrics"], stdin=text, capture_output=True, text=True)
    if run.returncode != 0:
        fault("promtool: " + run.stdout + run.stderr)


def main():
    source, folder = map(pathlib.Path, sys.argv[1:])
    families = parse((folder / "openmetrics.txt").read_text(encoding="utf-8"), True)
    for name, openmetrics in [("prometheus", False), ("ctl-openmetrics", True), ("ctl-prometheus", False)]:
        there = parse((folder / (name + ".txt")).read_text(encoding="utf-8"), openmetrics)
        if [(n, f.kind, f.help) for n, f in there.items()] != [(n, f.kind, f.help) for n, f in families.items()]:
            fault("%s: other families" % name)
    if len(families) < 50:
        fault("only %d families" % len(families))
    conventions(families)
    against_documentation(families, documented(source / "docs/metrics.md"))
    rules = source / "system/hazardd-alerts.yaml"
    board = json.loads((source / "system/hazardd-board.json").read_text(encoding="utf-8"))
    against_use("board", "\n".join(expressions_of_board(board)), families)
    against_use("rules", rules.read_text(encoding="utf-8"), families)
    others(source, folder, rules)
    for words in faults:
        print("metrics: " + words, file=sys.stderr)
    print("metrics: %d families, %d faults" % (len(families), len(faults)))
    return 1 if faults else 0


sys.exit(main())
