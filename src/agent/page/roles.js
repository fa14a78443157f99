/* Roles: what assistive technology calls an element (HTML-AAM's table, cut to what scripts and models use). */
const { dom } = replinet;

const INPUT_ROLES = {
    button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button', color: 'button',
    checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
    text: 'textbox', email: 'textbox', tel: 'textbox', url: 'textbox', password: 'textbox',
    date: 'textbox', time: 'textbox', month: 'textbox', week: 'textbox', 'datetime-local': 'textbox',
};
const LISTED_INPUTS = new Set(['text', 'email', 'tel', 'url', 'search']);

const inputRole = element => {
    const type = replinet.inputType(element);
    if (type === 'hidden') return '';
    if (dom.hasAttribute(element, 'list') && LISTED_INPUTS.has(type)) return 'combobox';
    return INPUT_ROLES[type] ?? 'textbox';
};
const selectRole = element =>
    dom.hasAttribute(element, 'multiple') || Number(dom.attribute(element, 'size')) > 1 ? 'listbox' : 'combobox';
const isNamed = element =>
    ['aria-label', 'aria-labelledby', 'title'].some(name => replinet.normalise(dom.attribute(element, name)));
const inSection = element => dom.closest(element, 'article, aside, main, nav, section') !== null;
/* A heading cell beside data cells heads its row, unless its scope says otherwise. */
const headerCellRole = element => {
    const scope = dom.attribute(element, 'scope');
    if (scope) return scope.startsWith('row') ? 'rowheader' : 'columnheader';
    return dom.closest(element, 'tr:has(> td)') ? 'rowheader' : 'columnheader';
};
const cellRole = element => (dom.closest(element, '[role=grid], [role=treegrid]') ? 'gridcell' : 'cell');

const IMPLICIT = {
    a: e => (dom.hasAttribute(e, 'href') ? 'link' : ''),
    area: e => (dom.hasAttribute(e, 'href') ? 'link' : ''),
    article: () => 'article', aside: () => 'complementary', blockquote: () => 'blockquote', button: () => 'button',
    caption: () => 'caption', code: () => 'code', datalist: () => 'listbox', dd: () => 'definition', del: () => 'deletion',
    details: () => 'group', dfn: () => 'term', dialog: () => 'dialog', dt: () => 'term', em: () => 'emphasis',
    fieldset: () => 'group', figure: () => 'figure', footer: e => (inSection(e) ? '' : 'contentinfo'),
    form: e => (isNamed(e) ? 'form' : ''), h1: () => 'heading', h2: () => 'heading', h3: () => 'heading',
    h4: () => 'heading', h5: () => 'heading', h6: () => 'heading', header: e => (inSection(e) ? '' : 'banner'),
    hr: () => 'separator', html: () => 'document',
    img: e => (dom.attribute(e, 'alt') === '' && !isNamed(e) ? 'presentation' : 'img'),
    input: inputRole, ins: () => 'insertion', li: () => 'listitem', main: () => 'main', math: () => 'math',
    menu: () => 'list', meter: () => 'meter', nav: () => 'navigation', ol: () => 'list', optgroup: () => 'group',
    option: () => 'option', output: () => 'status', p: () => 'paragraph', progress: () => 'progressbar',
    search: () => 'search', section: e => (isNamed(e) ? 'region' : ''), select: selectRole, strong: () => 'strong',
    sub: () => 'subscript', summary: () => 'button', sup: () => 'superscript', svg: () => 'img', table: () => 'table',
    tbody: () => 'rowgroup', td: cellRole, textarea: () => 'textbox', tfoot: () => 'rowgroup', th: headerCellRole,
    thead: () => 'rowgroup', time: () => 'time', tr: () => 'row', ul: () => 'list',
};

/* WAI-ARIA 1.2 and the graphics and publishing modules' roles that elements are looked for by. */
const KNOWN = new Set(
    `alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox comment
    complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic graphics-document
    graphics-object graphics-symbol grid gridcell group heading image img insertion link list listbox listitem log main mark
    marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter navigation none note option paragraph presentation
    progressbar radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status
    strong subscript suggestion superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree
    treegrid treeitem`.split(/\s+/));
const SAME = { none: 'presentation', image: 'img' };
const writtenRole = element => {
    const attribute = dom.attribute(element, 'role');
    const role = attribute && attribute.toLowerCase().split(/\s+/).find(word => KNOWN.has(word));
    return role ? (SAME[role] ?? role) : '';
};

/* The first role written on the element that there is, else the one its tag has; '' for none. */
replinet.role = element => {
    const written = writtenRole(element);
    if (written) return written;
    const tag = replinet.tag(element);
    return Object.hasOwn(IMPLICIT, tag) ? IMPLICIT[tag](element) : '';
};

/* Outside what assistive technology is told: aria-hidden on it or around it, or not rendered. */
replinet.isHiddenForRoles = element => {
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at))
        if (dom.attribute(at, 'aria-hidden') === 'true') return true;
    return !replinet.isRendered(element);
};

const INTERACTIVE = new Set([
    'button', 'link', 'textbox', 'searchbox', 'combobox', 'listbox', 'checkbox', 'radio', 'switch', 'slider', 'spinbutton',
    'option', 'tab', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'treeitem', 'gridcell',
]);
replinet.isInteractive = element =>
    INTERACTIVE.has(replinet.role(element)) || Boolean(element.isContentEditable) ||
    dom.hasAttribute(element, 'onclick');
