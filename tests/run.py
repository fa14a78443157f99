#!/usr/bin/env python3
"""Runs every test and sums them up: run.py [--quick] [PART-OF-A-NAME...], called by `./dev test`.

Unit tests, rules and replays through Meson (build-asan), the web app's types, lint and unit tests, fuzzers for a short time (build-fuzz), then the flow suites with node:test. Fuzzers and flow suites run two at a time
(TEST_JOBS); a suite that says "// alone" in its first line counts things of the whole machine and runs by itself at the end. --quick
leaves out the fuzzers and every flow suite that does not say "// quick" in its first line.

When all suites run, flow suites that failed run once more after the others, alone: the second run counts, and one that then
passes is told as flaky. At the end stand the tests that failed, with what they said. The last line is
"N passed, N failed, N skipped"; the status is 1 when anything failed or nothing ran."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD, FUZZ_BUILD = ROOT / "build-asan", ROOT / "build-fuzz"
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
FLOWS = ROOT / "tests/flow"
FLOW_LIMIT = 1200  # seconds for one flow suite
AGAIN_MAX = 5  # more suites than this do not fail by chance
TOLD_LINES, TOLD_MAX = 8, 70  # of one failure at the end, and of all: logs are kept by their last hundred lines

PULSE_SECONDS = 10  # a suite that runs on says so this often
JOBS = int(os.environ.get("TEST_JOBS", "2"))  # they wait most of the time, for browsers and clocks

quick = "--quick" in sys.argv
wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
total = {"passed": 0, "failed": 0, "skipped": 0}
failures = []  # names of suites
problems = []  # (suite, test, what it said), told at the end
flaky = []  # (suite, [(test, what it said)] of the first run)


def is_wanted(name):
    return not wanted or any(part in name for part in wanted)


def announce(name, passed, failed, skipped, seconds, output=""):
    """Says how a suite went; shows the output of one that failed."""
    parts = [f"{n} {word}" for n, word in ((passed, "passed"), (failed, "FAILED"), (skipped, "skipped")) if n]
    print(f"{name:<28} {', '.join(parts) or 'nothing ran'}  ({seconds:.1f} s)", flush=True)
    if failed:
        print("".join(f"    | {line}\n" for line in output.splitlines()[-200:]), flush=True)


def count_in(name, passed, failed, skipped, found):
    total["passed"] += passed
    total["failed"] += failed
    total["skipped"] += skipped
    if failed:
        failures.append(name)
        problems.extend((name, test, said) for test, said in found)


def report(name, passed, failed, skipped, seconds, output=""):
    """Says how a suite went and adds its counts."""
    announce(name, passed, failed, skipped, seconds, output)
    count_in(name, passed, failed, skipped, [("", telling_lines(output))])


def telling_lines(output):
    """What a program without a list of failures said: its lines about errors, else its last ones."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"ERROR|FAIL|error:|Error:|Sanitizer|assert", line)]
    return "\n".join((telling or lines)[-TOLD_LINES:])


def cmocka_counts(output, good):
    """cmocka's own counts; a program that crashed, or is no cmocka program, counts as one test."""
    ran = re.findall(r"^\[==========\].* (\d+) test\(s\) run\.", output, re.M)
    if not ran:
        return (1, 0, 0) if good else (0, 1, 0)
    failed = len(re.findall(r"^\[  FAILED  \] \d+ test\(s\)", output, re.M)) and sum(
        map(int, re.findall(r"^\[  FAILED  \] (\d+) test\(s\)", output, re.M)))
    skipped = sum(map(int, re.findall(r"^\[  SKIPPED \] (\d+) test\(s\)", output, re.M)))
    if not good and not failed:
        failed = 1  # a sanitizer's report at exit
    return max(sum(map(int, ran)) - failed - skipped, 0), failed, skipped


def run_meson():
    print("Unit tests, rules and replays", flush=True)
    names = subprocess.run(["meson", "test", "-C", BUILD, "--list"], capture_output=True, text=True).stdout
    names = [line.split(" / ")[-1].strip() for line in names.splitlines() if " / " in line]
    names = [name for name in names if is_wanted(name)]
    if not names:
        return
    log = BUILD / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    child = subprocess.Popen(["meson", "test", "-C", BUILD, "--no-rebuild", "--num-processes", "2", *names],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    told = 0
    for _ in pulses(child, lambda: f"{told} of {len(names)} done"):
        told += report_lines(log, told)
    if not told + report_lines(log, told):
        report("meson test", 0, 1, 0, 0, "meson left no log")


def report_lines(log, skip):
    """Reports the tests that Meson has noted since; the number of them."""
    lines = log.read_text().split("\n")[skip:-1] if log.exists() else []
    for line in lines:
        test = json.loads(line)
        output = (test.get("stdout") or "") + (test.get("stderr") or "")
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        counts = (0, 0, 1) if test["result"] == "SKIP" else cmocka_counts(output, good)
        report(test["name"].split(" / ")[-1], *counts, test["duration"], f"{test['result']}\n{output}")
    return len(lines)


def pulses(child, state):
    """Yields a few times a second until the child has ended; says now and then that it still runs."""
    began = said = time.monotonic()
    while child.poll() is None:
        time.sleep(0.2)
        yield
        if time.monotonic() - said > PULSE_SECONDS:
            said = time.monotonic()
            print(f"    ... {said - began:.0f} s, {state()}", flush=True)


def vitest_counts(output, good):
    count = lambda word: sum(map(int, re.findall(rf"^ *Tests .*?(\d+) {word}", output, re.M)))
    passed, failed = count("passed"), count("failed")
    return (passed, failed or int(not good), count("skipped")) if passed or failed else (int(good), int(not good), 0)


WEB_CHECKS = {  # by name: the npm script of web/, how its output is counted
    "web types": ("types", cmocka_counts),
    "web lint": ("lint", cmocka_counts),
    "web units": ("test", vitest_counts),
}


def run_web():
    names = [name for name in WEB_CHECKS if is_wanted(name) and (wanted or not quick)]
    if names:
        print("\nWeb app", flush=True)
    for name in names:
        script, counts = WEB_CHECKS[name]
        began = time.monotonic()
        done = subprocess.run(["npm", "run", "--silent", script], cwd=ROOT / "web", capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"})
        output = done.stdout + done.stderr
        report(name, *counts(output, done.returncode == 0), time.monotonic() - began, output)


def run_fuzzer(program):
    """Runs a fuzzer: what `report` takes."""
    name = program.name.removesuffix("_fuzzer")
    with tempfile.TemporaryDirectory(prefix="replinet-fuzz-") as found:
        corpus = ROOT / "tests/fuzz/seeds" / name
        began = time.monotonic()
        done = subprocess.run([program, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                               "-print_final_stats=1", f"-artifact_prefix={found}/", found, *([corpus] if corpus.is_dir() else [])],
                              capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
        good = done.returncode == 0
        kept = ROOT / "var/fuzz"
        for crash in [] if good else Path(found).glob("*-*"):
            if re.match(r"(crash|oom|timeout|leak)-", crash.name):
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(crash, kept / f"{name}-{crash.name}")
        return (f"fuzz {name}", int(good), int(not good), 0, time.monotonic() - began,
                f"{done.stderr}\nthe input is kept in {kept}")


def run_fuzzers():
    programs = sorted(p for p in (FUZZ_BUILD / "tests/fuzz").glob("*_fuzzer") if is_wanted(p.name))
    if programs:
        print(f"\nFuzzers, {FUZZ_SECONDS} s each", flush=True)
    with ThreadPoolExecutor(JOBS) as lanes:
        for result in lanes.map(run_fuzzer, programs):
            report(*result)


def flow_suites():
    for path in sorted(FLOWS.glob("*.test.mjs")):
        first = path.read_text().split("\n", 1)[0]
        if is_wanted(path.name) and (not quick or wanted or first.startswith("// quick")):
            yield path


def tap_counts(tap):
    count = lambda word: sum(map(int, re.findall(rf"^# {word} (\d+)", tap, re.M)))
    return count("pass"), count("fail") + count("cancelled"), count("skipped") + count("todo")


def tap_message(about):
    """The "error" of a TAP diagnostic: a block or one quoted line."""
    block = re.search(r"^( *)error: \|-\n((?:\1  .*\n|\s*\n)*)", about, re.M)
    if block:
        return "\n".join(line.strip() for line in block[2].splitlines())
    line = re.search(r"^ *error: (.*)$", about, re.M)
    return line[1].strip("'\"") if line else ""


def tap_failures(tap):
    """The tests that failed of their own: [(name after the names around it, what it said)]."""
    path, own, cancelled = [], [], []
    for entry in re.finditer(r"^( *)(?:# Subtest: (.*)|not ok \d+ - .*\n((?:\1  .*\n|\s*\n)*))", tap, re.M):
        indent, name, about = entry.groups()
        depth = len(indent) // 4
        if name is not None:
            path[depth:] = [name]
            continue
        failure = (" > ".join(path[:depth + 1]), tap_message(about))
        kind = re.search(r"failureType: '(\w+)'", about)
        if kind and kind[1] == "cancelledByParent":
            cancelled.append(failure)
        elif not kind or kind[1] != "subtestsFailed":
            own.append(failure)
    return own or cancelled


def is_alone(path):
    return path.read_text().split("\n", 1)[0].startswith("// alone")


def run_node(path, began):
    """Runs a flow suite: (status, TAP, output)."""
    with tempfile.NamedTemporaryFile("r", suffix=".tap") as tap, tempfile.TemporaryFile("w+", errors="replace") as said:
        command = ["node", "--test", "--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap",
                   f"--test-reporter-destination={tap.name}", path]
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        for _ in pulses(child, lambda: f"{path.name}: {len(re.findall(r'^ *(?:not )?ok ', Path(tap.name).read_text(), re.M))} tests done"):
            if time.monotonic() - began > FLOW_LIMIT:
                child.terminate()
        said.seek(0)
        return child.returncode, tap.read(), said.read()


def run_flow(path):
    """Runs a flow suite and says how it went: (name, counts, failures)."""
    print(f"{path.name} ...", flush=True)
    name, began = f"flow {path.name.removesuffix('.test.mjs')}", time.monotonic()
    status, tap, output = run_node(path, began)
    counts = list(tap_counts(tap))
    found = [one for one in tap_failures(tap) if one[0] != str(path)]  # Node's word for a file that ended early
    ending = f"ended after {FLOW_LIMIT} s" if time.monotonic() - began > FLOW_LIMIT else f"ended with status {status}"
    if status and not counts[1]:
        counts[1] = 1
    if counts[1] and not found:
        found = [("", f"{telling_lines(output)}\n{ending}")]
    announce(name, *counts, time.monotonic() - began, f"{output}\n{ending}")
    return name, counts, found


def run_again(path, first):
    """Once more, when nothing of the others is left on the machine; this run counts."""
    name, counts, found = run_flow(path)
    count_in(name, *counts, found)
    if not counts[1]:
        flaky.append((name, first))


def run_side_by_side(suites):
    """Yields (path, name, counts, failures) as the suites end: two at a time, those that want the machine alone last."""
    with ThreadPoolExecutor(JOBS) as lanes:
        yield from lanes.map(lambda path: (path, *run_flow(path)), [path for path in suites if not is_alone(path)])
    for path in filter(is_alone, suites):
        yield (path, *run_flow(path))


def run_flows():
    suites, again = list(flow_suites()), []
    if suites:
        print("\nFlow suites", flush=True)
    for path, name, counts, found in run_side_by_side(suites):
        if counts[1] and not wanted:
            again.append((path, name, counts, found))
        else:
            count_in(name, *counts, found)
    if again and len(again) <= AGAIN_MAX:
        print("\nFlow suites that failed, once more", flush=True)
        for path, _, _, found in again:
            run_again(path, found)
    else:
        for _, name, counts, found in again:
            count_in(name, *counts, found)


def told(heading, items):
    """Failures as lines, each shortened, so that all of them stand at the end of a log that is cut."""
    lines = []
    for suite, test, said in items:
        lines.append(f"  {suite}{': ' if test else ''}{test}"[:300])
        lines += [f"      {line[:200]}" for line in said.splitlines() if line.strip()][:TOLD_LINES]
    if len(lines) > TOLD_MAX:
        lines = [f"  {suite}: {test}: {' '.join(said.split())}"[:200] for suite, test, said in items]
        lines = lines[:TOLD_MAX] + ([f"  and {len(lines) - TOLD_MAX} more"] if len(lines) > TOLD_MAX else [])
    return ["", heading, *lines] if items else []


def summary(seconds):
    lines = told("Failed", problems)
    lines += told("Failed at first, then passed", [(name, *one) for name, first in flaky for one in first])
    lines += ["", f"{seconds:.0f} s" + (f"; failed: {', '.join(failures)}" if failures else "")]
    lines += [f"flaky: {name} (first run: {'; '.join(test or said for test, said in first)})" for name, first in flaky]
    return [*lines, f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped"]


def main():
    began = time.monotonic()
    run_meson()
    run_web()
    if not quick:
        run_fuzzers()
    run_flows()
    print("\n".join(summary(time.monotonic() - began)), flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
