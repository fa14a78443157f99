/* Finding elements: a target is an object of criteria that must all hold (docs/script.md, "Targets"). */
const { dom } = replinet;

const TEST_IDS = ['data-testid', 'data-test-id', 'data-test', 'data-qa'];
const NO_TEXT = new Set(['script', 'style', 'noscript', 'template', 'head', 'title', 'html', 'meta', 'link']);

const LARGE_TEXT = 200_000;

const ownText = element => {
    if (replinet.tag(element) === 'input')
        return ['submit', 'button', 'reset'].includes(replinet.inputType(element)) ? replinet.valueOf(element) : '';
    return dom.textContent(element);
};

/* Does the text of an element hold what is wanted? Remembers, and asks no child of an element that does not. */
const textSearch = (wanted, exact) => {
    const holds = replinet.textTest(wanted, exact);
    const contains = replinet.textTest(wanted, false);
    const known = new Map();
    const mayHold = element => {
        if (known.has(element)) return known.get(element);
        const above = known.get(dom.parent(element));
        const result = (above !== false || replinet.tag(element) === 'input') && mayContain(ownText(element));
        known.set(element, result);
        return result;
    };
    /* Megabytes of text are not made even for every element around them: those inside will say. */
    const mayContain = text => text.length > LARGE_TEXT || contains(text);
    const largeHolds = text => !exact && text.toLowerCase().includes(wanted.toLowerCase());
    const isLarge = (element, text) => text.length > LARGE_TEXT && dom.firstElement(element);
    const holdsText = element => {
        const text = ownText(element);
        return isLarge(element, text) ? largeHolds(text) : holds(text);
    };
    return { mayHold, holds: element => mayHold(element) && holdsText(element) };
};

/* The innermost elements that hold the text; with other criteria any element that holds it. */
const textCriterion = (target, alone) => {
    const search = textSearch(target.text, target.exact);
    const childHolds = element => {
        for (let child = dom.firstElement(element); child; child = dom.nextElement(child))
            if (search.holds(child)) return true;
        return false;
    };
    return element => {
        if (!search.mayHold(element) || NO_TEXT.has(replinet.tag(element))) return false;
        return search.holds(element) && !(alone && childHolds(element));
    };
};

const nameCriterion = target => {
    const test = replinet.textTest(target.name, target.exact);
    const goal = replinet.normalise(target.name);
    if (!target.exact || !goal) return element => test(replinet.accessibleName(element));
    return element => replinet.mayBeNamed(element, goal) && test(replinet.accessibleName(element));
};

/* When all of the page is gone through, the browser is asked once for what fits a selector. */
const inAnyRoot = css => {
    const fitting = new Map();
    return element => {
        const root = dom.rootNode(element);
        if (!fitting.has(root)) fitting.set(root, new Set(replinet.queryAll(root, css)));
        return fitting.get(root).has(element);
    };
};

const isControl = element =>
    ['input', 'textarea', 'select', 'button', 'meter', 'output', 'progress'].includes(replinet.tag(element)) ||
    dom.hasAttribute(element, 'aria-label') || dom.hasAttribute(element, 'aria-labelledby');

/* One row per criterion, cheapest first: how a target's member becomes a test of an element. `wide`: of all elements there
 * are. */
const CRITERIA = {
    css: (target, wide) => (wide ? inAnyRoot(target.css) : element => dom.matches(element, target.css)),
    test_id: target => element => TEST_IDS.some(name => dom.attribute(element, name) === target.test_id),
    placeholder: target => {
        const test = replinet.textTest(target.placeholder, target.exact);
        return element => dom.hasAttribute(element, 'placeholder') && test(dom.attribute(element, 'placeholder'));
    },
    role: target => {
        const role = target.role.toLowerCase();
        return element => replinet.role(element) === role;
    },
    label: target => {
        const test = replinet.textTest(target.label, target.exact);
        return element => isControl(element) && replinet.labelTexts(element).some(test);
    },
    text: target => textCriterion(target, !['css', 'test_id', 'placeholder', 'role', 'label'].some(k => k in target)),
    name: nameCriterion,
};

/* A frame by its name, title, id or a part of its address. */
const isFrameNamed = (frame, wanted) => {
    const given = ['name', 'title', 'id'].some(name => dom.attribute(frame, name) === wanted);
    if (given) return true;
    let address = frame.src ?? '';
    try {
        address += ` ${replinet.frameDocumentOf(frame)?.URL ?? ''}`;
    } catch {
        /* another process's */
    }
    return address.includes(wanted);
};
/* A test of frame elements: by `named`, and by what a target says. */
const frameTest = ({ named, ...target }) => {
    const meant = Object.keys(target).length ? new Set(pickNth(replinet.matching(target), target.nth)) : null;
    return frame => (named === undefined || isFrameNamed(frame, named)) && (!meant || meant.has(frame));
};
CRITERIA.frame = target => {
    const fits = frameTest(target.frame);
    return element => replinet.framesAround(element).some(fits);
};

/* Frames of other processes that stand within what the target means (`within`), or in a frame that it means (`frame`). */
replinet.framesWithin = (target, key) => {
    const inside = key === 'within' ? replinet.visibleMatching(target, document) : [];
    const named = key === 'frame' ? frameTest(target) : null;
    const fits = frame =>
        named ? [frame, ...replinet.framesAround(frame)].some(named) : inside.some(element => replinet.contains(element, frame));
    return { state: 'ready', frames: [...replinet.remoteFrames].filter(([, frame]) => dom.isConnected(frame) && fits(frame)).map(([id]) => id) };
};

const testOf = (target, wide) => {
    const tests = Object.keys(CRITERIA).filter(key => key in target).map(key => CRITERIA[key](target, wide));
    if ('role' in target) tests.push(element => !replinet.isHiddenForRoles(element));
    return element => tests.every(test => test(element));
};

const checkSelector = target => {
    try {
        if ('css' in target) document.createDocumentFragment().querySelector(target.css);
    } catch {
        throw new replinet.Refusal(`${JSON.stringify(target.css)} is not a valid CSS selector`);
    }
};

/* An error of the script, not of the page: waiting would not help. */
replinet.Refusal = class extends Error {};

const pickNth = (elements, nth) => {
    if (!nth) return elements;
    const picked = elements.at(nth > 0 ? nth - 1 : nth);
    return picked ? [picked] : [];
};

replinet.visibleMatching = (target, scope) =>
    pickNth(replinet.matching(target, scope).filter(replinet.showsSomething), target.nth);

const byRole = replinet.once(scope => {
    const found = new Map();
    for (const element of replinet.everything(scope).elements) {
        const role = replinet.role(element);
        if (found.has(role)) found.get(role).push(element);
        else found.set(role, [element]);
    }
    return found;
});
/* Where to look: a number means one element, which needs no search. */
const beneath = (scope, target) => {
    if (!target.element) {
        const { elements, alone } = replinet.everything(scope);
        if ('css' in target && alone) return replinet.queryAll(scope, target.css);
        return 'role' in target ? (byRole(scope).get(target.role.toLowerCase()) ?? []) : elements;
    }
    const element = replinet.elementOf(target.element);
    return element && (scope === document || replinet.contains(scope, element)) ? [element] : [];
};

/* All elements beneath `scope` that fit, in document order; when none does, those that fit the first of the target's
 * fallbacks that any fits. */
replinet.matching = (target, scope = document) => {
    const found = matchingItself(target, scope);
    for (const other of target.fallback ?? []) {
        if (found.length) break;
        found.push(...pickNth(replinet.matching(other, scope), other.nth));
    }
    return found;
};

const matchingItself = (target, scope) => {
    checkSelector(target);
    const scopes = target.within ? replinet.visibleMatching(target.within, scope) : [scope];
    const test = testOf(target, !target.element && scopes.includes(document));
    const found = new Set();
    for (const one of scopes) for (const element of beneath(one, target)) if (test(element)) found.add(element);
    return [...found];
};

/* {visible, hidden}: what fits and can be seen, `nth` applied; and how many fit but cannot be seen. */
replinet.find = target => replinet.during(() => find(target));
const find = target => {
    const all = replinet.matching(target);
    const visible = all.filter(target.element ? replinet.drawnAs : replinet.isVisible);
    const seen = new Set(visible);
    return { visible: pickNth(visible, target.nth), hidden: all.filter(element => !seen.has(element)), attached: all };
};

/* How a person would name an element: `button "Sign in"`, `<div class="card"> "Tea"`. */
replinet.describe = element => {
    const role = replinet.role(element);
    const name = replinet.accessibleName(element) || replinet.shorten(dom.textContent(element), 60);
    const css = ['id', 'class', 'type']
        .filter(key => dom.attribute(element, key))
        .map(key => ` ${key}="${replinet.shorten(dom.attribute(element, key), 40)}"`);
    const kind = role && role !== 'presentation' ? role : `<${replinet.tag(element)}${css.join('')}>`;
    return name ? `${kind} "${replinet.shorten(name, 60)}"` : kind === role ? `${role} <${replinet.tag(element)}${css.join('')}>` : kind;
};

const wordsOf = target =>
    [target.name, target.text, target.label, target.placeholder, target.test_id, ...(target.css ?? '').split(/[^\w-]+/)]
        .filter(word => word && word.length > 1);
const traitsOf = element => [
    replinet.accessibleName(element), replinet.shorten(dom.textContent(element), 60), dom.attribute(element, 'placeholder'),
    dom.attribute(element, 'id'), dom.attribute(element, 'class'), dom.attribute(element, 'name'),
    ...TEST_IDS.map(name => dom.attribute(element, name)), ...replinet.labelTexts(element),
].filter(Boolean);

const score = (element, target, words) => {
    const traits = traitsOf(element);
    let best = 0;
    for (const word of words) for (const trait of traits) best = Math.max(best, replinet.similarity(word, trait));
    return best + (target.role && replinet.role(element) === target.role ? 0.5 : 0);
};

const isNotable = element =>
    replinet.isInteractive(element) || replinet.role(element) === 'heading' || replinet.tag(element) === 'label' ||
    dom.hasAttribute(element, 'id') || TEST_IDS.some(name => dom.hasAttribute(element, name));

/* The visible elements most like what was looked for, for a failed step's message: [{element, score}]. */
replinet.candidates = (target, limit = 5) => {
    const words = wordsOf(target);
    const scored = [];
    let looked = 0;
    for (const element of replinet.elements(document)) {
        if (looked >= 1500) break;
        if (!isNotable(element) || !replinet.isVisible(element)) continue;
        looked++;
        scored.push({ element: replinet.describe(element), score: score(element, target, words) });
    }
    const near = scored.filter(one => one.score > 0.25).sort((a, b) => b.score - a.score);
    return [...new Map(near.map(one => [one.element, one])).values()].slice(0, limit);
};
replinet.nearest = target => ({ state: 'ready', candidates: replinet.candidates(target) });
