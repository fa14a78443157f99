// More than one page, frame or window.
export default [
  {
    name: 'page after page until the right one',
    task: 'Follow the link "Next" until you see "Wanted thing". Click the button "Take it".',
    html: '<p>Page 1</p><a href="{{SAME}}/p2.html">Next</a>',
    files: {
      'p2.html': '<p>Page 2</p><a href="{{SAME}}/p3.html">Next</a>',
      'p3.html': '<p>Page 3: Wanted thing</p><a href="{{SAME}}/p4.html">Next</a><button onclick="say(\'taken\')">Take it</button><script>expect(() => ({ log: [seen, ["taken"]] }))</script>',
      'p4.html': '<p>Page 4</p>'
    }
  },
  {
    name: 'what was read on one page is needed on the next',
    unsayable: 'what was read',
    task: 'Remember the text after "Token:". Click the link "Go on". Type what you remembered into "Token". Click the button "Use".',
    html: '<p id="t"></p><a href="{{SAME}}/use.html">Go on</a>',
    script: () => { const token = `T${Math.random().toString(36).slice(2, 9)}`; localStorage.setItem('token', token); $('#t').textContent = `Token: ${token}` },
    files: { 'use.html': '<label>Token <input></label><button>Use</button><script>$("button").onclick = () => say($("input").value); expect(() => ({ log: [seen, [localStorage.getItem("token")]] }))</script>' }
  },
  {
    name: 'a wizard of three steps',
    task: 'Type "Kim" into "Name". Click the button "Next". Tick "By train". Click the button "Next". Click the button "Finish".',
    html: '<div id="step"></div>',
    script: () => {
      const steps = [
        '<label>Name <input id="name"></label><button>Next</button>',
        '<label><input type="radio" name="w"> By car</label><label><input type="radio" name="w" id="train"> By train</label><button>Next</button>',
        '<p>All set</p><button>Finish</button>'
      ]
      const answers = []
      const show = i => { $('#step').innerHTML = steps[i]; $('#step button').onclick = () => { answers.push($('#name')?.value ?? $('#train')?.checked ?? 'done'); if (steps[i + 1]) show(i + 1) } }
      show(0)
      expect(() => ({ answers: [answers, ['Kim', true, 'done']] }))
    }
  },
  {
    name: 'a button in a frame of another site',
    task: 'Click the button "Confirm card".',
    html: '<p>Pay here</p><iframe src="{{OTHER}}/pay.html" width="300" height="120"></iframe>',
    files: { 'pay.html': '<label>Card <input></label><button onclick="say(\'confirmed\')">Confirm card</button>' },
    script: () => expect(() => ({ log: [seen, ['confirmed']] }))
  },
  {
    name: 'a field in a frame within a frame',
    task: 'Type "4000" into "Card number". Click the button "Pay".',
    html: '<iframe src="{{SAME}}/outer.html" width="400" height="200"></iframe>',
    files: { 'outer.html': '<iframe src="{{OTHER}}/inner.html" width="350" height="150"></iframe>', 'inner.html': '<label>Card number <input></label><button onclick="say(`paid with ${$(\'input\').value}`)">Pay</button>' },
    script: () => expect(() => ({ log: [seen, ['paid with 4000']] }))
  },
  {
    name: 'a new tab is gone on in',
    task: 'Click the link "Open form". Type "Minsk" into "City". Click the button "Send".',
    html: '<a href="{{SAME}}/form.html" target="_blank" rel="opener">Open form</a>',
    files: { 'form.html': '<title>Form</title><label>City <input id="c"></label><button onclick="opener.postMessage({ said: $(\'#c\').value }, \'*\')">Send</button>' },
    script: () => expect(() => ({ log: [seen, ['Minsk']] }))
  },
  {
    name: 'back to where it came from',
    task: 'Click the link "Help". Go back. Click the button "Start".',
    html: '<a href="{{SAME}}/help.html">Help</a><button onclick="say(\'started\')">Start</button>',
    files: { 'help.html': '<script>localStorage.setItem("helped", "yes")</script><p>Help is here</p>' },
    script: () => expect(() => ({ helped: [localStorage.getItem('helped'), 'yes'], log: [seen.filter(one => one === 'started'), ['started']] }))
  },
  {
    name: 'a search and its result',
    task: 'Type "blue lamp" into "Search". Click the button "Find". Click the link "Blue lamp, small".',
    html: '<form action="{{SAME}}/found.html"><label>Search <input name="q"></label><button>Find</button></form>',
    files: { 'found.html': '<ul id="list"></ul><script>const q = new URLSearchParams(location.search).get("q"); setTimeout(() => { $("#list").innerHTML = q === "blue lamp" ? "<li><a href=#big>Blue lamp, big</a><li><a href=#small>Blue lamp, small</a>" : "<li>Nothing" }, 200); expect(() => ({ hash: [location.hash, "#small"] }))</script>' }
  },
  {
    name: 'a page that is slow to come',
    task: 'Click the link "Report". Click the button "Mark as read". Answer with the title of the page.',
    html: '<a href="{{SAME}}/report">Report</a>',
    files: { report: (request, response) => setTimeout(() => { response.setHeader('content-type', 'text/html'); response.end('<!doctype html><button onclick="document.title=\'done\'">Mark as read</button>') }, 1200) },
    result: 'done'
  },
  {
    name: 'an answer to a confirmation of the page',
    task: 'Accept the next dialog. Click the button "Delete all".',
    html: '<button>Delete all</button>',
    script: () => { $('button').onclick = () => say(String(confirm('Really?'))); expect(() => ({ log: [seen, ['true']] })) }
  }
]
