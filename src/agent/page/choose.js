/* Choosing: options of lists, checkboxes, radio buttons and switches. */
const { dom } = replinet;

const announce = element => {
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
};
const setSelected = (() => {
    const { set } = Object.getOwnPropertyDescriptor(HTMLOptionElement.prototype, 'selected');
    return (option, value) => Reflect.apply(set, option, [value]);
})();

const labelOf = option => replinet.normalise(dom.attribute(option, 'label') || dom.textContent(option));

/* By text: equal, else equal whatever the case, else the only one that contains it; or by value, or by number. */
const byText = (options, wanted) => {
    const goal = replinet.normalise(wanted);
    const contains = replinet.textTest(goal, false);
    const equal = options.find(option => labelOf(option) === goal);
    if (equal) return equal;
    const alike = options.filter(option => labelOf(option).toLowerCase() === goal.toLowerCase());
    const holding = options.filter(option => contains(labelOf(option)));
    if (alike.length) return alike[0];
    if (holding.length > 1)
        throw new replinet.Refusal(`${holding.length} options contain ${JSON.stringify(wanted)}: ${holding.slice(0, 8).map(labelOf).join(', ')}`);
    return holding[0];
};
const WAYS = {
    option: (options, wanted) => [byText(options, wanted)],
    value: (options, wanted) => [options.find(option => option.value === wanted)],
    index: (options, wanted) => [options.at(wanted > 0 ? wanted - 1 : wanted)],
    options: (options, wanted) => wanted.map(text => byText(options, text)),
};

const chosenOf = (select, choice) => {
    const options = [...select.options];
    const [way, wanted] = Object.entries(choice)[0];
    const chosen = WAYS[way](options, wanted);
    const missing = chosen.indexOf(undefined);
    const words = way === 'options' ? wanted[missing] : wanted;
    return missing < 0 ? { chosen } : { by: `no option ${JSON.stringify(words)} among: ${options.slice(0, 20).map(labelOf).join(', ')}` };
};

const isOff = option => option.disabled || dom.matches(option, ':disabled');

const selectIn = (select, choice, found) => {
    if (choice.options && !select.multiple && choice.options.length !== 1)
        throw new replinet.Refusal(`${found.element} takes one option only`);
    const { chosen, by } = chosenOf(select, choice);
    if (by) return { ...found, state: 'no option', by };
    const off = chosen.find(isOff);
    if (off) return { ...found, state: 'no option', by: `option ${JSON.stringify(labelOf(off))} is disabled` };
    dom.scrollIntoView(select, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    dom.focus(select);
    for (const option of select.options) setSelected(option, chosen.includes(option));
    announce(select);
    return { ...found, how: 'set', chosen: chosen.map(labelOf) };
};

/* A label or a wrapper stands for the one list in it. */
const listOf = node => {
    if (replinet.tag(node) === 'select') return node;
    const control = replinet.tag(node) === 'label' ? node.control : null;
    if (control && replinet.tag(control) === 'select') return control;
    const inner = dom.elementQueryAll(node, 'select');
    return inner.length === 1 ? inner[0] : null;
};

/* One try. {how:'set'}, or {how:'click'} for a list made of elements: the run opens it and clicks the option. */
replinet.select = (target, choice) => {
    const { node, ...picked } = replinet.pick(target, ['enabled']);
    if (!node) return picked;
    const select = listOf(node);
    if (select) return replinet.isEnabled(select) ? selectIn(select, choice, picked) : { ...picked, state: 'disabled' };
    return { ...picked, how: 'click', open: dom.attribute(node, 'aria-expanded') === 'true' || replinet.role(node) === 'listbox' };
};

const TOGGLES = new Set(['checkbox', 'radio', 'switch', 'menuitemcheckbox', 'menuitemradio', 'option', 'button']);
const isToggle = element => {
    if (replinet.tag(element) === 'input') return ['checkbox', 'radio'].includes(replinet.inputType(element));
    const role = replinet.role(element);
    return TOGGLES.has(role) && ['aria-checked', 'aria-pressed', 'aria-selected'].some(name => dom.hasAttribute(element, name));
};
const isOn = element =>
    replinet.tag(element) === 'input' ? replinet.isChecked(element)
        : ['aria-checked', 'aria-pressed', 'aria-selected'].some(name => dom.attribute(element, name) === 'true');

/* What a target means for turning on and off: itself, what a label around it is for, or the only toggle inside it. */
const toggleFor = node => {
    for (let at = node; replinet.isElement(at); at = replinet.composedParent(at)) {
        if (isToggle(at)) return at;
        if (replinet.tag(at) === 'label') return at.control && isToggle(at.control) ? at.control : onlyToggleIn(at);
    }
    return onlyToggleIn(node);
};
const onlyToggleIn = node => {
    const inner = [...replinet.elements(node)].filter(isToggle);
    return inner.length === 1 ? inner[0] : null;
};

/* A toggle or file input that is drawn by its label is hidden itself, or a dot: then the label is clicked. */
const DOT = 3; /* px */
const isDot = element => {
    const { width, height } = dom.rect(element);
    return width < DOT || height < DOT;
};
const visibleLabelOf = element => replinet.labelsOf(element).find(replinet.isVisible) ?? null;
const drawnAs = (replinet.drawnAs = element => {
    const visible = replinet.isVisible(element);
    if (visible && !isDot(element)) return element;
    return visibleLabelOf(element) ?? (visible ? element : null);
});
replinet.isToggleOrFile = element => ['checkbox', 'radio', 'file'].includes(replinet.inputType(element));
const findToggle = target => {
    const { visible, hidden } = replinet.find(target);
    for (const node of [...visible, ...hidden]) {
        const toggle = toggleFor(node);
        const drawn = toggle && drawnAs(toggle);
        if (drawn) return { toggle, drawn, count: visible.length };
    }
    if (visible.length) throw new replinet.Refusal(`${replinet.describe(visible[0])} is no checkbox, radio button or switch`);
    return null;
};

replinet.aimToggle = async (target, wanted, obstacles) => {
    const found = findToggle(target);
    if (!found) return replinet.pick(target, []);
    const { toggle, drawn } = found;
    const seen = { state: 'ready', count: Math.max(found.count, 1), element: replinet.describe(toggle) };
    if (isOn(toggle) === wanted) return { ...seen, done: true };
    if (!wanted && (replinet.role(toggle) === 'radio' || replinet.inputType(toggle) === 'radio'))
        throw new replinet.Refusal('a radio button is turned off by turning another one on');
    if (!replinet.isEnabled(toggle)) return { ...seen, state: 'disabled' };
    return replinet.aimClickAt(drawn, seen, obstacles);
};

replinet.toggleIs = (target, wanted) => {
    const found = findToggle(target);
    return { state: found && isOn(found.toggle) !== wanted ? 'unchanged' : 'ready' };
};
