/** The editor itself, in a chunk of its own that is loaded when one is shown. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting, syntaxTree } from '@codemirror/language';
import { lintGutter, linter, lintKeymap, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers, placeholder, type Tooltip } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { SyntaxNode } from '@lezer/common';
import type { Json, JsonObject } from '@/shared/api/types';
import { check, choicesAt, namesAt, type Finding, type Path } from './schemaHelp';

export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  label: string;
  hint?: string;
  readOnly: boolean;
  schema: () => JsonObject | null;
  wording: (finding: Finding) => string;
  onChange: (text: string) => void;
  onFindings: (count: number) => void;
}

const nameOf = (state: EditorState, property: SyntaxNode): string => {
  const name = property.getChild('PropertyName');
  try {
    return name ? String(JSON.parse(state.sliceDoc(name.from, name.to))) : '';
  } catch {
    return '';
  }
};

const VALUES = new Set(['Object', 'Array', 'String', 'Number', 'True', 'False', 'Null']);

const indexIn = (array: SyntaxNode, item: SyntaxNode): number => {
  let index = 0;
  for (let child = array.firstChild; child && child.from < item.from; child = child.nextSibling) if (VALUES.has(child.name)) index++;
  return index;
};

/** The path of names and indexes from the document's root to a node. */
const pathOf = (state: EditorState, node: SyntaxNode): Path => {
  const path: Path = [];
  for (let at: SyntaxNode | null = node; at?.parent; at = at.parent) {
    if (at.name === 'Property') path.unshift(nameOf(state, at));
    else if (at.parent.name === 'Array' && VALUES.has(at.name)) path.unshift(indexIn(at.parent, at));
  }
  return path;
};

const childAt = (state: EditorState, node: SyntaxNode, part: string | number): SyntaxNode | null => {
  let index = 0;
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (typeof part === 'string' && child.name === 'Property' && nameOf(state, child) === part) return child;
    if (typeof part === 'number' && VALUES.has(child.name) && index++ === part) return child;
  }
  return null;
};

const placeOf = (state: EditorState, path: Path): { from: number; to: number } => {
  let node: SyntaxNode | null = syntaxTree(state).topNode.firstChild;
  for (const part of path) {
    const next: SyntaxNode | null = node && childAt(state, node, part);
    if (!next) break;
    node = next.name === 'Property' && next.lastChild && VALUES.has(next.lastChild.name) ? next.lastChild : next;
  }
  if (!node) return { from: 0, to: 0 };
  const label = node.parent?.name === 'Property' ? node.parent.getChild('PropertyName') : null;
  return label ? { from: label.from, to: label.to } : { from: node.from, to: Math.min(node.to, node.from + 1) };
};

const schemaLinter = (options: EditorOptions) => (view: EditorView): Diagnostic[] => {
  const text = view.state.doc.toString();
  const broken = text.trim() ? jsonParseLinter()(view) : [];
  const schema = options.schema();
  const findings = broken.length || !schema || !text.trim() ? [] : check(schema, schema, JSON.parse(text) as Json);
  options.onFindings(broken.length + findings.length);
  return [...broken, ...findings.slice(0, 100).map((finding): Diagnostic => ({ ...placeOf(view.state, finding.path), severity: 'warning', message: options.wording(finding) }))];
};

const EMPTY: Record<string, string> = { object: '{}', array: '[]', string: '""' };

const nameCompletions = (root: JsonObject, path: Path, present: Set<string>, quoted: boolean): Completion[] =>
  namesAt(root, path)
    .filter((offer) => !present.has(offer.name))
    .map((offer) => ({
      label: offer.name,
      type: 'property',
      info: offer.description || undefined,
      apply: quoted ? JSON.stringify(offer.name) : `${JSON.stringify(offer.name)}: ${EMPTY[String(offer.schema.type)] ?? ''}`,
    }));

const namesIn = (state: EditorState, object: SyntaxNode): Set<string> => {
  const names = new Set<string>();
  for (let child = object.firstChild; child; child = child.nextSibling) if (child.name === 'Property') names.add(nameOf(state, child));
  return names;
};

const complete = (options: EditorOptions) => (context: CompletionContext): CompletionResult | null => {
  const root = options.schema();
  if (!root) return null;
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  if (node.name === 'PropertyName' && node.parent?.parent)
    return { from: node.from, to: node.to, options: nameCompletions(root, pathOf(context.state, node.parent.parent), new Set(), true), filter: true };
  const property = node.name === 'Property' ? node : node.parent?.name === 'Property' ? node.parent : null;
  if (property && context.pos > (property.getChild('PropertyName')?.to ?? 0)) {
    const choices = choicesAt(root, pathOf(context.state, property));
    const isValue = VALUES.has(node.name);
    return choices.length ? { from: isValue ? node.from : context.pos, to: isValue ? node.to : undefined, options: choices.map((label) => ({ label, type: 'enum' })) } : null;
  }
  if (node.name === 'Object' || node.name === '{' || (node.parent?.name === 'Object' && context.explicit)) {
    const object = node.name === 'Object' ? node : node.parent!;
    return { from: context.pos, options: nameCompletions(root, pathOf(context.state, object), namesIn(context.state, object), false) };
  }
  return null;
};

/** What a name means, when the pointer rests on it. */
const explain = (options: EditorOptions) =>
  hoverTooltip((view, pos): Tooltip | null => {
    const root = options.schema();
    const node = syntaxTree(view.state).resolveInner(pos, 1);
    if (!root || node.name !== 'PropertyName' || !node.parent?.parent) return null;
    const name = nameOf(view.state, node.parent);
    const offer = namesAt(root, pathOf(view.state, node.parent.parent)).find((one) => one.name === name);
    if (!offer?.description) return null;
    return {
      pos: node.from,
      end: node.to,
      create: () => {
        const dom = document.createElement('div');
        dom.className = 'cm-explained';
        dom.textContent = offer.description;
        return { dom };
      },
    };
  });

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'rgb(var(--v-theme-primary))' },
  { tag: tags.string, color: 'rgb(var(--v-theme-success))' },
  { tag: tags.number, color: 'rgb(var(--v-theme-warning))' },
  { tag: [tags.bool, tags.null], color: 'rgb(var(--v-theme-info))' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'transparent', color: 'rgb(var(--v-theme-on-surface))' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--muted)', border: 'none' },
  '.cm-content': { caretColor: 'rgb(var(--v-theme-on-surface))' },
  '.cm-cursor': { borderLeftColor: 'rgb(var(--v-theme-on-surface))' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'rgba(var(--v-theme-on-surface), 0.04)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': { backgroundColor: 'rgba(var(--v-theme-primary), 0.22)' },
  '.cm-tooltip, .cm-panels': { backgroundColor: 'rgb(var(--v-theme-surface))', color: 'rgb(var(--v-theme-on-surface))', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'rgba(var(--v-theme-primary), 0.2)', color: 'inherit' },
  '.cm-explained, .cm-completionInfo': { maxWidth: '380px', padding: '6px 10px', fontSize: '12.5px', fontFamily: 'var(--font)' },
});

export interface Editor {
  setText: (text: string) => void;
  setReadOnly: (on: boolean) => void;
  focus: () => void;
  destroy: () => void;
}

export const makeEditor = (options: EditorOptions): Editor => {
  const access = new Compartment();
  const readOnly = (on: boolean): Extension => [EditorState.readOnly.of(on), EditorView.editable.of(!on)];
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), indentUnit.of('  '), json(),
        syntaxHighlighting(colours), look, lintGutter(), linter(schemaLinter(options), { delay: 350 }),
        autocompletion({ override: [complete(options)] }), explain(options), EditorView.lineWrapping,
        access.of(readOnly(options.readOnly)), options.hint ? placeholder(options.hint) : [],
        EditorView.contentAttributes.of({ 'aria-label': options.label }),
        // Escape first, then Tab leaves the editor: CodeMirror's own way out of the trap.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    setReadOnly: (on) => view.dispatch({ effects: access.reconfigure(readOnly(on)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
};
