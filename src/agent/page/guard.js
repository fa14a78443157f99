/* Watches that a click lands where it was aimed. The page may move between the look at it and the press; then the press
 * meets a neighbour. The guard is armed when the aim is good, hears the press before the page does, and keeps from the
 * page what meets anything else; the run then aims again. */
const { dom } = replinet;

const KINDS = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'auxclick', 'dblclick', 'contextmenu'];
const UNSEEN_MS = 1000;
const ARMED_MS = 5000;
let guard = null;

const settle = state => {
    guard.state = state;
    guard.tell(state);
};

/* What was really met: behind a closed shadow root the event names its host only. */
const metBy = (replinet.metBy = event => {
    const met = event.composedPath()[0];
    if (!replinet.isElement(met)) return met;
    return dom.shadowRoot(met) ? replinet.hitAt(dom.ownerDocument(met), event.clientX, event.clientY) : met;
});

const hear = event => {
    if (!guard || !event.isTrusted) return;
    if (event.type === 'pointerdown' && !guard.state) settle(guard.accepts(metBy(event)) ? 'hit' : 'missed');
    if (guard.state === 'missed') {
        event.preventDefault();
        event.stopImmediatePropagation();
    } else if (guard.state) replinet.disarm();
};

replinet.disarm = () => {
    if (!guard) return;
    clearTimeout(guard.timer);
    for (const view of guard.views) for (const kind of KINDS) view.removeEventListener(kind, hear, true);
    if (!guard.state) guard.tell('unseen');
    guard = null;
};

const viewsAround = node => [node, ...replinet.framesAround(node)].map(one => dom.view(dom.ownerDocument(one))).filter(Boolean);

/* `accepts(element)`: whether the press may meet it. */
const arm = (node, accepts) => {
    replinet.disarm();
    guard = { accepts, views: viewsAround(node), state: '', timer: setTimeout(replinet.disarm, ARMED_MS) };
    guard.outcome = new Promise(resolve => { guard.tell = resolve; });
    for (const view of guard.views) for (const kind of KINDS) view.addEventListener(kind, hear, { capture: true, passive: false });
};
const armed = (answer, node, accepts) => {
    if (answer.state === 'ready' && !answer.done) arm(node, accepts);
    return answer;
};

/* As aim, with the guard armed. */
replinet.aimClick = async (target, needs, obstacles) => {
    const { node, ...found } = replinet.pick(target, needs);
    return node ? replinet.aimClickAt(node, found, obstacles) : found;
};
replinet.aimClickAt = async (node, found, obstacles) =>
    armed(await replinet.aimAt(node, found, obstacles), node, met => replinet.isMetBy(node, met));

/* As aimThrough. A press that this process hears did not go to the frame's. */
replinet.aimClickThrough = async (id, point) =>
    armed(await replinet.aimThrough(id, point), replinet.remoteFrames.get(id), () => false);

/* What became of the press that the guard was armed for: hit, missed (kept from the page) or unseen. */
replinet.pressed = async () => {
    if (!guard) return 'hit';
    const late = new Promise(resolve => setTimeout(resolve, UNSEEN_MS, 'unseen'));
    return Promise.race([guard.outcome, late]);
};
