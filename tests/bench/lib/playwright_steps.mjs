// The reference of steps.mjs: playwright_steps.mjs URL STEPS; sends {click, fill, extract} in ms per step to its parent.
import { measureOn, timeKinds } from './playwright_page.mjs';

const [url, steps] = [process.argv[2], Number(process.argv[3])];
const read = items => items.map(item => ({ id: item.dataset.id, name: item.querySelector('h2').innerText, price: Number(item.querySelector('b').innerText) }));
const kinds = {
  click: page => page.getByRole('button', { name: 'Add' }).click(),
  fill: (page, i) => page.getByLabel('Name').fill(`text ${i}`),
  extract: page => page.locator('.item').evaluateAll(read),
};

await measureOn(url, timeKinds(kinds, steps));
