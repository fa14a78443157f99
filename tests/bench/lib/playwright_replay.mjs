// The reference of replay.mjs: playwright_replay.mjs URL STEPS; sends {click, fill, select, check, press} in ms per step to its
// parent.
import { measureOn, timeKinds } from './playwright_page.mjs';

const [url, steps] = [process.argv[2], Number(process.argv[3])];
const by = (role, name) => page => page.getByRole(role, { name, exact: true });
const [count, field, country, gift] = [by('button', 'Count'), by('textbox', 'Name'), by('combobox', 'Country'), by('checkbox', 'Gift')];
const kinds = {
  click: page => count(page).click(),
  fill: page => field(page).fill('Ada'),
  select: page => country(page).selectOption({ label: 'Spain' }),
  check: (page, i) => gift(page).setChecked(i % 2 === 0),
  press: page => field(page).press('ArrowLeft'),
};

await measureOn(url, timeKinds(kinds, steps));
