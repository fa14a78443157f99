/* What a person does while the browser is in their hands, as steps of a script (replay/record.c). Heard before the page
 * hears it, and only events that the browser itself made just after a key or a press of a person: a page's own clicks,
 * also those that a label passes on, count for nothing. Told through a binding that this world alone has. */
const { dom, fields, keys } = replinet;

const BINDING = 'replinetActed';
const PERSON_MS = 10000;
const URL_MAX = 4000;
const CLICKED = 'a[href],button,summary,option,input,select,textarea,[role=button],[role=link],[role=tab],[role=menuitem],[role=option],[role=checkbox],[role=radio],[role=switch],[onclick]';

/* A document that comes back from the browser's cache of whole pages gets the library anew, in the same world. (An element of the
 * page may have this name; it is no property of the window's own.) */
if (Object.hasOwn(globalThis, 'replinet')) globalThis.replinet.record(false);

let recording = null; /* what ends the listening */
let touched = 0; /* when a person last pressed something */
let passedOn = null; /* what a click that no pointer made may come to: it got the last key, or its label was clicked */
let heard = new WeakSet();

replinet.tellAct = (action, element, more) => {
    const targets = element ? replinet.targetsOf(element) : [];
    if (element && !targets.length && action !== 'upload') return;
    globalThis[BINDING]?.(JSON.stringify({ action, targets, ...more, address: location.host + location.pathname, url: location.href.slice(0, URL_MAX) }));
};
const tell = replinet.tellAct;

const clickedAt = element => {
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at))
        if (dom.matches(at, CLICKED) || (replinet.tag(at) === 'label' && at.control) || replinet.isListening(at)) return at;
    return element;
};

const BUTTONS = ['left', 'middle', 'right'];
const howClicked = event => {
    const modifiers = replinet.modifiersOf(event);
    return { ...(event.detail === 2 && { times: 2 }), ...(modifiers.length && { modifiers }), ...(event.button && { button: BUTTONS[event.button] }) };
};

/* What a click changes of its own accord is told by what it changes: the choice of a list, a text, files. */
const tellsItself = element =>
    replinet.tag(element) === 'select' || (replinet.tag(element) === 'option' && dom.closest(element, 'select')) ||
    (replinet.tag(element) === 'input' && replinet.inputType(element) === 'file') || fields.fieldAt(element);

/* The arrow keys click the radio buttons of a choice. */
const isRadio = element => replinet.isElement(element) && replinet.tag(element) === 'input' && replinet.inputType(element) === 'radio';
const isSameChoice = (one, other) => isRadio(one) && isRadio(other) && dom.attribute(one, 'name') === dom.attribute(other, 'name');

/* Clicks without a pointer are made by the browser when a label passes one on or a key presses a button, but also when a
 * page lets a label pass one on, or when Enter in a field presses the form's button: those are no acts of their own. */
const onClick = (element, event) => {
    fields.flushAll();
    const clicked = clickedAt(element);
    const isReal = event.pointerType !== '' || passedOn === clicked || isSameChoice(passedOn, clicked);
    passedOn = null;
    if (!isReal || replinet.endsDrag()) return;
    if (replinet.tag(clicked) === 'label') passedOn = clicked.control;
    else if (fields.isSwitch(clicked)) tell(clicked.checked ? 'check' : 'uncheck', clicked);
    else if (!tellsItself(clicked)) tell('click', clicked, howClicked(event));
};

/* Of the middle button (a link in a new tab) and the right one (a menu of the page's). */
const onOtherClick = button => (element, event) => {
    fields.flushAll();
    const clicked = clickedAt(element);
    if (event.button === button && event.pointerType !== '' && !fields.fieldAt(clicked)) tell('click', clicked, howClicked(event));
};

const onKey = (element, event) => {
    passedOn = element;
    keys.onKey(element, event);
};

const touch = (element, event) => {
    touched = performance.now();
    if (event.type === 'pointerdown') passedOn = null;
    fields.enter(element);
};

const nothing = () => undefined;
const KINDS = {
    input: fields.onInput, change: fields.onChange, click: onClick, auxclick: onOtherClick(1), contextmenu: onOtherClick(2), keydown: onKey,
    focusout: fields.flushAll, focusin: nothing, submit: fields.flushAll, paste: nothing, ...replinet.drags,
};
const TOUCHES = new Set(['pointerdown', 'pointerup', 'keydown', 'paste', 'drop']);
const NEVER_LATE = new Set(['change', 'focusout']);
/* Events that do not leave a shadow root. */
const KEPT_INSIDE = ['change', 'submit'];
const FRAGMENT = 11;

/* Behind a closed shadow root an event names the host only; those inside are heard inside. */
const closedRootAt = (element, event) => {
    const root = replinet.closedRootOf(element);
    const isPointed = Boolean(event.pointerType) || /^(?:mouse|drag|drop)/.test(event.type);
    return root && (!isPointed || replinet.metBy(event) !== element) ? root : null;
};

const hear = event => {
    if (!recording || !event.isTrusted) return;
    keys.settle();
    const [element, ...around] = event.composedPath();
    if (!replinet.isElement(element)) return;
    for (const node of around) if (node.nodeType === FRAGMENT) listen(node, KEPT_INSIDE);
    const inside = closedRootAt(element, event);
    if (inside) return void listen(inside, Object.keys(KINDS));
    if (TOUCHES.has(event.type)) touch(element, event);
    const isLate = performance.now() - touched > PERSON_MS && !NEVER_LATE.has(event.type);
    if (touched && !isLate) KINDS[event.type](element, event);
};

const listen = (target, kinds) => {
    if (heard.has(target)) return;
    heard.add(target);
    for (const kind of kinds) target.addEventListener(kind, hear, { capture: true, passive: true, signal: recording.signal });
};

const documentsIn = function* (view) {
    yield view;
    for (let i = 0; i < view.length; i++) {
        let inner = null;
        try { inner = view[i].document && view[i]; } catch { /* another process has it */ }
        if (inner) yield* documentsIn(inner);
    }
};

const tellRest = () => {
    keys.settle();
    fields.flushAll();
};

const listenTo = view => {
    fields.noteSecrets(view);
    if (heard.has(view.document)) return;
    heard.add(view.document);
    for (const kind of Object.keys(KINDS)) view.addEventListener(kind, hear, { capture: true, passive: true, signal: recording.signal });
    view.addEventListener('pagehide', tellRest, { signal: recording.signal });
};

const end = () => {
    if (recording) tellRest();
    recording?.abort();
    recording = null;
    heard = new WeakSet();
    touched = 0;
};

/* Begins, goes on (frames come and go) or ends. What was typed and not left yet is told at the end. */
replinet.record = on => {
    if (on) recording ??= new AbortController();
    else end();
    if (on) for (const view of documentsIn(window)) listenTo(view);
    return { state: 'ready', url: location.href.slice(0, URL_MAX) };
};
