// Fails when the dashboard's first load needs more compressed JavaScript than the limit. Counted: the entry, the layout,
// the dashboard and everything that they import statically, and also the charts, which come after the first paint.
import fs from 'node:fs';
import path from 'node:path';

const LIMIT = 300 * 1024;
const ROOTS = [
  'index.html',
  'src/features/dashboard/DashboardPage.vue',
  'src/features/dashboard/components/ThreadsChart.vue',
  'src/shared/i18n/locales/en.json',
];

const dist = path.resolve(import.meta.dirname, '../dist');
const manifest = JSON.parse(fs.readFileSync(path.join(dist, '.vite/manifest.json'), 'utf8'));

const seen = new Set();
const visit = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) visit(next);
};
for (const root of ROOTS) {
  if (!manifest[root]) throw new Error(`budget: the build has no chunk of its own for ${root}`);
  visit(root);
}

const scripts = [...new Set([...seen].map((key) => manifest[key].file))].filter((file) => file.endsWith('.js'));
const sizeOf = (file, ending) => fs.statSync(path.join(dist, fs.existsSync(path.join(dist, file + ending)) ? file + ending : file)).size;
const sum = (ending) => scripts.reduce((total, file) => total + sizeOf(file, ending), 0);
const brotli = sum('.br');
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`dashboard: ${scripts.length} scripts, ${kilobytes(brotli)} brotli, ${kilobytes(sum('.gz'))} gzip; limit ${kilobytes(LIMIT)}`);
if (process.argv.includes('--verbose')) for (const file of scripts) console.log(`  ${kilobytes(sizeOf(file, '.br'))}  ${file}`);
if (brotli > LIMIT) {
  console.error(`budget: ${kilobytes(brotli - LIMIT)} over the limit`);
  process.exit(1);
}
