// The demo's shop: sign-in, a catalogue over several pages, reviews from another origin in an iframe, a converter in a
// shadow root, an offer that comes late, an invoice to download. No dependencies.
//
//   node demo/shop/server.mjs [SHOP_PORT [REVIEWS_PORT]]      prints one line of JSON: {"shop": URL, "reviews": URL}
//
// The shop is on 127.0.0.1 and the reviews on localhost, which are two sites to a browser.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { invoicePdf } from './invoice.mjs';
import { cataloguePage, loginPage, missingPage, ordersPage, pageCount, reviewsPage } from './pages.mjs';
import { order } from './products.mjs';

export const account = { email: 'demo@replinet.test', password: 'tomtit-2026' };
const BODY_MAX = 4096;
const sessions = new Set();
const rates = { USD: 1.0842, GBP: 0.8317 };

const html = (response, status, text, headers = {}) => response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(text);
const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const redirect = (response, to, headers = {}) => response.writeHead(303, { location: to, ...headers }).end();
const sessionOf = (request) => /(?:^|; )session=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];

async function formOf(request) {
  let body = '';
  for await (const chunk of request) if ((body += chunk).length > BODY_MAX) return new URLSearchParams();
  return new URLSearchParams(body);
}

async function signIn({ request, response }) {
  const form = await formOf(request);
  if (form.get('email') !== account.email || form.get('password') !== account.password) return html(response, 401, loginPage(true));
  const session = randomBytes(16).toString('hex');
  sessions.add(session);
  redirect(response, '/catalogue', { 'set-cookie': `session=${session}; HttpOnly; SameSite=Lax; Path=/` });
}

function catalogue({ response, url, reviewsOrigin }) {
  const page = Number(url.searchParams.get('page') ?? 1);
  if (!Number.isInteger(page) || page < 1 || page > pageCount) return html(response, 404, missingPage());
  html(response, 200, cataloguePage(page, { email: account.email, reviewsOrigin }));
}

const invoice = ({ response }) =>
  response
    .writeHead(200, { 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="invoice-${order.number}.pdf"` })
    .end(invoicePdf());

// "METHOD path": [needs a session, handler]
const routes = {
  'GET /': [false, ({ response, session }) => (session ? redirect(response, '/catalogue') : html(response, 200, loginPage(false)))],
  'POST /login': [false, signIn],
  'GET /catalogue': [true, catalogue],
  'GET /orders': [true, ({ response }) => html(response, 200, ordersPage({ email: account.email }))],
  [`GET /invoice/${order.number}.pdf`]: [true, invoice],
  'GET /api/offer': [true, ({ response }) => json(response, { text: 'Today: 15 % off everything for the garden' })],
  'GET /api/rate': [true, ({ response, url }) => json(response, { rate: rates[url.searchParams.get('to')] ?? 1 })],
};

function serveShop(reviewsOrigin) {
  return createServer(async (request, response) => {
    const url = new URL(request.url, 'http://shop');
    const session = sessions.has(sessionOf(request));
    const [needsSession, handler] = routes[`${request.method} ${url.pathname}`] ?? [false, () => html(response, 404, missingPage())];
    if (needsSession && !session) return redirect(response, '/');
    await handler({ request, response, url, session, reviewsOrigin });
  });
}

const serveReviews = () => createServer((request, response) => html(response, request.url === '/reviews' ? 200 : 404, reviewsPage()));

async function listen(server, port, host) {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address().port;
}

/** Starts both origins: {shop, reviews, close()}. Port 0: any free one. */
export async function startShop(shopPort = 0, reviewsPort = 0) {
  const reviews = serveReviews();
  const reviewsOrigin = `http://localhost:${await listen(reviews, reviewsPort, '127.0.0.1')}`;
  const shop = serveShop(reviewsOrigin);
  const origin = `http://127.0.0.1:${await listen(shop, shopPort, '127.0.0.1')}`;
  const close = () => [shop, reviews].forEach((server) => (server.close(), server.closeAllConnections()));
  return { shop: origin, reviews: reviewsOrigin, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { shop, reviews } = await startShop(Number(process.argv[2] ?? 0), Number(process.argv[3] ?? 0));
  console.log(JSON.stringify({ shop, reviews }));
}
