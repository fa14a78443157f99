/* Readings of the script language (or code) that bring a value which a model has found on this page, for bringing it another day
 * (replay/results.c). Each was tried: it reads exactly this value now. The value differs from run to run, so nothing here
 * looks for it: an element is found by what its page calls it, by what stands beside it, or by where it stands. */
const { dom } = replinet;
const { byAttributes, byTestId, pathTo, isStable, onlyFor } = replinet.ways;

const SEARCH_MS = 1500;
const ELEMENTS_MAX = 100000;
const ITEMS_MAX = 1000;
const LEAF_TEXT_MAX = 2000;
const AROUND_MAX = 120; /* letters beside a value in its element */
const TARGETS_MAX = 4;
const FIELDS_MAX = 60;
const HOLDERS_MAX = 200;

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isScalar = value => ['string', 'number'].includes(typeof value) && value !== '';
const same = (a, b) => {
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
    if (!isObject(a)) return a === b;
    const keys = Object.keys(a);
    return isObject(b) && keys.length === Object.keys(b).length && keys.every(key => same(a[key], b[key]));
};
const read = reading => {
    const answer = replinet.extract(reading);
    return answer.state === 'ready' ? answer.value : undefined;
};

/* The page, as far as it is looked at: each visible element that may hold a value, with its text. */
class Page {
    constructor() {
        this.until = performance.now() + SEARCH_MS;
        this.leaves = [];
        let looked = 0;
        for (const element of replinet.elements(document)) {
            if (++looked > ELEMENTS_MAX || this.isLate) break;
            if (dom.textContent(element).length <= LEAF_TEXT_MAX && this.mayHold(element)) this.leaves.push({ element, text: replinet.normalise(replinet.textOf(element)) });
        }
    }
    get isLate() {
        return performance.now() > this.until;
    }
    mayHold(element) {
        return !['script', 'style', 'template', 'noscript', 'option'].includes(replinet.tag(element)) && replinet.isVisible(element);
    }
    within(scope) {
        return scope ? this.leaves.filter(({ element }) => element === scope || replinet.contains(scope, element)) : this.leaves;
    }
}

/* How an element gives a value */

const escaped = text => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replace(/\d+/g, '\\d+');
/* "Order number: A-12" gives A-12; numbers beside it may be others the next time. */
const partOf = (text, value) => {
    const at = text.indexOf(value), end = at + value.length;
    const isAlone = at >= 0 && text.indexOf(value, at + 1) < 0 && !/[\p{L}\d]/u.test(text[at - 1] ?? ' ') && !/[\p{L}\d]/u.test(text[end] ?? ' ');
    if (!isAlone || text.length - value.length > AROUND_MAX) return null;
    return `^${escaped(text.slice(0, at))}(.+?)${escaped(text.slice(end))}$`;
};

const ofText = (element, text, value) => {
    if (text === value) return {};
    const match = partOf(text, value);
    return match && { match };
};
const ofNumber = (element, text, value) => {
    if (!/\d/.test(text) || text.length > AROUND_MAX) return null;
    if (replinet.parseNumber(text) === value) return { type: 'number' };
    const match = partOf(text, String(value));
    return match && { match, type: 'number' };
};
const ofField = (element, text, value) =>
    (replinet.isField(element) || replinet.tag(element) === 'select') && (typeof value === 'number' ? replinet.parseNumber(String(replinet.valueOf(element))) : String(replinet.valueOf(element))) === value
        ? { read: 'value', ...(typeof value === 'number' && { type: 'number' }) } : null;
const ofAddress = (element, text, value) => {
    const attribute = ['href', 'src'].find(name => replinet.attributeOf(element, name) === value);
    return attribute ? { attribute } : null;
};

const waysOf = (element, text, value) =>
    [typeof value === 'number' ? ofNumber(element, text, value) : ofText(element, text, value), ofField(element, text, value), ofAddress(element, text, value)].filter(Boolean);

/* [{element, how}]: those that hold nothing else when there are such, then those whose number has words beside it, then those that
 * hold it among other text. Of elements inside each other the innermost. */
const holdersOf = (page, value, scope = null) => {
    const found = page.within(scope).flatMap(({ element, text }) => waysOf(element, text, value).map(how => ({ element, how }))).slice(0, HOLDERS_MAX);
    const inner = found.filter(({ element, how }) => !found.some(other => other.element !== element && 'match' in other.how === 'match' in how && replinet.contains(element, other.element)));
    const whole = inner.filter(({ how }) => !('match' in how));
    const bare = whole.filter(({ element, how }) => how.type !== 'number' || !/\p{L}/u.test(dom.textContent(element)));
    return [bare, whole, inner].find(list => list.length) ?? [];
};

/* Which element is meant, without its text */

const isWord = name => isStable(name) && /^[a-z][a-z_-]{2,}$/i.test(name);
const classesOf = element => (dom.attribute(element, 'class') ?? '').split(/\s+/).filter(isWord);
const parentOf = element => (replinet.isElement(dom.parent(element)) ? dom.parent(element) : null);
const childrenOf = element => {
    const children = [];
    for (let child = element && dom.firstElement(element); child; child = dom.nextElement(child)) children.push(child);
    return children;
};
const previousOf = element => {
    const siblings = childrenOf(parentOf(element));
    return siblings[siblings.indexOf(element) - 1] ?? null;
};

/* The cell of a row that is called something, in a column. */
const inRow = element => {
    const cell = dom.closest(element, 'td, th'), row = cell && dom.closest(cell, 'tr');
    const head = row && dom.firstElement(row);
    const title = head && head !== cell ? replinet.normalise(dom.textContent(head)) : '';
    if (!title || title.length > AROUND_MAX) return null;
    return { css: relativePath(row, element), within: { css: 'tr', text: title } };
};

const targetsOf = (element, value) => {
    const label = replinet.isField(element) ? replinet.normalise(replinet.labelTexts(element)[0]) : '';
    const ways = [byTestId(element), label && { label, exact: true }, byAttributes(element), inRow(element),
        ...classesOf(element).map(name => ({ css: `${replinet.tag(element)}.${CSS.escape(name)}` }))];
    const lasting = ways.filter(way => way && !JSON.stringify(way).includes(JSON.stringify(String(value)).slice(1, -1)));
    const sure = [...lasting, pathTo(element)].map(way => onlyFor(element, way)).filter(Boolean);
    return [...new Map(sure.map(target => [JSON.stringify(target), target])).values()].slice(0, TARGETS_MAX);
};

/* What names an element beside it: an attribute, the head of its row, what stands before it. */
const hintsOf = element => {
    const parent = parentOf(element), before = previousOf(element) ?? (parent && previousOf(parent));
    const row = dom.closest(element, 'tr'), head = row && dom.firstElement(row);
    const attributes = ['id', 'name', 'class', 'data-testid', 'itemprop', 'aria-label'].map(name => dom.attribute(element, name));
    const texts = [...attributes, before && dom.textContent(before), head && dom.textContent(head), ...replinet.labelTexts(element)];
    return texts.filter(Boolean).map(text => text.slice(0, 200).toLowerCase().replace(/[^\p{L}\d]/gu, ''));
};
/* Several elements that hold the same: the one that is called like the result. */
const chosen = (holders, key) => {
    const elements = new Set(holders.map(({ element }) => element));
    if (elements.size < 2) return holders;
    const word = key.toLowerCase().replace(/[^\p{L}\d]/gu, '');
    const fitting = [...elements].filter(element => word && hintsOf(element).some(hint => hint.includes(word)));
    return fitting.length === 1 ? holders.filter(({ element }) => element === fitting[0]) : [];
};

const readingOfScalar = (page, value, key) => {
    for (const { element, how } of chosen(holdersOf(page, value), key)) {
        const [target, ...fallback] = targetsOf(element, value);
        const reading = target && { ...target, ...(fallback.length && { fallback }), ...how };
        if (reading && same(read(reading), value)) return reading;
    }
    return null;
};

/* Lists */

/* "td:nth-of-type(2) > b": from an element to one beneath it. */
const relativePath = (top, element) => {
    const parts = [];
    for (let at = element; at && at !== top; at = parentOf(at)) {
        const alike = childrenOf(parentOf(at)).filter(other => replinet.tag(other) === replinet.tag(at));
        parts.unshift(CSS.escape(replinet.tag(at)) + (alike.length > 1 ? `:nth-of-type(${alike.indexOf(at) + 1})` : ''));
    }
    return parts.join(' > ');
};

const isItem = element => ['li', 'tr', 'article', 'option', 'dd'].includes(replinet.tag(element)) || ['listitem', 'row', 'article', 'option'].includes(dom.attribute(element, 'role'));
const byAttribute = (element, tag) => {
    const id = dom.attribute(element, 'data-testid');
    return id && !/["\\\n]/.test(id) ? `${tag}[data-testid="${id}"]` : null;
};
const selectorsOfItem = element => {
    const tag = CSS.escape(replinet.tag(element));
    const around = parentOf(element), parent = around && (byAttributes(around)?.css ?? pathTo(around).css);
    const isListed = around && ['ul', 'ol', 'tbody', 'table'].includes(replinet.tag(around));
    return [
        ...classesOf(element).map(name => `${tag}.${CSS.escape(name)}`), byAttribute(element, tag),
        parent && `${parent} > ${tag}`, parent && tag === 'tr' && `${parent} > tr:has(> td)`, isListed && `${replinet.tag(around)} > ${tag}`,
    ].filter(Boolean);
};
const itemsOf = css => replinet.matching({ css }).filter(replinet.showsSomething);

/* Elements around the first item's value that as many others of the page are like: [{css, items}]. */
const listsAround = function* (holder, count) {
    for (let at = holder, height = 0; replinet.isElement(at) && height < 6 && replinet.tag(at) !== 'body'; at = dom.parent(at), height++) {
        if (count === 1 && !isItem(at)) continue;
        for (const css of selectorsOfItem(at)) {
            const items = itemsOf(css);
            if (items.length >= count && items[0] === at && (items.length === count || count > 1)) yield { css, items, ...(items.length > count && { limit: count }) };
        }
    }
};

const selectorsInItem = (item, element) => {
    if (element === item) return [null];
    const tag = CSS.escape(replinet.tag(element));
    return [byAttribute(element, ''), ...classesOf(element).map(name => `.${CSS.escape(name)}`), relativePath(item, element), tag].filter(Boolean);
};

/* One reading that gives each item's value in a column; null where an item has none. */
const readingOfColumn = (page, list, values) => {
    const first = values.findIndex(value => value !== null && value !== undefined);
    if (first < 0 || !isScalar(values[first])) return null;
    for (const { element, how } of holdersOf(page, values[first], list.items[first]))
        for (const css of selectorsInItem(list.items[first], element)) {
            if (page.isLate) return null;
            const reading = { ...(css && { css }), ...how };
            const found = read({ list: { css: list.css, ...(list.limit && { limit: list.limit }), each: reading } });
            if (same(found, values.map(value => value ?? null))) return reading;
        }
    return null;
};

const columnsOf = (page, list, values) => {
    const keys = [...new Set(values.flatMap(Object.keys))];
    const fields = {};
    for (const key of keys.slice(0, FIELDS_MAX)) {
        const reading = readingOfColumn(page, list, values.map(item => item[key]));
        if (reading) fields[key] = reading;
    }
    return fields;
};

const readingOfList = (page, values) => {
    const ofObjects = values.every(isObject);
    const first = ofObjects ? Object.values(values[0] ?? {}).find(isScalar) : values[0];
    if (!values.length || values.length > ITEMS_MAX || first === undefined || (!ofObjects && !values.every(isScalar))) return null;
    for (const { element } of holdersOf(page, first))
        for (const list of listsAround(element, values.length)) {
            const each = ofObjects ? null : readingOfColumn(page, list, values);
            const what = ofObjects ? { fields: columnsOf(page, list, values) } : each?.css ? { each } : each;
            const reading = { list: { css: list.css, ...(list.limit && { limit: list.limit }), ...what } };
            if (page.isLate) return null;
            if (what && same(read(reading), values)) return reading;
        }
    return null;
};

/* Any value: a reading and the names of members that nothing of the page gives ("address.street"). */
const readingOf = (page, value, key, missing) => {
    if (isScalar(value)) return readingOfScalar(page, value, key);
    if (Array.isArray(value)) return readingOfList(page, value);
    if (!isObject(value)) return null;
    const fields = {};
    for (const [name, member] of Object.entries(value).slice(0, FIELDS_MAX)) {
        const inside = [];
        const reading = readingOf(page, member, name, inside);
        if (reading) fields[name] = reading;
        missing.push(...(reading ? inside : [null]).map(path => [name, path].filter(Boolean).join('.')));
    }
    return Object.keys(fields).length ? { fields } : null;
};

replinet.describeResult = (value, key) => {
    const missing = [];
    if (value === location.href) return { state: 'ready', code: 'location.href' };
    if (value === document.title && value !== '') return { state: 'ready', code: 'document.title' };
    const reading = readingOf(new Page(), value, key, missing);
    return reading ? { state: 'ready', reading, missing, address: location.host + location.pathname } : { state: 'missing' };
};
