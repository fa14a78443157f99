/* Filling fields: makes the field ready for typed text, or sets what cannot be typed (dates, sliders) and tells the page. */
const { dom } = replinet;

const setter = prototype => {
    const { set } = Object.getOwnPropertyDescriptor(prototype, 'value');
    return (element, value) => Reflect.apply(set, element, [value]);
};
const setInputValue = setter(HTMLInputElement.prototype);

/* Types whose text is not free: the browser keeps '' for a value that does not fit. */
const SET_DIRECTLY = new Set(['color', 'date', 'time', 'datetime-local', 'month', 'week', 'range']);

const announce = element => {
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
};

replinet.setValue = (element, value) => {
    setInputValue(element, value);
    announce(element);
};

const setDirectly = (element, value) => {
    const type = replinet.inputType(element);
    dom.focus(element);
    setInputValue(element, value);
    const kept = replinet.valueOf(element);
    const wanted = type === 'color' ? value.toLowerCase() : value;
    if (type === 'range' ? Number(kept) !== Number(wanted) : kept !== wanted)
        throw new replinet.Refusal(`the ${type} field does not take ${JSON.stringify(value)} (it kept ${JSON.stringify(kept)})`);
    announce(element);
    return 'set';
};

const selectAll = element => {
    const view = dom.view(dom.ownerDocument(element));
    const range = element.ownerDocument.createRange();
    range.selectNodeContents(element);
    view.getSelection().removeAllRanges();
    view.getSelection().addRange(range);
};

const setterOfSelection = prototype => element => Reflect.apply(prototype.select, element, []);
const selectText = (replinet.selectText = {
    input: setterOfSelection(HTMLInputElement.prototype),
    textarea: setterOfSelection(HTMLTextAreaElement.prototype),
});

const prepare = (element, value) => {
    const tag = replinet.tag(element);
    if (tag === 'input' && SET_DIRECTLY.has(replinet.inputType(element))) return setDirectly(element, value);
    if (tag === 'input' && replinet.inputType(element) === 'number' && value !== '' && !Number.isFinite(Number(value)))
        throw new replinet.Refusal(`the number field does not take ${JSON.stringify(value)}`);
    dom.focus(element);
    (selectText[tag] ?? selectAll)(element);
    return 'type';
};

/* A label stands for its control; what merely holds one editable area stands for that. */
const fieldOf = element => {
    if (replinet.isField(element)) return element;
    const control = replinet.tag(element) === 'label' ? element.control : null;
    return control && replinet.isField(control) ? control : null;
};

/* One try. {state:'ready', how:'type'|'set', secret} with the field focused and its text selected. */
replinet.prepareFill = (target, value) => {
    const { node, ...picked } = replinet.pick(target, ['enabled', 'editable']);
    if (!node) return picked;
    const field = fieldOf(node);
    if (!field)
        throw new replinet.Refusal(`${picked.element} is no field that text can be put into`);
    if (!replinet.isEditable(field)) return { ...picked, state: 'read-only' };
    dom.scrollIntoView(field, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    const secret = replinet.tag(field) === 'input' && replinet.inputType(field) === 'password';
    return { ...picked, how: prepare(field, value), secret };
};

const isFileInput = element => replinet.tag(element) === 'input' && replinet.inputType(element) === 'file';
/* Itself, what a label is for, or the only one inside. */
const fileInputOf = node => {
    if (isFileInput(node)) return node;
    const control = replinet.tag(node) === 'label' ? node.control : null;
    if (control && isFileInput(control)) return control;
    const inner = [...replinet.elements(node)].filter(isFileInput);
    return inner.length === 1 ? inner[0] : null;
};

/* One try. {how: 'set'}: the input, which may well be hidden, is kept; {how: 'click'}: there is none. */
replinet.keepFileInput = (target, count) => {
    const { visible, hidden } = replinet.find(target);
    const input = [...visible, ...hidden].map(fileInputOf).find(Boolean);
    if (!input) {
        const { node, ...picked } = replinet.pick(target, ['enabled']);
        return { ...picked, how: 'click' };
    }
    const found = { state: 'ready', count: Math.max(visible.length, 1), element: replinet.describe(input) };
    if (!replinet.isEnabled(input)) return { ...found, state: 'disabled' };
    if (count > 1 && !dom.hasAttribute(input, 'multiple') && !dom.hasAttribute(input, 'webkitdirectory'))
        throw new replinet.Refusal(`${found.element} takes one file only`);
    replinet.kept = input;
    return { ...found, how: 'set' };
};

/* Puts the focus on a target for keys. */
replinet.prepareKeys = target => {
    const { node, ...picked } = replinet.pick(target, []);
    if (!node) return picked;
    dom.scrollIntoView(node, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    if (node.focus) dom.focus(node);
    return picked;
};

/* Keeps the element that a target means where the run can get at it. */
replinet.keepElement = target => {
    const { node, ...picked } = replinet.pick(target, []);
    if (node) replinet.kept = node;
    return picked;
};
