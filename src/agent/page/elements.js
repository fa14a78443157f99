/* The elements of this document that a model was told of, by numbers of this world (observe/registry.c turns those into the
 * run's). An element keeps its number as long as its document lives, whatever happens around it. */
const { dom } = replinet;

const world = [...crypto.getRandomValues(new Uint32Array(2))].join('-');
const ids = new WeakMap();
const elements = new Map();

/* A number was given to an element that is not there any more: waiting would not bring it back. */
replinet.Gone = class extends Error {};

replinet.world = world;
replinet.elementId = element => {
    if (!ids.has(element)) {
        ids.set(element, elements.size + 1);
        elements.set(elements.size + 1, new WeakRef(element));
    }
    return ids.get(element);
};

/* {session, world, id} -> element; null when another process has it. */
replinet.elementOf = ({ session, world: theirs, id }) => {
    if (session !== replinet.session) return null;
    const element = elements.get(id)?.deref();
    if (theirs !== world || !element || !dom.isConnected(element) || !dom.view(dom.ownerDocument(element))) throw new replinet.Gone();
    return element;
};

/* Fields whose value is never told: password fields, also when the page shows their letters later on. */
const secrets = new WeakSet();
replinet.keepSecret = element => void secrets.add(element);
replinet.isSecret = element => {
    if (replinet.tag(element) === 'input' && replinet.inputType(element) === 'password') secrets.add(element);
    return secrets.has(element) || replinet.secretFields.has(element);
};

/* Elements that listen for clicks, as far as the run has found them (observe/listeners.c). */
const listening = new WeakSet();
replinet.addListening = element => {
    const isOther = replinet.isElement(element) && !listening.has(element);
    if (isOther) listening.add(element);
    return isOther;
};
replinet.isListening = element => listening.has(element);
