// What scripts do to pages of every kind, and what Playwright does to the same pages in the same run: both must satisfy the
// checker in the page. The checks are rows in tests/checks/checks; tests/checks/README.md says how to write one.
// CHECKS=word runs only those with the word in their theme or name.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { loadChecks } from '../checks/lib/table.mjs'
import { startPlaywright, runWithPlaywright } from '../checks/lib/playwright.mjs'
import { runWithReplinet } from '../checks/lib/replinet.mjs'
import { startSite } from '../checks/lib/site.mjs'
import { startBrowserManager } from './lib/browser_manager.mjs'

const rows = await loadChecks(process.env.CHECKS)
let site, manager, browser
before(async () => {
  site = await startSite(rows)
  browser = await startPlaywright()
  manager = await startBrowserManager({ EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`, POOL_WARM: '1', MAX_BROWSERS: '2' })
})
after(async () => {
  await browser?.stop()
  await manager?.stop()
  await site?.stop()
})

for (const theme of new Set(rows.map(row => row.theme))) {
  const checks = rows.filter(row => row.theme === theme)
  describe(theme, { timeout: 600000 }, () => {
    let ours
    const theirs = []
    before(async () => {
      const shared = checks.filter(row => !row.alone)
      const answers = new Map()
      const keep = (some, found) => some.forEach((row, i) => answers.set(row, found[i]))
      if (shared.length) keep(shared, await runWithReplinet(manager, site, shared))
      for (const row of checks.filter(one => one.alone)) keep([row], await runWithReplinet(manager, site, [row]))
      ours = answers
      for (const row of checks) theirs.push(await runWithPlaywright(browser, site, row))
    })
    checks.forEach((row, i) => test(row.name, () => {
      const [our, their] = [ours.get(row), theirs[i]]
      assert.ok(!their.fresh?.ok, 'the page is satisfied before anything was done')
      assert.ok(their.ok, `Playwright fails, so the check itself is wrong: ${their.text}`)
      assert.ok(our.ok, `the script fails: ${our.text}`)
      if (row.reads) {
        assert.deepEqual(their.reads, row.reads, 'what Playwright reads')
        assert.deepEqual(our.reads, row.reads, 'what the script reads')
      }
    }))
  })
}
