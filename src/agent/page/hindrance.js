/* Pages that only a person gets past, and how much a page holds. */
const { dom } = replinet;

/* Challenges that stand in a frame of their own. `whole`: the puzzle itself, not the box that may lead to it. */
const CHALLENGE_FRAMES = [
    { address: /recaptcha\/(api2|enterprise)\/bframe/, whole: true },
    { address: /hcaptcha\.com\/.*frame=challenge/, whole: true },
    { address: /recaptcha\/(api2|enterprise)\/anchor(?!.*size=invisible)/ },
    { address: /hcaptcha\.com\/.*frame=checkbox(?!-invisible)/ },
    { address: /challenges\.cloudflare\.com\// },
    { address: /(geo\.captcha-delivery|arkoselabs|funcaptcha)\.com/, whole: true },
];
const WIDGETS = '.g-recaptcha, .h-captcha, .cf-turnstile, [data-sitekey]';
const RESPONSES = '[name="g-recaptcha-response"], [name="h-captcha-response"], [name="cf-turnstile-response"]';
const HUMAN_WORDS =
    /verify (that )?you are (a )?human|are you a (human|robot)|confirm (that )?you are not a robot|i.m not a robot|checking (if|that) you are human|unusual traffic from your|подтвердите, что вы не робот|вы не робот|докажите, что вы человек/i;
const CODE_WORDS =
    /(enter|type) (the|your|a) .{0,40}(code|otp|pin)\b|code (we|that we|was) (have |has been |just )?(sent|texted|e-?mailed)|(verification|security|confirmation|one-time|sms) (code|password)|код из (смс|sms|письма|сообщения)|код подтверждения|(введите|укажите) .{0,30}код|одноразовый (код|пароль)/i;
const BLOCKED_WORDS =
    /access (to this page )?(has been |is |was )?denied|you have been blocked|request (was )?blocked|403 forbidden|too many requests|доступ (запрещ[её]н|ограничен|заблокирован)|слишком много запросов/i;

const LITTLE_TEXT = 900;
const LEAST_SIDE = 60; // a badge in the corner or a frame of no size asks nothing of anybody

const large = element => {
    const rect = dom.rect(element);
    return rect.width >= LEAST_SIDE && rect.height >= LEAST_SIDE / 2;
};
const shown = element => replinet.isVisible(element) && large(element);

/* The text of a page, when there is little of it. That there is more, a few paragraphs and the like say at once, while the
 * text of all of a large page takes long to make. */
const PIECES = 'p, h1, h2, h3, h4, h5, h6, li, td, th, dt, dd, a, button, label, span, div, b, strong, em';
const PIECES_MOST = 2000;
const saysMuch = body => {
    let length = 0;
    for (const piece of [...dom.elementQueryAll(body, PIECES)].slice(0, PIECES_MOST)) {
        if (dom.firstElement(piece) || !replinet.isVisible(piece)) continue;
        length += replinet.normalise(dom.textContent(piece)).length;
        if (length >= LITTLE_TEXT) return true;
    }
    return false;
};
const littleText = () => {
    const body = document.body instanceof HTMLBodyElement ? document.body : dom.documentElement(document);
    const text = !body ? '' : saysMuch(body) ? null : replinet.textOf(body);
    return text !== null && text.length < LITTLE_TEXT ? text : null;
};

const isTextField = element => replinet.tag(element) === 'input' && replinet.isField(element) && replinet.isEditable(element);

const USED = new Set(['a', 'input', 'button', 'select', 'textarea']);
/* How many there are matters up to here. */
const FEW_CONTROLS = 3;
const FEW_FIELDS = 8;
const seen = () => {
    const found = { fields: 0, controls: 0, frame: null, widget: false, solved: false, oneTime: false };
    for (const element of replinet.everything(document).elements) {
        const tag = replinet.tag(element);
        if (tag === 'iframe') {
            const address = dom.attribute(element, 'src') ?? '';
            const row = CHALLENGE_FRAMES.find(one => one.address.test(address));
            if (row && shown(element) && !found.frame?.whole) found.frame = row;
        }
        if (!dom.hasAttributes(element) && !USED.has(tag)) continue;
        if (dom.matches(element, RESPONSES)) found.solved ||= String(replinet.valueOf(element) ?? '') !== '';
        else if (dom.matches(element, WIDGETS)) found.widget ||= replinet.isVisible(element);
        if (!USED.has(tag)) continue;
        const oneTime = tag === 'input' && (dom.attribute(element, 'autocomplete') ?? '').includes('one-time-code');
        const enough = found.controls > FEW_CONTROLS && (tag !== 'input' || found.fields > FEW_FIELDS);
        if ((enough && !oneTime) || !replinet.isVisible(element)) continue;
        found.controls++;
        if (!isTextField(element)) continue;
        found.fields++;
        found.oneTime ||= oneTime;
    }
    return found;
};

/* {"kind": "" | captcha | code | blocked, "alone": whether the page is about nothing else}. */
replinet.hindrance = () => replinet.during(hindrance);
const hindrance = () => {
    const status = performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0;
    const found = seen();
    const text = littleText();
    const little = text !== null;
    const head = (text ?? '').slice(0, 4000);
    const asksForHuman = little && HUMAN_WORDS.test(`${document.title} ${head}`);
    const answer = (kind, alone) => ({ state: 'ready', kind, alone });
    if (!found.solved && (found.frame || found.widget || asksForHuman))
        return answer('captcha', Boolean(found.frame?.whole) || asksForHuman || (little && found.fields === 0));
    if (found.oneTime || (little && found.fields > 0 && found.fields <= FEW_FIELDS && CODE_WORDS.test(head))) return answer('code', little);
    const refused = status === 403 || status === 429;
    if (little && found.fields === 0 && (refused || (found.controls <= FEW_CONTROLS && BLOCKED_WORDS.test(`${document.title} ${head.slice(0, 300)}`))))
        return answer('blocked', true);
    return answer('', false);
};

/* How much there is, for whether the page is still the same after an action. */
replinet.bulk = () => {
    let elements = 0;
    for (const document_ of [document]) elements += document_.getElementsByTagName('*').length;
    return { state: 'ready', elements };
};

/* Until nothing has changed for `still` ms, or `most` ms have passed. */
replinet.calm = (still, most) =>
    new Promise(resolve => {
        let timer;
        const finish = () => {
            observer.disconnect();
            clearTimeout(timer);
            clearTimeout(last);
            resolve({ state: 'ready' });
        };
        const again = () => {
            clearTimeout(timer);
            timer = setTimeout(finish, still);
        };
        const observer = new MutationObserver(again);
        const last = setTimeout(finish, most);
        const root = dom.documentElement(document);
        if (root) observer.observe(root, { childList: true, subtree: true, attributes: true, characterData: true });
        again();
    });

/* A part of the page's tables, for a model that asks for it (its text: reading.js). */
const cellsOf = row => [...row.cells].map(cell => replinet.normalise(replinet.textOf(cell)).replace(/\|/g, '/')).join(' | ');
const TABLES_MAX = 2_000_000;
const tablesText = () => {
    const parts = [];
    for (const element of replinet.elements(document)) {
        if (replinet.tag(element) !== 'table' || !replinet.isVisible(element)) continue;
        parts.push([...element.rows].filter(replinet.isVisible).map(cellsOf).join('\n'));
    }
    return parts.map((rows, i) => `Table ${i + 1}\n${rows}`).join('\n\n');
};

replinet.readTables = () => ({ state: 'ready', text: tablesText().slice(0, TABLES_MAX) });
