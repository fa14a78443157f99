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
const GROUPS = new Set(['dialog', 'alertdialog']);
const LABELS = { heading: 'heading', alert: 'alert', status: 'status' };
const TEXT_MOST = 2000;
const LINE_MOST = 300;
const NAME_MOST = 200;
const SMALL = 3; /* px: less cannot be seen or hit */

/* More than a name can hold is told as text as well. */
const isShort = element => dom.textContent(element).length <= NAME_MOST;
const isShown = element => dom.checkVisibility(element) || replinet.style(element).display === 'contents';

const FIXED = {
    a: element => (dom.hasAttribute(element, 'href') ? 'link' : ''),
    button: () => 'button', select: replinet.role, textarea: () => 'textbox', summary: () => 'button',
    input: element => (replinet.inputType(element) === 'hidden' ? '' : replinet.role(element)),
    canvas: () => 'canvas',
    video: element => (dom.hasAttribute(element, 'controls') ? 'video' : ''),
    audio: element => (dom.hasAttribute(element, 'controls') ? 'audio' : ''),
};
const isEditingHost = element => {
    const value = dom.attribute(element, 'contenteditable');
    return value !== null && value.toLowerCase() !== 'false' && Boolean(element.isContentEditable);
};
const isMarked = element => {
    const tabindex = dom.attribute(element, 'tabindex');
    return dom.hasAttribute(element, 'onclick') || (tabindex !== null && Number(tabindex) >= 0);
};
/* The role under which an element is listed, '' for none. Without a role of its own, what reacts to the mouse is a
 * "clickable": by its attributes, by listeners the run has found, or by the hand that the mouse becomes over it. */
const kindOf = (element, tag, around) => {
    if (dom.hasAttribute(element, 'role')) {
        const role = replinet.role(element);
        if (LISTED.has(role)) return role;
        if (role === 'gridcell' && (isMarked(element) || dom.hasAttribute(element, 'aria-selected'))) return role;
        if (Object.hasOwn(FIXED, tag) && role === 'presentation') return FIXED[tag](element);
    } else if (Object.hasOwn(FIXED, tag)) return FIXED[tag](element);
    if (dom.hasAttribute(element, 'contenteditable') && isEditingHost(element)) return 'textbox';
    if (tag === 'html' || tag === 'body' || tag === 'label') return '';
    if (isMarked(element) || replinet.isListening(element)) return 'clickable';
    return !around.pointer && replinet.style(element).cursor === 'pointer' ? 'clickable' : '';
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

class Look {
    items = [];
    pending = [];
    unknownRoots = false;

    add(item, around) {
        item.parent = around.group;
        this.items.push(item);
        return item;
    }

    /* Children of a node come before what was pending; each entry brings its next sibling along. */
    enter(first, around) {
        if (first) this.pending.push([first, around, true]);
    }
    enterAll(nodes, around) {
        for (let i = nodes.length - 1; i >= 0; i--) this.pending.push([nodes[i], around, false]);
    }

    walk() {
        while (this.pending.length) {
            const [node, around, chained] = this.pending.pop();
            if (chained) this.enter(dom.nextSibling(node), around);
            const type = dom.nodeType(node);
            if (type === TEXT) this.text(node, around);
            else if (type === ELEMENT) this.element(node, around);
        }
    }

    element(element, around) {
        const tag = dom.localName(element);
        if (NOTHING.has(tag)) return;
        if (tag === 'input' && replinet.isToggleOrFile(element)) return this.toggle(element, around);
        if (!isShown(element)) return;
        if (tag === 'iframe' || tag === 'frame') return this.frame(element, around);
        const kind = around.within === 'svg' && tag === 'a' ? 'link' : kindOf(element, tag, around);
        if (kind) this.control(element, kind, around);
        if (!CLOSED.has(tag) && kind !== 'textbox') this.inside(element, tag, kind, around);
    }

    control(element, kind, around) {
        const rect = dom.rect(element);
        if (isSmall(rect) || !replinet.isRendered(element)) return;
        const place = placeSeen(element, rect, around);
        if (place.zone >= 0) this.add({ kind: 'element', role: kind, element, ...place, around }, around);
    }

    /* Checkboxes and the like are often hidden and drawn by their label, which is then what a person sees of them. */
    toggle(element, around) {
        const drawn = replinet.drawnAs(element);
        if (!drawn) return;
        const place = placeSeen(drawn, dom.rect(drawn), around);
        if (place.zone >= 0) this.add({ kind: 'element', role: replinet.role(element), element, drawn, ...place, around }, around);
    }

    inside(element, tag, kind, around) {
        let within = around;
        const change = more => { within = { ...within, ...more }; };
        const role = dom.hasAttribute(element, 'role') ? replinet.role(element) : '';
        const label = LABELS[role] ?? (/^h[1-6]$/.test(tag) ? 'heading' : undefined);
        if (label) change({ label });
        if (tag === 'svg') change({ within: 'svg' });
        if (kind) change({ pointer: true, named: NAMED.has(kind) && isShort(element) ? element : around.named });
        if (tag === 'label' && element.control) change({ named: element });
        if (tag === 'td' || tag === 'th') change({ cell: element });
        else if (!INLINE.has(tag)) change({ block: element, cell: null });
        if (GROUPS.has(role || (tag === 'dialog' ? 'dialog' : ''))) this.group(element, role || 'dialog', within, change);
        if (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth) this.clip(element, within, change);
        change({ element });
        this.enterInside(element, tag, within);
    }

    enterInside(element, tag, around) {
        const root = dom.shadowRoot(element);
        if (root) return this.enter(dom.firstChild(root), around);
        if (tag === 'slot') {
            const assigned = dom.assignedNodes(element);
            if (assigned.length) return this.enterAll(assigned, around);
        }
        if (mayHideRoot(element, tag)) this.unknownRoots = true;
        this.enter(dom.firstChild(element), around);
    }

    group(element, role, around, change) {
        const place = placeOf(dom.rect(element), around);
        const item = this.add({ kind: 'group', line: null, element, role, ...place, zone: Math.max(place.zone, 0) }, around);
        change({ group: item });
    }

    /* What an area that scrolls does not show is out of view; what one that never scrolls cuts off is not there. */
    clip(element, around, change) {
        const { overflowX, overflowY } = replinet.style(element);
        if (overflowX === 'visible' && overflowY === 'visible') return;
        if (element === element.ownerDocument.scrollingElement || replinet.tag(element) === 'body') return;
        const rect = dom.rect(element);
        const scrolls = [overflowX, overflowY].some(value => value === 'auto' || value === 'scroll');
        const cut = around.cut ? overlap(rect, around.cut, 0, 0) : rect;
        change(scrolls ? { clip: overlap(rect, around.clip, around.x, around.y), clipped: true, cut: null } : { cut });
    }

    frame(element, around) {
        const rect = dom.rect(element);
        if (isSmall(rect) || !replinet.isRendered(element)) return;
        const place = placeOf(rect, around);
        if (place.zone < 0) return;
        const inner = replinet.frameDocumentOf(element);
        const origin = replinet.outOf(element, { x: around.x, y: around.y });
        const clip = overlap(rect, around.clip, around.x, around.y);
        const item = this.add({ kind: 'frame', element, remote: inner ? null : replinet.remoteFrameId(element), origin, clip, ...place }, around);
        if (inner) this.enter(dom.documentElement(inner), outermost(inner, item, origin, clip));
    }

    text(node, around) {
        if (around.named) return;
        const text = dom.textContent(node);
        if (!/\S/.test(text)) return;
        const { element } = around;
        if (!element || !dom.checkVisibility(element, { checkVisibilityCSS: true, checkOpacity: true })) return;
        const rect = dom.rect(element);
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
        this.add({ kind: 'text', text, block: around.block, cell: around.cell, label: around.label ?? 'text', ...place }, around);
    }
}

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
        x: origin.x, y: origin.y, clip, group, scrollX: view.scrollX, scrollY: view.scrollY, label: undefined, named: null,
        pointer: false, clipped: false, cut: null, block: null, cell: null, element: null, within: '',
    };
};

const encoder = new TextEncoder();
const sizeOf = text => encoder.encode(text).length;

/* Whether the mouse would meet something else in the middle of what is seen of it. */
const isCovered = item => {
    const [left, top, width, height] = item.box;
    const { clip, x, y } = item.around;
    const target = item.drawn ?? item.element;
    const middle = {
        x: (Math.max(left, clip.left) + Math.min(left + width, clip.right)) / 2 - x,
        y: (Math.max(top, clip.top) + Math.min(top + height, clip.bottom)) / 2 - y,
    };
    const isMissed = point => point && replinet.throughFrames(target, point, () => '').state === 'covered';
    return isMissed(middle) && isMissed(replinet.visibleMiddle(target));
};

const RENDER = {
    element: item => replinet.lineOf(item.element, item.role, item.zone === 0 && isCovered(item)),
    text: item => `${item.label}: ${replinet.cleanText(item.text, LINE_MOST)}`,
    group: item => `${item.role} ${replinet.quoteText(replinet.accessibleName(item.element), 100)}`,
    frame: item => {
        const name = dom.attribute(item.element, 'title') || dom.attribute(item.element, 'name') || dom.attribute(item.element, 'id') || '';
        return `iframe ${replinet.quoteText(name, 60)} (${replinet.cleanText(item.element.src, 100).replace(/[()\s]/g, encodeURIComponent)})`;
    },
};

/* The nearest to the view first, until their lines fill the room; text has as much room of its own. */
const render = (items, bytes) => {
    const room = { element: bytes, text: bytes };
    const outside = items.filter(item => item.zone > 0).sort((a, b) => a.distance - b.distance);
    for (const item of [...items.filter(item => item.zone === 0), ...outside]) {
        if (item.kind === 'group' || item.kind === 'frame' || room[item.kind] <= 0) continue;
        item.line = RENDER[item.kind](item);
        room[item.kind] -= sizeOf(item.line) + 8;
        for (let up = item.parent; up && !up.line; up = up.parent) up.line = RENDER[up.kind](up);
        if (room.element <= 0 && room.text <= 0) break;
    }
    for (const item of items) if (item.kind === 'frame' && item.remote) item.line ??= RENDER.frame(item);
};

let look = 0;
let previous = 0;
const lastSeen = new WeakMap();
const isNew = element => {
    const seen = lastSeen.get(element) ?? { at: 0, before: 0 };
    const now = seen.at === look ? seen : { at: look, before: seen.at };
    lastSeen.set(element, now);
    return previous !== 0 && now.before !== previous;
};

const rounded = box => box.map(Math.round);
const answerOf = (item, index) => ({
    k: item.kind[0], s: item.line, z: item.zone, d: Math.round(item.distance), p: item.parent ? index.get(item.parent) : -1,
    b: rounded(item.box),
    ...(item.kind === 'element' ? { id: replinet.elementId(item.element), new: item.new } : {}),
    ...(item.kind === 'frame' && item.remote
        ? { frame: item.remote, o: rounded([item.origin.x, item.origin.y]), c: rounded([item.clip.left, item.clip.top, item.clip.right, item.clip.bottom]) } : {}),
});

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
replinet.observe = ({ look: number, bytes }) => {
    if (number !== look) [previous, look] = [look, number];
    const seen = new Look();
    const view = { left: 0, top: 0, right: window.innerWidth, bottom: window.innerHeight };
    seen.enter(dom.documentElement(document), outermost(document, null, { x: 0, y: 0 }, view));
    seen.walk();
    const counts = [0, 0, 0];
    for (const item of seen.items) {
        if (item.kind !== 'element') continue;
        item.new = isNew(item.element);
        counts[item.zone]++;
    }
    render(seen.items, bytes);
    const told = seen.items.filter(item => item.line);
    const index = new Map(told.map((item, i) => [item, i]));
    return {
        state: 'ready', world: replinet.world, first: previous === 0, url: document.URL, title: replinet.cleanText(document.title, 120),
        scroll: scrolled(), counts, roots: seen.unknownRoots,
        masks: masksOf(seen.items), texts: seen.items.filter(item => item.kind === 'text').length, entries: told.map(item => answerOf(item, index)),
    };
};
