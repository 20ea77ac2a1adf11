#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layers, proved with the compiler and the very flags that the modules are built with.

Three things are tried: every public header compiles alone in the lowest module that may see it; for
every module, a file that includes a header of a module above or beside it does not compile; and a
file that uses a library which the module may not use does not compile. Each refusal has a twin
that must compile, so that a broken command line is not taken for a kept layer.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ORDER = ["base", "ring", "model", "config", "registry"]
BLIND = ["feed", "decode", "journal", "rule", "publish"]  # beside each other, above registry
ABOVE = ["control", "pipeline"]
LIBRARIES = {
    "uv.h": ("uv_loop_t object;", {"feed", "publish", "control", "pipeline"}),
    "mosquitto.h": ("struct mosquitto_message object;", {"feed"}),
    "hiredis/hiredis.h": ("redisReply object;", {"publish"}),
    "yaml.h": ("yaml_parser_t object;", {"config"}),
    "openssl/ssl.h": ("SSL_CTX *object; void *f(void); void *f(void) { return SSL_CTX_new; }", {"feed"}),
    "systemd/sd-journal.h": ("sd_journal *object;", {"publish", "pipeline"}),
    "microhttpd.h": ("struct MHD_Daemon *object; void *f(void); void *f(void) { return MHD_start_daemon; }", {"control"}),
}


def visible(module):
    """The modules whose public headers `module` may include, itself last."""
    if module in ORDER:
        return ORDER[: ORDER.index(module) + 1]
    if module in BLIND:
        return ORDER + [module]
    return ORDER + BLIND + ABOVE[: ABOVE.index(module) + 1]


def bars_of(source, module):
    """The -D flags with which a module's libraries are barred, from its meson.build and the table."""
    table = (source / "meson.build").read_text()
    used = re.findall(r"bar\['(\w+)'\]", (source / "daemon" / module / "meson.build").read_text())
    flags = []
    for name in used:
        row = re.search(r"^  '%s': (.*?),?$" % name, table, re.M)
        flags += re.findall(r"'(-D\w+)'", row.group(1))
    return flags


def compiles(compiler, flags, text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "try.c"
        path.write_text(text)
        run = subprocess.run(compiler + flags + ["-fsyntax-only", str(path)], capture_output=True, text=True)
        return run.returncode == 0, run.stderr


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    compiler = shlex.split(sys.argv[2]) + ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]
    faults, tried = [], 0

    for module in ORDER + BLIND + ABOVE:
        flags = ["-I%s" % (source / "include" / name) for name in visible(module)] + bars_of(source, module)
        for name in ORDER + BLIND + ABOVE:
            for header in sorted((source / "include" / name).glob("hz_*.h")):
                tried += 1
                may = name in visible(module)
                text = '#include "%s"\nint object;\n' % header.name
                if may and name != module:
                    continue  # seen alone in its own module
                good, said = compiles(compiler, flags, text)
                if good != may:
                    faults.append("%s %s %s\n%s" % (module, "must see" if may else "must not see", header.name, said))
        for header, (use, allowed) in LIBRARIES.items():
            tried += 1
            good, said = compiles(compiler, flags + ["-Wno-unused-variable"], "#include <%s>\n%s\n" % (header, use))
            if good != (module in allowed):
                faults.append("%s and <%s>: compiles is %s\n%s" % (module, header, good, said))

    for path in sorted((source / "daemon").rglob("*.[ch]")) + sorted((source / "include").rglob("*.h")):
        tried += 1
        if re.search(r'^\s*#\s*include\s+"\.\./', path.read_text(), re.M):
            faults.append("%s includes by ../" % path.relative_to(source))

    for fault in faults:
        print("layers: " + fault, file=sys.stderr)
    print("layers: %d passed, %d failed" % (tried - len(faults), len(faults)))
    return 1 if faults else 0


sys.exit(main())
