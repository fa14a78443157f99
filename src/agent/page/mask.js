/* Covers what is secret while a picture is taken. The run gives lengths and hashes, no secret: this may be anybody's
 * page. Canvases, images and what a stylesheet writes cannot be read here. */
const { dom } = replinet;

const power = (base, exponent) => {
    let result = 1;
    for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
    return result;
};

/* Where in `text` a secret begins and ends: the hash of each stretch of its length, by rolling on. */
const findIn = (text, { bases, secrets }) => {
    const found = [];
    for (const { length, hashes } of secrets) {
        const highest = bases.map(base => power(base, length - 1));
        const sums = [0, 0];
        for (let i = 0; i < text.length; i++) {
            for (let k = 0; k < 2; k++) {
                if (i >= length) sums[k] = (sums[k] - Math.imul(text.charCodeAt(i - length), highest[k])) | 0;
                sums[k] = (Math.imul(sums[k], bases[k]) + text.charCodeAt(i)) | 0;
            }
            if (i >= length - 1 && sums[0] === (hashes[0] | 0) && sums[1] === (hashes[1] | 0)) found.push([i - length + 1, i + 1]);
        }
    }
    return found;
};
const holds = (text, search) => text.length >= 4 && findIn(text, search).length > 0;

const UNSEEN = new Set(['script', 'style', 'noscript', 'template']);
/* The text of one tree in order, and which node each stretch of it came from. */
const textOf = root => {
    const walker = (root.ownerDocument ?? root).createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const nodes = [];
    let text = '';
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const around = dom.parent(node);
        if (replinet.isElement(around) && UNSEEN.has(replinet.tag(around))) continue;
        nodes.push({ node, from: text.length });
        text += node.data;
    }
    return { text, nodes };
};

const nodeAt = (nodes, at) => {
    let low = 0;
    let high = nodes.length - 1;
    while (low < high) {
        const mid = (low + high + 1) >> 1;
        if (nodes[mid].from <= at) low = mid;
        else high = mid - 1;
    }
    return nodes[low];
};

const boxesOfText = (root, search) => {
    const { text, nodes } = textOf(root);
    return findIn(text, search).flatMap(([from, to]) => {
        const range = (root.ownerDocument ?? root).createRange();
        const [first, last] = [nodeAt(nodes, from), nodeAt(nodes, to - 1)];
        range.setStart(first.node, from - first.from);
        range.setEnd(last.node, to - last.from);
        return [...range.getClientRects()];
    });
};

const holdsValue = (element, search) => {
    const tag = replinet.tag(element);
    if (tag === 'input' && replinet.inputType(element) === 'password') return false;
    if (tag === 'select') return holds(dom.textContent(element), search);
    return ['input', 'textarea'].includes(tag) && holds(String(replinet.valueOf(element)), search);
};
const attributesOf = element => element.attributes instanceof NamedNodeMap ? [...element.attributes] : [];
const isSecret = (element, search) => {
    if (replinet.tag(element) === 'input' && replinet.inputType(element) === 'password') return false;
    if (replinet.secretFields.has(element) || holdsValue(element, search)) return true;
    return attributesOf(element).some(({ value }) => holds(value, search));
};

/* document -> what to cover in it. */
const findAll = search => {
    const boxes = new Map([[document, boxesOfText(document, search)]]);
    const add = (owner, more) => boxes.set(owner, [...(boxes.get(owner) ?? []), ...more]);
    for (const element of replinet.elements(document)) {
        const shadow = dom.shadowRoot(element);
        const inner = replinet.frameDocumentOf(element);
        if (shadow) add(dom.ownerDocument(element), boxesOfText(shadow, search));
        if (inner) add(inner, boxesOfText(inner, search));
        if (isSecret(element, search)) add(dom.ownerDocument(element), [dom.rect(element)]);
    }
    return boxes;
};

const placed = (owner, rects) => {
    const view = dom.view(owner);
    return rects
        .filter(rect => rect.width > 0 && rect.height > 0)
        .map(rect => ({ left: rect.left + view.scrollX, top: rect.top + view.scrollY, width: rect.width, height: rect.height }));
};
const signatureOf = boxes => [...boxes].map(([owner, rects]) => placed(owner, rects).map(box => Object.values(box).map(Math.round).join()).join(';')).join('|');

const put = (element, style) => {
    for (const [name, value] of Object.entries({ all: 'initial', position: 'absolute', display: 'block', ...style }))
        element.style.setProperty(name, value, 'important');
};

/* Above everything, dialogs included. */
const cover = (owner, boxes) => {
    const host = owner.createElement('div');
    put(host, { left: '0', top: '0', width: '0', height: '0', margin: '0', padding: '0', border: '0', overflow: 'visible', 'z-index': '2147483647', 'pointer-events': 'none' });
    const root = host.attachShadow({ mode: 'closed' });
    for (const box of boxes) {
        const one = owner.createElement('div');
        put(one, { background: '#444', left: `${box.left - 1}px`, top: `${box.top - 1}px`, width: `${box.width + 2}px`, height: `${box.height + 2}px` });
        root.append(one);
    }
    host.popover = 'manual';
    dom.documentElement(owner).append(host);
    host.showPopover();
    return host;
};

let covers = [];
const uncover = () => {
    const stood = covers.every(host => dom.isConnected(host));
    for (const host of covers) host.remove();
    covers = [];
    return stood;
};

/* Both answer with a signature of what is to be covered: a picture is good when it was the same before and after. */
replinet.mask = async search => {
    uncover();
    const boxes = findAll(search);
    for (const [owner, rects] of boxes) {
        const places = placed(owner, rects);
        if (places.length) covers.push(cover(owner, places));
    }
    if (covers.length) await replinet.nextFrame();
    return { state: 'ready', signature: signatureOf(boxes) };
};
replinet.unmask = search => {
    const stood = uncover();
    return { state: 'ready', signature: stood ? signatureOf(findAll(search)) : 'uncovered' };
};
