import { computed, reactive, ref, toRaw, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { ApiError, type FieldProblem } from '@/shared/api/errors';
import { useProblem } from './useProblem';

type Checks<T> = Partial<Record<keyof T, (value: never, values: T) => string | null>>;

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/**
 * A form's values, what is wrong with each field, and sending it. What the server finds wrong with a field is shown at
 * the field; what belongs to no field of the form is `problem`. `placeOf` says where the form shows a path of the server's,
 * when its fields are parts of one member: "more.a.b" is then a key of `errors`.
 */
export const useForm = <T extends object>(initial: T, checks: Checks<T> = {}, placeOf?: (path: string) => string) => {
  const { t, te } = useI18n();
  const { textOf, hintOf } = useProblem();
  const values = reactive(copy(initial)) as T;
  const clean = ref(JSON.stringify(initial)) as Ref<string>;
  const errors = ref<Record<string, string[]>>({});
  const problem = ref('');
  const hint = ref('');
  const busy = ref(false);
  const isDirty = computed(() => JSON.stringify(values) !== clean.value);

  /** The server's own words begin with the place, which the field shows. */
  const bare = (found: FieldProblem): string => found.msg.replace(/^[\w-]+(\.[\w-]+|\[\d+\])+:? /, '');
  const wording = (found: FieldProblem): string => (te(`validation.${found.type}`) ? t(`validation.${found.type}`) : bare(found));

  const reset = (to: T): void => {
    Object.assign(values, copy(to));
    clean.value = JSON.stringify(values);
    errors.value = {};
    problem.value = '';
  };

  const check = (): boolean => {
    const found: Record<string, string[]> = {};
    for (const [name, rule] of Object.entries(checks) as [keyof T & string, (value: unknown, values: T) => string | null][]) {
      const text = rule(values[name], values);
      if (text) found[name] = [text];
    }
    errors.value = found;
    return Object.keys(found).length === 0;
  };

  const isShown = (field: string): boolean => field.split('.')[0] in toRaw(values);

  const explain = (error: unknown): void => {
    const fields = error instanceof ApiError ? Object.entries(error.fields) : [];
    errors.value = {};
    for (const [path, found] of fields) {
      const field = placeOf?.(path) ?? path;
      const key = isShown(field) ? (placeOf ? field : field.split('.')[0]) : '';
      const texts = found.map((one) => (key && field !== key ? `${field.slice(key.length + 1)}: ${wording(one)}` : wording(one)));
      if (key) (errors.value[key] ??= []).push(...texts);
    }
    const strangers = fields.filter(([path]) => !isShown(placeOf?.(path) ?? path)).map(([field, found]) => `${field}: ${found.map(wording).join(', ')}`);
    problem.value = fields.length ? strangers.join('; ') : textOf(error);
    hint.value = fields.length ? '' : hintOf(error);
  };

  /** Runs `send` unless a check fails; true when it went through. */
  const submit = async (send: (values: T) => Promise<void>): Promise<boolean> => {
    problem.value = '';
    if (busy.value || !check()) return false;
    busy.value = true;
    try {
      await send(copy(toRaw(values)));
      clean.value = JSON.stringify(values);
      return true;
    } catch (error) {
      explain(error);
      return false;
    } finally {
      busy.value = false;
    }
  };

  return reactive({ values, errors, problem, hint, busy, isDirty, reset, submit, check });
};
