import { useI18n } from 'vue-i18n';
import * as format from '@/shared/format';

/** The formats of shared/format in the current language. */
export const useFormat = () => {
  const { locale } = useI18n();
  return {
    relative: (time: string, now: number) => format.formatRelative(time, now, locale.value),
    time: (time: string) => format.formatTime(time, locale.value),
    day: (date: string) => format.formatDay(date, locale.value),
    clock: format.formatClock,
    duration: (ms: number | null | undefined) => format.formatDuration(ms, locale.value),
    bytes: (bytes: number) => format.formatBytes(bytes, locale.value),
    number: (value: number) => format.formatNumber(value, locale.value),
    money: (units: number) => format.formatMoney(units, locale.value),
    percent: (share: number | null) => format.formatPercent(share, locale.value),
  };
};
