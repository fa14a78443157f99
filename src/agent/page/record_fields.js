/* What a person puts into fields and lists, for page/record.js. A field is told once, when it is left. Pages can make fields
 * tell of input that the browser calls trusted (execCommand), so only fields that the person went into count. */
const { dom } = replinet;

const VALUE_MAX = 20000;
const SWITCHES = new Set(['checkbox', 'radio']);

const isSwitch = element => replinet.tag(element) === 'input' && SWITCHES.has(replinet.inputType(element));
const isTyped = element => replinet.isField(element) && !isSwitch(element);

/* The field that typed letters go into: the whole editable area. */
const fieldAt = node => {
    let field = null;
    for (let at = node; replinet.isElement(at) && (isTyped(at) || !field); at = replinet.composedParent(at)) if (isTyped(at)) field = at;
    return field;
};

/* Secrets have an input of their own in the script, and their texts never leave the page. */
const SECRET_WORDS = {
    'current-password': 'password', 'new-password': 'password', 'one-time-code': 'code', 'cc-number': 'card_number', 'cc-csc': 'card_code',
};
const CARD_CODE = /\b(?:cvv2?|cvc2?|csc|card.?(?:verification|security).?(?:code|number|value)|security code)\b/i;
const CARD_NUMBER = /card.?(?:num|no\b)|cardnumber|номер.?карты/i;
const secrets = new WeakMap();

const isCardNumber = text => {
    const digits = text.replace(/[ -]/g, '');
    if (!/^\d{13,19}$/.test(digits)) return false;
    const sum = [...digits].reverse().reduce((total, digit, i) => total + (i % 2 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : Number(digit)), 0);
    return sum % 10 === 0;
};

const secretByName = field => {
    const words = (dom.attribute(field, 'autocomplete') ?? '').toLowerCase().split(/\s+/);
    const word = words.find(one => Object.hasOwn(SECRET_WORDS, one));
    if (word) return SECRET_WORDS[word];
    const names = [...['name', 'id', 'placeholder'].map(key => dom.attribute(field, key) ?? ''), ...replinet.labelTexts(field)].join(' ');
    return CARD_CODE.test(names) ? 'card_code' : CARD_NUMBER.test(names) ? 'card_number' : '';
};

/* Asked at each letter: the page may show them when the field is left. '' when it holds no secret. */
const secretOf = field => {
    if (replinet.tag(field) === 'input' && (replinet.isSecret(field) || replinet.showsDiscs(field))) replinet.keepSecret(field);
    if (replinet.isSecret(field) && !secrets.has(field)) secrets.set(field, 'password');
    if (!secrets.has(field) && secretByName(field)) secrets.set(field, secretByName(field));
    return secrets.get(field) ?? '';
};

const entered = new WeakSet(); /* fields that a person went into */
const dirty = new Set();

const contentOf = field => {
    const value = String(replinet.valueOf(field));
    const secret = secretOf(field) || (isCardNumber(value) ? 'card_number' : '');
    return secret ? { secret } : value.length <= VALUE_MAX ? { value } : {};
};
const tellContent = (field, content) => {
    dirty.delete(field);
    replinet.tellAct('fill', field, content);
};
/* What stands in it and was not told yet; null: nothing. */
const untold = field => (dirty.has(field) ? contentOf(field) : null);
const flush = field => {
    if (dirty.has(field) && dom.isConnected(field)) tellContent(field, contentOf(field));
    dirty.delete(field);
};
const flushAll = () => { for (const field of [...dirty]) flush(field); };

/* A press, a key or a paste of a person there. */
const enter = element => {
    const control = dom.closest(element, 'label')?.control;
    const field = fieldAt(element) ?? (control ? fieldAt(control) : null);
    if (!field) return;
    entered.add(field);
    secretOf(field);
};

const onInput = element => {
    const field = fieldAt(element);
    if (!field || !entered.has(field)) return;
    secretOf(field);
    dirty.add(field);
};

const labelOf = option => replinet.normalise(dom.attribute(option, 'label') || dom.textContent(option));

/* By their texts when no others have them, or by its place; {} when a script cannot say it. */
const choiceIn = select => {
    const texts = [...select.options].map(labelOf);
    const chosen = [...select.selectedOptions];
    const areClear = chosen.map(labelOf).every(text => text && texts.indexOf(text) === texts.lastIndexOf(text));
    if (select.multiple) return areClear ? { options: chosen.map(labelOf) } : {};
    if (!chosen.length) return {};
    return areClear ? { option: labelOf(chosen[0]) } : { index: chosen[0].index + 1 };
};

/* What a window of the browser's own sets, without a letter typed. */
const CHOSEN = new Set(['color', 'date', 'time', 'datetime-local', 'month', 'week']);
const filesIn = input => ({ files: [...input.files].slice(0, 50).map(file => replinet.shorten(file.name, 200)) });
const onChange = element => {
    const type = replinet.tag(element) === 'input' ? replinet.inputType(element) : '';
    if (replinet.tag(element) === 'select') replinet.tellAct('select', element, choiceIn(element));
    else if (type === 'file') replinet.tellAct('upload', element, filesIn(element));
    else if (CHOSEN.has(type)) onInput(element);
};

/* Password fields are remembered as such before anybody types into them. */
const noteSecrets = view => { for (const field of view.document.querySelectorAll('input[type=password]')) replinet.keepSecret(field); };

replinet.fields = { isSwitch, fieldAt, untold, tellContent, flush, flushAll, enter, onInput, onChange, noteSecrets };
