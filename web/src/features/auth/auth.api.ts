import { api } from '@/shared/api/client';

export const requestReset = (email: string) => api.post<void>('/auth/password-reset', { email }, { anonymous: true });
export const confirmReset = (token: string, new_password: string) =>
  api.post<void>('/auth/password-reset/confirm', { token, new_password }, { anonymous: true });
