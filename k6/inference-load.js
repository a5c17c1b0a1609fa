// A crowd of users that grows, stays and leaves; each has a task done, then thinks.
import { number, seconds, whole } from './lib/config.js';
import { limits, withOptions } from './lib/metrics.js';
import { task, think } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const BASE_USERS = whole('BASE_USERS', 0);
const THINK_MIN = number('THINK_MIN_SECONDS', 0.5);
const THINK_MAX = number('THINK_MAX_SECONDS', 2);

export const options = withOptions(
  {
    executor: 'ramping-vus',
    startVUs: BASE_USERS,
    stages: [
      { duration: seconds('BASE_SECONDS', 0), target: BASE_USERS },
      { duration: seconds('RAMP_SECONDS', 300), target: whole('USERS', 1000) },
      { duration: seconds('HOLD_SECONDS', 600), target: whole('USERS', 1000) },
      { duration: seconds('DOWN_SECONDS', 60), target: BASE_USERS },
      { duration: seconds('REST_SECONDS', 0), target: BASE_USERS },
    ],
  },
  limits(0.01, 500, 1000),
);

export default function () {
  task();
  think(THINK_MIN, THINK_MAX);
}
