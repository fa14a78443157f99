/* What a person drags, for page/record.js: with the browser's own drag and drop, or with a page that follows the pointer. */
const { dom } = replinet;

const MOVED = 6; /* px from where it was pressed */

let held = null; /* what was pressed: {element, x, y, events, targets} */
let dragged = null; /* what the browser drags: {targets, x, y} */
let isOver = false; /* the click that ends a drag is none */

/* Fields take the pointer for themselves, and what is dragged over a text is a selection unless the page prevents that. */
const isTaken = ({ element, events }) => {
    const style = replinet.style(element);
    return events.some(event => event.defaultPrevented) || style.userSelect === 'none' || style.touchAction === 'none';
};

const onPress = (element, event) => {
    isOver = false;
    const takesItself = replinet.fields.fieldAt(element) || ['select', 'option'].includes(replinet.tag(element));
    held = event.button === 0 && !takesItself ? { element, x: event.clientX, y: event.clientY, events: [event], targets: null } : null;
};

/* Named before it moves to another place of the page. */
const onMove = (element, event) => {
    if (!held || held.targets || Math.hypot(event.clientX - held.x, event.clientY - held.y) < MOVED) return;
    held.targets = isTaken(held) ? replinet.targetsOf(held.element) : [];
};

const onRelease = (element, event) => {
    const { targets, x, y } = held ?? {};
    held = null;
    if (!targets?.length) return;
    isOver = true;
    replinet.tellAct('drag', null, { targets, right: Math.round(event.clientX - x), down: Math.round(event.clientY - y) });
};

const onDragStart = (element, event) => {
    held = null;
    dragged = { targets: replinet.targetsOf(element), x: event.clientX, y: event.clientY };
};

/* Where in the element, when it was not its middle. */
const offsetIn = (element, event) => {
    const { left, top, width, height } = dom.rect(element);
    const right = Math.round(event.clientX - left - width / 2), down = Math.round(event.clientY - top - height / 2);
    return { ...(Math.abs(right) > width / 4 && { right }), ...(Math.abs(down) > height / 4 && { down }) };
};

const onDrop = (element, event) => {
    if (!dragged?.targets.length) return;
    const to = replinet.targetsOf(element);
    const way = to.length ? { to, ...offsetIn(element, event) } : { right: Math.round(event.clientX - dragged.x), down: Math.round(event.clientY - dragged.y) };
    replinet.tellAct('drag', null, { targets: dragged.targets, ...way });
    dragged = null;
};

replinet.drags = {
    pointerdown: onPress, mousedown: (element, event) => void held?.events.push(event), pointermove: onMove, pointerup: onRelease,
    pointercancel: () => { held = null; }, dragstart: onDragStart, drop: onDrop, dragend: () => { dragged = null; },
};
replinet.endsDrag = () => isOver;
