// What a test's model reads: the conversation of src/agent/llm/llm.h, and the observation in it (docs/model.md).

const textOf = (message) => (message.parts ?? []).map((part) => part.text ?? '').join('\n');

/** The text of the page that the model was shown last, without the marks around it. */
export function pageIn(conversation) {
  const shown = conversation.filter((m) => m.role === 'user' && textOf(m).includes('The page now (turn')).at(-1);
  return /<(page-[0-9a-f]+)>([^]*?)<\/\1>/.exec(textOf(shown))[2];
}

/** All that the model was told beside the page in its last message. */
export const lastWords = (conversation) => textOf(conversation.filter((m) => m.role === 'user').at(-1));

export const taskIn = (conversation) => textOf(conversation.find((m) => m.role === 'user'));

/** What the tools answered last: [{text, error}]. */
export const lastResults = (conversation) => conversation.filter((m) => m.role === 'tool').at(-1)?.results ?? [];

/** The number of the first element whose line fits: find(page, 'button "Buy"'). null: there is none. */
export function find(page, wanted) {
  for (const line of page.split('\n')) {
    const found = /^\s*\[(\d+)\]\*? (.*)$/.exec(line);
    if (found && (typeof wanted === 'string' ? found[2].startsWith(wanted) : wanted.test(found[2]))) return Number(found[1]);
  }
  return null;
}

export const click = (element) => ({ name: 'click', arguments: { element } });
export const fill = (element, value) => ({ name: 'fill', arguments: { element, value } });
export const done = (result, text = '') => ({ name: 'done', arguments: { success: true, ...(result !== undefined && { result }), ...(text && { text }) } });
export const giveUp = (text) => ({ name: 'done', arguments: { success: false, text } });
