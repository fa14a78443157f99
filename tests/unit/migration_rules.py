#!/usr/bin/env python3
"""Whether a migration works with the binary before it: migration_rules.py [CHECKOUT]

While an instance is updated, the processes of the old binary go on for a while on the new schema. So a migration only
adds: no table, column, function or type of an earlier file is dropped or renamed, no column is added that the old
binary's INSERT would have to fill, and none is made stricter. What must go, goes in two steps: first a release whose
binary does without, then a migration that says so on the line: `-- two-step: since WHEN nothing uses this`.

Prints each breach as FILE:LINE: what, and ends with status 1 when there is one. A rule that reads the files needs no
history, so it holds in a shallow clone too."""
import re
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
NAME = r"(?:IF EXISTS )?\"?(\w+)\"?"

# What a statement may not do to what an earlier file made: (pattern with the object's name, why).
BREAKS = [
    (rf"DROP (?:TABLE|VIEW|TYPE|FUNCTION|SEQUENCE) {NAME}", "drops what the binary before it may use"),
    (rf"ALTER TABLE (?:ONLY )?{NAME}[^;]*\bDROP COLUMN\b", "drops a column that the binary before it may use"),
    (rf"ALTER (?:TABLE|TYPE|FUNCTION|VIEW) (?:ONLY )?{NAME}[^;]*\bRENAME\b", "renames what the binary before it uses"),
    (rf"ALTER TABLE (?:ONLY )?{NAME}[^;]*\bSET NOT NULL\b", "makes a column stricter than the binary before it knows"),
    (rf"ALTER TABLE (?:ONLY )?{NAME}[^;]*\bALTER (?:COLUMN )?\w+ (?:SET DATA )?TYPE\b", "changes a column's type"),
]
MAKES = re.compile(r"CREATE (?:OR REPLACE )?(?:UNIQUE )?(?:TABLE|VIEW|TYPE|FUNCTION|SEQUENCE) (?:IF NOT EXISTS )?\"?(\w+)", re.I)


ADDS = re.compile(rf"ALTER TABLE (?:ONLY )?{NAME}([^;]*)", re.I)
ADDED = re.compile(r"\bADD (?!CONSTRAINT|CHECK|FOREIGN|PRIMARY|UNIQUE)(?:COLUMN )?[^,;]*", re.I)


def without_bodies(text):
    """The text with function bodies and comments blanked, its lines kept; a mark behind a statement is moved into it."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    text = re.sub(r"\$\$.*?\$\$", blank, text, flags=re.S)
    return re.sub(r";( *-- two-step:[^\n]*)", r"\1;", re.sub(r"--(?! two-step:).*", blank, text))


def breaks(statement):
    """(name, what is wrong, where) of one statement."""
    for pattern, why in BREAKS:
        for match in re.finditer(pattern, statement, re.I):
            yield match.group(1), why, match
    for table in ADDS.finditer(statement):
        for column in ADDED.finditer(table.group(2)):
            if re.search(r"\bNOT NULL\b", column.group(0), re.I) and not re.search(r"\bDEFAULT\b", column.group(0), re.I):
                yield table.group(1), "adds a column that the binary before it does not fill: give it a DEFAULT", table


def breaches(name, text, known):
    text = without_bodies(text)
    for statement in re.finditer(r"[^;]+;?", text):
        if "-- two-step:" in statement.group(0):
            continue
        for table, why, match in breaks(statement.group(0)):
            if table.lower() in known:
                line = text.count("\n", 0, statement.start() + match.start()) + 1
                yield f"{name}:{line}: {why}: {' '.join(match.group(0).split())[:90]}"
    known.update(name.lower() for name in MAKES.findall(text))


# The rules must notice what they are for, and nothing else.
CASES = {
    "DROP TABLE old;": True,
    "ALTER TABLE old DROP COLUMN a;": True,
    "ALTER TABLE old RENAME COLUMN a TO b;": True,
    "ALTER TABLE old ALTER a SET NOT NULL;": True,
    "ALTER TABLE old ADD COLUMN a int NOT NULL;": True,
    "ALTER TABLE old ADD a int DEFAULT 0, ADD b int NOT NULL;": True,
    "ALTER TABLE old ALTER COLUMN a TYPE bigint;": True,
    "ALTER TABLE old ADD COLUMN a int NOT NULL DEFAULT 0;": False,
    "ALTER TABLE old ADD COLUMN a int DEFAULT 0 NOT NULL;": False,
    "ALTER TABLE old ADD COLUMN a int;": False,
    "ALTER TABLE fresh DROP COLUMN a;": False,
    "DROP TABLE old; -- two-step: since 0.2 nothing uses this": False,
    "DROP INDEX old_index;": False,
    "ALTER TABLE old ALTER COLUMN a DROP NOT NULL;": False,
}

found, made = [], set()
for sql, is_bad in CASES.items():
    if bool(list(breaches("", sql, {"old"}))) != is_bad:
        found.append(f"migration_rules.py: {'misses' if is_bad else 'refuses'}: {sql}")
for path in sorted((root / "db/migrations").glob("*.sql")):
    found += breaches(path.relative_to(root), path.read_text(), made)
print("\n".join(found))
sys.exit(1 if found else 0)
