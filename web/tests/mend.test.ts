import { describe, expect, it } from 'vitest';
import { mendOf, withMend } from '@/features/agents/useMend';

describe('a script that is mended', () => {
  it('says so, whatever form it has', () => {
    expect([mendOf('[]'), mendOf('{"steps":[]}'), mendOf('{"steps":[],"mend":true}'), mendOf('{'), mendOf('')]).toEqual([false, false, true, null, null]);
    expect(JSON.parse(withMend('[{"goto":"http://a/"}]', true))).toEqual({ steps: [{ goto: 'http://a/' }], mend: true });
    expect(JSON.parse(withMend('{"mend":true,"steps":[],"scripts":{}}', false))).toEqual({ steps: [], scripts: {} });
  });
  it('is left alone while it cannot be read', () => expect(withMend('{"steps":', true)).toBe('{"steps":'));
});
