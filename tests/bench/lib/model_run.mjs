// A run of a model that decides by rules (tests/flow/lib/model_server.mjs), by `replinet run` on a benchmark's manager:
// modelRun(manager, solve) -> {events, pss (MB, the most of the run's process), turns: ms between the end of one answer and
// the next question each}. `solve` gives the calls for a conversation.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { startModel } from '../../flow/lib/model_server.mjs';
import { BINARY } from './manager.mjs';
import { pssOf } from './report.mjs';

const readEvents = file => readFileSync(file, 'utf8').trim().split('\n').map(line => JSON.parse(line));

export async function modelRun(manager, solve) {
  const folder = mkdtempSync('/tmp/replinet-bench-model-');
  const turns = [];
  let answered = 0, pss = 0, child;
  const model = await startModel({
    solve: conversation => {
      if (answered) turns.push(performance.now() - answered);
      pss = Math.max(pss, pssOf(child.pid));
      const answer = solve(conversation);
      answered = performance.now();
      return answer;
    },
  });
  const provider = { kind: 'openai', base_url: model.openai, models: [{ name: 'rules', context_tokens: 32000 }] };
  const env = { ...manager.env, MODEL_PROVIDERS: JSON.stringify({ bench: provider }) };
  try {
    const args = ['run', '--task', 'Do as the rules say', '--model', 'bench/rules', '--max-steps', '1000', '--events', `${folder}/events`, '--output', folder];
    const running = promisify(execFile)(BINARY, args, { env, maxBuffer: 1 << 28 });
    child = running.child;
    await running;
    return { events: readEvents(`${folder}/events`), pss, turns };
  } finally {
    await model.stop();
    rmSync(folder, { recursive: true });
  }
}
