/* What conditions ask for: how many elements fit and what the first of them is like. */
const { dom } = replinet;

const focusedIn = replinet.once(document => {
    let active = dom.activeElement(document);
    for (let shadow = active && dom.shadowRoot(active); shadow?.activeElement; shadow = dom.shadowRoot(active))
        active = shadow.activeElement;
    return active;
});
const hasFocus = (replinet.hasFocus = element => focusedIn(dom.ownerDocument(element)) === element);

/* The rendered text; SVG and MathML elements have none of their own and give all of theirs. */
replinet.textOf = element => {
    const html = element.namespaceURI === 'http://www.w3.org/1999/xhtml';
    return (html && dom.innerText(element)) || dom.textContent(element);
};

const factsOf = (element, condition) => ({
    element: replinet.describe(element),
    enabled: replinet.isEnabled(element),
    editable: replinet.isField(element) && replinet.isEditable(element),
    checked: replinet.isChecked(element),
    focused: hasFocus(element),
    value: String(replinet.valueOf(element)).slice(0, 1000),
    text: replinet.shorten(replinet.textOf(element), 300),
    contains: !('contains' in condition) || replinet.textTest(condition.contains, condition.exact)(replinet.textOf(element)),
});

/* Frames of other processes that come before `element` (all of them when there is none): for the order of matches. */
const framesBefore = element =>
    [...replinet.remoteFrames]
        .filter(([, frame]) => dom.isConnected(frame))
        .filter(([, frame]) => !element || replinet.precedes(frame, element))
        .map(([id]) => id);

replinet.facts = (target, condition) => {
    const { visible, hidden } = replinet.find(target);
    const first = visible[0] ?? hidden[0];
    return { state: 'ready', visible: visible.length, attached: visible.length + hidden.length, framesBefore: framesBefore(visible[0]), first: first ? factsOf(first, condition) : null };
};

replinet.pageFacts = (url, title) => ({
    state: 'ready',
    url: location.href,
    title: document.title,
    ready: document.readyState,
    status: performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0,
    urlFits: url === null || replinet.patternTest(url)(location.href),
    titleFits: title === null || replinet.patternTest(title)(document.title),
});
