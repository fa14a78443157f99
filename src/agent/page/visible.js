/* What a person could see, use and type into. */
const { dom } = replinet;

const hasBox = element => {
    const rect = dom.rect(element);
    return rect.width > 0 && rect.height > 0;
};

/* Whether it is laid out and not visibility:hidden. checkVisibility says no to `display: contents`, which has no box: there
 * the nearest box around it decides. */
replinet.isRendered = element => {
    if (dom.checkVisibility(element, { checkVisibilityCSS: true })) return true;
    const style = replinet.style(element);
    if (style.display !== 'contents' || style.visibility !== 'visible') return false;
    let around = replinet.composedParent(element);
    while (replinet.isElement(around) && replinet.style(around).display === 'contents') around = replinet.composedParent(around);
    return !replinet.isElement(around) || dom.checkVisibility(around);
};

/* The box of a text that stands directly in an element, or null. */
replinet.textBox = element => {
    for (let node = dom.firstChild(element); node; node = dom.nextSibling(node)) {
        if (dom.nodeType(node) !== Node.TEXT_NODE) continue;
        const range = dom.ownerDocument(element).createRange();
        range.selectNode(node);
        const box = [...range.getClientRects()].find(rect => rect.width > 0 && rect.height > 0);
        if (box) return box;
    }
    return null;
};

/* `display: contents` has no box; what is in it is seen all the same. */
const contentsVisible = element => {
    for (const inner of replinet.elements(element)) if (replinet.isVisible(inner)) return true;
    return replinet.textBox(element) !== null;
};

/* Has a box, is rendered and not visibility:hidden, and so are the frames around it. An area that is merely scrolled out
 * of view, transparent or covered counts as visible. */
replinet.isVisible = replinet.once(element => {
    if (!dom.isConnected(element) || !replinet.isRendered(element)) return false;
    const shown = hasBox(element) || (replinet.style(element).display === 'contents' && contentsVisible(element));
    return shown && replinet.framesAround(element).every(frame => replinet.isVisible(frame));
});

/* The same for what is only looked into: a wrapper whose children float or are placed absolutely has no height itself. */
replinet.showsSomething = element => {
    if (replinet.isVisible(element)) return true;
    for (const inner of replinet.elements(element)) if (replinet.isVisible(inner)) return true;
    return false;
};

const CAN_BE_DISABLED = new Set(['button', 'input', 'select', 'textarea', 'option', 'optgroup', 'fieldset']);

/* Disabled by itself, by a fieldset around it, or by aria-disabled on it or around it. */
replinet.isEnabled = element => {
    if (CAN_BE_DISABLED.has(replinet.tag(element)) && dom.matches(element, ':disabled')) return false;
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at))
        if (dom.attribute(at, 'aria-disabled') === 'true') return false;
    return true;
};

const NOT_TYPED = new Set(['button', 'submit', 'reset', 'image', 'checkbox', 'radio', 'file', 'hidden']);

replinet.isField = element => {
    const tag = replinet.tag(element);
    if (tag === 'input') return !NOT_TYPED.has(replinet.inputType(element));
    return tag === 'textarea' || Boolean(element.isContentEditable);
};
replinet.inputType = element => (dom.attribute(element, 'type') ?? 'text').trim().toLowerCase();

replinet.isEditable = element =>
    replinet.isEnabled(element) && !dom.hasAttribute(element, 'readonly') &&
    dom.attribute(element, 'aria-readonly') !== 'true';

replinet.isChecked = element => {
    const aria = dom.attribute(element, 'aria-checked') ?? dom.attribute(element, 'aria-pressed');
    return replinet.tag(element) === 'input' ? dom.matches(element, ':checked') : aria === 'true';
};

replinet.valueOf = element => {
    const read = dom.value[replinet.tag(element)];
    if (read) return read(element);
    return element.isContentEditable ? dom.innerText(element) : (dom.attribute(element, 'value') ?? '');
};
