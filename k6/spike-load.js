// A constant rate of tasks and two bursts of many more, whatever the answers: users do not wait for each other.
import { seconds, whole } from './lib/config.js';
import { limits, withOptions } from './lib/metrics.js';
import { task } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const BASE_RATE = whole('BASE_RATE', 50);
const PEAK_RATE = whole('PEAK_RATE', 500);
const SPIKE = [
  { duration: seconds('RISE_SECONDS', 10), target: PEAK_RATE },
  { duration: seconds('PEAK_SECONDS', 60), target: PEAK_RATE },
  { duration: seconds('FALL_SECONDS', 5), target: BASE_RATE },
  { duration: seconds('REST_SECONDS', 60), target: BASE_RATE },
];

export const options = withOptions(
  {
    executor: 'ramping-arrival-rate',
    startRate: BASE_RATE,
    timeUnit: '1s',
    preAllocatedVUs: whole('VUS', PEAK_RATE),
    maxVUs: whole('MAX_VUS', 2 * PEAK_RATE),
    stages: [{ duration: seconds('BASE_SECONDS', 30), target: BASE_RATE }, ...SPIKE, ...SPIKE],
  },
  limits(0.15, 1000),
);

export default function () {
  task();
}
