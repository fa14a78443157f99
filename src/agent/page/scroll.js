/* Scrolling areas: which one is meant, and moving it. */
const { dom } = replinet;

const canScroll = element => {
    if (element.scrollHeight <= element.clientHeight && element.scrollWidth <= element.clientWidth) return false;
    if (element === element.ownerDocument.scrollingElement) return true;
    const { overflowX, overflowY } = replinet.style(element);
    return [overflowX, overflowY].some(value => value === 'auto' || value === 'scroll');
};

/* The page's own area; in a page that never scrolls as a whole, the largest area in it. */
const pageArea = (replinet.pageArea = () => {
    const root = document.scrollingElement ?? document.documentElement;
    if (canScroll(root)) return root;
    let best = root;
    let size = 0;
    let looked = 0;
    for (const element of replinet.elements(document)) {
        if (looked++ > 20000) break;
        const area = element.clientWidth * element.clientHeight;
        if (area > size && canScroll(element) && replinet.isVisible(element)) [best, size] = [element, area];
    }
    return best;
});
const areaAround = element => {
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at)) if (canScroll(at)) return at;
    return pageArea();
};

const ENDS = {
    top: area => [area.scrollLeft, 0],
    bottom: area => [area.scrollLeft, area.scrollHeight],
    left: area => [0, area.scrollTop],
    right: area => [area.scrollWidth, area.scrollTop],
};

/* {state:'ready', moved, x, y}: the middle of the area that was scrolled, for the mouse wheel when nothing moved. */
replinet.scrollArea = (inside, way) => {
    let area;
    if (inside) {
        const { node, ...picked } = replinet.pick(inside, []);
        if (!node) return picked;
        area = areaAround(node);
        dom.scrollIntoView(node, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    } else area = pageArea();
    const before = [area.scrollLeft, area.scrollTop];
    const [left, top] = way.to ? ENDS[way.to](area) : [before[0] + (way.right ?? 0), before[1] + (way.down ?? 0)];
    area.scrollTo({ left, top, behavior: 'instant' });
    const moved = area.scrollLeft !== before[0] || area.scrollTop !== before[1];
    return { state: 'ready', moved, left: area.scrollLeft, top: area.scrollTop, ...replinet.middleOf(area) };
};

replinet.scrollToTarget = target => {
    const { node, ...picked } = replinet.pick(target, []);
    if (!node) return picked;
    dom.scrollIntoView(node, { block: 'center', inline: 'center', behavior: 'instant' });
    return picked;
};
