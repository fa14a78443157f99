// One thing to click, among others, in places of every kind.
export default [
  {
    name: 'a button among others',
    task: 'Click the button "Two".',
    html: '<button>One</button><button>Two</button><button>Three</button>',
    script: () => { for (const one of $$('button')) one.onclick = () => say(one.textContent); expect(() => ({ log: [seen, ['Two']] })) }
  },
  {
    name: 'buttons in turn, in the order that was asked for',
    task: 'Click the button "Three". Click the button "One". Click the button "Two".',
    html: '<button>One</button><button>Two</button><button>Three</button>',
    script: () => { for (const one of $$('button')) one.onclick = () => say(one.textContent); expect(() => ({ log: [seen, ['Three', 'One', 'Two']] })) }
  },
  {
    name: 'a link in a text',
    task: 'Click the link "terms".',
    html: '<p>Read our <a href="#terms">terms</a> and <a href="#privacy">privacy rules</a> before you go on.</p>',
    script: () => expect(() => ({ hash: [location.hash, '#terms'] }))
  },
  {
    name: 'the button of one row',
    task: 'Click the button "Buy" in the row of "Coffee".',
    html: '<table><tr><td>Tea<td>3<td><button>Buy</button><tr><td>Coffee<td>5<td><button id="right">Buy</button><tr><td>Milk<td>1<td><button>Buy</button></table>',
    script: () => { hear(document, 'click'); expect(() => ({ log: [seen, ['click right']] })) }
  },
  {
    name: 'an icon button that only its label names',
    task: 'Click the button "Delete draft".',
    html: '<button aria-label="Archive draft"><svg width="20" height="20"><circle cx="10" cy="10" r="8"/></svg></button><button aria-label="Delete draft" id="right"><svg width="20" height="20"><rect width="16" height="16"/></svg></button>',
    script: () => { $('#right').onclick = () => say('deleted'); expect(() => ({ log: [seen, ['deleted']] })) }
  },
  {
    name: 'a picture that is a link',
    task: 'Click the link "Our shop".',
    html: '<a href="#shop"><img alt="Our shop" width="60" height="30"></a><a href="#blog"><img alt="Our blog" width="60" height="30"></a>',
    script: () => expect(() => ({ hash: [location.hash, '#shop'] }))
  },
  {
    name: 'far below the view',
    task: 'Click the button "Load more".',
    html: '<p>Above</p><div style="height: 4000px"></div><button id="more">Load more</button>',
    script: () => { $('#more').onclick = event => say(`more ${event.isTrusted}`); expect(() => ({ log: [seen, ['more true']] })) }
  },
  {
    name: 'in a box that scrolls',
    task: 'Click the button "Item 30".',
    html: '<div id="box" style="height: 120px; overflow: auto; width: 200px"></div>',
    script: () => { $('#box').innerHTML = Array.from({ length: 40 }, (_, i) => `<p><button>Item ${i + 1}</button></p>`).join(''); for (const one of $$('button')) one.onclick = () => say(one.textContent); expect(() => ({ log: [seen, ['Item 30']] })) }
  },
  {
    name: 'beneath a banner that must be closed first',
    task: 'Click the button "Continue".',
    html: '<button id="go">Continue</button><div id="banner" style="position: fixed; inset: 0; background: #ccc">We use cookies <button id="ok">Accept</button></div>',
    script: () => { $('#ok').onclick = () => { $('#banner').remove(); say('accepted') }; $('#go').onclick = () => say('on'); expect(() => ({ log: [seen, ['accepted', 'on']] })) }
  },
  {
    name: 'what is hidden is not there: the one that can be seen',
    task: 'Click the button "Pay".',
    html: '<button style="display: none" id="a">Pay</button><div style="visibility: hidden"><button id="b">Pay</button></div><button id="right">Pay</button>',
    script: () => { for (const one of $$('button')) one.onclick = () => say(one.id); expect(() => ({ log: [seen, ['right']] })) }
  },
  {
    name: 'disabled until something else was done',
    task: 'Tick "I agree". Click the button "Next".',
    html: '<label><input type="checkbox" id="agree"> I agree</label><button id="next" disabled>Next</button>',
    script: () => { $('#agree').onchange = () => { $('#next').disabled = !$('#agree').checked }; $('#next').onclick = () => say('next'); expect(() => ({ log: [seen, ['next']], agreed: [$('#agree').checked, true] })) }
  },
  {
    name: 'comes only after a while',
    task: 'Click the button "Start". Click the button "Ready".',
    html: '<button id="start">Start</button>',
    script: () => { $('#start').onclick = () => setTimeout(() => { document.body.insertAdjacentHTML('beforeend', '<button onclick="say(\'ready\')">Ready</button>') }, 700); expect(() => ({ log: [seen, ['ready']] })) }
  },
  {
    name: 'a double click',
    task: 'Double-click "Report.txt".',
    html: '<div role="listbox"><div role="option" tabindex="0">Notes.txt</div><div role="option" tabindex="0" id="right">Report.txt</div></div>',
    script: () => { hear(document, 'dblclick'); expect(() => ({ log: [seen, ['dblclick right']] })) }
  },
  {
    name: 'a menu of the right mouse button',
    task: 'Right-click "Invoice". Click the menuitem "Rename".',
    html: '<div role="treeitem" tabindex="0" id="item">Invoice</div><div id="menu" role="menu" hidden style="position: fixed"><div role="menuitem" id="copy">Copy</div><div role="menuitem" id="rename">Rename</div></div>',
    script: () => {
      $('#item').oncontextmenu = event => { event.preventDefault(); Object.assign($('#menu').style, { left: `${event.clientX}px`, top: `${event.clientY}px` }); $('#menu').hidden = false }
      hear($('#menu'), 'click'); expect(() => ({ log: [seen, ['click rename']] }))
    }
  },
  {
    name: 'a menu that opens under the mouse',
    task: 'Hover "Products". Click the link "Lamps".',
    html: '<style>ul ul { display: none; position: absolute; background: white } li:hover > ul { display: block }</style><ul><li><a href="#p">Products</a><ul><li><a href="#lamps">Lamps</a><li><a href="#chairs">Chairs</a></ul></ul>',
    script: () => expect(() => ({ hash: [location.hash, '#lamps'] }))
  },
  {
    name: 'the largest of some numbers',
    task: 'Click the button with the largest number.',
    html: '<button>17</button><button>430</button><button>-5</button><button>98</button>',
    script: () => { for (const one of $$('button')) one.onclick = () => say(one.textContent); expect(() => ({ log: [seen, ['430']] })) }
  },
  {
    name: 'the smallest of some numbers, drawn anew each time',
    unsayable: 'which number is the smallest',
    task: 'Click the button with the smallest number.',
    html: '<div id="box"></div>',
    script: () => {
      const numbers = Array.from({ length: 7 }, (_, i) => ((i * 37 + Date.now()) % 900) + 100 + i * 1000).sort(() => Math.random() - 0.5)
      $('#box').innerHTML = numbers.map(one => `<button>${one}</button>`).join('')
      for (const one of $$('button')) one.onclick = () => say(one.textContent)
      expect(() => ({ log: [seen, [String(Math.min(...numbers))]] }))
    }
  },
  {
    name: 'again and again until something shows',
    task: 'Keep clicking "More" until you see "The end".',
    html: '<button id="more">More</button><ol></ol>',
    script: () => { let n = 0; $('#more').onclick = () => { say('more'); n++; $('ol').insertAdjacentHTML('beforeend', n < 4 ? `<li>Page ${n}` : '<li>The end') }; expect(() => ({ log: [seen, ['more', 'more', 'more', 'more']] })) }
  }
]
