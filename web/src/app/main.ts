import { createApp } from 'vue';
import { createPinia } from 'pinia';
import { i18n } from '@/shared/i18n';
import { usePreferences } from '@/shared/stores/preferences.store';
import { useProblems } from '@/shared/stores/problems.store';
import App from './App.vue';
import { router } from './router';
import { makeVuetify } from './vuetify';
import './main.css';

const app = createApp(App);
app.use(createPinia());
app.use(i18n);

const preferences = usePreferences();
app.use(makeVuetify(preferences.isDark));
app.config.errorHandler = (error) => useProblems().report(error);

await preferences.setLanguage(preferences.locale);
app.use(router);
app.mount('#app');
