// What a page says, brought back as the result.
export default [
  {
    name: 'a text after its label',
    task: 'Answer with the text after "Order number:".',
    html: '<h1>Thank you</h1><p>Order number: A-77215</p><p>Delivery: Friday</p>',
    result: 'A-77215'
  },
  {
    name: 'a price among much text',
    task: 'Answer with the text after "Total:".',
    html: '<p>Items: 3</p><p>Shipping: 4.90</p><p>Total: 58.40 EUR</p><p>VAT included</p>',
    result: '58.40 EUR'
  },
  {
    name: 'how many links there are',
    unsayable: 'a count',
    task: 'Answer with how many links there are.',
    html: '<nav><a href="#1">One</a><a href="#2">Two</a><a href="#3">Three</a></nav><button>No link</button><a>no link either</a>',
    result: 3
  },
  {
    name: 'how many buttons of a name there are, hidden ones left out',
    unsayable: 'a count',
    task: 'Answer with how many buttons named "Remove" there are.',
    html: '<button>Remove</button><button>Add</button><button>Remove</button><button hidden>Remove</button><button>Remove</button>',
    result: 3
  },
  {
    name: 'the value of a field',
    task: 'Answer with the value of "E-mail".',
    html: '<label>E-mail <input value="kim@example.org"></label><label>Phone <input value="555"></label>',
    result: 'kim@example.org'
  },
  {
    name: 'whether a box is ticked',
    unsayable: 'a truth',
    task: 'Answer with whether "Remember me" is ticked.',
    html: '<label><input type="checkbox"> Send news</label><label><input type="checkbox" checked> Remember me</label>',
    result: true
  },
  {
    name: 'what is chosen in a list',
    task: 'Answer with the value of "Currency".',
    html: '<label>Currency <select><option>EUR<option selected>JPY<option>USD</select></label>',
    result: 'JPY'
  },
  {
    name: 'a text that shows after a click',
    task: 'Click the button "Show code". Answer with the text after "Code:".',
    html: '<button>Show code</button><p></p>',
    script: () => { $('button').onclick = () => setTimeout(() => { $('p').textContent = 'Code: 9041' }, 300) },
    result: '9041'
  },
  {
    name: 'a text in a frame of another site',
    task: 'Answer with the text after "Balance:".',
    html: '<p>Your account</p><iframe src="{{OTHER}}/inner.html" width="300" height="100"></iframe>',
    files: { 'inner.html': '<p>Balance: 120</p>' },
    result: '120'
  },
  {
    name: 'a text in a shadow root',
    task: 'Answer with the text after "Status:".',
    html: '<div id="host"></div>',
    script: () => { $('#host').attachShadow({ mode: 'open' }).innerHTML = '<p>Status: shipped</p>' },
    result: 'shipped'
  },
  {
    name: 'a table as a list',
    task: 'Answer with the table as a list.',
    html: '<table><tr><th>Name<th>Price<tr><td>Tea<td>3<tr><td>Coffee<td>5</table>',
    result: [{ Name: 'Tea', Price: '3' }, { Name: 'Coffee', Price: '5' }]
  },
  {
    name: 'the address that the page has come to',
    task: 'Click the link "Details". Answer with the address of the page.',
    html: '<a href="{{SAME}}/details.html">Details</a>',
    files: { 'details.html': '<title>Details</title><p>All about it</p>' },
    result: /\/details\.html$/
  },
  {
    name: 'the title of the page',
    task: 'Answer with the title of the page.',
    html: '<title>Annual report 2026</title><p>Numbers</p>',
    result: 'Annual report 2026'
  },
  {
    name: 'what a dialog of the page said',
    unsayable: 'what is no part of the page',
    task: 'Click the button "Sum". Answer with what the dialog said.',
    html: '<button onclick="alert(\'Total is 42\')">Sum</button>',
    result: 'Total is 42'
  }
]
