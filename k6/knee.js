// The calibration: a rate of tasks that grows in steps, whatever the answers, until somebody has seen enough (chaoslab does)
// or the top is reached.
import { number, seconds, whole } from './lib/config.js';
import { withOptions } from './lib/metrics.js';
import { task } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const START_RATE = number('START_RATE', 50);
const TOP_RATE = number('TOP_RATE', 4000);
const STEP_FACTOR = number('STEP_FACTOR', 1.15);
const VUS = whole('VUS', 600);

function steps() {
  if (START_RATE < 1 || STEP_FACTOR <= 1) {
    throw new Error('START_RATE must be at least 1 and STEP_FACTOR above 1');
  }
  const stages = [];
  for (let rate = START_RATE; rate <= TOP_RATE; rate *= STEP_FACTOR) {
    stages.push({ duration: '0s', target: Math.round(rate) }, { duration: seconds('STEP_SECONDS', 4), target: Math.round(rate) });
  }
  return stages;
}

export const options = withOptions(
  {
    executor: 'ramping-arrival-rate',
    startRate: Math.round(START_RATE),
    timeUnit: '1s',
    preAllocatedVUs: VUS,
    maxVUs: whole('MAX_VUS', VUS),
    stages: steps(),
  },
  {},
);

export default function () {
  task();
}
