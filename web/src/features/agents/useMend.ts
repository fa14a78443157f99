/** Whether a script, as the editor has it, is mended by the model when an element of a step is gone. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject, readJson, textOfJson } from '@/shared/json';

/** null: it is no script at the moment. */
export const mendOf = (text: string): boolean | null => {
  const script: Json | undefined = readJson(text);
  if (Array.isArray(script)) return false;
  return isObject(script) ? script.mend === true : null;
};

export const withMend = (text: string, on: boolean): string => {
  const script: Json | undefined = readJson(text);
  if (!Array.isArray(script) && !isObject(script)) return text;
  const whole: JsonObject = Array.isArray(script) ? { steps: script } : { ...script };
  if (on) whole.mend = true;
  else delete whole.mend;
  return textOfJson(whole);
};
