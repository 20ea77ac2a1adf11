#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Fills the options of hazardd.yaml(5) from the daemon's own table, as `hazardctl config --json` tells it,
# so that the page can't differ from the program.
#
#   options.py HAZARDCTL CONFIG-DIRECTORY PAGE.in PAGE
import json
import os
import subprocess
import sys


def roff(text):
    """Text for roff: no escapes, no hyphens that break copying, no line that is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def page_of(options):
    lines, group = [], None
    for option in options:
        name = option["option"].replace("[0]", "[]")
        new_group = name.rpartition(".")[0]
        if new_group != group:
            group = new_group
            lines.append(".SS " + (roff(group) if group else "At the top"))
        lines.append(".TP")
        lines.append("\\fB%s\\fR [%s]" % (roff(name.rpartition(".")[2]), option["reload"]))
        lines.append(roff(option["help"]))
        if option["bounds"]:
            lines.append(roff("Values: %s." % option["bounds"]))
        if option["default"]:
            lines.append(roff("Default: %s." % option["default"]))
    return "\n".join(lines)


def main():
    hazardctl, config, source, target = sys.argv[1:]
    environment = dict(os.environ, LC_ALL="C")
    answer = subprocess.run([hazardctl, "config", "--json", "--config", config], env=environment, check=True,
                            stdout=subprocess.PIPE)
    options = page_of(json.loads(answer.stdout))
    with open(source, encoding="utf-8") as page:
        text = page.read().replace("@options@", options)
    with open(target, "w", encoding="utf-8") as page:
        page.write(text)


main()
