export const breach: (from: string, name: string) => string | null;
