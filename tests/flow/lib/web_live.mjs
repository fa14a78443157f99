// A person drives a browser through the web app's live view: a part of web.test.mjs. The page far away tells the site
// what it has felt, so that nothing has to be read out of pictures.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { until } from './instance.mjs';

/** Places on the page, in its own pixels. */
const AT = { alert: [60, 30], confirm: [160, 30], prompt: [260, 30], files: [400, 30], field: [200, 120], long: [640, 500] };

const DESK = `<!doctype html><meta charset=utf-8><title>Desk</title>
<style>body{margin:0}body>*{position:absolute}button{width:80px;height:40px;top:10px}#long{left:440px;top:200px;width:500px;height:500px;overflow:scroll}</style>
<button style="left:20px" onclick="alert('Привет');say({alert:'closed'})">alert</button>
<button style="left:120px" onclick="say({confirm:confirm('Really?')})">confirm</button>
<button style="left:220px" onclick="say({prompt:prompt('Name?','Ada')})">prompt</button>
<input type=file multiple id=files style="left:330px;top:10px;width:200px;height:40px">
<textarea id=field style="left:20px;top:80px;width:400px;height:100px"></textarea>
<div id=long><div style="height:9000px">long</div></div>
<script>
  const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
  const field = document.getElementById('field'), files = document.getElementById('files'), long = document.getElementById('long');
  for (const kind of ['compositionstart', 'compositionend']) field.addEventListener(kind, (event) => say({ [kind]: event.data }));
  field.addEventListener('compositionupdate', (event) => event.data && say({ compositionupdate: event.data }));
  field.addEventListener('input', () => say({ field: field.value }));
  files.addEventListener('change', async () => say({ files: await Promise.all([...files.files].map(async (file) => [file.name, await file.text()])) }));
  files.addEventListener('cancel', () => say({ files: null }));
  long.addEventListener('scroll', () => say({ top: long.scrollTop }));
  say({ view: [innerWidth, innerHeight] });
</script>`;

/** The site of the page, and what the page said, oldest first. */
export async function startDesk() {
  const said = [];
  const server = http.createServer((request, response) => {
    if (request.method !== 'POST') return response.setHeader('Content-Type', 'text/html').end(DESK);
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      said.push(JSON.parse(text));
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const find = (name, check) => said.find((one) => name in one && check(one[name]))?.[name];
  return {
    host: `127.0.0.1:${server.address().port}`,
    url: `http://127.0.0.1:${server.address().port}/`,
    /** Waits until the page says so; what it said before `forget` does not count. */
    hears: (name, check = () => true) => until(`the page to say ${name} (it said ${JSON.stringify(said)})`, () => find(name, check) !== undefined && { value: find(name, check) }, 30000).then(({ value }) => value),
    forget: () => said.splice(0),
    stop: () => server.close(),
  };
}

/** Registers the tests; `world()` gives {web, desk}, the account anna@example.com exists. */
export const describeLiveView = (world) =>
  describe('the live view', () => {
    let web, desk, page, live, view, cdp;

    const place = async ([x, y]) => {
      const box = await live.locator('canvas').boundingBox();
      const scale = Math.min(box.width / view[0], box.height / view[1]);
      return [box.x + (box.width - view[0] * scale) / 2 + x * scale, box.y + (box.height - view[1] * scale) / 2 + y * scale];
    };
    const click = async (name) => page.mouse.click(...(await place(AT[name])));
    const dialog = () => page.getByRole('dialog', { name: 'The page says' });
    const closed = async () => {
      await dialog().waitFor({ state: 'hidden' });
      assert.equal(await live.locator('.overlay').count(), 0, 'the picture is still there');
    };
    const clearField = async () => {
      await click('field');
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Delete');
    };

    before(async () => {
      ({ web, desk } = world());
      page = await web.open({ permissions: ['clipboard-read', 'clipboard-write'] });
      await page.goto('/sign-in');
      await web.signIn(page, 'anna@example.com');
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
      const request = await web.api('anna@example.com');
      const { id } = await until('a browser', () => request('POST', '/browsers', {}), 60000);
      await page.goto(`/browsers/${id}`);
      live = page.getByRole('region', { name: 'Live view of the browser' });
      await live.getByRole('button', { name: 'Take control' }).click();
      await live.getByText('You have control').waitFor();
      await live.getByLabel('Address').fill(desk.url.replace('http://', ''));
      await live.getByLabel('Address').press('Enter');
      view = await desk.hears('view');
      cdp = await page.context().newCDPSession(page);
    });
    after(() => page?.context().close());

    test('alert, confirm and prompt are answered', async () => {
      await click('alert');
      await dialog().getByText('Привет').waitFor();
      await dialog().getByRole('button', { name: 'OK' }).click();
      await desk.hears('alert');
      await closed();
      await click('confirm');
      await dialog().getByRole('button', { name: 'Cancel' }).click();
      assert.equal(await desk.hears('confirm'), false);
      await closed();
      await click('prompt');
      assert.equal(await dialog().getByLabel('Answer').inputValue(), 'Ada');
      await dialog().getByLabel('Answer').fill('Ёлка 🎄');
      await page.keyboard.press('Enter');
      assert.equal(await desk.hears('prompt'), 'Ёлка 🎄');
      await closed();
    });

    test('files of the person reach the page', async () => {
      await click('files');
      const asked = page.getByRole('dialog', { name: 'The page asks for files' });
      await asked.locator('input[type=file]').setInputFiles([
        { name: 'отчёт за май.txt', mimeType: 'text/plain', buffer: Buffer.from('раз') },
        { name: 'b.csv', mimeType: 'text/csv', buffer: Buffer.from('1;2') },
      ]);
      await asked.getByRole('button', { name: 'Upload' }).click();
      assert.deepEqual(await desk.hears('files'), [['отчёт за май.txt', 'раз'], ['b.csv', '1;2']]);
      await asked.waitFor({ state: 'hidden' });
    });

    test('an upload may be thought better of', async () => {
      await click('files');
      const asked = page.getByRole('dialog', { name: 'The page asks for files' });
      await asked.getByRole('button', { name: 'Cancel' }).click();
      await asked.waitFor({ state: 'hidden' });
      await click('field'); // the page goes on
      await page.keyboard.insertText('after');
      await desk.hears('field', (text) => text === 'after');
    });

    test('text in any script is written, and keys that do something do it', async () => {
      await clearField();
      await page.keyboard.insertText('Съешь ещё');
      await page.keyboard.press('Enter');
      await page.keyboard.type('this 今 é 🎄');
      await page.keyboard.press('Backspace');
      await page.keyboard.press('Home');
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.type('T');
      // A key of a Russian keyboard is what it writes, not what it is called.
      await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'п', code: 'KeyG', text: 'п', windowsVirtualKeyCode: 71 });
      await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'п', code: 'KeyG', windowsVirtualKeyCode: 71 });
      await desk.hears('field', (text) => text === 'Съешь ещё\nTпhis 今 é ');
    });

    test('an input method shows what it composes and then writes it', async () => {
      await clearField();
      desk.forget();
      await cdp.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 });
      await desk.hears('compositionupdate', (text) => text === 'にほ');
      await cdp.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
      await desk.hears('compositionupdate', (text) => text === 'にほん');
      await cdp.send('Input.insertText', { text: '日本' });
      await desk.hears('field', (text) => text === '日本');
    });

    test('the clipboard goes both ways', async () => {
      await clearField();
      await page.evaluate(() => navigator.clipboard.writeText('вставка\nline 2'));
      await page.keyboard.press('Control+V');
      await desk.hears('field', (text) => text === 'вставка\nline 2');
      await page.keyboard.press('Control+A');
      await page.evaluate(() => navigator.clipboard.writeText('old'));
      await page.keyboard.press('Control+C');
      await until('the text in the clipboard', async () => (await page.evaluate(() => navigator.clipboard.readText())) === 'вставка\nline 2', 20000);
      await page.keyboard.press('Control+X');
      await desk.hears('field', (text) => text === '');
    });

    test('the wheel scrolls the page, not the app', async () => {
      await page.mouse.move(...(await place(AT.long)));
      await page.mouse.wheel(0, 600);
      await desk.hears('top', (top) => top >= 500);
      assert.equal(await page.evaluate(() => window.scrollY), 0);
    });

    test('Escape twice gives the keyboard back', async () => {
      await click('field');
      await live.getByText('Keys go to the browser').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await live.getByText('Keys go to the browser').waitFor({ state: 'detached' });
      await live.getByRole('button', { name: 'Give back' }).click();
      await live.getByRole('button', { name: 'Take control' }).waitFor();
    });
  });
