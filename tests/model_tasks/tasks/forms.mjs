// Fields of every kind, filled as the task says.
export default [
  {
    name: 'a text field',
    task: 'Type "Anna" into "Name".',
    html: '<label>Name <input id="name"></label><label>Town <input id="town"></label>',
    script: () => expect(() => ({ name: [$('#name').value, 'Anna'], town: [$('#town').value, ''] }))
  },
  {
    name: 'sign in',
    password: 's3cret words',
    task: 'Type "ann" into "User". Type "s3cret words" into "Password". Click the button "Log in".',
    html: '<form><label>User <input id="u"></label><label>Password <input id="p" type="password"></label><button>Log in</button></form>',
    script: () => { $('form').onsubmit = event => { event.preventDefault(); say(`${$('#u').value}/${$('#p').value}`) }; expect(() => ({ log: [seen, ['ann/s3cret words']] })) }
  },
  {
    name: 'a field with a value in it already',
    task: 'Type "2" into "Quantity".',
    html: '<label>Quantity <input id="q" type="number" value="15"></label>',
    script: () => expect(() => ({ quantity: [$('#q').value, '2'] }))
  },
  {
    name: 'several lines and letters of another script',
    task: 'Type "Привет, мир" into "Message".',
    html: '<label>Message <textarea id="m"></textarea></label>',
    script: () => expect(() => ({ message: [$('#m').value, 'Привет, мир'] }))
  },
  {
    name: 'a list of choices',
    task: 'Choose "Germany" in "Country".',
    html: '<label>Country <select id="c"><option>France<option>Germany<option>Italy</select></label>',
    script: () => expect(() => ({ country: [$('#c').value, 'Germany'] }))
  },
  {
    name: 'a list with hundreds of choices',
    task: 'Choose "Number 377" in "Number".',
    html: '<label>Number <select id="n"></select></label>',
    script: () => { $('#n').innerHTML = Array.from({ length: 500 }, (_, i) => `<option>Number ${i}`).join(''); expect(() => ({ number: [$('#n').value, 'Number 377'] })) }
  },
  {
    name: 'checkboxes on and off',
    task: 'Tick "Milk". Untick "Sugar".',
    html: '<label><input type="checkbox" id="milk"> Milk</label><label><input type="checkbox" id="sugar" checked> Sugar</label><label><input type="checkbox" id="ice" checked> Ice</label>',
    script: () => expect(() => ({ boxes: [$$('input').map(one => one.checked), [true, false, true]] }))
  },
  {
    name: 'a checkbox that is on already stays on',
    task: 'Tick "Newsletter". Click the button "Save".',
    html: '<label><input type="checkbox" id="n" checked> Newsletter</label><button>Save</button>',
    script: () => { $('button').onclick = () => say(String($('#n').checked)); expect(() => ({ log: [seen, ['true']] })) }
  },
  {
    name: 'radio buttons',
    task: 'Tick "Express".',
    html: '<fieldset><legend>Delivery</legend><label><input type="radio" name="d" checked> Standard</label><label><input type="radio" name="d" id="e"> Express</label></fieldset>',
    script: () => expect(() => ({ express: [$('#e').checked, true] }))
  },
  {
    name: 'a switch made of a div',
    task: 'Tick "Dark mode".',
    html: '<div role="switch" aria-checked="false" aria-label="Dark mode" tabindex="0" style="width: 40px; height: 20px; background: #999"></div>',
    script: () => { const one = $('[role=switch]'); one.onclick = () => { one.ariaChecked = String(one.ariaChecked !== 'true') }; expect(() => ({ on: [one.ariaChecked, 'true'] })) }
  },
  {
    name: 'a date',
    task: 'Type "2026-11-25" into "Arrival".',
    html: '<label>Arrival <input id="d" type="date"></label>',
    script: () => expect(() => ({ date: [$('#d').value, '2026-11-25'] }))
  },
  {
    name: 'a field that only its placeholder names',
    task: 'Type "lamp" into "Search products". Press Enter.',
    html: '<form><input placeholder="Search products"></form>',
    script: () => { $('form').onsubmit = event => { event.preventDefault(); say($('input').value) }; expect(() => ({ log: [seen, ['lamp']] })) }
  },
  {
    name: 'a text that is edited in place',
    task: 'Type "Hello there" into "Comment".',
    html: '<div contenteditable="true" role="textbox" aria-label="Comment" style="min-height: 30px; border: 1px solid"></div>',
    script: () => expect(() => ({ comment: [$('[contenteditable]').textContent, 'Hello there'] }))
  },
  {
    name: 'a whole form at once',
    task: 'Type "Maria" into "First name". Type "Lopez" into "Last name". Choose "Madrid" in "City". Tick "Gift". Click the button "Order".',
    html: '<form><label>First name <input id="f"></label><label>Last name <input id="l"></label><label>City <select id="c"><option>Lisbon<option>Madrid</select></label><label><input type="checkbox" id="g"> Gift</label><button>Order</button></form>',
    script: () => { $('form').onsubmit = event => { event.preventDefault(); say([$('#f').value, $('#l').value, $('#c').value, $('#g').checked].join(' ')) }; expect(() => ({ log: [seen, ['Maria Lopez Madrid true']] })) }
  },
  {
    name: 'a field that complains and is mended',
    task: 'Type "12" into "Code". Click the button "Check". Type "1234" into "Code". Click the button "Check".',
    html: '<label>Code <input id="c"></label><button>Check</button><p role="alert"></p>',
    script: () => { $('button').onclick = () => { const good = $('#c').value.length === 4; $('[role=alert]').textContent = good ? 'Thanks' : 'Four digits, please'; say(String(good)) }; expect(() => ({ log: [seen, ['false', 'true']] })) }
  },
  {
    name: 'a text copied from one place to another',
    unsayable: 'what is copied',
    task: 'Copy the text after "Voucher:" into "Code".',
    html: '<p id="v"></p><label>Code <input id="c"></label>',
    script: () => { const code = `V-${Math.random().toString(36).slice(2, 8)}`; $('#v').textContent = `Voucher: ${code}`; expect(() => ({ code: [$('#c').value, code] })) }
  },
  {
    name: 'a small sum',
    unsayable: 'what the sum is',
    task: 'Type the answer of the sum into "Answer". Click the button "Send".',
    html: '<p id="sum"></p><label>Answer <input id="a"></label><button>Send</button>',
    script: () => { const [a, b] = [1, 2].map(() => 10 + Math.floor(Math.random() * 80)); $('#sum').textContent = `What is ${a} + ${b}?`; $('button').onclick = () => say($('#a').value); expect(() => ({ log: [seen, [String(a + b)]] })) }
  },
  {
    name: 'a list that looks like one but is made of divs',
    task: 'Click the combobox "Size". Click the option "Large".',
    html: '<div role="combobox" tabindex="0" aria-label="Size" aria-expanded="false">Choose</div><div role="listbox" hidden><div role="option">Small</div><div role="option">Large</div></div>',
    script: () => { $('[role=combobox]').onclick = () => { $('[role=listbox]').hidden = false }; for (const one of $$('[role=option]')) one.onclick = () => { $('[role=combobox]').textContent = one.textContent; $('[role=listbox]').hidden = true }; expect(() => ({ size: [$('[role=combobox]').textContent, 'Large'] })) }
  }
]
