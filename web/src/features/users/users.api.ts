import { api, newKey, type Query } from '@/shared/api/client';
import type { Page, Role, RoleLimits, User } from '@/shared/api/types';

export interface UserInput {
  email?: string;
  name?: string;
  role?: Role;
  is_active?: boolean;
  password?: string;
  /** Millionths; null: what the role allows. */
  model_cost_day?: number | null;
}
export const listUsers = (query: Query, signal?: AbortSignal) => api.get<Page<User>>('/users', { query, signal });
export const listRoles = async (signal?: AbortSignal) => (await api.get<{ items: RoleLimits[] }>('/roles', { signal })).items;
export const createUser = (input: UserInput) => api.post<User>('/users', input, { idempotencyKey: newKey() });
export const updateUser = (id: string, input: UserInput, revision: number) => api.patch<User>(`/users/${id}`, input, { revision });
export const deleteUser = (user: User) => api.delete(`/users/${user.id}`, { revision: user.revision });
