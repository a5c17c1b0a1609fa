// More and more users, hardly a pause between their tasks, until it breaks; then few again.
import { sleep } from 'k6';
import { number, seconds, whole } from './lib/config.js';
import { withOptions } from './lib/metrics.js';
import { task } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const START_USERS = whole('START_USERS', 100);
const THINK = number('THINK_SECONDS', 0.1);

export const options = withOptions(
  {
    executor: 'ramping-vus',
    startVUs: START_USERS,
    stages: [
      { duration: seconds('BASE_SECONDS', 0), target: START_USERS },
      { duration: seconds('RAMP_SECONDS', 720), target: whole('USERS', 5000) },
      { duration: seconds('HOLD_SECONDS', 300), target: whole('USERS', 5000) },
      { duration: seconds('DOWN_SECONDS', 120), target: START_USERS },
      { duration: seconds('REST_SECONDS', 0), target: START_USERS },
    ],
  },
  { http_req_failed: ['rate==0'] },
);

export default function () {
  task();
  sleep(THINK);
}
