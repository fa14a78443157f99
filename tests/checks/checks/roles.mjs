// Elements found by role and name, every kind of role that a tag has by itself and every way to get a name. Each page holds
// decoys: the same words with another role, the same role with other words.
const found = (name, html, role, title, more = {}) => ({
  name,
  html,
  script: () => {
    hear(document, 'click', event => event.target.closest('[data-right]') ? 'right' : 'wrong')
    document.addEventListener('click', event => event.preventDefault())
    expect(() => ({ log: [seen, ['click right']] }))
  },
  steps: [{ click: { role, ...(title === null ? {} : { name: title }), ...more } }],
  playwright: page => page.getByRole(role, title === null ? {} : { name: title, exact: more.exact }).nth((more.nth ?? 1) - 1).click()
})
const R = 'data-right style="min-width: 20px; min-height: 20px"'

export default [
  found('link', `<a>Home</a><button>Home</button><a href="#" ${R}>Home</a>`, 'link', 'Home'),
  found('heading', `<p>News</p><h3 ${R}>News</h3>`, 'heading', 'News'),
  found('heading by role', `<div>News</div><div role="heading" aria-level="2" ${R}>News</div>`, 'heading', 'News'),
  found('button that is an input', `<input type="text" value="Go"><input type="submit" value="Go" ${R}>`, 'button', 'Go'),
  found('submit button without a value', `<input type="button" value="x"><input type="submit" ${R}>`, 'button', 'Submit'),
  found('summary of details', `<details><summary ${R}>More</summary>text</details>`, 'group', null),
  found('textbox by placeholder', `<p>City</p><input placeholder="City" ${R}>`, 'textbox', 'City'),
  found('textbox by title', `<p title="City">x</p><input title="City" ${R}>`, 'textbox', 'City'),
  found('searchbox', `<input aria-label="Find"><input type="search" aria-label="Find" ${R}>`, 'searchbox', 'Find'),
  found('spinbutton', `<input aria-label="Count"><input type="number" aria-label="Count" ${R}>`, 'spinbutton', 'Count'),
  found('slider', `<input type="number" aria-label="Size"><input type="range" aria-label="Size" ${R}>`, 'slider', 'Size'),
  found('combobox that is a select', `<label>Sort<select ${R}><option>Up</select></label><label>Sort<input></label>`, 'combobox', 'Sort'),
  found('listbox that is a select of several', `<select aria-label="Kinds"></select><select multiple aria-label="Kinds" ${R}><option>a long option</select>`, 'listbox', 'Kinds'),
  found('checkbox by the text around it', `<button>Agree</button><label><input type="checkbox" ${R}> Agree</label>`, 'checkbox', 'Agree'),
  found('radio by label for', `<input type="radio" id="r" ${R}><label for="r">Blue</label><input type="radio" aria-label="Red">`, 'radio', 'Blue'),
  found('image by alt', `<img alt="Dog" width="20" height="20"><img alt="Cat" width="20" height="20" ${R}>`, 'img', 'Cat'),
  found('figure by its caption', `<figure><p>a</p><figcaption>One</figcaption></figure><figure ${R}><p>b</p><figcaption>Two</figcaption></figure>`, 'figure', 'Two'),
  found('table by its caption', `<table><caption>Old</caption><tr><td>1</table><table ${R}><caption>New</caption><tr><td>2</table>`, 'table', 'New'),
  found('cell', `<table><tr><th>7<td ${R}>7</table>`, 'cell', '7'),
  found('column header', `<table><tr><th>Name<th ${R}>Price<tr><td>Price<td>1</table>`, 'columnheader', 'Price'),
  found('row header', `<table><tr><th scope="row" ${R}>Sum<td>Sum</table>`, 'rowheader', 'Sum'),
  found('row by what its cells say', `<table><tr><td>Tea<td>1<tr ${R}><td>Tea<td>2</table>`, 'row', 'Tea 2'),
  found('group by its legend', `<fieldset><legend>A</legend>x</fieldset><fieldset ${R}><legend>B</legend>x</fieldset>`, 'group', 'B'),
  found('navigation by its label', `<nav aria-label="Foot">x</nav><nav aria-label="Main" ${R}>x</nav>`, 'navigation', 'Main'),
  found('region by a heading', `<section aria-labelledby="h1"><h2 id="h1">Old</h2></section><section aria-labelledby="h2" ${R}><h2 id="h2">New</h2></section>`, 'region', 'New'),
  found('main', `<div>x</div><main ${R}>text</main>`, 'main', null),
  found('banner, not the header of an article', `<article><header>in</header></article><header ${R}>out</header>`, 'banner', null),
  found('contentinfo, not the footer of an article', `<article><footer>in</footer></article><footer ${R}>out</footer>`, 'contentinfo', null),
  found('complementary', `<aside ${R}>aside</aside><div>aside</div>`, 'complementary', null),
  found('list item', `<p>two</p><ul><li>one<li ${R}>two</ul>`, 'listitem', null, { nth: 2 }),
  found('article', `<div>x</div><article ${R}>story</article>`, 'article', null),
  found('option of a listbox of divs', `<div role="listbox"><div role="option">S</div><div role="option" ${R}>L</div></div>`, 'option', 'L'),
  found('menu item', `<ul role="menu"><li role="menuitem">Cut<li role="menuitem" ${R}>Paste</ul>`, 'menuitem', 'Paste'),
  found('tab', `<div role="tablist"><a role="tab" href="#1">One</a><a role="tab" href="#2" ${R}>Two</a></div>`, 'tab', 'Two'),
  found('dialog by its title', `<div role="dialog" aria-labelledby="t" ${R}><h2 id="t">Sign in</h2></div><div>Sign in</div>`, 'dialog', 'Sign in'),
  found('alert', `<p>Wrong</p><div role="alert" ${R}>Wrong</div>`, 'alert', null),
  found('progress bar', `<progress value="1" max="2" aria-label="Copy"></progress><progress aria-label="Move" ${R}></progress>`, 'progressbar', 'Move'),
  found('meter', `<progress aria-label="Disk"></progress><meter value=".5" aria-label="Disk" ${R}></meter>`, 'meter', 'Disk'),
  found('separator', `<p>x</p><hr style="height: 10px" data-right>`, 'separator', null),
  found('name from aria-label over text', `<button>Close</button><button aria-label="Dismiss" ${R}>Close</button>`, 'button', 'Dismiss'),
  found('name from aria-labelledby over aria-label', `<i id="n">Outer</i><button aria-labelledby="n" aria-label="Inner" ${R}>Text</button><button>Outer space</button>`, 'button', 'Outer', { exact: true }),
  found('name from labels hidden from sight', `<span id="n" hidden>Secret</span><button aria-labelledby="n" ${R}>x</button><button>y</button>`, 'button', 'Secret'),
  found('name with an image and text', `<button>Send</button><button ${R}><img alt="Paper" width="9" height="9"> plane</button>`, 'button', 'Paper plane', { exact: true }),
  found('name without what is aria-hidden', `<button><b>Save</b> as</button><button ${R}>Save <i aria-hidden="true">as</i></button>`, 'button', 'Save', { exact: true }),
  found('name with the title of an SVG', `<button><svg width="10" height="10"></svg></button><button ${R}><svg role="img" width="10" height="10"><title>Search</title></svg></button>`, 'button', 'Search'),
  found('name from generated content', `<style>.add::before { content: "Add " }</style><button>item</button><button class="add" ${R}>item</button>`, 'button', 'Add item', { exact: true }),
  found('name over several lines and blanks', `<button ${R}>  Buy\n   <span> now </span> </button><button>Buy later</button>`, 'button', 'Buy now', { exact: true }),
  found('name with the value of a field in its label', `<label><input type="checkbox" ${R}> Remind in <input value="5" size="1"> days</label><input type="checkbox" aria-label="Remind never">`, 'checkbox', 'Remind in 5 days'),
  found('hidden elements do not count', `<button hidden>Pay</button><div aria-hidden="true"><button>Pay</button></div><button ${R}>Pay</button>`, 'button', 'Pay'),
  found('role none takes the role away', `<h2 role="none">Title</h2><h2 ${R}>Title</h2>`, 'heading', 'Title'),
  found('the first role that is known counts', `<div role="nonsense button" ${R}>Act</div><div role="nonsense">Act</div>`, 'button', 'Act')
]
