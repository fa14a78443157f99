#!/usr/bin/env python3
"""Includes go down the list of folders only, never up and never sideways between processes: include_order.py [CHECKOUT]

Also checks itself: a made-up wrong include of each kind must be found."""
import re
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()

# Low to high; folders of one level may not see each other.
LEVELS = [
    ["base"],
    ["net"],
    ["store"],
    ["domain"],
    ["browsers/protocol"],
    ["cdp"],
    ["browsers/launcher", "browsers/keeper", "browsers/engine"],
    ["agent/llm"],
    ["agent"],
    ["mcp"],
    ["worker", "api"],
    ["cli"],
]
LEVEL_OF = {folder: i for i, level in enumerate(LEVELS) for folder in level}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    return max((f for f in LEVEL_OF if path.startswith(f + "/")), key=len, default=None)


def fault_of(includer, included):
    """What is wrong with the include, or None."""
    ours, theirs = folder_of(includer), folder_of(included)
    if ours is None:
        return f"src/{includer} is in no folder of the list"
    if theirs is None:
        return f'"{included}" does not start with a folder of the list'
    if ours == theirs or LEVEL_OF[theirs] < LEVEL_OF[ours]:
        return None
    way = "sideways" if LEVEL_OF[theirs] == LEVEL_OF[ours] else "up"
    return f'"{included}" goes {way}: {ours} may not see {theirs}'


def faults_of(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        fault = match and fault_of(path, match.group(1))
        if fault:
            yield f"src/{path}:{number}: {fault}"


def check_self():
    wrong = {"base/x.c": "store/y.h", "browsers/engine/x.c": "browsers/keeper/y.h", "agent/x.c": "cli/y.h", "cdp/x.c": "y.h", "agent/llm/x.c": "agent/y.h"}
    right = {"cli/x.c": "base/y.h", "worker/x.c": "agent/llm/y.h", "browsers/keeper/x.c": "browsers/keeper/y.h"}
    for includer, included in wrong.items():
        assert list(faults_of(includer, f'#include "{included}"\n')), f"{includer} -> {included} was not found"
    for includer, included in right.items():
        assert not list(faults_of(includer, f'#include "{included}"\n')), f"{includer} -> {included} was refused"


check_self()
files = sorted(p for p in (root / "src").rglob("*") if p.suffix in (".c", ".h"))
found = [f for p in files for f in faults_of(str(p.relative_to(root / "src")), p.read_text())]
print("\n".join(found) if found else f"{len(files)} files in order")
sys.exit(1 if found or not files else 0)
