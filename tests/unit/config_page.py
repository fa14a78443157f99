#!/usr/bin/env python3
"""Pages made from tables are what the binary prints: config_page.py REPLINET CHECKOUT"""
import difflib
import subprocess
import sys
from pathlib import Path

PAGES = {"config --markdown": "docs/configuration.md", "script --markdown": "docs/script.md",
         "script --schema": "docs/script.schema.json", "script --browser-config": "docs/browser_config.md",
         "script --tools": "docs/tools.md", "help --markdown": "docs/cli.md"}

binary, root = sys.argv[1], Path(sys.argv[2])
old = 0
for command, page in PAGES.items():
    made = subprocess.run([binary, *command.split()], capture_output=True, text=True, check=True).stdout
    kept = (root / page).read_text()
    sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), made.splitlines(True), page, "made"))
    if made != kept:
        old += 1
        print(f"{page} is old: build/src/cli/replinet {command} > {page}")
sys.exit(old > 0)
