// What the environment says. Every number of every script has a name there (docs/load.md), with the pattern's own as default.

// number reads one that is not negative.
export function number(name, otherwise) {
  const text = __ENV[name];
  if (text === undefined || text === '') {
    return otherwise;
  }
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) {
    throw new Error(`${name} must be a number from 0 up, not "${text}"`);
  }
  return value;
}

// whole is number, rounded: users and rates are whole.
export function whole(name, otherwise) {
  return Math.round(number(name, otherwise));
}

// seconds gives a duration as k6 writes it.
export function seconds(name, otherwise) {
  return `${number(name, otherwise)}s`;
}

export const BASE_URL = (__ENV.BASE_URL || __ENV.QUEEN_URL || 'http://localhost:8080').replace(/\/+$/, '');
export const TOKEN = __ENV.TOKEN || 'chaoslab';
export const USERNAME = __ENV.ADMIN_USERNAME || 'admin';
export const PASSWORD = __ENV.ADMIN_PASSWORD || 'admin123';
export const TIMEOUT = seconds('TIMEOUT_SECONDS', 10);
