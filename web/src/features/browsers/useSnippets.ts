export interface Snippet {
  key: string;
  title: string;
  text: string;
}

const KEY = 'YOUR_API_KEY';

const httpOf = (socket: string): string => socket.replace(/^ws/, 'http');

/** How other programs drive a browser: `cdp` is its address, or the one that leases a browser on connect. */
export const snippetsFor = (cdp: string, origin: string): Snippet[] => [
  {
    key: 'playwright',
    title: 'Playwright',
    text: `import { chromium } from 'playwright-core';

const browser = await chromium.connectOverCDP('${cdp}', {
  headers: { Authorization: 'Bearer ${KEY}' },
});
const page = await browser.contexts()[0].newPage();
await page.goto('https://example.com');
console.log(await page.title());
await browser.close();`,
  },
  {
    key: 'puppeteer',
    title: 'Puppeteer',
    text: `import puppeteer from 'puppeteer-core';

const browser = await puppeteer.connect({
  browserWSEndpoint: '${cdp}',
  headers: { Authorization: 'Bearer ${KEY}' },
});
const page = await browser.newPage();
await page.goto('https://example.com');
console.log(await page.title());
await browser.disconnect();`,
  },
  {
    key: 'curl',
    title: 'curl',
    text: `# Lease a browser; the answer holds its cdp_url
curl -s -X POST ${httpOf(origin)}/api/v1/browsers \\
  -H 'Authorization: Bearer ${KEY}' \\
  -H 'Content-Type: application/json' \\
  -d '{"timeout_ms": 600000}'

# Give it back
curl -s -X DELETE ${httpOf(origin)}/api/v1/browsers/BROWSER_ID \\
  -H 'Authorization: Bearer ${KEY}'`,
  },
];

/** The address that leases a browser on connect and frees it on disconnect. */
export const leasingAddress = (origin: string): string => `${origin}/cdp?token=${KEY}`;

export const socketOrigin = (): string => window.location.origin.replace(/^http/, 'ws');
