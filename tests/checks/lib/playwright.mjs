// Drives the pages with Playwright on a bare Chromium: no container, no gate, but an unprivileged user and its own sandbox
// on. Playwright itself runs as the test does and speaks to the browser over a pipe.
import fs from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { addressOf } from './site.mjs'

const NOBODY = 65534
const PROGRAM = '/usr/lib/chromium/chromium'

/** {page(), stop()}: one browser with a profile of its own. */
export async function startPlaywright () {
  const home = fs.mkdtempSync('/dev/shm/replinet-checks-')
  const program = path.join(home, 'chromium')
  fs.writeFileSync(program, `#!/bin/sh\nexec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${PROGRAM} "$@"\n`, { mode: 0o755 })
  for (const name of ['profile', 'downloads']) fs.mkdirSync(path.join(home, name))
  for (const name of ['.', 'profile', 'downloads']) fs.chownSync(path.join(home, name), NOBODY, NOBODY)
  fs.chmodSync(home, 0o755)
  const context = await chromium.launchPersistentContext(path.join(home, 'profile'), {
    executablePath: program,
    chromiumSandbox: true,
    args: ['--disable-gpu'],
    ignoreDefaultArgs: ['--hide-scrollbars'],
    env: { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: home, LANG: 'C.UTF-8' },
    downloadsPath: path.join(home, 'downloads'),
    viewport: { width: 1280, height: 720 }
  })
  context.setDefaultTimeout(20000)
  return {
    context,
    stop: async () => {
      await context.close()
      fs.rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    }
  }
}

/** Carries one check out: {ok, text, reads}. `fresh` is the page's answer before anything was done to it. */
export async function runWithPlaywright (browser, site, row) {
  const page = await browser.context.newPage()
  try {
    await page.goto(site.url + encodeURI(addressOf(row)))
    const fresh = row.reads ? null : await page.evaluate(() => window.check())
    const reads = await row.playwright(page)
    if (row.reads) return { ok: true, text: '', reads }
    await page.waitForSelector('#verdict[data-ok=true]', { state: 'attached', timeout: 15000 }).catch(() => {})
    return { ...(await page.evaluate(() => window.check())), fresh }
  } catch (error) {
    return { ok: false, text: `Playwright: ${error.message.split('\n').slice(0, 6).join('\n')}` }
  } finally {
    await Promise.all(browser.context.pages().slice(1).filter(one => one !== page).map(one => one.close()))
    await page.close()
  }
}
