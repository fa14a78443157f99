#!/usr/bin/env python3
"""docs/configuration.md is what `replinet config --markdown` prints: config_page.py REPLINET CHECKOUT"""
import difflib
import subprocess
import sys
from pathlib import Path

binary, root = sys.argv[1], Path(sys.argv[2])
made = subprocess.run([binary, "config", "--markdown"], capture_output=True, text=True, check=True).stdout
kept = (root / "docs/configuration.md").read_text()
sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), made.splitlines(True), "docs/configuration.md", "made"))
if made != kept:
    print("docs/configuration.md is old: build/src/cli/replinet config --markdown > docs/configuration.md")
sys.exit(made != kept)
