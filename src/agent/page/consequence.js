/* What an action on an element would set off: what the element says of itself, where it leads, which form it sends. */
const { dom } = replinet;

const HITS = 'a[href], button, input, select, textarea, summary, label, [role="button"], [role="link"], [role="menuitem"], [role="option"], [role="tab"], [role="switch"], [onclick]';
const PAYMENT = /^(cc-(number|exp|exp-month|exp-year|csc|name|type))$/;
const PAYMENT_NAMES = /card.?(num|no\b)|cardnumber|\bcvv\b|\bcvc\b|\biban\b|номер.?карты/i;
const PAYMENT_FRAMES = /js\.stripe\.com|checkout\.com|adyen\.com|braintree|paypal\.com|yookassa\.ru|cloudpayments/;
const METHODS = ['data-method', 'data-turbo-method', 'formmethod'];
const METHOD_NAMES = [['hx-post', 'post'], ['hx-put', 'put'], ['hx-delete', 'delete'], ['hx-patch', 'patch']];

/* The element that takes the click: a person aims at the word in a button. */
const hitOf = element => {
    for (let at = element; replinet.isElement(at); at = replinet.composedParent(at)) if (dom.matches(at, HITS)) return at;
    return element;
};

const isPaymentField = element =>
    (dom.attribute(element, 'autocomplete') ?? '').split(/\s+/).some(word => PAYMENT.test(word)) ||
    (replinet.isField(element) &&
        PAYMENT_NAMES.test([...['name', 'id', 'placeholder'].map(key => dom.attribute(element, key) ?? ''), ...replinet.labelTexts(element)].join(' ')));

const holdsPayment = form => {
    for (const element of replinet.elements(form)) {
        if (replinet.tag(element) === 'iframe' && PAYMENT_FRAMES.test(dom.attribute(element, 'src') ?? '')) return true;
        if (['input', 'select'].includes(replinet.tag(element)) && isPaymentField(element) && replinet.isVisible(element)) return true;
    }
    return false;
};

/* form.method and form.elements may be shadowed by fields of these names; attributes cannot. */
const formOf = element => {
    const id = dom.attribute(element, 'form');
    return (id && replinet.byId(element, id)) || dom.closest(element, 'form');
};

const sends = element => {
    const tag = replinet.tag(element);
    const type = (dom.attribute(element, 'type') ?? '').toLowerCase();
    if (tag === 'button') return !['button', 'reset'].includes(type);
    return tag === 'input' && ['submit', 'image'].includes(type);
};

const methodOf = element => {
    const written = METHODS.map(name => dom.attribute(element, name)).find(Boolean);
    return (written ?? METHOD_NAMES.find(([name]) => dom.hasAttribute(element, name))?.[1] ?? '').toLowerCase();
};

const addressOf = element => {
    try {
        return dom.attribute(element, 'href') ? new URL(dom.attribute(element, 'href'), dom.baseURI(element)).href : '';
    } catch {
        return '';
    }
};

/* Where the form goes, when this button (or none) sends it. */
const actionOf = (form, button) =>
    button && dom.hasAttribute(button, 'formaction') ? dom.buttonAction[replinet.tag(button)](button) : dom.formAction(form);

/* Everywhere that the form around a field may be sent to. */
replinet.formAddresses = field => {
    const form = formOf(field);
    if (!form) return [];
    const buttons = [...replinet.elements(dom.ownerDocument(field))].filter(one => sends(one) && formOf(one) === form);
    return [...new Set([actionOf(form), ...buttons.map(button => actionOf(form, button))])];
};

/* What a person sees filled into the form, as a number that only this document could make: consent is for this, too. */
const [seed] = crypto.getRandomValues(new Uint32Array(1));
const FILLED = ['input', 'select', 'textarea'];
const filledIn = form => {
    let hash = seed;
    for (const element of replinet.elements(form)) {
        if (!FILLED.includes(replinet.tag(element)) || !replinet.isVisible(element) || replinet.isSecret(element)) continue;
        const value = ['checkbox', 'radio'].includes(replinet.inputType(element)) ? replinet.isChecked(element) : replinet.valueOf(element);
        for (const c of `${value}\n`) hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
    }
    return hash >>> 0;
};

/* `key`: Enter is pressed in it, which sends the form around a field as well. */
const consequenceOf = (element, key) => {
    const hit = key ? element : hitOf(element);
    const form = formOf(hit);
    const words = [replinet.accessibleName(hit), replinet.shorten(dom.textContent(hit), 120), dom.attribute(hit, 'title'),
        ['submit', 'button', 'image'].includes(replinet.inputType(hit)) && replinet.tag(hit) === 'input' ? dom.attribute(hit, 'value') : ''];
    const submits = Boolean(form) && (sends(hit) || (key && replinet.tag(hit) === 'input'));
    const button = submits && !sends(hit) ? [...replinet.elements(form)].find(sends) : null;
    if (button) words.push(replinet.accessibleName(button));
    return {
        state: 'ready',
        element: replinet.describe(hit),
        role: replinet.role(hit) ?? '',
        words: replinet.shorten([...new Set(words.filter(Boolean))].join(' / '), 400),
        href: addressOf(hit),
        method: methodOf(hit),
        submits,
        sentTo: submits ? actionOf(form, button ?? (sends(hit) ? hit : null)) : '',
        filled: submits ? filledIn(form) : 0,
        formMethod: form ? (dom.attribute(form, 'method') ?? 'get').toLowerCase() : '',
        payment: submits && holdsPayment(form),
    };
};

replinet.consequence = (target, key) => {
    const { visible, attached } = replinet.find(target);
    const element = visible[0] ?? attached[0];
    return element ? consequenceOf(element, key) : { state: 'missing' };
};

/* Of what has the focus, when a key is pressed into nothing in particular. */
replinet.consequenceOfFocus = () => {
    let active = dom.activeElement(document);
    for (;;) {
        const inner = active && (dom.shadowRoot(active)?.activeElement ?? (replinet.frameDocumentOf(active) && dom.activeElement(replinet.frameDocumentOf(active))));
        if (!inner) break;
        active = inner;
    }
    return active && active !== document.body && replinet.tag(active) !== 'iframe' ? consequenceOf(active, true) : { state: 'ready', words: '', element: '' };
};
