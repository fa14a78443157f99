import { createI18n } from 'vue-i18n';

export const locales = ['en', 'ru'] as const;
export type Locale = (typeof locales)[number];
export const localeNames: Record<Locale, string> = { en: 'English', ru: 'Русский' };

export const isLocale = (value: unknown): value is Locale => locales.some((locale) => locale === value);

export const preferredLocale = (): Locale =>
  navigator.languages.map((language) => language.slice(0, 2)).find(isLocale) ?? 'en';

/** Russian has three forms: 1 запуск, 2 запуска, 5 запусков. Two forms are "one | other". */
const russianForm = (choice: number, choices: number): number => {
  const last = choice % 10;
  const teen = choice % 100 > 10 && choice % 100 < 20;
  if (last === 1 && !teen) return 0;
  return choices > 2 && (last < 2 || last > 4 || teen) ? 2 : 1;
};

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  pluralRules: { ru: russianForm },
  messages: {} as Record<string, Record<string, never>>,
  missingWarn: false,
  fallbackWarn: false,
});

type Texts = Record<string, never>;
const loaders: Record<Locale, () => Promise<{ default: unknown }>> = {
  en: () => import('./locales/en.json'),
  ru: () => import('./locales/ru.json'),
};

export const setLocale = async (locale: Locale): Promise<void> => {
  if (!i18n.global.availableLocales.includes(locale)) {
    i18n.global.setLocaleMessage(locale, (await loaders[locale]()).default as Texts);
  }
  i18n.global.locale.value = locale as 'en';
  document.documentElement.lang = locale;
};

/** For code outside components. */
export const translate = (key: string): string => (i18n.global.t as (key: string) => string)(key);
