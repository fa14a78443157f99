// The layers of web/src: app and layouts may import anything, a feature only itself and shared, shared only shared.
// Within a feature the flow is one way: api -> store -> composables -> components -> page.
import path from 'node:path';

const STAGES = [/\.types$/, /\.api$/, /\.store$/, /\/use[A-Z]\w*$/, /\/components\//, /Page(\.vue)?$/];

const stageOf = (file) => {
  const stage = STAGES.findIndex((pattern) => pattern.test(file.replace(/\.ts$/, '')));
  return stage < 0 ? null : stage;
};

/** Where a source lies: {layer, feature}; null outside src. */
const placeOf = (file) => {
  const parts = file.split('/src/').pop().split('/');
  return parts[0] === 'features' ? { layer: 'features', feature: parts[1] } : { layer: parts[0], feature: null };
};

const resolveImport = (from, name) => {
  if (name.startsWith('@/')) return `/src/${name.slice(2)}`;
  return name.startsWith('.') ? path.posix.join(path.posix.dirname(from), name) : null;
};

export const breach = (from, name) => {
  const to = resolveImport(from, name);
  if (!to || !to.includes('/src/') || !from.includes('/src/')) return null;
  const here = placeOf(from);
  const there = placeOf(to);
  if (here.layer === 'shared' && there.layer !== 'shared') return 'shared imports only shared';
  if (here.layer !== 'features') return null;
  if (there.layer === 'shared') return null;
  if (there.layer !== 'features' || there.feature !== here.feature) return 'a feature imports only itself and shared';
  const mine = stageOf(from);
  const theirs = stageOf(to);
  if (mine !== null && theirs !== null && theirs > mine) return 'a feature flows api, store, composables, components, page';
  return null;
};

const layers = {
  meta: { type: 'problem', schema: [] },
  create: (context) => {
    const check = (node) => {
      const problem = node.source && breach(context.filename.replaceAll('\\', '/'), String(node.source.value));
      if (problem) context.report({ node, message: `${node.source.value}: ${problem}` });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
  },
};

export default { rules: { layers } };
