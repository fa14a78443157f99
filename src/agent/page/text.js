/* Text: what counts as equal, how alike two texts are, and numbers as people write them. */
const UNTIDY = /[\u200b\u00ad\ufeff]|[^\S ]|\s\s|^\s|\s$/;
replinet.normalise = text => {
    const whole = String(text ?? '');
    return UNTIDY.test(whole) ? tidy(whole) : whole;
};
const tidy = text =>
    text
        .replace(/[\u200b\u00ad\ufeff]/g, '')
        .replace(/\s+/g, ' ')
        .trim();

replinet.shorten = (text, limit = 80) => {
    const whole = replinet.normalise(String(text ?? '').slice(0, limit * 20));
    return whole.length > limit ? whole.slice(0, limit - 1) + '…' : whole;
};

/* A test for a wanted text: contains, whatever the case; or exactly equal. `*` is no wildcard here. */
replinet.textTest = (wanted, exact) => {
    const goal = replinet.normalise(wanted);
    if (exact) return text => replinet.normalise(text) === goal;
    const lower = goal.toLowerCase();
    return text => replinet.normalise(text).toLowerCase().includes(lower);
};

/* A test for addresses and titles: contains, with `*` for anything. */
replinet.patternTest = pattern => {
    const source = pattern.split('*').map(part => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    const expression = new RegExp(source.join('.*'), 'is');
    return text => expression.test(text);
};

const bigrams = text => {
    const pairs = new Map();
    for (let i = 0; i + 1 < text.length; i++) {
        const pair = text.slice(i, i + 2);
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    return pairs;
};

/* 0 (nothing in common) to 1 (equal), Dice's coefficient over pairs of letters. */
replinet.similarity = (a, b) => {
    const one = replinet.shorten(a, 100).toLowerCase();
    const other = replinet.shorten(b, 100).toLowerCase();
    if (!one || !other) return 0;
    if (one === other) return 1;
    const pairs = bigrams(one);
    let shared = 0;
    for (const [pair, count] of bigrams(other)) shared += Math.min(count, pairs.get(pair) ?? 0);
    const total = Math.max(one.length - 1, 1) + Math.max(other.length - 1, 1);
    const whole = one.includes(other) || other.includes(one) ? 0.3 : 0;
    return Math.min(1, (2 * shared) / total + whole);
};

/* "1 299,50 ₽", "$1,299.00", "1.299" -> number or null. The last separator is the decimal one unless exactly three
 * digits follow a separator of which there may be more. */
replinet.parseNumber = text => {
    const found = /[-−]?\s*\d[\d\s.,'’\u00a0\u202f]*/.exec(text);
    if (!found) return null;
    const negative = /^[-−]/.test(found[0]);
    const digits = found[0].replace(/[^\d.,]/g, '').replace(/[.,]+$/, '');
    const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','));
    const both = digits.includes('.') && digits.includes(',');
    const after = digits.length - last - 1;
    const several = last >= 0 && digits.split(digits[last]).length > 2;
    const decimal = last >= 0 && !several && (both || after !== 3 || /^0?[.,]/.test(digits));
    const whole = (decimal ? digits.slice(0, last) : digits).replace(/[.,]/g, '');
    const value = Number(decimal ? `${whole || 0}.${digits.slice(last + 1)}` : whole);
    return Number.isFinite(value) ? (negative ? -value : value) : null;
};
