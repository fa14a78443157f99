import 'vuetify/styles';
import { createVuetify, type ThemeDefinition } from 'vuetify';
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg';

const light: ThemeDefinition = {
  dark: false,
  colors: {
    background: '#f5f7f8',
    surface: '#ffffff',
    'surface-variant': '#37424a',
    'on-surface-variant': '#f1f4f5',
    'surface-light': '#eef1f3',
    primary: '#0b6577',
    secondary: '#47545e',
    success: '#23723b',
    error: '#b3261e',
    warning: '#935200',
    info: '#1f5fa8',
    'on-background': '#1a2228',
    'on-surface': '#1a2228',
  },
  variables: {
    'border-color': '#1a2228',
    'border-opacity': 0.13,
    'high-emphasis-opacity': 1,
    'medium-emphasis-opacity': 0.72,
    'disabled-opacity': 0.45,
  },
};

const dark: ThemeDefinition = {
  dark: true,
  colors: {
    background: '#101519',
    surface: '#171d22',
    'surface-variant': '#c5ced4',
    'on-surface-variant': '#171d22',
    'surface-light': '#20282e',
    primary: '#57c3d6',
    secondary: '#a4b2bc',
    success: '#6fcf8a',
    error: '#ff8a80',
    warning: '#f0b35f',
    info: '#82b6f5',
    'on-primary': '#04252c',
    'on-success': '#06250f',
    'on-error': '#370503',
    'on-warning': '#2b1a00',
    'on-info': '#04203f',
    'on-background': '#e5ebef',
    'on-surface': '#e5ebef',
  },
  variables: {
    'border-color': '#e5ebef',
    'border-opacity': 0.14,
    'high-emphasis-opacity': 1,
    'medium-emphasis-opacity': 0.72,
    'disabled-opacity': 0.45,
  },
};

const field = { variant: 'outlined', density: 'compact', color: 'primary', hideDetails: 'auto' } as const;

export const makeVuetify = (isDark: boolean) =>
  createVuetify({
    theme: { defaultTheme: isDark ? 'dark' : 'light', themes: { light, dark } },
    icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
    defaults: {
      VBtn: { variant: 'flat', rounded: 'lg' },
      VCard: { variant: 'flat', rounded: 'lg', border: true },
      VChip: { rounded: 'pill', size: 'small' },
      VTextField: field,
      VTextarea: { ...field, autoGrow: true, rows: 3 },
      VSelect: field,
      VAutocomplete: field,
      VCombobox: field,
      VSwitch: { color: 'primary', density: 'compact', hideDetails: 'auto', inset: true },
      VCheckbox: { color: 'primary', density: 'compact', hideDetails: 'auto' },
      VAlert: { variant: 'tonal', density: 'compact', rounded: 'lg' },
      VTabs: { color: 'primary', density: 'comfortable' },
      VList: { density: 'compact' },
      VDialog: { maxWidth: 560 },
      VTooltip: { location: 'top', openDelay: 300 },
      VMenu: { offset: 4 },
    },
  });
