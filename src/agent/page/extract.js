/* Reading a page into JSON. A reading is an object (docs/script.md, "Readings"); the run has expanded its shorthands. */
const { dom } = replinet;

const TEXT_LIMIT = 1_000_000;
const TARGET_KEYS = ['element', 'css', 'text', 'role', 'label', 'placeholder', 'test_id'];
const isTarget = reading => TARGET_KEYS.some(key => key in reading);

/* What was to be read is not there: the run waits and tries again. */
class Missing extends Error {}

const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'poster']);
const attributeOf = (element, name) => {
    const value = dom.attribute(element, name);
    if (value === null || !URL_ATTRIBUTES.has(name)) return value;
    try {
        return new URL(value, element.baseURI).href;
    } catch {
        return value;
    }
};
replinet.attributeOf = attributeOf;

const cleaned = (text, lines) => {
    const cut = String(text).slice(0, TEXT_LIMIT);
    if (!lines) return replinet.normalise(cut);
    return cut.split('\n').map(replinet.normalise).join('\n').replace(/\n{3,}/g, '\n\n').trim();
};

const READ = {
    text: element => cleaned(replinet.textOf(element), false),
    lines: element => cleaned(replinet.textOf(element), true),
    html: element => element.outerHTML.slice(0, TEXT_LIMIT),
    value: element => String(replinet.valueOf(element)),
    name: element => replinet.accessibleName(element),
    role: element => replinet.role(element),
    checked: element => replinet.isChecked(element),
    visible: element => replinet.isVisible(element),
};

const TRUE = /^(true|yes|y|on|1|да|✓|✔|in stock)$/i;
const CONVERT = {
    text: value => value,
    number: value => (typeof value === 'string' ? replinet.parseNumber(value) : Number(value)),
    integer: value => {
        const number = typeof value === 'string' ? replinet.parseNumber(value) : Number(value);
        return number === null ? null : Math.trunc(number);
    },
    boolean: value => (typeof value === 'boolean' ? value : TRUE.test(String(value).trim())),
};

const matched = (value, reading) => {
    if (!reading.match || typeof value !== 'string') return value;
    let expression;
    try {
        expression = new RegExp(reading.match, 'u');
    } catch (problem) {
        throw new replinet.Refusal(`match: ${problem.message}`);
    }
    const found = expression.exec(value);
    return found ? (found[1] ?? found[0]) : null;
};

const leaf = (element, reading) => {
    const raw = 'attribute' in reading ? attributeOf(element, reading.attribute) : READ[reading.read ?? 'text'](element);
    const value = raw === null ? null : matched(raw, reading);
    return value === null ? null : CONVERT[reading.type ?? 'text'](value);
};

const fieldsOf = (element, fields) =>
    Object.fromEntries(Object.entries(fields).map(([key, reading]) => [key, valueOf(element, reading)]));

const itemOf = (element, reading) => {
    if (reading.fields) return fieldsOf(element, reading.fields);
    if (reading.each) return valueOf(element, reading.each);
    return leaf(element, reading);
};

const candidatesFor = (target, scope) => {
    const all = replinet.matching(target, scope);
    return target.nth ? [all.at(target.nth > 0 ? target.nth - 1 : target.nth)].filter(Boolean) : all;
};

const listOf = (scope, list) => {
    const { limit = Infinity, ...target } = list;
    const found = candidatesFor(target, scope);
    const shown = list.hidden ? found : found.filter(replinet.showsSomething);
    if (!shown.length && !list.optional && scope === document) throw new Missing('no item of the list');
    return shown.slice(0, limit).map(element => itemOf(element, list));
};

const rowsOf = table => [...dom.elementQueryAll(table, 'tr')].filter(row => dom.closest(row, 'table') === table);
const cellsOf = row => {
    const cells = [];
    for (let cell = dom.firstElement(row); cell; cell = dom.nextElement(cell))
        for (let i = 0; i < Math.min(Number(dom.attribute(cell, 'colspan')) || 1, 100); i++)
            cells.push(READ.text(cell));
    return cells;
};
const isHeader = row => {
    const first = dom.firstElement(row);
    for (let cell = first; cell; cell = dom.nextElement(cell)) if (replinet.tag(cell) !== 'th') return false;
    return first !== null;
};
const headed = (names, cells) =>
    Object.fromEntries(cells.map((cell, i) => [names[i] || `column ${i + 1}`, cell]));

/* A table with a header row: an object per row. Without one: a list of texts per row. */
const tableOf = (scope, reading) => {
    const table = candidatesFor(reading, scope).find(replinet.showsSomething);
    if (!table) {
        if (reading.optional) return [];
        throw new Missing('no such table');
    }
    const inner = replinet.tag(table) === 'table' ? table : [...replinet.elements(table)].find(e => replinet.tag(e) === 'table');
    if (!inner) throw new Missing('the target holds no table');
    const rows = rowsOf(inner).filter(row => replinet.isVisible(row));
    const header = rows.length && isHeader(rows[0]) ? cellsOf(rows[0]) : null;
    const body = (header ? rows.slice(1) : rows).map(cellsOf);
    return header ? body.map(cells => headed(header, cells)) : body;
};

/* The element that a reading is about: the first visible one, else the first. */
const elementFor = (scope, reading) => {
    if (!isTarget(reading)) return scope === document ? document.body ?? document.documentElement : scope;
    const found = candidatesFor(reading, scope);
    return found.find(replinet.isVisible) ?? found[0] ?? null;
};

const single = (scope, reading) => {
    const element = elementFor(scope, reading);
    if (!element && scope === document && !reading.optional) throw new Missing('no element fits');
    if (!element) return reading.default ?? null;
    const value = reading.fields ? fieldsOf(element, reading.fields) : leaf(element, reading);
    return value ?? reading.default ?? null;
};

const valueOf = (scope, reading) => {
    const several = reading.list ? listOf : reading.table ? tableOf : null;
    if (!several) return single(scope, reading);
    const inside = isTarget(reading) ? elementFor(scope, reading) : scope;
    if (!inside) throw new Missing('no element fits');
    return several(inside, reading.list ?? reading.table);
};

/* One try: {state:'ready', value} or {state:'missing'}. */
replinet.extract = reading => {
    try {
        return { state: 'ready', value: valueOf(document, reading) };
    } catch (problem) {
        if (problem instanceof Missing) return { state: 'missing', count: 0 };
        throw problem;
    }
};
