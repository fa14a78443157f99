// The web app in a browser of the test's own, on a whole instance, with a small shop for agents to work in.
//
//   const web = await startWebApp();
//   const page = await web.open();            // a context of its own: cookies, storage
//   await web.signUp(page, 'me@example.com');
//   await web.stop();
import http from 'node:http';
import { chromium } from 'playwright-core';
import { startInstance, until } from './instance.mjs';

export const PASSWORD = 'correct horse battery';
/** What a page, a name or a log may try; nothing of it may ever run. */
export const HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';

const row = (n) => `<li class="product"><h2>Item ${n}</h2><a href="/item/${n}">more</a> <span class="price">${n}.50</span></li>`;
const shopPage = `<!doctype html><title>${HOSTILE.replaceAll('<', '&lt;')}</title><h1>Shop</h1><input aria-label="Search">
  <ul>${Array.from({ length: 12 }, (_, n) => row(n + 1)).join('')}</ul>`;

async function startShop() {
  const server = http.createServer((request, response) => response.setHeader('Content-Type', 'text/html; charset=utf-8').end(shopPage));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: server.address().port, url: `http://127.0.0.1:${server.address().port}` };
}

class WebApp {
  /** A page in a context of its own. What goes wrong in it is kept in `problems`. */
  async open(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, locale: 'en-US', viewport: { width: 1440, height: 900 }, acceptDownloads: true, ...options });
    context.setDefaultTimeout(30000);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Uncaught/.test(message.text())) this.problems.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  }

  async signUp(page, email, name = '') {
    await page.goto('/sign-up');
    await page.getByLabel('Name (optional)').fill(name);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  }

  async signIn(page, email) {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** A request of the API as whoever is signed in in the page (by a sign-in of its own). */
  async api(email) {
    const answer = await fetch(`${this.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD, transport: 'body' }),
    });
    const { access_token: token } = await answer.json();
    return async (method, path, body) => {
      const response = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
        body: body && JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return text ? JSON.parse(text) : null;
    };
  }

  async stop() {
    await this.browser?.close();
    this.shop?.server.close();
    await this.replinet?.stop();
    this.replinet?.remove();
  }
}

/** `sites`: further HOST:PORT that browsers may reach. */
export async function startWebApp(settings = {}, sites = []) {
  const web = new WebApp();
  web.problems = [];
  web.shop = await startShop();
  web.replinet = await startInstance({ EGRESS_ALLOW: [`127.0.0.1:${web.shop.port}`, ...sites].join(','), REGISTRATION: 'open', RATE_LIMIT_SIGN_IN: '0', RATE_LIMIT_WRITE: '0', ...settings });
  web.url = web.replinet.url;
  await until('the web app', async () => (await fetch(web.url)).ok);
  // The test's own browser, which sees nothing but this app; the machine's root may not use Chromium's sandbox.
  web.browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', chromiumSandbox: false });
  return web;
}
