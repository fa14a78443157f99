#!/usr/bin/env python3
"""Runs every test and sums them up: run.py [--quick] [PART-OF-A-NAME...], called by `./dev test`.

Unit tests, rules and replays through Meson (build-asan), the web app's types, lint and unit tests, fuzzers for a short time (build-fuzz), then the flow suites one
after another with node:test (several at once would disturb each other's counts of processes and mounts). --quick leaves
out the fuzzers and every flow suite that does not say "// quick" in its first line. The last line is
"N passed, N failed, N skipped"; the status is 1 when anything failed or nothing ran."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD, FUZZ_BUILD = ROOT / "build-asan", ROOT / "build-fuzz"
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "10"))
FLOW_LIMIT = 1200  # seconds for one flow suite

PULSE_SECONDS = 10  # a suite that runs on says so this often

quick = "--quick" in sys.argv
wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
total = {"passed": 0, "failed": 0, "skipped": 0}
failures = []


def is_wanted(name):
    return not wanted or any(part in name for part in wanted)


def report(name, passed, failed, skipped, seconds, output=""):
    """Adds one suite's counts; shows the output of a suite that failed."""
    total["passed"] += passed
    total["failed"] += failed
    total["skipped"] += skipped
    parts = [f"{n} {word}" for n, word in ((passed, "passed"), (failed, "FAILED"), (skipped, "skipped")) if n]
    print(f"{name:<28} {', '.join(parts) or 'nothing ran'}  ({seconds:.1f} s)", flush=True)
    if failed:
        failures.append(name)
        print("".join(f"    | {line}\n" for line in output.splitlines()[-200:]), flush=True)


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
        report(f"fuzz {name}", int(good), int(not good), 0, time.monotonic() - began,
               f"{done.stderr}\nthe input is kept in {kept}")


def run_fuzzers():
    programs = sorted(p for p in (FUZZ_BUILD / "tests/fuzz").glob("*_fuzzer") if is_wanted(p.name))
    if programs:
        print(f"\nFuzzers, {FUZZ_SECONDS} s each", flush=True)
    for program in programs:
        run_fuzzer(program)


def flow_suites():
    for path in sorted((ROOT / "tests/flow").glob("*.test.mjs")):
        first = path.read_text().split("\n", 1)[0]
        if is_wanted(path.name) and (not quick or wanted or first.startswith("// quick")):
            yield path


def tap_counts(tap):
    count = lambda word: sum(map(int, re.findall(rf"^# {word} (\d+)", tap, re.M)))
    return count("pass"), count("fail") + count("cancelled"), count("skipped") + count("todo")


def run_flow(path):
    print(f"{path.name} ...", flush=True)
    with tempfile.NamedTemporaryFile("r", suffix=".tap") as tap, tempfile.TemporaryFile("w+", errors="replace") as said:
        command = ["node", "--test", "--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap",
                   f"--test-reporter-destination={tap.name}", path]
        began = time.monotonic()
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        for _ in pulses(child, lambda: f"{len(re.findall(r'^ *(?:not )?ok ', Path(tap.name).read_text(), re.M))} tests done"):
            if time.monotonic() - began > FLOW_LIMIT:
                child.terminate()
        said.seek(0)
        output = said.read() + (f"\nended after {FLOW_LIMIT} s" if time.monotonic() - began > FLOW_LIMIT else "")
        passed, failed, skipped = tap_counts(tap.read())
    if child.returncode and not failed:
        failed = 1
    report(f"flow {path.name.removesuffix('.test.mjs')}", passed, failed, skipped, time.monotonic() - began, output)


def run_flows():
    suites = list(flow_suites())
    if suites:
        print("\nFlow suites", flush=True)
    for path in suites:
        run_flow(path)


began = time.monotonic()
run_meson()
run_web()
if not quick:
    run_fuzzers()
run_flows()
print(f"\n{time.monotonic() - began:.0f} s" + (f"; failed: {', '.join(failures)}" if failures else ""))
print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)
sys.exit(1 if total["failed"] or not total["passed"] else 0)
