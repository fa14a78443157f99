/* The text of the page as a person reads it, on request: a line per paragraph, `# ` before headings, `- ` before items of lists,
 * rows of tables as `| cell | cell |`. Hidden text is left out; frames stand in their place, those of other processes as a
 * mark that the run replaces. */
const { dom } = replinet;

const TEXT = 3;
const ELEMENT = 1;
const MOST = 2_000_000; /* characters */
const UNREAD = new Set(['script', 'style', 'noscript', 'template', 'head', 'title', 'select', 'textarea', 'datalist', 'canvas', 'video', 'audio', 'object', 'embed']);
const INLINE = /^(inline|contents|ruby)/;
const MARKS = { h1: '# ', h2: '## ', h3: '### ', h4: '#### ', h5: '##### ', h6: '###### ', li: '- ' };

class Reading {
    pieces = [];
    lines = [];
    line = '';
    mark = '';
    length = 0;
    cells = 0; /* around what is read now: in a cell nothing breaks the line */
    pending = [];

    add(text) {
        this.line += text;
    }

    flush() {
        if (this.cells) return void (this.line += ' ');
        const text = replinet.cleanText(this.line, Infinity);
        if (text) {
            this.lines.push(this.mark + text);
            this.length += this.mark.length + text.length + 1;
            this.mark = '';
        }
        this.line = '';
    }

    frame(id) {
        this.flush();
        this.pieces.push(this.lines.join('\n'), { frame: id });
        this.lines = [];
    }

    after(action) {
        this.pending.push([null, action]);
    }

    read(root) {
        this.pending.push([root, null]);
        while (this.pending.length && this.length < MOST) {
            const [node, action] = this.pending.pop();
            if (action) action();
            else if (dom.nodeType(node) === TEXT) this.text(node);
            else if (dom.nodeType(node) === ELEMENT) this.element(node);
        }
        this.cells = 0;
        this.flush();
        this.pieces.push(this.lines.join('\n'));
        return this.pieces;
    }

    text(node) {
        const text = dom.textContent(node);
        const around = dom.parent(node);
        const shown = !replinet.isElement(around) || dom.checkVisibility(around, { checkVisibilityCSS: true, checkOpacity: true }) || replinet.style(around).display === 'contents';
        if (shown) this.add(text);
    }

    element(element) {
        const tag = dom.localName(element);
        if (tag === 'br') return this.flush();
        if (UNREAD.has(tag)) return;
        const { display } = replinet.style(element);
        if (display === 'none' || (display !== 'contents' && !dom.checkVisibility(element))) return;
        if (tag === 'img') return this.add(` ${dom.attribute(element, 'alt') ?? ''} `);
        if (tag === 'pre') return this.verbatim(element);
        if (display.startsWith('table-row') && !display.includes('group')) this.row();
        else if (display === 'table-cell') this.cell(element);
        else if (!INLINE.test(display)) this.block(tag);
        this.inside(element, tag);
    }

    block(tag) {
        this.flush();
        if (MARKS[tag] && !this.cells) this.mark = MARKS[tag];
        this.after(() => { this.flush(); this.mark = ''; });
    }

    row() {
        this.flush();
        this.after(() => {
            if (!this.cells && this.line) this.line = `| ${this.line}`;
            this.flush();
        });
    }

    /* What holds a table of its own is there for the layout. */
    cell(element) {
        if (element.querySelector?.('table')) return this.block('td');
        this.cells++;
        this.after(() => { this.cells--; this.line = `${this.line.trimEnd()} | `; });
    }

    verbatim(element) {
        this.flush();
        for (const line of dom.textContent(element).split('\n')) {
            this.lines.push(replinet.cleanText(line, Infinity));
            this.length += line.length + 1;
        }
    }

    inside(element, tag) {
        const root = dom.shadowRoot(element);
        const assigned = tag === 'slot' ? dom.assignedNodes(element) : [];
        const inner = tag === 'iframe' || tag === 'frame' ? replinet.frameDocumentOf(element) : null;
        const remote = !inner && replinet.remoteFrameId(element);
        if (remote) return this.frame(remote);
        if (inner) return this.pending.push([dom.documentElement(inner), null]);
        if (assigned.length) return this.enter(assigned);
        const children = [];
        for (let child = dom.firstChild(root ?? element); child; child = dom.nextSibling(child)) children.push(child);
        this.enter(children);
    }

    enter(nodes) {
        for (let i = nodes.length - 1; i >= 0; i--) this.pending.push([nodes[i], null]);
    }
}

/* {pieces: [text, {frame}, text ...]} of the page, or of one element. */
replinet.readText = target => {
    const element = target ? replinet.matching(target)[0] : dom.documentElement(document);
    return { state: 'ready', pieces: element ? new Reading().read(element) : [] };
};
