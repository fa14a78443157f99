/* What a model is shown of this process's documents: what can be used, and the text between, in the order of the page.
 *
 * One walk over the tree that a person sees (shadow roots, slots, frames) finds what is there and where; only what then has
 * a place in the answer is asked for its name and state, which costs most. */
const { dom } = replinet;

const TEXT = 3;
const ELEMENT = 1;
const NOTHING = new Set(
    `script style noscript template head title meta link option optgroup datalist br wbr hr param source track map object embed
    base defs clippath mask symbol lineargradient radialgradient pattern filter marker`.split(/\s+/));
/* Looked at as they are; what is in them is theirs. */
const CLOSED = new Set(['input', 'select', 'textarea', 'canvas', 'video', 'audio', 'iframe', 'frame', 'img']);
const INLINE = new Set(
    'a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup time tt u var slot tspan'.split(' '));
const LISTED = new Set(
    `button link textbox searchbox combobox listbox checkbox radio switch slider spinbutton option tab menuitem menuitemcheckbox
    menuitemradio treeitem scrollbar`.split(/\s+/));
/* Their name is what stands in them, so it is not told again. */
const NAMED = new Set(
    'button link checkbox radio switch option tab menuitem menuitemcheckbox menuitemradio treeitem clickable'.split(' '));
const HOSTS = new Set(['div', 'span', 'section', 'article']);
/* https://dom.spec.whatwg.org/#valid-shadow-host-name, besides custom elements */
const MAY_HOST = new Set('article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span'.split(' '));
const GROUPS = new Set(['dialog', 'alertdialog']);
const LABELS = { heading: 'heading', alert: 'alert', status: 'status' };
const HEADINGS = Object.assign(Object.create(null), { h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading' });
const TEXT_MOST = 2000;
const LINE_MOST = 300;
const NAME_MOST = 200;
const SMALL = 3; /* px: less cannot be seen or hit */

/* More than a name can hold is told as text as well. */
const isShort = element => dom.textContent(element).length <= NAME_MOST;
/* An area that is called by something else than what stands in it. */
const isNamedApart = element => dom.hasAttribute(element, 'aria-label') || dom.hasAttribute(element, 'aria-labelledby');
const namesItself = (element, kind) => NAMED.has(kind) && !(kind === 'clickable' && isNamedApart(element));
/* Most elements are seen, and one question says so. */
const CSS = { checkVisibilityCSS: true };
const WHOLLY = { checkVisibilityCSS: true, checkOpacity: true };
const isShown = element => dom.checkVisibility(element) || replinet.style(element).display === 'contents';

const FIXED = new Map(Object.entries({
    a: element => (dom.hasAttribute(element, 'href') ? 'link' : ''),
    button: () => 'button', select: replinet.role, textarea: () => 'textbox', summary: () => 'button',
    input: element => (replinet.inputType(element) === 'hidden' ? '' : replinet.role(element)),
    canvas: () => 'canvas',
    video: element => (dom.hasAttribute(element, 'controls') ? 'video' : ''),
    audio: element => (dom.hasAttribute(element, 'controls') ? 'audio' : ''),
}));
const isEditingHost = element => {
    const value = dom.attribute(element, 'contenteditable');
    return value !== null && value.toLowerCase() !== 'false' && Boolean(element.isContentEditable);
};
const isMarked = element => {
    const tabindex = dom.attribute(element, 'tabindex');
    return dom.hasAttribute(element, 'onclick') || (tabindex !== null && Number(tabindex) >= 0);
};
const isBoxed = tag => tag !== 'html' && tag !== 'body' && tag !== 'label';
/* What a tag says by itself: looked up once for each element. */
const describeTag = tag => ({
    isNothing: NOTHING.has(tag), isClosed: CLOSED.has(tag), isInline: INLINE.has(tag), isBoxed: isBoxed(tag), isFrame: tag === 'iframe' || tag === 'frame',
    mayHost: MAY_HOST.has(tag) || tag.includes('-'), fixed: FIXED.get(tag), label: HEADINGS[tag],
});
const TAGS_KEPT = 1000;
const knownTags = new Map();
const about = tag => {
    const known = knownTags.get(tag) ?? describeTag(tag);
    if (knownTags.size < TAGS_KEPT) knownTags.set(tag, known);
    return known;
};
/* Who listens for what happens in many things inside is not itself what is clicked. */
const USABLE = 'a[href], button, input, select, textarea, [role], [tabindex], [onclick], [contenteditable]';
const isOneThing = element => isShort(element) && !dom.elementQueryAll(element, USABLE).length && !dom.elementQueryAll(element, 'li, tr').length;
/* The role under which an element is listed, '' for none, by what is written on it. */
const writtenKind = (element, isBoxed, role) => {
    if (role) {
        if (LISTED.has(role)) return role;
        if (role === 'gridcell' && (isMarked(element) || dom.hasAttribute(element, 'aria-selected'))) return role;
    }
    if (dom.hasAttribute(element, 'contenteditable') && isEditingHost(element)) return 'textbox';
    return isBoxed && isMarked(element) ? 'clickable' : '';
};
/* The role written on an element: null for none, undefined when nothing at all is written on it. */
const writtenRole = element => {
    if (!dom.hasAttributes(element)) return undefined;
    return dom.hasAttribute(element, 'role') ? replinet.role(element) : null;
};
/* Without a role of its own, what reacts to the mouse is a "clickable": by its attributes, by listeners the run has found,
 * or by the hand that the mouse becomes over it. */
const kindOf = (element, { fixed, isBoxed }, role, style, around) => {
    if (fixed && (role ?? null) === null) return fixed(element);
    const written = role === undefined ? '' : writtenKind(element, isBoxed, role);
    if (written || !isBoxed) return written;
    if (replinet.isListening(element) && isOneThing(element)) return 'clickable';
    return !around.pointer && style.cursor === 'pointer' ? 'clickable' : '';
};

/* Where things lie: 0 in view, 1 below or right of it, 2 above or left of it, -1 nowhere that scrolling leads to. */
const placeOf = (rect, around) => {
    const left = rect.left + around.x;
    const top = rect.top + around.y;
    const right = rect.right + around.x;
    const bottom = rect.bottom + around.y;
    const { clip } = around;
    const box = [left, top, right - left, bottom - top];
    if (right > clip.left && left < clip.right && bottom > clip.top && top < clip.bottom) return { zone: 0, distance: 0, box };
    if (right + around.scrollX <= 0 || bottom + around.scrollY <= 0) return { zone: -1, distance: 0, box };
    const down = top - clip.bottom;
    const across = left - clip.right;
    const distance = Math.max(down, clip.top - bottom, across, clip.left - right, 0);
    return { zone: down >= 0 || (across >= 0 && bottom > clip.top) ? 1 : 2, distance, box };
};

/* An area that scrolls or cuts off does not hold what is positioned outside it: the mouse knows. */
const placeSeen = (element, rect, around) => {
    const place = placeOf(rect, around);
    const away = place.zone !== 0 && around.clipped;
    if (!away && !(around.cut && isApart(rect, around.cut))) return place;
    const point = { x: rect.left + rect.width / 2, y: rect.top + rect.height / 2 };
    if (replinet.throughFrames(element, point, () => '').state === 'ready') return { ...place, zone: 0, distance: 0 };
    return around.cut && isApart(rect, around.cut) ? { ...place, zone: -1 } : place;
};
const isApart = (rect, other) =>
    rect.right <= other.left || rect.left >= other.right || rect.bottom <= other.top || rect.top >= other.bottom;

const overlap = (rect, other, x, y) => ({
    left: Math.max(other.left, rect.left + x), top: Math.max(other.top, rect.top + y),
    right: Math.min(other.right, rect.right + x), bottom: Math.min(other.bottom, rect.bottom + y),
});

const isSmall = rect => rect.width < SMALL || rect.height < SMALL;

/* Goes through children, or through a list. Where text is not told, only elements are asked for. */
class Cursor {
    constructor(next, around, list = null) {
        this.next = next;
        this.around = around;
        this.list = list;
        this.index = 0;
        this.step = around.named ? dom.nextElement : dom.nextSibling;
    }

    take() {
        if (this.list) return this.list[this.index++] ?? null;
        const node = this.next;
        if (node) this.next = this.step(node);
        return node;
    }
}

class Look {
    items = [];
    cursors = [];
    layers = [];
    unknownRoots = false;
    nodes = 0;

    add(item, around) {
        item.parent = around.group;
        this.items.push(item);
        return item;
    }

    enter(parent, around) {
        const first = around.named ? replinet.firstElementIn(parent) : dom.firstChild(parent);
        if (first) this.cursors.push(new Cursor(first, around));
    }

    walk() {
        while (this.cursors.length) {
            const cursor = this.cursors[this.cursors.length - 1];
            const node = cursor.take();
            if (!node) {
                this.cursors.pop();
                continue;
            }
            const type = dom.nodeType(node);
            if (type === ELEMENT) this.element(node, cursor.around);
            else if (type === TEXT) this.text(node, cursor.around);
        }
    }

    element(element, around) {
        const tag = dom.localName(element);
        const what = about(tag);
        this.nodes++;
        if (what.isNothing) return;
        if (tag === 'input' && replinet.isToggleOrFile(element)) return this.toggle(element, around);
        const wholly = dom.checkVisibility(element, WHOLLY);
        if (!wholly && !isShown(element)) return;
        if (what.isFrame) return this.frame(element, around);
        const style = around.view.getComputedStyle(element);
        const { position } = style;
        if (position !== 'static' && position !== 'relative') around = this.layer(element, around);
        const role = writtenRole(element);
        const kind = kindOf(element, what, role, style, around);
        if (kind) this.control(element, kind, wholly, around);
        if (!what.isClosed && kind !== 'textbox') this.inside(element, tag, kind, role ?? '', style, wholly, around);
    }

    /* What is positioned may lie over other things, and is not where its parent is. */
    layer(element, around) {
        const rect = dom.rect(element);
        const whole = replinet.tag(element) === 'dialog' && dom.matches(element, ':modal');
        this.layers.push({ element, rect: whole ? around.clip : { left: rect.left + around.x, top: rect.top + around.y, right: rect.right + around.x, bottom: rect.bottom + around.y } });
        return this.exactly(around);
    }

    /* What is around something that is not at the far place of the block it stands in. The areas between, of which nothing
     * was asked there, may scroll it or cut it off. */
    exactly(around) {
        if (!around.far) return around;
        const between = [];
        let within = around;
        for (; within.outer.far; within = within.outer) between.push(within);
        for (const one of between.reverse()) {
            within = { ...one, clip: within.clip, clipped: within.clipped, cut: within.cut };
            const style = replinet.style(one.element);
            if (style.overflowY !== 'visible') this.clip(one.element, style, within);
        }
        return { ...within, far: null };
    }

    control(element, kind, wholly, around) {
        if (!wholly && !replinet.isRendered(element)) return;
        if (around.far) return void this.addControl(kind, element, element, around.far, around);
        const rect = dom.rect(element);
        if (!isSmall(rect)) this.addControl(kind, element, element, placeSeen(element, rect, around), around);
    }

    addControl(role, element, drawn, { zone, distance, box }, around) {
        if (zone >= 0) this.add({ kind: 'element', role, element, drawn, zone, distance, box, around, parent: null, line: '', new: false }, around);
    }

    /* Checkboxes and the like are often hidden and drawn by their label, which is then what a person sees of them. */
    toggle(element, around) {
        const shown = dom.checkVisibility(element, CSS);
        if (shown && around.far) return void this.addControl(replinet.role(element), element, element, around.far, around);
        const own = shown ? dom.rect(element) : null;
        const drawn = own && !isSmall(own) ? element : replinet.drawnAs(element);
        if (!drawn) return;
        const here = this.exactly(around);
        this.addControl(replinet.role(element), element, drawn, placeSeen(drawn, drawn === element ? own : dom.rect(drawn), here), here);
    }

    inside(element, tag, kind, role, style, wholly, around) {
        const what = about(tag);
        const root = what.mayHost ? dom.shadowRoot(element) : null;
        if (!root && tag !== 'slot' && !dom.firstChild(element)) return void (this.unknownRoots ||= mayHideRoot(element, tag));
        const within = { ...around, element, wholly, outer: around };
        within.label = LABELS[role] ?? what.label ?? around.label;
        if (kind || around.pointer) within.pointer = true;
        if ((kind && namesItself(element, kind) && (around.far || isShort(element))) || (tag === 'label' && dom.labelControl(element))) within.named = element;
        if (tag === 'td' || tag === 'th') within.cell = element;
        else if (!what.isInline) [within.block, within.cell] = [element, null];
        if (GROUPS.has(role || tag)) within.group = this.group(element, role || tag, around);
        if (!around.far && style.overflowY !== 'visible') this.clip(element, style, within);
        if (!around.far && !within.clipped && !within.cut && !kind && !what.isInline) within.far = farOf(element, around);
        this.enterInside(element, root, tag, within);
    }

    enterInside(element, root, tag, around) {
        if (root) return this.enter(root, around);
        const assigned = tag === 'slot' ? dom.assignedNodes(element) : [];
        if (assigned.length) return void this.cursors.push(new Cursor(null, around, assigned));
        this.unknownRoots ||= mayHideRoot(element, tag);
        this.enter(element, around);
    }

    group(element, role, around) {
        const place = placeOf(dom.rect(element), this.exactly(around));
        return this.add({ kind: 'group', line: null, element, role, ...place, zone: Math.max(place.zone, 0) }, around);
    }

    /* What an area that scrolls does not show is out of view; what one that never scrolls cuts off is not there. */
    clip(element, { overflowX, overflowY }, within) {
        if (element === element.ownerDocument.scrollingElement || replinet.tag(element) === 'body') return;
        if (element.scrollHeight <= element.clientHeight && element.scrollWidth <= element.clientWidth) return;
        const rect = dom.rect(element);
        const scrolls = [overflowX, overflowY].some(value => value === 'auto' || value === 'scroll');
        if (scrolls) Object.assign(within, { clip: overlap(rect, within.clip, within.x, within.y), clipped: true, cut: null });
        else within.cut = within.cut ? overlap(rect, within.cut, 0, 0) : rect;
    }

    frame(element, around) {
        const rect = dom.rect(element);
        if (isSmall(rect) || !replinet.isRendered(element)) return;
        around = this.exactly(around);
        const place = placeOf(rect, around);
        if (place.zone < 0) return;
        const inner = replinet.frameDocumentOf(element);
        const origin = replinet.outOf(element, { x: around.x, y: around.y });
        const clip = overlap(rect, around.clip, around.x, around.y);
        const item = this.add({ kind: 'frame', element, remote: inner ? null : replinet.remoteFrameId(element), origin, clip, ...place }, around);
        if (inner) this.enter(inner, outermost(inner, item, origin, clip));
    }

    text(node, around) {
        const { element } = around;
        if (around.named || !element) return;
        const text = dom.data(node);
        if (!/\S/.test(text)) return;
        if (!around.wholly && !isTextShown(element)) return;
        if (around.far) return this.append(text, around.far, around);
        const rect = replinet.style(element).display === 'contents' ? rectOfText(node) : dom.rect(element);
        const place = placeOf(rect.height > 200 ? rectOfText(node) : rect, around);
        if (place.zone < 0 || isSmall(rect) || (around.cut && isApart(rect, around.cut))) return;
        this.append(text, place, around);
    }

    /* Pieces of one paragraph or table row are one line, unless something usable stands between them. */
    append(text, place, around) {
        const last = this.items.at(-1);
        if (last?.kind === 'text' && last.block === around.block && last.zone === place.zone) {
            if (last.text.length < TEXT_MOST) last.text += (last.cell === around.cell ? '' : ' | ') + text;
            last.cell = around.cell;
            return;
        }
        this.add({ kind: 'text', text, block: around.block, cell: around.cell, label: around.label, ...place }, around);
    }
}

/* Of `display: contents` what is around says whether it can be seen through. */
const isTextShown = element =>
    replinet.style(element).display === 'contents' ? replinet.isRendered(element) : dom.checkVisibility(element, WHOLLY);

/* The place of a block that is well out of view and holds all that is in it, for what is in it: that need not be measured
 * piece by piece. */
const FAR = 200; /* px */
const farOf = (element, around) => {
    const rect = dom.rect(element);
    const { bottom, top } = around.clip;
    const away = rect.top + around.y - bottom > FAR || top - rect.bottom - around.y > FAR;
    if (!away || rect.height < SMALL || element.scrollHeight > element.clientHeight) return null;
    return placeOf(rect, around);
};

/* Closed shadow roots are behind custom elements, or where an element shows something and seems to hold nothing. They are
 * looked for once for each. */
const suspected = new WeakSet();
const mayHideRoot = (element, tag) => {
    if (!tag.includes('-') && !(HOSTS.has(tag) && !dom.firstChild(element))) return false;
    if (suspected.has(element)) return false;
    suspected.add(element);
    const { width, height } = dom.rect(element);
    return width >= 20 && height >= 10;
};

const rectOfText = node => {
    const range = dom.ownerDocument(node).createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
};

const outermost = (document, group, origin, clip) => {
    const view = dom.view(document) ?? window;
    return {
        view, x: origin.x, y: origin.y, clip, group, scrollX: view.scrollX, scrollY: view.scrollY, label: 'text', named: null,
        pointer: false, clipped: false, cut: null, far: null, block: null, cell: null, element: null, outer: null, wholly: true,
    };
};

const encoder = new TextEncoder();
const sizeOf = text => (/^[\x20-\x7e]*$/.test(text) ? text.length : encoder.encode(text).length);

const isIn = (x, y, rect) => x >= rect.left && x < rect.right && y >= rect.top && y < rect.bottom;
/* In a document of thousands of blocks it takes long to say what the mouse meets. What lies under something positioned is
 * always asked for; anything else while there is time. */
const HITS_MS = 15;
const UNDER_MS = 150;
const watch = layers => {
    let spent = 0;
    let last = 0;
    return item => {
        const [left, top, width, height] = item.box;
        const under = layers.some(({ element, rect }) => isIn(left + width / 2, top + height / 2, rect) && !replinet.contains(element, item.drawn));
        if (spent + last > (under ? UNDER_MS : HITS_MS)) return false;
        const start = performance.now();
        const covered = isCovered(item);
        spent += last = performance.now() - start;
        return covered;
    };
};

/* Whether the mouse would meet something else in the middle of what is seen of it. */
const isCovered = item => {
    const [left, top, width, height] = item.box;
    const { clip, x, y } = item.around;
    const target = item.drawn;
    const middle = {
        x: (Math.max(left, clip.left) + Math.min(left + width, clip.right)) / 2 - x,
        y: (Math.max(top, clip.top) + Math.min(top + height, clip.bottom)) / 2 - y,
    };
    const isMissed = point => point && replinet.throughFrames(target, point, () => '').state === 'covered';
    return isMissed(middle) && isMissed(replinet.visibleMiddle(target));
};

const RENDER = {
    element: (item, covers) => replinet.lineOf(item.element, item.role, item.zone === 0 && covers(item)),
    text: item => `${item.label}: ${replinet.cleanText(item.text, LINE_MOST)}`,
    group: item => `${item.role} ${replinet.quoteText(replinet.accessibleName(item.element), 100)}`,
    frame: item => {
        const name = dom.attribute(item.element, 'title') || dom.attribute(item.element, 'name') || dom.attribute(item.element, 'id') || '';
        return `iframe ${replinet.quoteText(name, 60)} (${replinet.cleanText(item.element.src, 100).replace(/[()\s]/g, encodeURIComponent)})`;
    },
};

/* "[12]* " and the end of the line. */
const MARK = 10;
const tell = (item, covers) => {
    if (item.kind === 'element' && item.box === item.around.far?.box && isSmall(dom.rect(item.drawn))) return 0;
    item.line = RENDER[item.kind](item, covers);
    for (let up = item.parent; up && !up.line; up = up.parent) up.line = RENDER[up.kind](up);
    return sizeOf(item.line) + MARK;
};
/* In view elements and texts have all the room each; what is out of view gets the rest, the nearest first. */
const render = (items, covers, bytes) => {
    const used = { element: 0, text: 0 };
    const told = items.filter(item => item.kind === 'element' || item.kind === 'text');
    for (const item of told) if (item.zone === 0 && used[item.kind] < bytes) used[item.kind] += tell(item, covers);
    let room = bytes - used.element - used.text;
    const outside = told.filter(item => item.zone > 0).sort((a, b) => a.distance - b.distance);
    for (let i = 0; i < outside.length && room > 0; i++) room -= tell(outside[i], covers);
    for (const item of items) if (item.kind === 'frame' && item.remote) item.line ??= RENDER.frame(item);
};

let look = 0;
let previous = 0;
const lastSeen = new WeakMap();
const isNew = element => {
    let seen = lastSeen.get(element);
    if (!seen) lastSeen.set(element, (seen = { at: 0, before: 0 }));
    if (seen.at !== look) [seen.before, seen.at] = [seen.at, look];
    return previous !== 0 && seen.before !== previous;
};

const rounded = box => box.map(Math.round);
/* [kind, line, zone, distance, index of the group around it, box, number, new?], or of a frame of another process its id,
 * where its view begins and what is to be seen of it. */
const answerOf = (item, index) => {
    const answer = [item.kind[0], item.line, item.zone, Math.round(item.distance), item.parent ? index.get(item.parent) : -1,
        item.zone === 0 ? rounded(item.box) : null];
    if (item.kind === 'element') answer.push(replinet.elementId(item.element), item.new);
    else if (item.remote) {
        const { left, top, right, bottom } = item.clip;
        answer.push(item.remote, rounded([item.origin.x, item.origin.y]), rounded([left, top, right, bottom]));
    }
    return answer;
};

/* A password that the page shows in letters is not for pictures. */
const masksOf = items =>
    items.filter(item => item.kind === 'element' && item.zone === 0 && replinet.isSecret(item.element) && replinet.inputType(item.element) !== 'password')
        .map(item => rounded(item.box));

const scrolled = () => {
    const area = replinet.pageArea();
    const root = area === (document.scrollingElement ?? document.documentElement);
    return {
        top: Math.round(area.scrollTop), height: area.scrollHeight, view: root ? window.innerHeight : area.clientHeight,
        left: Math.round(area.scrollLeft), width: area.scrollWidth, across: root ? window.innerWidth : area.clientWidth,
    };
};

/* `number` counts the looks of the run: what was not there in the one before is new. */
replinet.observe = given => replinet.during(() => observe(given));
const observe = ({ look: number, bytes }) => {
    if (number !== look) [previous, look] = [look, number];
    const seen = new Look();
    const view = { left: 0, top: 0, right: window.innerWidth, bottom: window.innerHeight };
    seen.enter(document, outermost(document, null, { x: 0, y: 0 }, view));
    seen.walk();
    const counts = [0, 0, 0];
    for (const item of seen.items) {
        if (item.kind !== 'element') continue;
        item.new = isNew(item.element);
        counts[item.zone]++;
    }
    render(seen.items, watch(seen.layers), bytes);
    const told = seen.items.filter(item => item.line);
    const index = new Map(told.map((item, i) => [item, i]));
    return {
        state: 'ready', world: replinet.world, first: previous === 0, url: document.URL, title: replinet.cleanText(document.title, 120),
        scroll: scrolled(), side: Math.max(window.innerWidth, window.innerHeight) * window.devicePixelRatio, counts, roots: seen.unknownRoots, nodes: seen.nodes,
        masks: masksOf(seen.items), texts: seen.items.filter(item => item.kind === 'text').length, entries: told.map(item => answerOf(item, index)),
    };
};
