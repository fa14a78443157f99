/* What is told of one element, in one line: `textbox "E-mail" value="a@b.c" required`. Whatever a page says stands between
 * quotation marks or after a word and a colon, on one line: no page can write a line that looks like ours. */
const { dom } = replinet;

const NAME = 100;
const VALUE = 80;
const OPTIONS = 200;

/* Control and format characters could break lines, turn their direction or hide words; joiners belong to letters. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const FORMAT = /(?![\u200c\u200d])[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu;
const clean = (text, limit) =>
    replinet.shorten(String(text ?? '').slice(0, limit * 20).replace(UNSEEN, ' ').replace(FORMAT, ''), limit);
const quote = (text, limit) => `"${clean(text, limit).replace(/["\\]/g, '\\$&')}"`;
replinet.cleanText = clean;
replinet.quoteText = quote;

const textOf = (element, ids) =>
    ids.split(/\s+/).filter(Boolean).map(id => replinet.byId(element, id)).filter(Boolean).map(other => dom.textContent(other)).join(' ');

/* For an element without any name: what its author calls it. */
const hintOf = element => {
    const inner = element.querySelector?.('img[alt], svg[aria-label]');
    return (inner && (dom.attribute(inner, 'alt') || dom.attribute(inner, 'aria-label'))) || dom.attribute(element, 'name') ||
        dom.attribute(element, 'id') || dom.attribute(element, 'data-testid') || dom.attribute(element, 'class') || '';
};

const labelOf = option => dom.attribute(option, 'label') || dom.textContent(option);
const optionsOf = select => {
    const labels = [];
    let length = 0;
    for (const option of select.options) {
        const label = clean(labelOf(option), 60).replace(/[|\\]/g, '\\$&');
        if ((length += label.length + 3) > OPTIONS) break;
        labels.push(option.disabled ? `${label} (disabled)` : label);
    }
    const more = select.options.length - labels.length;
    return [...labels, ...(more ? [`(${more} more)`] : [])].join(' | ');
};
const listOf = element => {
    const id = dom.attribute(element, 'list');
    const list = id && replinet.byId(element, id);
    return list && replinet.tag(list) === 'datalist' ? list : null;
};

const CHECKABLE = new Set(['checkbox', 'radio', 'switch', 'menuitemcheckbox', 'menuitemradio']);
const WRITTEN = new Set(['textbox', 'searchbox', 'combobox', 'spinbutton', 'slider']);
const PLAIN_TYPES = new Set(['text', 'checkbox', 'radio', 'submit', 'button', 'reset', 'image', 'search', 'range', 'number']);

const valueOf = (element, role) => {
    const tag = replinet.tag(element);
    if (tag === 'select') return [...element.selectedOptions].map(labelOf).map(replinet.normalise).join(', ');
    if (role === 'slider' || role === 'spinbutton')
        return dom.attribute(element, 'aria-valuetext') ?? dom.attribute(element, 'aria-valuenow') ?? replinet.valueOf(element);
    if (WRITTEN.has(role) || replinet.isField(element)) return replinet.valueOf(element);
    if (tag === 'input' && ['color', 'file'].includes(replinet.inputType(element)))
        return replinet.valueOf(element).replace(/^.*[\\/]/, '');
    return '';
};
/* What is wrong with a field, in the page's words or the browser's. */
const problemOf = element => {
    const aria = dom.attribute(element, 'aria-invalid');
    const user = replinet.isField(element) || replinet.tag(element) === 'select' ? dom.matches(element, ':user-invalid') : false;
    if (!user && (!aria || aria === 'false')) return null;
    return textOf(element, dom.attribute(element, 'aria-errormessage') ?? '') ||
        textOf(element, dom.attribute(element, 'aria-describedby') ?? '') || (user ? element.validationMessage : '') || '';
};

const is = (element, name) => dom.attribute(element, name) === 'true';
const checkedState = (element, role) => {
    if (dom.attribute(element, 'aria-checked') === 'mixed' || (replinet.tag(element) === 'input' && element.indeterminate)) return 'mixed';
    return CHECKABLE.has(role) && replinet.isChecked(element) && 'checked';
};
const expandedState = element => {
    const around = dom.parent(element);
    const opens = replinet.tag(element) === 'summary' && around && replinet.tag(around) === 'details';
    const expanded = opens ? String(dom.hasAttribute(around, 'open')) : dom.attribute(element, 'aria-expanded');
    return { true: 'expanded', false: 'collapsed' }[expanded];
};
const hasLimits = element => replinet.tag(element) === 'input' && ['range', 'number'].includes(replinet.inputType(element));
const limits = element => {
    const [least, most] = ['min', 'max'].map(name => dom.attribute(element, name));
    return hasLimits(element) && (least || most) ? `from=${quote(least ?? '', 20)} to=${quote(most ?? '', 20)}` : '';
};

/* A row each: the words for one thing about an element, '' or undefined for none. */
const STATES = [
    element => replinet.tag(element) === 'input' && !PLAIN_TYPES.has(replinet.inputType(element)) && `type=${quote(replinet.inputType(element), 20)}`,
    (element, role) => {
        const value = valueOf(element, role);
        if (replinet.isSecret(element)) return value ? 'filled' : '';
        return value && `value=${quote(value, VALUE)}`;
    },
    limits,
    checkedState,
    element => is(element, 'aria-pressed') && 'pressed',
    (element, role) => role !== 'textbox' && is(element, 'aria-selected') && 'selected',
    element => (dom.attribute(element, 'aria-current') ?? 'false') !== 'false' && 'current',
    expandedState,
    element => (dom.hasAttribute(element, 'required') || is(element, 'aria-required')) && 'required',
    element => replinet.isField(element) && !replinet.isEditable(element) && replinet.isEnabled(element) && 'readonly',
    element => !replinet.isEnabled(element) && 'disabled',
    element => {
        const problem = problemOf(element);
        return problem !== null && `invalid=${quote(problem, VALUE)}`;
    },
    element => replinet.hasFocus(element) && 'focused',
];

replinet.lineOf = (element, role, covered) => {
    const own = replinet.accessibleName(element);
    const name = own || (role === 'clickable' ? dom.textContent(element) : replinet.labelTexts(element).join(' '));
    const words = [role, quote(name, NAME)];
    if (!replinet.normalise(name)) {
        const hint = hintOf(element);
        if (hint) words.push(`hint=${quote(hint, 40)}`);
    }
    for (const state of STATES) {
        const word = state(element, role);
        if (word) words.push(word);
    }
    if (covered) words.push('covered');
    const list = replinet.tag(element) === 'select' ? element : listOf(element);
    if (list?.options?.length) words.push(`options: ${optionsOf(list)}`);
    return words.join(' ');
};
