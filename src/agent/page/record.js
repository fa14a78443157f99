/* What a person does while the browser is in their hands, as steps of a script (replay/record.c). Heard before the page
 * hears it, and only events that the browser itself made just after a key or a press of a person: a page's own clicks,
 * also those that a label passes on, count for nothing. Told through a binding that this world alone has. */
const { dom } = replinet;

const BINDING = 'replinetActed';
const PERSON_MS = 10000;
const VALUE_MAX = 20000;
const CLICKED = 'a[href],button,summary,option,input,select,textarea,[role=button],[role=link],[role=tab],[role=menuitem],[role=option],[role=checkbox],[role=radio],[role=switch],[onclick]';
const SWITCHES = new Set(['checkbox', 'radio']);

let recording = null; /* what ends the listening */
let touched = 0; /* when a person last pressed something */
let passedOn = null; /* what a click that no pointer made may come to: it got the last key, or its label was clicked */
const dirty = new Set();
let heard = new WeakSet();

const tell = (action, element, more) => {
    const targets = element ? replinet.targetsOf(element) : [];
    if (element && !targets.length) return;
    globalThis[BINDING]?.(JSON.stringify({ action, targets, ...more, address: location.host + location.pathname, url: location.href }));
};

const isSwitch = element => replinet.tag(element) === 'input' && SWITCHES.has(replinet.inputType(element));
const isTyped = element => replinet.isField(element) && !isSwitch(element);

const flush = element => {
    if (!dirty.delete(element) || !dom.isConnected(element)) return;
    const secret = replinet.isSecret(element);
    const value = secret ? '' : String(replinet.valueOf(element));
    if (value.length <= VALUE_MAX) tell('fill', element, secret ? { secret } : { value });
};
const flushAll = () => { for (const element of [...dirty]) flush(element); };

/* The field that typed letters go into: the whole editable area. */
const fieldAt = node => {
    let field = null;
    for (let at = node; replinet.isElement(at) && (isTyped(at) || !field); at = replinet.composedParent(at)) if (isTyped(at)) field = at;
    return field;
};

const onInput = element => {
    const field = fieldAt(element);
    if (field && replinet.tag(field) !== 'select') dirty.add(field);
};

const onChange = element => {
    if (replinet.tag(element) !== 'select') return;
    const chosen = [...element.selectedOptions].map(option => replinet.normalise(option.label));
    if (chosen.length) tell('select', element, element.multiple ? { options: chosen } : { option: chosen[0] });
};

const clickedAt = element => {
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at))
        if (dom.matches(at, CLICKED) || (replinet.tag(at) === 'label' && at.control) || replinet.isListening(at)) return at;
    return element;
};

/* Clicks without a pointer are made by the browser when a label passes one on or a key presses a button, but also when a
 * page lets a label pass one on, or when Enter in a field presses the form's button: those are no acts of their own. */
const onClick = (element, event) => {
    flushAll();
    const clicked = clickedAt(element);
    const isReal = event.pointerType !== '' || passedOn === clicked;
    passedOn = null;
    if (!isReal) return;
    if (replinet.tag(clicked) === 'label') passedOn = clicked.control;
    else if (isSwitch(clicked)) tell(clicked.checked ? 'check' : 'uncheck', clicked);
    else if (replinet.tag(clicked) !== 'select' && !fieldAt(clicked)) tell('click', clicked, event.detail === 2 ? { times: 2 } : {});
};

const KEYS = new Set(['Enter', 'Escape', 'Tab']);
const chordOf = event => [event.ctrlKey && 'Control', event.altKey && 'Alt', event.metaKey && 'Meta', event.shiftKey && 'Shift', event.key].filter(Boolean).join('+');
const onKey = (element, event) => {
    passedOn = element;
    const field = KEYS.has(event.key) && !event.isComposing ? fieldAt(element) : null;
    if (!field) return;
    const isText = event.key === 'Enter' && replinet.tag(field) !== 'input' && !event.ctrlKey && !event.metaKey;
    if (isText || replinet.tag(field) === 'select') return;
    flush(field);
    tell('press', field, { key: chordOf(event) });
};

const KINDS = { input: onInput, change: onChange, click: onClick, keydown: onKey, focusout: flushAll, submit: flushAll };

const hear = event => {
    if (!recording || !event.isTrusted) return;
    const now = performance.now();
    if (event.type === 'pointerdown' || event.type === 'keydown' || event.type === 'paste') touched = now;
    if (event.type === 'pointerdown') passedOn = null;
    const element = replinet.metBy(event);
    const handle = KINDS[event.type];
    const late = now - touched > PERSON_MS && event.type !== 'change';
    if (handle && replinet.isElement(element) && touched && !late) handle(element, event);
};

const documentsIn = function* (view) {
    yield view;
    for (let i = 0; i < view.length; i++) {
        let inner = null;
        try { inner = view[i].document && view[i]; } catch { /* another process has it */ }
        if (inner) yield* documentsIn(inner);
    }
};

const listen = view => {
    if (heard.has(view.document)) return;
    heard.add(view.document);
    const how = { capture: true, passive: true, signal: recording.signal };
    for (const kind of [...Object.keys(KINDS), 'pointerdown', 'paste']) view.addEventListener(kind, hear, how);
    view.addEventListener('pagehide', flushAll, how);
};

const end = () => {
    flushAll();
    recording?.abort();
    recording = null;
    heard = new WeakSet();
    touched = 0;
};

/* Begins, goes on (frames come and go) or ends. What was typed and not left yet is told at the end. */
replinet.record = on => {
    if (on) recording ??= new AbortController();
    else end();
    if (on) for (const view of documentsIn(window)) listen(view);
    return { state: 'ready', url: location.href };
};
