import { api } from '@/shared/api/client';
import type { LinkedQuestion } from '@/shared/api/types';
import type { Answer } from '@/shared/questions/questions.types';

export const getQuestion = (token: string, signal?: AbortSignal) => api.get<LinkedQuestion>(`/answers/${encodeURIComponent(token)}`, { signal, anonymous: true });
export const sendAnswer = (token: string, answer: Answer) => api.post<{ id: string; status: string }>(`/answers/${encodeURIComponent(token)}`, answer, { anonymous: true });
