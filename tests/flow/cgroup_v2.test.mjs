// Limits, freezing, killing and delegation on real cgroup v2, whatever this machine has: a User-Mode Linux (Debian's
// package user-mode-linux, a kernel that runs as a process) boots with cgroup_v2_program.c as its first process, on
// the machine's own files, read-only.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { testProgram } from './lib/launcher.mjs'

const KERNEL = process.env.REPLINET_UML ?? '/usr/bin/linux.uml'

test('cgroups of browsers on a v2 machine', { skip: !fs.existsSync(KERNEL) && 'user-mode-linux is not installed' }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-uml-'))
  // This kernel is many processes; `timeout` ends them all.
  const run = spawnSync('timeout', ['-s', 'KILL', '60', KERNEL, 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', 'mem=256M', 'quiet', 'con=null', 'con0=null,fd:1',
    `umid=replinet-${process.pid}`, `uml_dir=${folder}`, `init=${testProgram('cgroup_v2_program')}`],
  { env: { TMPDIR: folder, HOME: folder, PATH: process.env.PATH }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  fs.rmSync(folder, { recursive: true, force: true })
  const said = `${run.stdout}\n${run.stderr}`
  assert.match(said, /\[ {2}PASSED {2}\] 9 test\(s\)\./, said)
  assert.match(said, /^failed: 0\s*$/m, said)
})
