/* Loaded first by every page of the script checks. A page says with `expect` what must have come to pass; what happens is
 * told with `say` and `hear`; frames tell their outermost page. #verdict shows the answer to whoever drives the page:
 * data-ok is true once the check has held for a few looks in a row, so an event too many is still seen. */
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const seen = [];

/* Something happened. */
const say = text => {
    if (window === top) seen.push(text);
    else top.postMessage({ said: text }, '*');
};
addEventListener('message', event => { if (event.data?.said) seen.push(event.data.said); });

/* Says each event of these types on (or beneath) the target: its type, what `tell` adds, and whether a script made it. */
const hear = (target, types, tell = event => event.target.id) => {
    for (const type of types.split(' '))
        target.addEventListener(type, event => {
            say([type, tell(event), event.isTrusted ? '' : 'untrusted'].filter(Boolean).join(' '));
        }, true);
};

/* `facts` gives {what: [found, wanted]}; all must be equal. Without any wanted log, nothing about the log is asked. */
const expect = facts => {
    window.check = () => {
        const wrong = Object.entries(facts())
            .filter(([, [found, wanted]]) => JSON.stringify(found) !== JSON.stringify(wanted))
            .map(([what, [found, wanted]]) => `${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
        return { ok: wrong.length === 0, text: wrong.join('; ') || `all of ${Object.keys(facts()).join(', ')} as wanted` };
    };
};

if (window === top) {
    const verdict = document.createElement('output');
    verdict.id = 'verdict';
    verdict.style.cssText = 'position: fixed; right: 0; bottom: 0; width: 2px; height: 2px; pointer-events: none; opacity: 0';
    let looks = 0;
    const look = () => {
        const answer = window.check ? window.check() : { ok: false, text: 'the page has no checker' };
        looks = answer.ok ? looks + 1 : 0;
        const ok = String(looks >= 4);
        if (verdict.dataset.ok !== ok) verdict.dataset.ok = ok;
        if (verdict.dataset.text !== answer.text) {
            verdict.dataset.text = answer.text;
            window.tellVerdict?.(answer);
        }
    };
    addEventListener('DOMContentLoaded', () => {
        document.documentElement.append(verdict);
        setInterval(look, 25);
    });
}
