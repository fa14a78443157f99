// A server of models that speaks OpenAI's chat completions and Anthropic's Messages, streaming and not, and breaks what a
// test wants broken. What the "model" says comes of a function that is given the conversation in the neutral form of
// src/agent/llm/llm.h, whichever protocol brought it; what a provider would refuse (roles out of turn, calls and results that do
// not match one to one, names and texts that are none) is refused here too, always.
import { createServer } from 'node:http';

const PIECE = 12; // characters of a delta
const tokens = (value) => Math.ceil(JSON.stringify(value ?? '').length / 4);
const pieces = (text) => (text ?? '').match(new RegExp(`[^]{1,${PIECE}}`, 'gu')) ?? [];
/** Waits, but no longer than the connection lives. */
const pause = (ms, response) => new Promise((done) => {
  const end = () => { clearTimeout(timer); response.off('close', end); done(); };
  const timer = setTimeout(end, ms);
  response.on('close', end);
});
let serial = 0;

class Refusal extends Error {
  constructor(status, type, message, headers = {}) {
    super(message);
    Object.assign(this, { status, type, headers });
  }
}
const refuse = (message) => { throw new Refusal(400, 'invalid_request_error', message); };

// ------------------------------------------------------------------------------------------------ what was asked, neutrally

const fromDataUrl = (url) => {
  const [, media_type, data] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? refuse('image_url is no data URL');
  return { image: { media_type, data } };
};
const openaiPart = (part) => (part.type === 'image_url' ? fromDataUrl(part.image_url.url) : { text: part.text });
const named = (name) => (/^[a-zA-Z0-9_-]{1,64}$/.test(name) ? name : refuse(`a tool's name must match ^[a-zA-Z0-9_-]{1,64}$: ${name}`));
const once = (calls, seen) => calls.forEach(({ id }) => (!id || seen.has(id) ? refuse(`ids of calls must be unique: ${id}`) : seen.add(id)));
const parsed = (text) => { try { return JSON.parse(text); } catch { return refuse('arguments are no JSON'); } };
const openaiCall = ({ id, function: f }) => ({ id, name: named(f.name), arguments: parsed(f.arguments) });

function openaiMessages(messages) {
  const list = [], seen = new Set();
  let open = [];
  for (const m of messages) {
    const last = list.at(-1);
    if (m.role !== 'tool' && open.length) refuse(`calls without results: ${open}`);
    if (m.role === 'system') list.push({ role: 'system', text: m.content });
    else if (m.role === 'user') list.push({ role: 'user', parts: typeof m.content === 'string' ? [{ text: m.content }] : m.content.map(openaiPart) });
    else if (m.role === 'assistant') {
      const calls = (m.tool_calls ?? []).map(openaiCall);
      open = calls.map((c) => c.id);
      once(calls, seen);
      if (!m.content?.trim() && !calls.length) refuse('an assistant message must have either content or tool_calls');
      list.push({ role: 'assistant', text: m.content ?? '', calls, ...(m.reasoning_details && { thoughts: m.reasoning_details }) });
    } else if (m.role === 'tool') {
      if (!open.includes(m.tool_call_id)) refuse(`a result of no call: ${m.tool_call_id}`);
      open = open.filter((id) => id !== m.tool_call_id);
      const error = m.content.startsWith('Error: ');
      const result = { id: m.tool_call_id, text: error ? m.content.slice(7) : m.content, error };
      if (last.role === 'tool') last.results.push(result);
      else list.push({ role: 'tool', results: [result] });
    } else refuse(`role ${m.role}`);
  }
  if (open.length) refuse(`calls without results: ${open}`);
  return list;
}

const textOf = (block) => (block.text?.trim() ? block.text : refuse('text content blocks must contain non-whitespace text'));
const anthropicPart = (b) => (b.type === 'image' ? { image: { media_type: b.source.media_type, data: b.source.data } } : { text: textOf(b) });

function anthropicResult(block, open) {
  if (!open.has(block.tool_use_id)) refuse(`unexpected tool_use_id in tool_result: ${block.tool_use_id}`);
  open.delete(block.tool_use_id);
  const content = (block.content ?? []).map(anthropicPart);
  return { id: block.tool_use_id, text: content.map((p) => p.text ?? '').join(''), error: !!block.is_error, ...content.find((p) => p.image) };
}

function anthropicMessages({ system = [], messages }) {
  const list = system.map((b) => ({ role: 'system', text: textOf(b) }));
  const seen = new Set();
  let open = new Set(), before = 'assistant';
  for (const m of messages) {
    if (m.role === before) refuse('roles must alternate');
    before = m.role;
    if (!m.content.length) refuse('content is empty');
    const of = (...types) => m.content.filter((b) => types.includes(b.type));
    if (m.role === 'assistant') {
      const calls = of('tool_use').map((b) => ({ id: b.id, name: named(b.name), arguments: b.input }));
      if (calls.some(({ arguments: input }) => typeof input !== 'object' || Array.isArray(input))) refuse('tool_use.input: Input should be a valid dictionary');
      once(calls, seen);
      open = new Set(calls.map((c) => c.id));
      list.push({ role: 'assistant', text: of('text').map(textOf).join(''), calls, ...(of('thinking').length && { thoughts: of('thinking') }) });
      continue;
    }
    if (m.content.findLastIndex((b) => b.type === 'tool_result') >= of('tool_result').length) refuse('tool_result blocks must come first');
    const results = of('tool_result').map((b) => anthropicResult(b, open));
    if (open.size) refuse(`tool_use ids were found without tool_result blocks: ${[...open]}`);
    if (results.length) list.push({ role: 'tool', results });
    if (of('text', 'image').length) list.push({ role: 'user', parts: of('text', 'image').map(anthropicPart) });
  }
  if (open.size) refuse(`tool_use ids were found without tool_result blocks: ${[...open]}`);
  return list;
}

// ------------------------------------------------------------------------------------------------ what is answered

const withIds = (answer) => ({ text: '', ...answer, calls: (answer.calls ?? []).map((c) => ({ id: `call_${++serial}`, ...c })) });
const rawArguments = (c) => c.raw ?? JSON.stringify(c.arguments ?? {});

const OPENAI = {
  error: (r) => ({ error: { message: r.message, type: r.type, code: r.type } }),
  read: (body) => ({
    conversation: openaiMessages(body.messages),
    tools: (body.tools ?? []).map(({ function: f }) => ({ name: f.name, description: f.description, schema: f.parameters })),
    schema: body.response_format?.json_schema?.schema,
  }),
  finish: (a) => a.finish ?? (a.calls.length ? 'tool_calls' : 'stop'),
  usage: (a, body) => ({ prompt_tokens: tokens(body.messages), completion_tokens: tokens([a.text, a.calls]), total_tokens: 0, prompt_tokens_details: { cached_tokens: a.cached ?? 0 }, ...(a.cost && { cost: a.cost }) }),
  whole(a, body, quirks) {
    const tool_calls = a.calls.map((c) => ({ id: c.id, type: 'function', function: { name: c.name, arguments: rawArguments(c) } }));
    return { id: 'chatcmpl-1', object: 'chat.completion', model: body.model, ...(!quirks.noUsage && { usage: this.usage(a, body) }),
      choices: [{ index: 0, finish_reason: this.finish(a), message: { role: 'assistant', content: a.text || null, reasoning_content: a.thought, ...(tool_calls.length && { tool_calls }) } }] };
  },
  *stream(a, body, quirks) {
    const chunk = (delta, finish_reason = null) => ({ data: { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: body.model, choices: [{ index: 0, delta, finish_reason }] } });
    yield chunk({ role: 'assistant', content: '' });
    for (const piece of pieces(a.thought)) yield chunk({ reasoning_content: piece });
    for (const piece of pieces(a.text)) yield chunk({ content: piece });
    for (const [index, c] of a.calls.entries()) {
      const place = quirks.noIndex ? {} : { index: quirks.sameIndex ? 0 : index };
      const id = quirks.noIds ? {} : { id: c.id };
      if (quirks.objects) {
        yield chunk({ tool_calls: [{ ...place, ...id, type: 'function', function: { name: c.name, arguments: c.arguments } }] });
        continue;
      }
      yield chunk({ tool_calls: [{ ...place, ...id, type: 'function', function: { name: c.name, arguments: '' } }] });
      for (const piece of pieces(rawArguments(c))) yield chunk({ tool_calls: [{ ...place, ...(quirks.sameIndex ? id : {}), function: { arguments: piece } }] });
    }
    yield chunk({}, this.finish(a));
    if (body.stream_options?.include_usage && !quirks.noUsage) yield { data: { id: 'chatcmpl-1', choices: [], usage: this.usage(a, body) } };
    yield { data: '[DONE]' };
  },
  endless: (piece) => ({ data: { choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] } }),
  failure: () => ({ data: { error: { message: 'The server had an error while processing your request', type: 'server_error', code: 502 } } }),
};

const ANTHROPIC = {
  error: (r) => ({ type: 'error', error: { type: r.type, message: r.message } }),
  read(body) {
    const tools = (body.tools ?? []).map((t) => ({ name: t.name, description: t.description, schema: t.input_schema }));
    const forced = body.tool_choice?.type === 'tool' && body.tool_choice.name === 'answer' ? tools[0].schema : undefined;
    return { conversation: anthropicMessages(body), tools: forced ? [] : tools, schema: forced };
  },
  finish: (a) => ({ length: 'max_tokens', content_filter: 'refusal' })[a.finish] ?? (a.calls.length ? 'tool_use' : 'end_turn'),
  usage: (a, body) => ({ input_tokens: tokens(body.messages), cache_read_input_tokens: a.cached ?? 0, cache_creation_input_tokens: 0, output_tokens: tokens([a.text, a.calls]) }),
  blocks: (a) => [
    ...(a.thought ? [{ type: 'thinking', thinking: a.thought, signature: `signed:${a.thought.length}` }] : []),
    ...(a.text ? [{ type: 'text', text: a.text }] : []),
    ...a.calls.map((c) => ({ type: 'tool_use', id: c.id, name: c.name, input: c.arguments ?? {}, raw: rawArguments(c) })),
  ],
  whole(a, body) {
    const content = this.blocks(a).map(({ raw, ...block }) => block);
    return { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content, stop_reason: this.finish(a), usage: this.usage(a, body) };
  },
  *stream(a, body) {
    const event = (type, data) => ({ event: type, data: { type, ...data } });
    const { output_tokens, ...input } = this.usage(a, body);
    yield event('message_start', { message: { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content: [], usage: { ...input, output_tokens: 1 } } });
    yield event('ping', {});
    for (const [index, { raw, ...block }] of this.blocks(a).entries()) {
      const delta = (d) => event('content_block_delta', { index, delta: d });
      const begin = { text: { text: '' }, thinking: { thinking: '', signature: '' }, tool_use: { input: {} } }[block.type];
      yield event('content_block_start', { index, content_block: { ...block, ...begin } });
      for (const text of pieces(block.text)) yield delta({ type: 'text_delta', text });
      for (const thinking of pieces(block.thinking)) yield delta({ type: 'thinking_delta', thinking });
      if (block.signature) yield delta({ type: 'signature_delta', signature: block.signature });
      if (block.input) for (const partial_json of ['', ...pieces(raw)]) yield delta({ type: 'input_json_delta', partial_json });
      yield event('content_block_stop', { index });
    }
    yield event('message_delta', { delta: { stop_reason: this.finish(a), stop_sequence: null }, usage: { output_tokens } });
    yield event('message_stop', {});
  },
  endless: (text, first) => (first ? { event: 'content_block_start', data: { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } }
    : { event: 'content_block_delta', data: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } }),
  failure: () => ({ event: 'error', data: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } } }),
};

// ------------------------------------------------------------------------------------------------ what goes wrong

const status = (code, type, message, headers) => ({ refuse: (o) => new Refusal(code, type, message, typeof headers === 'function' ? headers(o) : headers) });
const dateIn = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();

/** What each fault does: `refuse` answers with a status, `answer` changes what the model says, the rest is read in `send`. */
const FAULTS = {
  auth: status(401, 'authentication_error', 'Incorrect API key provided'),
  429: status(429, 'rate_limit_error', 'Rate limit reached', ({ after = 0, date }) => ({ 'retry-after': date ? dateIn(after) : String(after) })),
  quota: status(429, 'insufficient_quota', 'You exceeded your current quota'),
  500: status(500, 'api_error', 'Internal server error'),
  overloaded: status(529, 'overloaded_error', 'Overloaded'),
  missing: status(404, 'not_found_error', 'The model does not exist'),
  context: status(400, 'context_length_exceeded', "This model's maximum context length is 8192 tokens"),
  policy: status(400, 'content_policy_violation', 'Your request was rejected'),
  no_stream: { refuse: (o, body) => body.stream && new Refusal(400, 'invalid_request_error', 'stream=true is not supported by this server') },
  no_schema: { refuse: (o, body) => body.response_format && new Refusal(400, 'invalid_request_error', 'response_format is not supported') },
  other_tokens: { refuse: (o, body) => body.max_tokens && new Refusal(400, 'unsupported_parameter', "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.") },
  refused: { answer: (a) => ({ ...a, text: 'I cannot help with that.', calls: [], finish: 'content_filter' }) },
  unknown_tool: { answer: (a) => ({ ...a, calls: [{ id: `call_${++serial}`, name: 'fly_to_the_moon', arguments: { speed: 11 } }] }) },
  bad_arguments: { answer: (a) => ({ ...a, calls: [{ id: `call_${++serial}`, name: a.calls[0]?.name ?? 'click', raw: '{"element": 1, oh' }] }) },
  length: { answer: (a) => ({ ...a, finish: 'length' }) },
  think: { answer: (a) => ({ ...a, text: `<think>Hm, "${a.text}"? Let me see.</think>\n\n${a.text}` }) },
  thought: { answer: (a) => ({ ...a, thought: 'First I look, then I click.' }) },
  no_usage: { quirks: { noUsage: true } },
  no_index: { quirks: { noIndex: true } },
  same_index: { quirks: { sameIndex: true } },
  no_ids: { quirks: { noIds: true, noIndex: true } },
  objects: { quirks: { objects: true, noIndex: true, noIds: true } },
  slow: {}, cut: {}, cut_whole: {}, hang: {}, endless: {}, malformed: {}, html: {}, whole: {}, crlf: {}, bytes: {}, failure: {}, reset: {},
};

const print = ({ event, data }, end = '\n') => `${event ? `event: ${event}${end}` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}${end}${end}`;

async function write(response, text) {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  await new Promise((done) => {
    const end = () => { response.off('drain', end).off('close', end); done(); };
    response.on('drain', end).on('close', end);
  });
  return !response.destroyed;
}

async function sendEndless(response, protocol) {
  const text = 'and so on '.repeat(800);
  if (!(await write(response, print(protocol.endless('', true))))) return;
  while (await write(response, print(protocol.endless(text, false))));
}

async function sendStream(response, protocol, events, fault, options) {
  const end = fault === 'crlf' ? '\r\n' : '\n';
  const half = Math.max(2, Math.floor(events.length / 2));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write(`: hello${end}${end}`);
  if (fault === 'endless') return sendEndless(response, protocol);
  for (const [i, event] of events.entries()) {
    if (fault === 'slow') await pause(options.ms ?? 300, response);
    if (response.destroyed) return;
    if (i === half && fault === 'cut') return response.socket.end(); // what was sent arrives, its end does not
    if (i === half && fault === 'malformed') response.write('data: {"choices": [{"delta": oh\n\n');
    if (i === half && fault === 'failure') return response.end(print(protocol.failure()));
    const text = print(event, end);
    if (fault !== 'bytes') await write(response, text);
    else for (const byte of Buffer.from(text)) { response.write(Buffer.of(byte)); if (byte % 7 === 0) await pause(0, response); }
  }
  response.end();
}

async function send(response, protocol, body, answer, fault, options) {
  const { quirks = {} } = FAULTS[fault] ?? {};
  if (fault === 'hang') return; // until the client gives up
  if (fault === 'reset') return response.destroy();
  if (fault === 'html') return response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in</body></html>');
  if (body.stream && fault !== 'whole') return sendStream(response, protocol, [...protocol.stream(answer, body, quirks)], fault, options);
  const text = JSON.stringify(protocol.whole(answer, body, quirks));
  if (fault === 'slow') await pause(options.ms ?? 300, response);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  if (fault === 'cut_whole' || fault === 'cut') { response.write(text.slice(0, text.length / 2)); return response.destroy(); }
  response.end(fault === 'malformed' ? text.replaceAll(':', '') : text);
}

async function bodyOf(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return parsed(text);
}

function checkCaller(protocol, { headers }, key) {
  const shown = protocol === OPENAI ? headers.authorization?.replace(/^Bearer /, '') : headers['x-api-key'];
  if (protocol === ANTHROPIC && headers['anthropic-version'] !== '2023-06-01') refuse('anthropic-version: header is required');
  if (key && shown !== key) throw new Refusal(401, 'authentication_error', `Incorrect API key provided: ${shown}`);
}

/**
 * A server of models on loopback.
 * `solve(conversation, tools, {schema, body, protocol, model})` gives {text?, thought?, calls?: [{name, arguments, raw?}], finish?, cached?, cost?}, or
 * {refuse: {status, json}} for an answer of that status;
 * without it every answer is "ok". `key`: the only one accepted. -> {openai, anthropic (base URLs), port,
 * requests (all that came: {protocol, body, headers, conversation, tools}), fault(name, {times = 1, ...}), stop()}.
 * Faults queue up; fault(null) drops what waits. Their names are the keys of FAULTS.
 */
export async function startModel({ solve = () => ({ text: 'ok' }), key } = {}) {
  const requests = [];
  let faults = [];
  const takeFault = () => {
    const next = faults[0];
    if (next && --next.options.times <= 0) faults.shift();
    return next ?? { name: null, options: {} };
  };
  const answerTo = async (protocol, request, response) => {
    const body = await bodyOf(request);
    const entry = { protocol: protocol === OPENAI ? 'openai' : 'anthropic', body, headers: request.headers, conversation: [], tools: [] };
    requests.push(entry);
    const { name, options } = takeFault();
    entry.fault = name;
    checkCaller(protocol, request, key);
    const refusal = FAULTS[name]?.refuse?.(options, body);
    if (refusal) throw refusal;
    Object.assign(entry, protocol.read(body));
    if (name === 'hang' || name === 'reset') return send(response, protocol, body, null, name, options);
    const said = await solve(entry.conversation, entry.tools, { schema: entry.schema, body, protocol: entry.protocol, model: body.model });
    if (said.refuse) return response.writeHead(said.refuse.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.refuse.json));
    let answer = withIds(said);
    if (entry.schema && protocol === ANTHROPIC && answer.text) answer = withIds({ calls: [{ name: 'answer', arguments: parsed(answer.text) }] });
    answer = FAULTS[name]?.answer?.(answer) ?? answer;
    entry.answer = answer;
    return send(response, protocol, body, answer, name, options);
  };
  const server = createServer((request, response) => {
    const protocol = { '/v1/chat/completions': OPENAI, '/v1/messages': ANTHROPIC }[request.url];
    const fail = (problem) => {
      if (response.headersSent) return response.destroy();
      const r = problem instanceof Refusal ? problem : new Refusal(500, 'api_error', `the test's model failed: ${problem.stack}`);
      if (!(problem instanceof Refusal)) console.error(problem);
      response.writeHead(r.status, { 'content-type': 'application/json', ...r.headers }).end(JSON.stringify((protocol ?? OPENAI).error(r)));
    };
    if (!protocol || request.method !== 'POST') return fail(new Refusal(404, 'not_found_error', `there is no ${request.method} ${request.url}`));
    answerTo(protocol, request, response).catch(fail);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return {
    port, openai: `http://127.0.0.1:${port}/v1`, anthropic: `http://127.0.0.1:${port}`, requests,
    fault(name, options = {}) {
      if (name !== null && !(name in FAULTS)) throw new Error(`there is no fault ${name}`);
      if (name === null) faults = [];
      else faults.push({ name: String(name), options: { times: 1, ...options } });
    },
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  };
}
