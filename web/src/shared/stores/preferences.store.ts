/** Theme and language: kept in this browser, and in the account so that they follow the user. */
import { computed, ref } from 'vue';
import { defineStore } from 'pinia';
import { setLocale, type Locale, isLocale, preferredLocale } from '@/shared/i18n';

export type ThemeChoice = 'light' | 'dark' | 'system';

const THEME_KEY = 'replinet.theme';
const LOCALE_KEY = 'replinet.language';

const isTheme = (value: unknown): value is ThemeChoice => value === 'light' || value === 'dark' || value === 'system';

const recall = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be forbidden; then nothing is remembered
  }
};

const remember = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // see recall
  }
};

export const usePreferences = defineStore('preferences', () => {
  const storedTheme = recall(THEME_KEY);
  const storedLocale = recall(LOCALE_KEY);
  const theme = ref<ThemeChoice>(isTheme(storedTheme) ? storedTheme : 'system');
  const locale = ref<Locale>(isLocale(storedLocale) ? storedLocale : preferredLocale());
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = ref(system.matches);
  system.addEventListener('change', (event) => (systemIsDark.value = event.matches));

  const isDark = computed(() => (theme.value === 'system' ? systemIsDark.value : theme.value === 'dark'));

  const setTheme = (choice: ThemeChoice): void => {
    theme.value = choice;
    remember(THEME_KEY, choice);
  };

  const setLanguage = async (choice: Locale): Promise<void> => {
    await setLocale(choice);
    locale.value = choice;
    remember(LOCALE_KEY, choice);
  };

  /** What the account says wins over this browser. */
  const adopt = async (settings: Record<string, unknown>): Promise<void> => {
    if (isTheme(settings.theme)) setTheme(settings.theme);
    if (isLocale(settings.language) && settings.language !== locale.value) await setLanguage(settings.language);
  };

  return { theme, locale, isDark, setTheme, setLanguage, adopt };
});
