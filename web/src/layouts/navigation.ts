import { mdiAccountGroupOutline, mdiApplicationOutline, mdiBrain, mdiCreationOutline, mdiKeyOutline, mdiPlayBoxMultipleOutline, mdiRobotOutline, mdiViewDashboardOutline } from '@mdi/js';
import type { Role } from '@/shared/api/types';

export interface NavigationItem {
  route: string;
  text: string;
  icon: string;
  least?: Role;
}

export const navigation: readonly NavigationItem[] = [
  { route: 'dashboard', text: 'nav.dashboard', icon: mdiViewDashboardOutline },
  { route: 'threads', text: 'nav.threads', icon: mdiPlayBoxMultipleOutline },
  { route: 'agents', text: 'nav.agents', icon: mdiRobotOutline },
  { route: 'presets', text: 'nav.presets', icon: mdiBrain },
  { route: 'browsers', text: 'nav.browsers', icon: mdiApplicationOutline },
  { route: 'credentials', text: 'nav.credentials', icon: mdiKeyOutline },
  { route: 'models', text: 'nav.models', icon: mdiCreationOutline, least: 'admin' },
  { route: 'users', text: 'nav.users', icon: mdiAccountGroupOutline, least: 'admin' },
];
