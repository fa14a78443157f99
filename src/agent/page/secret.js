/* Typing a part of a credential: which fields take it, and putting it into the document that was checked or nowhere. */
const { dom } = replinet;

const TYPES = {
    username: ['text', 'email', 'tel', 'number', 'search', 'url'],
    totp: ['text', 'number', 'tel', 'password'],
    password: ['password'],
};
const WANTED = {
    username: 'a text field',
    totp: 'a field for a code',
    password: 'a password field',
};

/* A text field that shows discs is a password field, too. */
const showsDiscs = (replinet.showsDiscs = field => !['', 'none', undefined].includes(replinet.style(field).webkitTextSecurity));
const takes = (field, part) => {
    if (replinet.tag(field) !== 'input') return false;
    const type = replinet.inputType(field);
    return TYPES[part].includes(type) || (part === 'password' && type === 'text' && showsDiscs(field));
};

const refuse = (field, part) => {
    throw new replinet.Refusal(`${replinet.describe(field)} is not ${WANTED[part]}: the ${part} of a credential goes into ${WANTED[part]} only`);
};

/* Origins that the form around the field may be sent to over the network; scripts of the page are not asked. */
const destinations = field =>
    [...new Set(replinet.formAddresses(field).map(address => new URL(address)).filter(url => /^https?:$/.test(url.protocol)).map(url => url.origin))];

/* One try: the field is kept where the run can name it. */
replinet.prepareSecret = (target, part) => {
    const { node, ...picked } = replinet.pick(target, ['enabled', 'editable']);
    if (!node) return picked;
    const control = replinet.tag(node) === 'label' ? node.control : null;
    const field = control ?? node;
    if (!takes(field, part)) refuse(field, part);
    if (!replinet.isEditable(field)) return { ...picked, state: 'read-only' };
    dom.scrollIntoView(field, { block: 'nearest', inline: 'nearest', behavior: 'instant' });
    replinet.kept = field;
    return { ...picked, destinations: destinations(field) };
};

/* The element that shows the document of `field`; null for the outermost document of this process. */
replinet.frameOf = field => {
    const owner = dom.ownerDocument(field);
    if (owner === document) return null;
    const [frame] = replinet.framesAround(field);
    if (!frame || replinet.frameDocumentOf(frame) !== owner) throw new Error('the frame has gone');
    return frame;
};

const execCommand = (owner, ...given) => Reflect.apply(Document.prototype.execCommand, owner, given);

const typeInto = (field, owner, value) => {
    if (!replinet.hasFocus(field)) return false;
    replinet.selectText.input(field);
    return execCommand(owner, 'insertText', false, value);
};

/* Fields that hold something secret: pictures cover those that show it. */
replinet.secretFields = new Set();

/* All in one turn. `origin`: what the browser said about the document. A page that moves the focus gets the value set
 * instead of typed. */
replinet.typeSecret = (field, value, part, origin) => {
    const owner = dom.ownerDocument(field);
    const isThere = () => dom.isConnected(field) && dom.view(owner)?.origin === origin;
    if (!isThere()) return { state: 'replaced' };
    if (part !== 'username') replinet.secretFields.add(field);
    dom.focus(field);
    if (!isThere()) return { state: 'replaced' };
    if (!takes(field, part)) refuse(field, part);
    if (!typeInto(field, owner, value) && isThere() && takes(field, part)) replinet.setValue(field, value);
    if (part === 'password' && replinet.valueOf(field) !== value)
        throw new replinet.Refusal('the field did not keep the password as it is');
    return { state: 'ready' };
};
