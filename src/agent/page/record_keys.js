/* Keys of a person that are no letters, for page/record.js. */
const { dom, fields } = replinet;

/* What these do to a single line of text is always told. */
const LEAVING = new Set(['Enter', 'Escape', 'Tab']);
/* Keys that pages make something of: a list of suggestions moves, a message is sent. Never letters: somebody may be typing a
 * PIN into what is no field. */
const NAMED = new Set(['Enter', 'Escape', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', 'Delete', 'Backspace']);
const MODIFIERS = [['ctrlKey', 'Control'], ['altKey', 'Alt'], ['metaKey', 'Meta'], ['shiftKey', 'Shift']];

const modifiersOf = (replinet.modifiersOf = event => MODIFIERS.filter(([key]) => event[key]).map(([, name]) => name));

const press = (element, event) => {
    const isNowhere = ['body', 'html'].includes(replinet.tag(element));
    replinet.tellAct('press', isNowhere ? null : element, { key: [...modifiersOf(event), event.key].join('+') });
};

/* Where Enter is a letter of the text. */
const isText = (field, event) => event.key === 'Enter' && replinet.tag(field) !== 'input' && !event.ctrlKey && !event.metaKey;

let taken = null; /* a key that the page may make something of: {event, element, field, content} */

/* A page that keeps the key from the browser has made something of it, which shows when it has had it; by then it may have
 * emptied the field. */
const settle = () => {
    const { event, element, field, content } = taken ?? {};
    taken = null;
    if (!event?.defaultPrevented) return;
    if (content) fields.tellContent(field, content);
    press(field ?? element, event);
};

const onKey = (element, event) => {
    if (event.isComposing || replinet.tag(element) === 'select') return;
    const field = fields.fieldAt(element);
    if (event.key === 'Escape' || (field && LEAVING.has(event.key) && !isText(field, event))) {
        if (field) fields.flush(field);
        press(field ?? element, event);
    } else if (NAMED.has(event.key)) {
        taken = { event, element, field, content: field && fields.untold(field) };
        setTimeout(settle);
    }
};

replinet.keys = { onKey, settle };
