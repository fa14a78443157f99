#!/usr/bin/env python3
"""Writes a C file that holds files as byte arrays: embed.py [--as-given] OUT.c TABLE_NAME FILE...

The table is `const struct embedded_file TABLE_NAME[]` (base/embedded.h), sorted by name or as given, ended by a NULL name."""
import os
import sys

as_given = sys.argv[1] == "--as-given"
out, table, *files = sys.argv[1 + as_given:]
rows = []
with open(out, "w") as c:
    c.write('#include "base/embedded.h"\n')
    for i, path in enumerate(files if as_given else sorted(files, key=os.path.basename)):
        data = open(path, "rb").read()
        c.write(f"static const unsigned char data_{i}[] = {{{','.join(map(str, data + bytes(1)))}}};\n")
        rows.append(f'    {{"{os.path.basename(path)}", (const char *)data_{i}, {len(data)}}},\n')
    c.write(f"const struct embedded_file {table}[] = {{\n{''.join(rows)}    {{0, 0, 0}},\n}};\n")
