#!/usr/bin/env python3
"""tests/run.py on flow suites made for it: what is run once more, what counts, what is told at the end: test_runner.py CHECKOUT"""
import contextlib
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, f"{sys.argv[1]}/tests")
sys.argv = ["run.py"]
sys.dont_write_bytecode = True
import run  # noqa: E402

HEAD = """import assert from 'node:assert'
import fs from 'node:fs'
import { before, describe, test } from 'node:test'
const mark = new URL(import.meta.url).pathname + '.ran'
const first = !fs.existsSync(mark)
fs.writeFileSync(mark, '')
"""
SUITES = {
    "good": "test('fine', () => {}); test.skip('not here', () => {})",
    "chance": "describe('around', () => { test('now and then', () => assert.ok(!first, 'it was\\nthe first time')); test('fine', () => {}) })",
    "bad": "test('never', () => assert.equal(1, 2, 'one is not two'))",
    "hook": "describe('outer', () => { before(() => { throw new Error('no server') }); test('unreached', () => {}) })",
    "meets": """test('the other one', async () => {
  const others = () => fs.readdirSync(new URL('.', import.meta.url)).filter((name) => /^meets.*ran$/.test(name)).length
  for (const end = Date.now() + 60000; others() < 2; await new Promise((go) => setTimeout(go, 20))) assert.ok(Date.now() < end, 'nobody came')
  await new Promise((go) => setTimeout(go, 200))
  fs.writeFileSync(mark + '.end', '')
})""",
    "alone": """test('the last one', () => assert.equal(fs.readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.end')).length, 2))""",
    "ends": "console.log('Error: gone'); process.exit(3)",
}


def run_suites(names):
    """The lines that `./dev test` ends with, for these suites only."""
    run.total.update(passed=0, failed=0, skipped=0)
    for kept in (run.failures, run.problems, run.flaky):
        kept.clear()
    with tempfile.TemporaryDirectory(prefix="replinet-runner-") as folder:
        run.FLOWS = Path(folder)
        for name in names:
            kind = name.split("-")[0]
            (run.FLOWS / f"{name}.test.mjs").write_text("// alone\n" * (kind == "alone") + HEAD + SUITES[kind])
        with contextlib.redirect_stdout(io.StringIO()) as said:
            run.run_flows()
    return run.summary(1), said.getvalue()


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: wanted\n{wanted}\nfound\n{found}")


lines, said = run_suites(["good", "chance"])
check("a suite that passes the second time", lines, [
    "", "Failed at first, then passed", "  flow chance: around > now and then", "      it was", "      the first time", "",
    "1 s", "flaky: flow chance (first run: around > now and then)", "3 passed, 0 failed, 1 skipped"])
check("both runs", said.count("chance.test.mjs ..."), 2)
assert "    | " in said and "the first time" in said, said

lines, said = run_suites(["bad", "hook", "ends", "good"])
check("the last lines", lines[-3:], ["", "1 s; failed: flow bad, flow ends, flow hook", "1 passed, 3 failed, 1 skipped"])
check("what failed", [line for line in lines if line.startswith("  flow")],
      ["  flow bad: never", "  flow ends", "  flow hook: outer"])
for message in ("one is not two", "no server", "Error: gone", "ended with status"):
    assert any(message in line for line in lines), (message, lines)
check("each ran twice", said.count("bad.test.mjs ..."), 2)

lines, _ = run_suites(["alone", "meets-1", "meets-2"])
check("two at a time, and one by itself after them", lines[-1], "3 passed, 0 failed, 0 skipped")

many = [f"bad-{i}" for i in range(run.AGAIN_MAX + 1)]
lines, said = run_suites(many)
check("many that fail do not fail by chance", (lines[-1], said.count("bad-1.test.mjs ...")), (f"0 passed, {len(many)} failed, 0 skipped", 1))

lines = run.told("Failed", [("flow a", f"test {i}", "said\n" * 20) for i in range(100)])
assert len(lines) <= run.TOLD_MAX + 3 and lines[-1] == "  and 30 more", lines
run.wanted = ["chance"]
lines, _ = run_suites(["chance"])
check("a suite that was asked for by name runs once", lines[-1], "1 passed, 1 failed, 0 skipped")
