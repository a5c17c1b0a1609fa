// A constant rate of mixed requests: tasks, verified tokens, health, workers, logins.
import { seconds, whole } from './lib/config.js';
import { limits, withOptions } from './lib/metrics.js';
import { get, login, page, task } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const RATE = whole('RATE', 100);
// Shares of the mix; only their proportions matter.
const MIX = [
  [whole('MIX_TASKS', 40), task],
  [whole('MIX_VERIFY', 30), () => authenticated('jwt/status')],
  [whole('MIX_HEALTH', 10), () => get('/health')],
  [whole('MIX_AGENTS', 10), () => authenticated('agents')],
  [whole('MIX_LOGINS', 10), renew],
];
const ALL = MIX.reduce((sum, [share]) => sum + share, 0);

export const options = withOptions(
  {
    executor: 'constant-arrival-rate',
    rate: RATE,
    timeUnit: '1s',
    duration: seconds('HOLD_SECONDS', 600),
    preAllocatedVUs: whole('VUS', RATE),
    maxVUs: whole('MAX_VUS', 4 * RATE),
  },
  limits(0.05, 500, 1000),
);

let held = null; // this user's tokens

function renew() {
  held = login() || held;
}

function authenticated(path) {
  if (held === null) {
    renew();
  }
  if (held !== null && page(path, held).status === 401) {
    held = null;
  }
}

export default function () {
  let at = Math.random() * ALL;
  for (const [share, request] of MIX) {
    at -= share;
    if (at < 0) {
      request();
      return;
    }
  }
}
