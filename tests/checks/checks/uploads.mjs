// Files given to pages.
const file = { name: 'list.csv', text: 'a;b\n' }
const theirs = { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b\n') }
const tells = () => {
  window.tell = async (what, files) => say(`${what} ${(await Promise.all([...files].map(async one => `${one.name}=${await one.text()}`))).sort().join(',')}`)
}
const row = (name, html, script, wanted, steps, playwright, more) =>
  ({ name, html: `<script>(${tells})()</script>${html}`, script: `() => { (${script})(); expect(() => ({ log: [seen, ${JSON.stringify(wanted)}] })) }`, steps, playwright, ...more })

export default [
  row('one file by its label', '<label>List <input type="file" id="f"></label>', () => { $('#f').onchange = event => tell('one', event.target.files) }, ['one list.csv=a;b\n'],
    [{ upload: { label: 'List', file } }], page => page.getByLabel('List').setInputFiles(theirs)),
  row('several files at once', '<input type="file" id="f" multiple aria-label="Lists">', () => { $('#f').onchange = event => tell('many', event.target.files) }, ['many b.txt=B,list.csv=a;b\n'],
    [{ upload: { label: 'Lists', files: [file, { name: 'b.txt', base64: 'Qg==' }] } }], page => page.getByLabel('Lists').setInputFiles([theirs, { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('B') }])),
  row('a hidden input behind a button', '<input type="file" id="f" style="display: none"><button onclick="document.getElementById(\'f\').click()">Attach</button>', () => { $('#f').onchange = event => tell('hidden', event.target.files) }, ['hidden list.csv=a;b\n'],
    [{ upload: { text: 'Attach', file } }], async page => { const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByText('Attach').click()]); await chooser.setFiles(theirs) }),
  row('a zone with an input in it', '<div id="zone" style="padding: 40px; border: 1px dashed">Files here<input type="file" id="f" hidden></div>', () => { $('#f').onchange = event => tell('zone', event.target.files) }, ['zone list.csv=a;b\n'],
    [{ upload: { css: '#zone', file } }], page => page.locator('#f').setInputFiles(theirs)),
  row('files dropped on a zone', '<div id="zone" style="padding: 40px; border: 1px dashed">Drop here</div>', () => {
    $('#zone').ondragover = event => event.preventDefault()
    $('#zone').ondrop = event => { event.preventDefault(); tell('dropped', event.dataTransfer.files) }
  }, ['dropped list.csv=a;b\n'], [{ upload: { text: 'Drop here', drop: true, file } }], async page => {
    const data = await page.evaluateHandle(() => { const data = new DataTransfer(); data.items.add(new File(['a;b\n'], 'list.csv')); return data })
    for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('#zone', type, { dataTransfer: data })
  }),
  row('a form with a file is sent', '<form action="{{SAME}}/take" method="post" enctype="multipart/form-data"><input type="file" name="f" aria-label="File"><button>Send</button></form>', () => {}, ['never'],
    [{ upload: { label: 'File', file } }, { click: 'Send' }], async page => { await page.getByLabel('File').setInputFiles(theirs); await page.getByText('Send').click() }, {
      files: {
        take: (request, response) => {
          let body = ''
          request.on('data', data => { body += data })
          request.on('end', () => response.writeHead(303, { location: `taken.html?${/filename="list.csv"[^]*a;b/.test(body)}` }).end())
        },
        'taken.html': '<title>Taken</title><script>expect(() => ({ taken: [location.search, "?true"] }))</script>'
      }
    }),
  row('an input in a frame of another site', '<iframe src="{{OTHER}}/inner.html"></iframe>', () => {}, ['inner list.csv'],
    [{ upload: { label: 'Inner file', file } }], page => page.frameLocator('iframe').getByLabel('Inner file').setInputFiles(theirs),
    { files: { 'inner.html': '<input type="file" aria-label="Inner file" onchange="say(`inner ${this.files[0].name}`)">' } })
]
