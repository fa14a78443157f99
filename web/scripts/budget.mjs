// Fails when the dashboard's first load needs more compressed JavaScript than the limit, in any language. Counted: the
// entry, the layout, the dashboard and everything that they import statically, and also the charts, which come after the
// first paint.
import fs from 'node:fs';
import path from 'node:path';

const LIMIT = 300 * 1024;
const ROOTS = [
  'index.html',
  'src/features/dashboard/DashboardPage.vue',
  'src/features/dashboard/components/ThreadsChart.vue',
];
const LOCALES = ['en', 'ru'];

const dist = path.resolve(import.meta.dirname, '../dist');
const manifest = JSON.parse(fs.readFileSync(path.join(dist, '.vite/manifest.json'), 'utf8'));

/** The scripts that these chunks need. */
const scriptsOf = (roots) => {
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    if (!manifest[key]) throw new Error(`budget: the build has no chunk of its own for ${key}`);
    seen.add(key);
    for (const next of manifest[key].imports ?? []) visit(next);
  };
  roots.forEach(visit);
  return [...new Set([...seen].map((key) => manifest[key].file))].filter((file) => file.endsWith('.js'));
};
const sizeOf = (file, ending) => fs.statSync(path.join(dist, fs.existsSync(path.join(dist, file + ending)) ? file + ending : file)).size;
const sum = (scripts, ending) => scripts.reduce((total, file) => total + sizeOf(file, ending), 0);
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

const over = LOCALES.filter((locale) => {
  const scripts = scriptsOf([...ROOTS, `src/shared/i18n/locales/${locale}.json`]);
  const brotli = sum(scripts, '.br');
  console.log(`dashboard in ${locale}: ${scripts.length} scripts, ${kilobytes(brotli)} brotli, ${kilobytes(sum(scripts, '.gz'))} gzip; limit ${kilobytes(LIMIT)}`);
  if (process.argv.includes('--verbose')) for (const file of scripts) console.log(`  ${kilobytes(sizeOf(file, '.br'))}  ${file}`);
  return brotli > LIMIT;
});
if (over.length) {
  console.error(`budget: over the limit in ${over.join(', ')}`);
  process.exit(1);
}
