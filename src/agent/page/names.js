/* Accessible names, after the W3C's "Accessible Name and Description Computation 1.2"; the letters in the comments are
 * its steps. */
const { dom } = replinet;

/* Step 2F: roles that take their name from what stands in them. */
const FROM_CONTENT = new Set([
    'button', 'cell', 'checkbox', 'columnheader', 'gridcell', 'heading', 'link', 'menuitem', 'menuitemcheckbox',
    'menuitemradio', 'option', 'radio', 'row', 'rowheader', 'switch', 'tab', 'tooltip', 'treeitem',
]);
const BUTTON_TYPES = { submit: 'Submit', reset: 'Reset' };
const VALUE_ROLES = new Set(['textbox', 'searchbox', 'combobox', 'listbox', 'slider', 'spinbutton', 'progressbar']);
const SILENT = new Set(['script', 'style', 'noscript', 'template', 'head']);

const attributeText = (element, name) => (dom.hasAttribute(element, name) ? replinet.normalise(dom.attribute(element, name)) : '');

/* 2A: hidden elements say nothing unless something points at them. */
const isSilent = element =>
    SILENT.has(replinet.tag(element)) || dom.attribute(element, 'aria-hidden') === 'true' ||
    !replinet.isRendered(element);

const referenced = element =>
    attributeText(element, 'aria-labelledby')
        .split(' ')
        .filter(Boolean)
        .map(id => replinet.byId(element, id))
        .filter(Boolean);

/* 2B */
const fromReferences = (element, seen) =>
    replinet.normalise(referenced(element).map(other => nameOf(other, seen, { pointedAt: true, deep: true })).join(' '));

/* 2C (embedded control): a field inside a label stands for its value. */
const fromValue = element => {
    const role = replinet.role(element);
    if (!VALUE_ROLES.has(role)) return null;
    if (role === 'textbox' || role === 'searchbox') return replinet.valueOf(element);
    if (replinet.tag(element) === 'select')
        return [...element.selectedOptions].map(option => dom.textContent(option)).join(' ');
    return dom.attribute(element, 'aria-valuetext') ?? dom.attribute(element, 'aria-valuenow') ?? replinet.valueOf(element);
};

/* What element.labels gives, which would go through all of the page for each element. */
const LABELABLE = new Set(['button', 'input', 'meter', 'output', 'progress', 'select', 'textarea']);
const labelsById = replinet.once(root => {
    const byId = new Map();
    for (const label of replinet.queryAll(root, 'label[for]')) {
        const id = dom.attribute(label, 'for');
        byId.set(id, [...(byId.get(id) ?? []), label]);
    }
    return byId;
});
const isBefore = (one, other) => Boolean(dom.comparePosition(one, other) & Node.DOCUMENT_POSITION_FOLLOWING);
const labelAround = node => (replinet.isElement(node) ? dom.closest(node, 'label') : null);
const labelsOf = (replinet.labelsOf = element => {
    if (!LABELABLE.has(replinet.tag(element))) return [];
    const id = dom.attribute(element, 'id');
    const labels = new Set(id ? labelsById(dom.rootNode(element)).get(id) : []);
    for (let at = labelAround(element); at; at = labelAround(dom.parent(at))) labels.add(at);
    return [...labels].filter(label => dom.labelControl(label) === element).sort((a, b) => (isBefore(a, b) ? -1 : 1));
});

const childNamed = (element, tag) => {
    for (let child = dom.firstElement(element); child; child = dom.nextElement(child))
        if (replinet.tag(child) === tag) return child;
    return null;
};
const fromChild = tag => (element, seen) => {
    const child = childNamed(element, tag);
    return child ? nameOf(child, seen, { deep: true }) : '';
};
const buttonInputName = element => {
    const type = replinet.inputType(element);
    if (type === 'image') return attributeText(element, 'alt') || attributeText(element, 'value') || 'Submit';
    return dom.attribute(element, 'value') ?? BUTTON_TYPES[type] ?? '';
};

/* 2D: what the language of the page itself offers. */
const NATIVE = {
    input: element => (['submit', 'reset', 'button', 'image'].includes(replinet.inputType(element)) ? buttonInputName(element) : ''),
    img: element => attributeText(element, 'alt'),
    area: element => attributeText(element, 'alt'),
    fieldset: fromChild('legend'),
    figure: fromChild('figcaption'),
    table: fromChild('caption'),
    /* An SVG's title is never rendered, so it counts although it is hidden. */
    svg: element => replinet.normalise(childNamed(element, 'title')?.textContent),
    optgroup: element => attributeText(element, 'label'),
    iframe: element => attributeText(element, 'title'),
};
const fromLabels = (element, seen) =>
    replinet.normalise(labelsOf(element).map(label => nameOf(label, seen, { deep: true, label: element })).join(' '));

const generated = (element, pseudo) => {
    const { content } = replinet.style(element, pseudo);
    const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(content);
    return quoted ? quoted[1] : '';
};

const INLINE = /^(inline|contents)/;
const childName = (node, seen, options) => {
    if (dom.nodeType(node) === Node.TEXT_NODE) return dom.textContent(node);
    if (!replinet.isElement(node)) return '';
    const text = nameOf(node, seen, { ...options, pointedAt: false, deep: true });
    return INLINE.test(replinet.style(node).display) ? text : ` ${text} `;
};
const childrenOf = element => {
    if (replinet.tag(element) === 'slot') {
        const assigned = element.assignedNodes?.() ?? [];
        if (assigned.length) return assigned;
    }
    const children = [];
    const root = dom.shadowRoot(element) ?? element;
    for (let child = dom.firstChild(root); child; child = dom.nextSibling(child)) children.push(child);
    for (const id of attributeText(element, 'aria-owns').split(' ').filter(Boolean))
        children.push(...[replinet.byId(element, id)].filter(Boolean));
    return children;
};

/* 2F to 2H */
const fromContent = (element, seen, options) => {
    const parts = [generated(element, '::before')];
    for (const child of childrenOf(element)) {
        if (parts.length > 400) break;
        parts.push(childName(child, seen, options));
    }
    parts.push(generated(element, '::after'));
    return replinet.normalise(parts.join(''));
};

const nameOf = (element, seen, options) => {
    if (seen.has(element) || seen.size > 2000) return '';
    seen.add(element);
    if (!options.pointedAt && isSilent(element)) return '';
    const pointed = !options.pointedAt && fromReferences(element, seen);
    if (pointed) return pointed;
    if (options.deep && element !== options.label) {
        const value = fromValue(element);
        if (value !== null && (options.label || options.pointedAt === false)) return replinet.normalise(value);
    }
    if (options.label === element) return '';
    const written = attributeText(element, 'aria-label');
    if (written) return written;
    const own = fromLabels(element, seen) || NATIVE[replinet.tag(element)]?.(element, seen);
    if (own) return replinet.normalise(own);
    if (options.deep || FROM_CONTENT.has(replinet.role(element)) || replinet.tag(element) === 'summary') {
        const content = fromContent(element, seen, options);
        if (content) return content;
    }
    return attributeText(element, 'title') || attributeText(element, 'placeholder') || attributeText(element, 'aria-placeholder');
};

/* The accessible name, normalised; '' for none. */
replinet.accessibleName = replinet.once(element => nameOf(element, new Set(), {}));

/* Whether an element may be named `goal`, without making its name: text that stands directly in it, or in the first label
 * of a field, would be a part of it. */
const POINTING = ['aria-labelledby', 'aria-label', 'aria-owns'];
const PARTS_MOST = 400;
const isPlain = element => !POINTING.some(name => dom.hasAttribute(element, name)) && replinet.tag(element) !== 'slot' && !dom.shadowRoot(element);
const mayHoldTexts = (element, goal) => {
    let parts = 0;
    for (let node = dom.firstChild(element); node && parts < PARTS_MOST; node = dom.nextSibling(node), parts++)
        if (dom.nodeType(node) === Node.TEXT_NODE && !goal.includes(replinet.normalise(dom.data(node)))) return false;
    return true;
};
replinet.mayBeNamed = (element, goal) => {
    if (!isPlain(element)) return true;
    const [label] = labelsOf(element);
    if (label) return !isPlain(label) || isSilent(label) || mayHoldTexts(label, goal);
    const isNamedByContent = ['a', 'button'].includes(replinet.tag(element)) && FROM_CONTENT.has(replinet.role(element));
    return !isNamedByContent || mayHoldTexts(element, goal);
};

/* The texts that label an element, for targets by label: label elements, aria-labelledby, aria-label. */
replinet.labelTexts = element => [
    ...labelsOf(element).map(label => dom.textContent(label)),
    ...referenced(element).map(other => dom.textContent(other)),
    ...[dom.attribute(element, 'aria-label')].filter(Boolean),
];
