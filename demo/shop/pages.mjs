// The shop's pages, plain HTML and CSS.
import { order, products, reviews } from './products.mjs';

export const PAGE_SIZE = 5;
export const pageCount = Math.ceil(products.length / PAGE_SIZE);
const money = (value) => `€ ${value.toFixed(2)}`;
const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

const style = `
  :root { --ink: #22302b; --soft: #6b7a73; --line: #dfe5df; --leaf: #2f6b4f; --paper: #fbfaf6; --sun: #e0a030; }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 "DejaVu Sans", "Noto Sans CJK JP", "Noto Color Emoji", sans-serif; }
  header { display: flex; align-items: center; gap: 28px; padding: 16px 40px; background: #fff; border-bottom: 1px solid var(--line); }
  header .brand { font-weight: bold; font-size: 20px; color: var(--leaf); text-decoration: none; }
  header nav { display: flex; gap: 20px; margin-right: auto; }
  a { color: var(--leaf); }
  main { max-width: 1060px; margin: 32px auto; padding: 0 24px; }
  h1 { font-size: 26px; margin: 0 0 20px; }
  .grid { display: grid; grid-template-columns: repeat(5, 1fr); gap: 16px; padding: 0; margin: 0; list-style: none; }
  .product { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 16px; display: flex; flex-direction: column; gap: 6px; }
  .product .picture { font-size: 44px; text-align: center; background: #f1f4ee; border-radius: 8px; padding: 10px 0; }
  .product h2 { font-size: 15px; margin: 6px 0 0; }
  .product .sku, .product .department, .rating { color: var(--soft); font-size: 12px; }
  .price { font-weight: bold; font-size: 18px; margin-top: auto; }
  .pager { display: flex; gap: 12px; align-items: center; justify-content: center; margin: 28px 0; }
  .button, button { font: inherit; background: var(--leaf); color: #fff; border: 0; border-radius: 8px; padding: 9px 18px; cursor: pointer; text-decoration: none; display: inline-block; }
  .columns { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; align-items: start; }
  table { border-collapse: collapse; width: 100%; background: #fff; border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
  th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--line); font-size: 14px; }
  td.number, th.number { text-align: right; }
  form.login { max-width: 380px; margin: 60px auto; background: #fff; border: 1px solid var(--line); border-radius: 14px; padding: 32px; display: grid; gap: 14px; }
  label { display: grid; gap: 4px; font-size: 14px; color: var(--soft); }
  input { font: inherit; padding: 9px 12px; border: 1px solid var(--line); border-radius: 8px; }
  .alert { background: #fbe9e7; color: #9c2f1f; border-radius: 8px; padding: 8px 12px; }
  .offer { background: #fff4da; border: 1px solid var(--sun); border-radius: 12px; padding: 12px 18px; margin-bottom: 24px; min-height: 50px; }
  iframe { width: 100%; height: 330px; border: 1px solid var(--line); border-radius: 12px; background: #fff; }
`;

// The converter lives in a shadow root: no page script or selector of the document sees its text.
const converterScript = `
  customElements.define('price-converter', class extends HTMLElement {
    connectedCallback() {
      const root = this.attachShadow({ mode: 'open' });
      root.innerHTML = '<style>p{margin:0;font-size:13px;color:#6b7a73} b{color:#22302b} button{font:inherit;border:1px solid #dfe5df;background:#fff;border-radius:6px;cursor:pointer}</style>' +
        '<p>1 EUR = <b class="rate">…</b> <button type="button">US dollars</button></p>';
      const show = async (currency) => {
        const { rate } = await (await fetch('/api/rate?to=' + currency)).json();
        root.querySelector('.rate').textContent = rate.toFixed(4) + ' ' + currency;
      };
      root.querySelector('button').addEventListener('click', () => show('USD'));
      show('GBP');
    }
  });`;

const page = (title, body, { email } = {}) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(title)} · Tomtit &amp; Sons</title><style>${style}</style></head>
<body>
<header><a class="brand" href="/">Tomtit &amp; Sons</a>
${email ? `<nav><a href="/catalogue">Catalogue</a><a href="/orders">Orders</a></nav><price-converter></price-converter><span class="who">Welcome, ${escape(email)}</span>` : ''}
</header>
<main>${body}</main>
${email ? `<script>${converterScript}</script>` : ''}
</body></html>`;

export const loginPage = (failed) =>
  page(
    'Sign in',
    `<form class="login" method="post" action="/login"><h1>Sign in</h1>
${failed ? '<div class="alert" role="alert">E-mail or password is wrong.</div>' : ''}
<label>E-mail <input name="email" type="email" required autocomplete="username"></label>
<label>Password <input name="password" type="password" required autocomplete="current-password"></label>
<button type="submit">Sign in</button></form>`,
  );

const card = (p) => `<li class="product" data-sku="${p.sku}"><div class="picture" aria-hidden="true">${p.picture}</div>
<h2>${escape(p.name)}</h2><span class="sku">${p.sku}</span><span class="department">${p.department}</span>
<span class="rating">★ ${p.rating.toFixed(1)}</span><span class="price">${money(p.price)}</span></li>`;

const stockTable = (list) => `<table class="stock"><caption hidden>Stock</caption><thead><tr><th>Article</th><th>Product</th><th class="number">In stock</th></tr></thead>
<tbody>${list.map((p) => `<tr><td>${p.sku}</td><td>${escape(p.name)}</td><td class="number">${p.stock}</td></tr>`).join('')}</tbody></table>`;

const pager = (number) => `<nav class="pager" aria-label="Pages">
${number > 1 ? `<a class="button" href="/catalogue?page=${number - 1}">Previous</a>` : ''}<span>Page ${number} of ${pageCount}</span>
${number < pageCount ? `<a class="button" href="/catalogue?page=${number + 1}">Next</a>` : ''}</nav>`;

// The offer comes a moment later, as on real pages.
const offerScript = `
  setTimeout(async () => {
    const { text } = await (await fetch('/api/offer')).json();
    document.querySelector('.offer').innerHTML = '<strong class="offer-text"></strong>';
    document.querySelector('.offer-text').textContent = text;
  }, 900);`;

export function cataloguePage(number, { email, reviewsOrigin }) {
  const list = products.slice((number - 1) * PAGE_SIZE, number * PAGE_SIZE);
  return page(
    `Catalogue, page ${number}`,
    `<div class="offer" aria-live="polite">Looking for today's offer …</div><h1>Catalogue</h1>
<ul class="grid">${list.map(card).join('')}</ul>${pager(number)}
<div class="columns"><section><h2>Stock</h2>${stockTable(list)}</section>
<section><h2>What customers say</h2><iframe title="Reviews" src="${reviewsOrigin}/reviews"></iframe></section></div>
<script>${offerScript}</script>`,
    { email },
  );
}

export function ordersPage({ email }) {
  const sum = order.lines.reduce((total, [sku, count]) => total + count * products.find((p) => p.sku === sku).price, 0);
  return page(
    'Orders',
    `<h1>Orders</h1><table class="orders"><thead><tr><th>Order</th><th>Date</th><th class="number">Total</th><th></th></tr></thead>
<tbody><tr><td>${order.number}</td><td>${order.date}</td><td class="number">${money(sum)}</td>
<td><a class="button" href="/invoice/${order.number}.pdf" download>Download invoice</a></td></tr></tbody></table>`,
    { email },
  );
}

export const reviewsPage = () => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Reviews</title>
<style>body{font:15px/1.45 "DejaVu Sans","Noto Sans CJK JP",sans-serif;margin:16px;color:#22302b} article{border-bottom:1px solid #dfe5df;padding:8px 0} .stars{color:#e0a030} h3{display:inline;font-size:14px;margin-right:8px} p{margin:2px 0}</style></head>
<body>${reviews
  .map(([author, stars, text]) => `<article class="review"><h3>${author}</h3><span class="stars" data-stars="${stars}">${'★'.repeat(stars)}</span><p>${text}</p></article>`)
  .join('')}</body></html>`;

export const missingPage = () => page('Not found', '<h1>There is no such page</h1><p><a href="/">To the shop</a></p>');
