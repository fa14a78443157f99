/* What a person could see, use and type into. */
const { dom } = replinet;

const hasBox = element => {
    const rect = dom.rect(element);
    return rect.width > 0 && rect.height > 0;
};

const contentsVisible = element => {
    for (let child = dom.firstElement(element); child; child = dom.nextElement(child))
        if (replinet.isVisible(child)) return true;
    return false;
};

/* Has a box, is rendered and not visibility:hidden, and so are the frames around it. An area that is merely scrolled out
 * of view, transparent or covered counts as visible. */
replinet.isVisible = element => {
    if (!dom.isConnected(element) || !dom.checkVisibility(element, { checkVisibilityCSS: true })) return false;
    const shown = hasBox(element) || (replinet.style(element).display === 'contents' && contentsVisible(element));
    return shown && replinet.framesAround(element).every(frame => replinet.isVisible(frame));
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
