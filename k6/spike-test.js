// Few users, then two sudden crowds with a rest after each.
import { number, seconds, whole } from './lib/config.js';
import { limits, withOptions } from './lib/metrics.js';
import { task, think } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const BASE_USERS = whole('BASE_USERS', 100);
const THINK_MIN = number('THINK_MIN_SECONDS', 0);
const THINK_MAX = number('THINK_MAX_SECONDS', 2);

function spike(users) {
  return [
    { duration: seconds('RISE_SECONDS', 10), target: users },
    { duration: seconds('PEAK_SECONDS', 60), target: users },
    { duration: seconds('FALL_SECONDS', 5), target: BASE_USERS },
    { duration: seconds('REST_SECONDS', 30), target: BASE_USERS },
  ];
}

export const options = withOptions(
  {
    executor: 'ramping-vus',
    startVUs: BASE_USERS,
    stages: [
      { duration: seconds('BASE_SECONDS', 15), target: BASE_USERS },
      ...spike(whole('PEAK_USERS', 2000)),
      ...spike(whole('SECOND_PEAK_USERS', 3000)),
    ],
  },
  limits(0.01),
);

export default function () {
  task();
  think(THINK_MIN, THINK_MAX);
}
