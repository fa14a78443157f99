// Starts a program of this folder that measures Playwright (playwright_page.mjs).
import { fork } from 'node:child_process';

/** What it sends. */
export function askPlaywright(program, ...words) {
  const child = fork(new URL(program, import.meta.url), words.map(String));
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', code => reject(new Error(`Playwright's side ended with ${code}`)));
  });
}
