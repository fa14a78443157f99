import type { Json, JsonObject } from '@/shared/api/types';

export interface Template {
  key: string;
  /** null: a model works by what it is told. */
  script: Json;
  input_schema: JsonObject | null;
}

const text = (title: string, more: JsonObject = {}): JsonObject => ({ type: 'string', title, ...more });
const inputs = (properties: JsonObject, required: string[]): JsonObject => ({ type: 'object', properties, required });

/** No steps: a preset with a model is needed. */
export const inWords: Template = { key: 'words', script: null, input_schema: null };

/** Where an agent may begin; their titles and explanations are texts agents.template.*. */
export const templates: readonly Template[] = [
  {
    key: 'list',
    script: {
      steps: [
        { goto: '{{inputs.url}}' },
        { extract: { as: 'items', list: { css: '.product', fields: { name: 'h2', link: 'a@href', price: { css: '.price', type: 'number' } } } } },
        { screenshot: 'end' },
      ],
    },
    input_schema: inputs({ url: text('URL', { format: 'uri' }) }, ['url']),
  },
  {
    key: 'pages',
    script: {
      steps: [
        { goto: '{{inputs.url}}' },
        {
          repeat: {
            steps: [{ extract: { as: 'items', append: true, list: { css: '.item', fields: { title: 'h3', link: 'a@href' } } } }],
            until: { role: 'link', name: 'Next', state: 'hidden' },
            between: [{ click: { role: 'link', name: 'Next' } }],
            max: 20,
          },
        },
      ],
    },
    input_schema: inputs({ url: text('URL', { format: 'uri' }) }, ['url']),
  },
  {
    key: 'login',
    script: {
      steps: [
        { goto: '{{inputs.url}}' },
        { fill: { label: 'E-mail', value: '{{inputs.email}}' } },
        { fill: { label: 'Password', value: '{{inputs.password}}' } },
        { click: { role: 'button', name: 'Sign in' } },
        { wait_for: 'Welcome' },
        { screenshot: 'signed-in' },
      ],
    },
    input_schema: inputs({ url: text('URL', { format: 'uri' }), email: text('E-mail', { format: 'email' }), password: text('Password', { format: 'password' }) }, ['url', 'email', 'password']),
  },
  {
    key: 'shot',
    script: { steps: [{ goto: { url: '{{inputs.url}}', until: 'quiet' } }, { screenshot: { as: 'page', full_page: true } }] },
    input_schema: inputs({ url: text('URL', { format: 'uri' }) }, ['url']),
  },
  {
    key: 'download',
    script: { steps: [{ goto: '{{inputs.url}}' }, { download: { click: { role: 'link', name: 'Download' }, as: 'file' } }] },
    input_schema: inputs({ url: text('URL', { format: 'uri' }) }, ['url']),
  },
  { key: 'blank', script: { steps: [{ goto: 'https://example.com' }] }, input_schema: null },
];
