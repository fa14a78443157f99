/* Where to put the mouse: waits for nothing itself but one frame; says what stands in the way, and the run tries again. */
const { dom } = replinet;
const elementFromPoint = method => (root, x, y) => Reflect.apply(method, root, [x, y]);
const inDocument = elementFromPoint(Document.prototype.elementFromPoint);
const inShadow = elementFromPoint(ShadowRoot.prototype.elementFromPoint);

const hitAt = (replinet.hitAt = (root, x, y) => {
    let hit = inDocument(root, x, y);
    for (let shadow = hit && dom.shadowRoot(hit); shadow; shadow = hit && dom.shadowRoot(hit)) {
        const inner = inShadow(shadow, x, y);
        if (!inner || inner === hit) break;
        hit = inner;
    }
    return hit;
});

const bigEnough = rect => rect.width >= 1 && rect.height >= 1;
const boxOf = element => {
    const own = [...dom.rects(element)].find(bigEnough);
    if (own || replinet.style(element).display !== 'contents') return own ?? dom.rect(element);
    for (const child of replinet.elements(element)) if (replinet.isVisible(child)) return boxOf(child);
    return replinet.textBox(element) ?? dom.rect(element);
};

const viewportOf = node => {
    const root = dom.documentElement(dom.ownerDocument(node));
    const view = dom.view(dom.ownerDocument(node)) ?? window;
    return { width: view.innerWidth || root.clientWidth, height: view.innerHeight || root.clientHeight };
};

/* The middle of the part of the box that is inside the viewport of its document; null when none is. */
const middle = (replinet.visibleMiddle = element => {
    const box = boxOf(element);
    const view = viewportOf(element);
    const left = Math.max(box.left, 0);
    const top = Math.max(box.top, 0);
    const width = Math.min(box.right, view.width) - left;
    const height = Math.min(box.bottom, view.height) - top;
    return width >= 1 && height >= 1 ? { x: left + width / 2, y: top + height / 2 } : null;
});

/* A point of a frame's document in the coordinates of the document around it. */
const outOf = (replinet.outOf = (frame, point) => {
    const rect = dom.rect(frame);
    const style = replinet.style(frame);
    const scaleX = frame.offsetWidth ? rect.width / frame.offsetWidth : 1;
    const scaleY = frame.offsetHeight ? rect.height / frame.offsetHeight : 1;
    return {
        x: rect.left + (frame.clientLeft + parseFloat(style.paddingLeft || 0) + point.x) * scaleX,
        y: rect.top + (frame.clientTop + parseFloat(style.paddingTop || 0) + point.y) * scaleY,
    };
});

const labelled = (hit, element) => {
    const label = replinet.isElement(hit) ? dom.closest(hit, 'label') : null;
    return Boolean(label && label.control === element);
};

/* Whether the mouse meets `element` when it meets `hit`. */
replinet.isMetBy = (element, hit) => Boolean(hit) && (replinet.eventPasses(element, hit) || labelled(hit, element));

/* Goes outwards from the element, frame by frame, and sees whether the mouse would meet it. */
const throughFrames = (replinet.throughFrames = (element, start, describe = replinet.describe) => {
    let point = start;
    let goal = element;
    for (const frame of [...replinet.framesAround(element), null]) {
        const view = viewportOf(goal);
        if (point.x < 0 || point.y < 0 || point.x >= view.width || point.y >= view.height) return { state: 'outside' };
        const hit = hitAt(dom.ownerDocument(goal), point.x, point.y);
        if (!replinet.isMetBy(goal, hit))
            return { state: 'covered', by: hit ? describe(hit) : 'nothing' };
        if (!frame) break;
        point = outOf(frame, point);
        goal = frame;
    }
    return { state: 'ready', ...point };
});

const isOutside = element => {
    let point = middle(element);
    for (const frame of replinet.framesAround(element)) {
        if (!point) return true;
        point = outOf(frame, point);
        const view = viewportOf(frame);
        if (point.x < 0 || point.y < 0 || point.x >= view.width || point.y >= view.height) return true;
    }
    return !point;
};

/* Other alignments on later tries: a fixed header may cover one of them. */
const ALIGNMENTS = ['center', 'end', 'start', 'nearest'];
const scroll = (element, attempt) =>
    dom.scrollIntoView(element, { block: ALIGNMENTS[attempt % 4], inline: ALIGNMENTS[attempt % 4], behavior: 'instant' });

/* Scrolls when the element is out of view, or when an earlier try met something in the way; once per such try. */
let lastScroll = {};
const scrollFor = (element, obstacles) => {
    const again = obstacles > 0 && !(lastScroll.element === element && lastScroll.obstacles === obstacles);
    if (!again && !isOutside(element)) return false;
    scroll(element, Math.max(obstacles - 1, 0));
    lastScroll = { element, obstacles };
    return true;
};

const place = element => {
    const box = dom.rect(element);
    return [box.x, box.y, box.width, box.height].map(n => Math.round(n * 4)).join();
};
const holdsStill = async element => {
    const before = place(element);
    await replinet.nextFrame();
    return dom.isConnected(element) && place(element) === before;
};

/* What must hold besides being visible, by the name that the action uses. */
const NEEDS = {
    enabled: element => replinet.isEnabled(element) || 'disabled',
    editable: element => !replinet.isField(element) || replinet.isEditable(element) || 'read-only',
};
const unmetNeed = (element, needs) => {
    for (const need of needs) {
        const answer = NEEDS[need](element);
        if (answer !== true) return answer;
    }
    return null;
};

/* The one element a target means, or {state} that says why there is none. */
replinet.pick = (target, needs) => {
    const { visible, hidden, attached } = replinet.find(target);
    if (!visible.length) {
        const state = hidden.length && !target.nth ? 'hidden' : 'missing';
        return { state, count: attached.length, by: state === 'hidden' ? replinet.describe(hidden[0]) : undefined };
    }
    if (target.strict && visible.length > 1)
        throw new replinet.Refusal(`${visible.length} elements fit: ${visible.slice(0, 5).map(replinet.describe).join(', ')}`);
    const element = target.element ? (replinet.drawnAs(visible[0]) ?? visible[0]) : visible[0];
    const unmet = unmetNeed(element, needs);
    const seen = { count: visible.length, element: replinet.describe(element) };
    return unmet ? { state: unmet, ...seen } : { state: 'ready', ...seen, node: element };
};

/* One try: finds the element, scrolls it into view, sees that it holds still and that nothing covers it. `obstacles`
 * counts the tries that found it covered or out of view. `scrolled`: frames of other processes around this one may still
 * be following. */
replinet.aim = async (target, needs, obstacles) => {
    const { node, ...found } = replinet.pick(target, needs);
    return node ? replinet.aimAt(node, found, obstacles) : found;
};
replinet.aimAt = async (node, found, obstacles) => {
    const picked = { ...found, scrolled: scrollFor(node, obstacles) };
    if (!(await holdsStill(node))) return { ...picked, state: dom.isConnected(node) ? 'moving' : 'replaced' };
    const point = middle(node);
    return { ...picked, ...(point ? throughFrames(node, point) : { state: 'outside' }) };
};

const outOfFrames = (element, start) => {
    let point = start;
    for (const frame of replinet.framesAround(element)) point = outOf(frame, point);
    return point;
};
/* The middle of an element in the coordinates of this process's outermost document, wherever that lies. */
replinet.middleOf = element => outOfFrames(element, middle(element) ?? { x: 0, y: 0 });

/* As aim, but whatever covers the place is fine: where to drop something. */
replinet.aimDrop = async (target, needs, obstacles) => {
    const { node, ...found } = replinet.pick(target, needs);
    if (!node) return found;
    const scrolled = scrollFor(node, obstacles);
    if (!(await holdsStill(node))) return { ...found, state: dom.isConnected(node) ? 'moving' : 'replaced' };
    const point = middle(node);
    return { ...found, scrolled, ...(point ? outOfFrames(node, point) : { state: 'outside' }) };
};

/* The same for a point inside a frame of another process: is its frame element hit there? */
replinet.aimThrough = async (id, point) => {
    const frame = replinet.remoteFrames.get(id);
    if (!frame || !dom.isConnected(frame)) return { state: 'replaced' };
    if (!(await holdsStill(frame))) return { state: 'moving' };
    return throughFrames(frame, outOf(frame, point));
};

/* The box of an element in the coordinates of this process's outermost document, for pictures of it. */
replinet.box = element => {
    const rect = dom.rect(element);
    let corner = { x: rect.x, y: rect.y };
    for (const frame of replinet.framesAround(element)) corner = outOf(frame, corner);
    return { x: corner.x + window.scrollX, y: corner.y + window.scrollY, width: rect.width, height: rect.height };
};
replinet.boxOfTarget = target => {
    const { node, ...picked } = replinet.pick(target, []);
    if (!node) return picked;
    scroll(node, 0);
    return { ...picked, ...replinet.box(node) };
};
