/** Numbers, times and sizes in the user's language. Pure: the locale comes in. */
const RELATIVE: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

export const formatRelative = (time: string, now: number, locale: string): string => {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const [unit, length] = RELATIVE.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  // A few seconds are "now": the two clocks differ by more than that.
  return Math.abs(seconds) < 5 ? format.format(0, 'second') : format.format(Math.trunc(seconds / length), unit);
};

export const formatTime = (time: string, locale: string): string =>
  new Date(time).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' });

export const formatDay = (date: string, locale: string): string =>
  new Date(`${date}T00:00:00`).toLocaleDateString(locale, { day: 'numeric', month: 'short' });

export const formatClock = (time: string): string => {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
};

const unit = (value: number, name: string, locale: string, digits: number): string =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits }).format(value);

/** 850 ms, 4.2 s, 3 min 12 s, 2 h 5 min */
export const formatDuration = (ms: number | null | undefined, locale: string): string => {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return unit(Math.round(ms), 'millisecond', locale, 0);
  const seconds = ms / 1000;
  if (seconds < 60) return unit(seconds, 'second', locale, seconds < 10 ? 1 : 0);
  const whole = Math.round(seconds);
  if (whole < 3600) return `${unit(Math.trunc(whole / 60), 'minute', locale, 0)} ${unit(whole % 60, 'second', locale, 0)}`;
  return `${unit(Math.trunc(whole / 3600), 'hour', locale, 0)} ${unit(Math.trunc((whole % 3600) / 60), 'minute', locale, 0)}`;
};

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
export const formatBytes = (bytes: number, locale: string): string => {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), SIZES.length - 1);
  return new Intl.NumberFormat(locale, { style: 'unit', unit: SIZES[step], unitDisplay: 'short', maximumFractionDigits: step ? 1 : 0 }).format(
    bytes / 1024 ** step,
  );
};

export const formatNumber = (value: number, locale: string): string => new Intl.NumberFormat(locale).format(value);
/** Small amounts keep their first digits. */
export const formatMoney = (units: number, locale: string): string => new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: units && Math.abs(units) < 1 ? 4 : 2 }).format(units);
export const formatPercent = (share: number | null, locale: string): string =>
  share === null ? '–' : new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share);
