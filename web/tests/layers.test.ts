import { describe, expect, it } from 'vitest';
import { breach } from '../eslint.boundaries.js';

describe('the layers of web/src', () => {
  const api = '/w/src/features/agents/agents.api.ts';
  const page = '/w/src/features/agents/AgentsPage.vue';

  it('lets a feature import itself and shared', () => {
    expect(breach(page, './agents.api')).toBeNull();
    expect(breach(page, '@/shared/api/client')).toBeNull();
    expect(breach(page, 'vue')).toBeNull();
  });
  it('refuses another feature, layouts and the app', () => {
    expect(breach(page, '@/features/threads/threads.api')).toMatch(/only itself and shared/);
    expect(breach(page, '../threads/threads.api')).toMatch(/only itself and shared/);
    expect(breach(page, '@/app/router')).toMatch(/only itself and shared/);
  });
  it('refuses to go against the flow within a feature', () => {
    expect(breach(api, './AgentsPage.vue')).toMatch(/flows/);
    expect(breach('/w/src/features/agents/components/RunDialog.vue', '../AgentsPage.vue')).toMatch(/flows/);
  });
  it('keeps shared to itself', () => {
    expect(breach('/w/src/shared/ui/AppTable.vue', '@/features/agents/agents.api')).toMatch(/shared/);
  });
});
