#!/usr/bin/env python3
"""Rules about the sources that no compiler checks: source_rules.py [CHECKOUT]

Prints each breach as FILE:LINE: what, and ends with status 1 when there is one."""
import re
import subprocess
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# What no file of a kind may contain: (paths, pattern, why). A rule's own words are put together so as not to match.
FORBIDDEN = [
    (r"^(src|demo|db|build-tools|dev$)", "--no" + "-sandbox", "Chromium's own sandbox stays on"),
    (r"^(src|demo)/", "--disable-setuid" + "-sandbox", "Chromium's own sandbox stays on"),
    (r"^(src|demo)/", "remote-debugging-port", "CDP goes over a pipe; no debugging port exists"),
    (r"^(src|tests|demo|db|build-tools|dev$)", r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b", "no unfinished work in the tree"),
    (r"^src/.*\.[ch]$", r"\b(sprintf|vsprintf|gets|system|popen)\(", "unbounded or shell function"),
    (r"^src/.*\.[ch]$", r"^ {105,}\S", "laid out by a machine beyond reading: give the parts names"),
    (r"package-lock\.json$", r"\"resolved\"", "a lock file names no registry host"),
]
ALLOWED = [
    # (path, pattern of the line) that a rule above may not complain about, with the reason beside it.
]
HEADER_MARK = re.compile(r"^#pragma once$", re.M)


def tracked():
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if listed.returncode == 0:
        return [root / line for line in listed.stdout.splitlines()]
    return [p for p in root.rglob("*") if p.is_file() and not p.parts[len(root.parts)].startswith(("build", ".", "var"))]


def breaches_of(path):
    name = str(path.relative_to(root))
    rules = [r for r in FORBIDDEN if re.search(r[0], name)]
    if not rules or path.suffix in (".png", ".ico", ".woff2"):
        return
    text = path.read_text(errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        for _, pattern, why in rules:
            if re.search(pattern, line) and not any(name == p and re.search(l, line) for p, l in ALLOWED):
                yield f"{name}:{number}: {why}: {line.strip()[:90]}"
    if name.startswith("src/") and path.suffix == ".h" and not HEADER_MARK.search(text):
        yield f"{name}:1: a header begins with #pragma once"


found = [b for path in tracked() if path.is_file() and path != Path(__file__).resolve() for b in breaches_of(path)]
print("\n".join(found))
sys.exit(1 if found else 0)
