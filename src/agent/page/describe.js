/* Targets that mean one element and no other now, for doing the same again another day (replay/describe.c). Each was
 * asked of the library's own query. The best come first: what people call the element, then what its page calls it, then
 * where it stands. */
const { dom } = replinet;

const WORDS_MAX = 120;
const TARGETS_MAX = 5;
/* On a very large page fewer ways are tried. */
const SEARCH_MS = 150;

const TEST_IDS = ['data-testid', 'data-test-id', 'data-test', 'data-qa'];
const AROUND = new Set(['region', 'dialog', 'alertdialog', 'form', 'group', 'radiogroup', 'navigation', 'main', 'search', 'table', 'tabpanel', 'toolbar', 'menu']);

/* Ids that frameworks make are others at the next visit. */
const MADE = /^(?:radix|react|mui|ember|headlessui|ext|yui|ng|css|sc|svelte|jsx|input|field|id|uid|el)[-_]?\d|\d{3}|^(?:radix|react|headlessui|ember)[-_]/i;
const isStable = id => /^[A-Za-z][\w-]*$/.test(id) && id.length <= 60 && !MADE.test(id);

const shortEnough = text => (text && text.length <= WORDS_MAX ? text : null);
const called = element => {
    const role = replinet.role(element);
    const name = shortEnough(replinet.normalise(replinet.accessibleName(element)));
    return role && !['presentation', 'none', 'generic'].includes(role) && name ? { role, name, exact: true } : null;
};

const byAttributes = element => {
    const [id, name] = ['id', 'name'].map(key => dom.attribute(element, key));
    if (id && isStable(id)) return { css: `#${CSS.escape(id)}` };
    return name && shortEnough(name) && !/["\\\n]/.test(name) && !MADE.test(name) ? { css: `${replinet.tag(element)}[name="${name}"]` } : null;
};

/* "#cart > ul > li:nth-of-type(2) > button": from the nearest stable id, or the root. */
const pathTo = element => {
    const parts = [];
    for (let at = element; replinet.isElement(at); at = dom.parent(at)) {
        const id = dom.attribute(at, 'id');
        if (at !== element && id && isStable(id)) {
            parts.unshift(`#${CSS.escape(id)}`);
            break;
        }
        const parent = dom.parent(at);
        let index = 0, count = 0;
        for (let one = replinet.firstElementIn(parent); one; one = dom.nextElement(one)) {
            if (replinet.tag(one) !== replinet.tag(at)) continue;
            count++;
            if (one === at) index = count;
        }
        parts.unshift(CSS.escape(replinet.tag(at)) + (count > 1 ? `:nth-of-type(${index})` : ''));
    }
    return { css: parts.join(' > ') };
};

const named = element => called(element) ?? (TEST_IDS.some(key => dom.attribute(element, key)) ? byTestId(element) : null);
const byTestId = element => {
    const id = TEST_IDS.map(key => dom.attribute(element, key)).find(Boolean);
    return id && shortEnough(id) ? { test_id: id } : null;
};
/* What stands around it and has a name of its own. */
const around = element => {
    const found = [];
    for (let at = replinet.composedParent(element); replinet.isElement(at) && found.length < 2; at = replinet.composedParent(at)) {
        const id = dom.attribute(at, 'id');
        const target = AROUND.has(replinet.role(at)) ? named(at) : id && isStable(id) ? { css: `#${CSS.escape(id)}` } : null;
        if (target) found.push(target);
    }
    return found;
};

/* Each way to say it; those with `nth` count where it stands now. */
const waysTo = function* (element) {
    const words = called(element);
    const label = shortEnough(replinet.normalise(replinet.labelTexts(element)[0]));
    const placeholder = shortEnough(replinet.normalise(dom.attribute(element, 'placeholder')));
    const text = replinet.isField(element) || replinet.tag(element) === 'select' ? null : shortEnough(replinet.normalise(dom.textContent(element)));
    yield words;
    yield byTestId(element);
    yield label && { label, exact: true };
    for (const within of words ? around(element) : []) yield { ...words, within };
    yield placeholder && { placeholder, exact: true };
    yield text && { text, exact: true };
    yield byAttributes(element);
    yield words && { ...words, nth: 0 };
    yield text && { css: replinet.tag(element), text, exact: true };
};

const visibleFor = replinet.once(target => replinet.find(JSON.parse(target)).visible);
/* The target when it means the element and nothing else; `nth` 0 is filled in. */
const onlyFor = (element, target) => {
    const { nth, ...plain } = target;
    const visible = visibleFor(JSON.stringify(plain));
    const place = visible.indexOf(element);
    if (place < 0 || (visible.length > 1 && nth === undefined)) return null;
    return visible.length > 1 ? { ...plain, nth: place + 1 } : plain;
};

replinet.targetsOf = element => replinet.during(() => targetsOf(element));
const targetsOf = element => {
    const began = performance.now();
    const targets = new Map();
    const add = way => {
        const sure = way && onlyFor(element, way);
        if (sure) targets.set(JSON.stringify(sure), sure);
    };
    for (const way of waysTo(element)) {
        if (targets.size >= TARGETS_MAX - 1 || performance.now() - began > SEARCH_MS) break;
        add(way);
    }
    add(pathTo(element));
    return [...targets.values()];
};

replinet.describeTargets = target => {
    const element = replinet.elementOf(target.element);
    return element ? { state: 'ready', targets: replinet.targetsOf(element), address: location.host + location.pathname } : { state: 'missing' };
};

/* For those that describe what a run has found (results.js). */
replinet.ways = { byAttributes, byTestId, pathTo, isStable, onlyFor };
