/** A provider's models as a form edits them: prices in units per million tokens; nothing is said of what is empty. */
import type { ProviderModel, Role } from '@/shared/api/types';
import { microOf, unitsOf } from '@/shared/price';

export interface ModelRow {
  name: string;
  label: string;
  min_role: Role;
  context_tokens: number | null;
  vision: boolean;
  input: number | null;
  output: number | null;
  cached: number | null;
}

export const emptyModel = (): ModelRow => ({ name: '', label: '', min_role: 'guest', context_tokens: null, vision: false, input: null, output: null, cached: null });

const shown = (micro: number | undefined): number | null => (micro ? unitsOf(micro) : null);

export const rowOf = (model: ProviderModel): ModelRow => ({
  name: model.name,
  label: model.label ?? '',
  min_role: model.min_role ?? 'guest',
  context_tokens: model.context_tokens || null,
  vision: model.vision ?? false,
  input: shown(model.input_price),
  output: shown(model.output_price),
  // A price of its own of 0 is a price: what is cached may cost nothing.
  cached: model.cached_price === undefined ? null : unitsOf(model.cached_price),
});

export const modelOf = (row: ModelRow): ProviderModel => ({
  name: row.name.trim(),
  min_role: row.min_role,
  vision: row.vision,
  ...(row.label.trim() ? { label: row.label.trim() } : {}),
  ...(row.context_tokens ? { context_tokens: row.context_tokens } : {}),
  ...(row.input === null ? {} : { input_price: microOf(row.input) }),
  ...(row.output === null ? {} : { output_price: microOf(row.output) }),
  ...(row.cached === null ? {} : { cached_price: microOf(row.cached) }),
});
