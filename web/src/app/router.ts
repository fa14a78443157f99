import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router';
import { useProblems } from '@/shared/stores/problems.store';
import { useSession, rankOf } from '@/shared/session/session.store';
import type { Role } from '@/shared/api/types';

declare module 'vue-router' {
  interface RouteMeta {
    layout?: 'auth' | 'app';
    /** Open to people who have not signed in. */
    open?: boolean;
    /** Only for people who have not signed in. */
    guest?: boolean;
    least?: Role;
  }
}

const auth = (path: string, name: string, component: RouteRecordRaw['component'], guest: boolean): RouteRecordRaw =>
  ({ path, name, component, meta: { layout: 'auth', open: true, guest } }) as RouteRecordRaw;

const routes: RouteRecordRaw[] = [
  auth('/sign-in', 'sign-in', () => import('@/features/auth/SignInPage.vue'), true),
  auth('/sign-up', 'sign-up', () => import('@/features/auth/SignUpPage.vue'), true),
  { ...auth('/reset-password', 'reset-password', () => import('@/features/auth/ResetPage.vue'), false), alias: ['/reset', '/password-reset'] },
  auth('/welcome', 'welcome', () => import('@/features/auth/WelcomePage.vue'), false),
  { ...auth('/answer/:token', 'answer', () => import('@/features/answers/AnswerPage.vue'), false), props: true } as RouteRecordRaw,
  { path: '/', name: 'dashboard', component: () => import('@/features/dashboard/DashboardPage.vue') },
  { path: '/threads', name: 'threads', component: () => import('@/features/threads/ThreadsPage.vue') },
  { path: '/threads/:id', name: 'thread', component: () => import('@/features/threads/ThreadPage.vue'), props: true },
  { path: '/agents', name: 'agents', component: () => import('@/features/agents/AgentsPage.vue') },
  { path: '/agents/new', name: 'agent-new', component: () => import('@/features/agents/AgentCreatePage.vue') },
  { path: '/agents/:id/:tab?', name: 'agent', component: () => import('@/features/agents/AgentPage.vue'), props: true },
  { path: '/presets', name: 'presets', component: () => import('@/features/presets/PresetsPage.vue') },
  { path: '/presets/new', name: 'preset-new', component: () => import('@/features/presets/PresetPage.vue') },
  { path: '/presets/:id', name: 'preset', component: () => import('@/features/presets/PresetPage.vue'), props: true },
  { path: '/browsers', name: 'browsers', component: () => import('@/features/browsers/BrowsersPage.vue') },
  { path: '/browsers/:id', name: 'browser', component: () => import('@/features/browsers/BrowserPage.vue'), props: true },
  { path: '/credentials', name: 'credentials', component: () => import('@/features/credentials/CredentialsPage.vue') },
  { path: '/profile/:tab?', name: 'profile', component: () => import('@/features/profile/ProfilePage.vue'), props: true },
  { path: '/models', name: 'models', component: () => import('@/features/models/ModelsPage.vue'), meta: { least: 'admin' } },
  { path: '/users', name: 'users', component: () => import('@/features/users/UsersPage.vue'), meta: { least: 'admin' } },
  { path: '/forbidden', name: 'forbidden', component: () => import('@/features/errors/ForbiddenPage.vue') },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('@/features/errors/NotFoundPage.vue') },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
});

/** Where a visitor goes instead, or true. */
const decide = (to: RouteLocationNormalized) => {
  const session = useSession();
  if (!session.me) return to.meta.open ? true : { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
  if (to.meta.guest) return { name: 'dashboard' };
  if (to.meta.least && rankOf(session.me.role) < rankOf(to.meta.least)) return { name: 'forbidden', replace: true };
  return true;
};

router.beforeEach(async (to) => {
  const session = useSession();
  if (!session.started) await session.start();
  return decide(to);
});

// A chunk of an older build may be gone after an upgrade; only then does a reload help.
router.onError((error: Error, to) => {
  if (/dynamically imported module|Importing a module script failed|preload/i.test(error.message) && navigator.onLine) {
    window.location.assign(to.fullPath);
    return;
  }
  useProblems().report(error);
});
