/* The document as the other scripts see it: through accessors that a page cannot shadow, across shadow roots and frames.
 *
 * These files run in an isolated world, so a page's changed prototypes do not reach them. Its *elements* do: a form with
 * an input named "parentNode" hides form.parentNode in every world. So nodes are read through the prototypes' own
 * getters. Frames of this process are walked into; frames of other processes have their own copy of this library. */
const getterOf = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
const getter = (prototype, name) => {
    const get = getterOf(prototype, name);
    return node => get.call(node);
};
const method = (prototype, name) => {
    const call = prototype[name];
    return (node, one, other) => call.call(node, one, other);
};

/* Closed shadow roots, as far as the run has shown them (page_roots.c). */
const closedRoots = new WeakMap();
const openRoot = getter(Element.prototype, 'shadowRoot');
replinet.addClosedRoot = root => {
    const isNew = !closedRoots.has(root.host);
    closedRoots.set(root.host, root);
    return isNew;
};

replinet.closedRootOf = host => closedRoots.get(host) ?? null;

/* What is asked of every node has a function of its own, which the engine makes faster than one function for all. */
const [nodeType, firstChild, nextSibling] = ['nodeType', 'firstChild', 'nextSibling'].map(name => getterOf(Node.prototype, name));
const localName = getterOf(Element.prototype, 'localName');
const { checkVisibility, hasAttributes, getAttribute, hasAttribute } = Element.prototype;

const dom = (replinet.dom = {
    nodeType: node => nodeType.call(node),
    parent: getter(Node.prototype, 'parentNode'),
    firstChild: node => firstChild.call(node),
    nextSibling: node => nextSibling.call(node),
    textContent: getter(Node.prototype, 'textContent'),
    isConnected: getter(Node.prototype, 'isConnected'),
    ownerDocument: getter(Node.prototype, 'ownerDocument'),
    baseURI: getter(Node.prototype, 'baseURI'),
    comparePosition: method(Node.prototype, 'compareDocumentPosition'),
    rootNode: method(Node.prototype, 'getRootNode'),
    firstElement: getter(Element.prototype, 'firstElementChild'),
    firstElementOfRoot: getter(DocumentFragment.prototype, 'firstElementChild'),
    nextElement: getter(Element.prototype, 'nextElementSibling'),
    shadowRoot: element => openRoot(element) ?? closedRoots.get(element) ?? null,
    assignedSlot: getter(Element.prototype, 'assignedSlot'),
    assignedNodes: method(HTMLSlotElement.prototype, 'assignedNodes'),
    localName: element => localName.call(element),
    attribute: (element, name) => getAttribute.call(element, name),
    hasAttribute: (element, name) => hasAttribute.call(element, name),
    hasAttributes: element => hasAttributes.call(element),
    matches: method(Element.prototype, 'matches'),
    closest: method(Element.prototype, 'closest'),
    rect: method(Element.prototype, 'getBoundingClientRect'),
    rects: method(Element.prototype, 'getClientRects'),
    checkVisibility: (element, how) => checkVisibility.call(element, how),
    scrollIntoView: method(Element.prototype, 'scrollIntoView'),
    innerText: getter(HTMLElement.prototype, 'innerText'),
    focus: method(HTMLElement.prototype, 'focus'),
    formAction: getter(HTMLFormElement.prototype, 'action'),
    buttonAction: { button: getter(HTMLButtonElement.prototype, 'formAction'), input: getter(HTMLInputElement.prototype, 'formAction') },
    frameDocument: getter(HTMLIFrameElement.prototype, 'contentDocument'),
    byId: method(Document.prototype, 'getElementById'),
    elementQueryAll: method(Element.prototype, 'querySelectorAll'),
    documentQueryAll: method(Document.prototype, 'querySelectorAll'),
    fragmentQueryAll: method(DocumentFragment.prototype, 'querySelectorAll'),
    labelControl: getter(HTMLLabelElement.prototype, 'control'),
    data: getter(CharacterData.prototype, 'data'),
    activeElement: getter(Document.prototype, 'activeElement'),
    documentElement: getter(Document.prototype, 'documentElement'),
    view: getter(Document.prototype, 'defaultView'),
    value: {
        input: getter(HTMLInputElement.prototype, 'value'),
        textarea: getter(HTMLTextAreaElement.prototype, 'value'),
        select: getter(HTMLSelectElement.prototype, 'value'),
    },
});

/* While one piece of work runs that waits for nothing and changes nothing, what it asks again and again is asked once. */
let kept = null;
replinet.during = work => {
    if (kept) return work();
    kept = new Map();
    try {
        return work();
    } finally {
        kept = null;
    }
};
/* `make(node)`, made once for each node while such work runs. */
replinet.once = make => node => {
    if (!kept) return make(node);
    if (!kept.has(make)) kept.set(make, new Map());
    const made = kept.get(make);
    if (!made.has(node)) made.set(node, make(node));
    return made.get(node);
};

const ELEMENT = 1;
const DOCUMENT = 9;
const FRAGMENT = 11;

/* Which frame element shows a document; filled while walking, because frameElement is null across origins. */
const owners = new WeakMap();

replinet.isElement = node => Boolean(node) && dom.nodeType(node) === ELEMENT;
replinet.tag = element => dom.localName(element);

replinet.frameDocumentOf = element => {
    if (replinet.tag(element) !== 'iframe') return null;
    try {
        const inner = dom.frameDocument(element);
        if (inner) owners.set(inner, element);
        return inner;
    } catch {
        return null;
    }
};

/* The parent in the tree that a person sees: out of shadow roots to their host, out of frames to their element. */
replinet.composedParent = node => {
    const parent = dom.parent(node);
    if (parent && dom.nodeType(parent) === FRAGMENT) return parent.host ?? null;
    if (parent && dom.nodeType(parent) === DOCUMENT) return owners.get(parent) ?? null;
    return parent;
};

/* Whether an event at `node` passes `ancestor`: slotted elements go up through their slot. */
replinet.eventPasses = (ancestor, node) => {
    for (let at = node; at; at = (replinet.isElement(at) && dom.assignedSlot(at)) || replinet.composedParent(at))
        if (at === ancestor) return true;
    return false;
};

const ancestors = node => {
    const chain = [];
    for (let at = node; at; at = replinet.composedParent(at)) chain.unshift(at);
    return chain;
};

/* Whether `first` comes before `second` in the tree that a person sees, over shadow roots and frames. */
replinet.precedes = (first, second) => {
    const one = ancestors(first);
    const other = ancestors(second);
    let i = 0;
    while (i < one.length && one[i] === other[i]) i++;
    if (i >= one.length || i >= other.length) return i >= one.length;
    if (dom.rootNode(one[i]) !== dom.rootNode(other[i])) return dom.nodeType(dom.rootNode(one[i])) === FRAGMENT;
    return Boolean(dom.comparePosition(one[i], other[i]) & Node.DOCUMENT_POSITION_FOLLOWING);
};

replinet.contains = (ancestor, node) => {
    for (let at = node; at; at = replinet.composedParent(at)) if (at === ancestor) return true;
    return false;
};

/* The frame elements around an element, innermost first. */
replinet.framesAround = element => {
    const frames = [];
    for (let at = owners.get(dom.ownerDocument(element)); at; at = owners.get(dom.ownerDocument(at))) frames.push(at);
    return frames;
};

const FIRST = { [ELEMENT]: dom.firstElement, [DOCUMENT]: dom.documentElement, [FRAGMENT]: dom.firstElementOfRoot };
const firstElementIn = (replinet.firstElementIn = node => (node ? FIRST[dom.nodeType(node)](node) : null));

/* Every element beneath `scope` (an element or a document) in document order: a host's shadow tree before its own
 * children, a frame's document in the frame's place. No recursion: pages may nest thousands deep. */
replinet.elements = function* (scope) {
    const below = node => [
        firstElementIn(node),
        dom.nodeType(node) === ELEMENT ? firstElementIn(dom.shadowRoot(node)) : null,
        dom.nodeType(node) === ELEMENT ? firstElementIn(replinet.frameDocumentOf(node)) : null,
    ];
    const pending = below(scope).filter(Boolean);
    while (pending.length) {
        const element = pending.pop();
        const next = dom.nextElement(element);
        if (next) pending.push(next);
        yield element;
        for (const first of below(element)) if (first) pending.push(first);
    }
};

/* The same as a list, which is made faster than it is walked, and once while a piece of work runs. `alone`: no other tree is
 * within. */
const collect = (scope, into) => {
    const within = node => {
        for (const tree of [replinet.frameDocumentOf(node), dom.shadowRoot(node)]) {
            if (!tree) continue;
            into.alone = false;
            collect(tree, into);
        }
    };
    if (dom.nodeType(scope) === ELEMENT) within(scope);
    for (const element of replinet.queryAll(scope, '*')) {
        into.elements.push(element);
        within(element);
    }
    return into;
};
replinet.everything = replinet.once(scope => collect(scope, { elements: [], alone: true }));

/* An element by id in the tree (document or shadow root) that `near` stands in. */
replinet.byId = (near, id) => {
    const root = dom.rootNode(near);
    return dom.nodeType(root) === DOCUMENT ? dom.byId(root, id) : (root.getElementById?.(id) ?? null);
};

/* All that fit a selector in a document, shadow root or element. */
replinet.queryAll = (root, selector) => {
    const type = dom.nodeType(root);
    return (type === DOCUMENT ? dom.documentQueryAll : type === FRAGMENT ? dom.fragmentQueryAll : dom.elementQueryAll)(root, selector);
};

replinet.style = (element, pseudo) => {
    const view = dom.view(dom.ownerDocument(element)) ?? window;
    return view.getComputedStyle(element, pseudo);
};

/* How much a document holds, for whether it is asked for as a whole. */
replinet.weight = () => ({ state: 'ready', characters: dom.documentElement(document)?.outerHTML.length ?? 0 });

/* Waits for the next frame; a page in the background gets none, so a timer stands behind it. */
replinet.nextFrame = () =>
    new Promise(resolve => {
        const timer = setTimeout(resolve, 100);
        requestAnimationFrame(() => {
            clearTimeout(timer);
            resolve();
        });
    });

/* Frames of other processes: frame id -> frame element, told by the run (page_world.c). */
replinet.remoteFrames = new Map();
replinet.addRemoteFrame = (element, id) => void replinet.remoteFrames.set(id, element);
replinet.remoteFrameId = element => [...replinet.remoteFrames].findLast(([, frame]) => frame === element)?.[0] ?? '';
