// Users log in, open five pages that need a login, and refresh their token; each thinks after each request.
import { number, seconds, whole } from './lib/config.js';
import { withOptions } from './lib/metrics.js';
import { LOGIN, login, page, pageURL, refresh, think } from './lib/requests.js';

export { handleSummary } from './lib/summary.js';

const THINK_MIN = number('THINK_MIN_SECONDS', 0.5);
const THINK_MAX = number('THINK_MAX_SECONDS', 1.5);
const PAGES = ['jwt/status', 'jwt/keys', 'jwt/status', 'api-keys', 'jwt/status'];

export const options = withOptions(
  {
    executor: 'ramping-vus',
    startVUs: whole('START_USERS', 10),
    stages: [
      { duration: seconds('RAMP_SECONDS', 60), target: whole('USERS', 200) },
      { duration: seconds('HOLD_SECONDS', 300), target: whole('USERS', 200) },
      { duration: seconds('DOWN_SECONDS', 30), target: 0 },
    ],
  },
  {
    http_req_failed: ['rate<0.05'],
    [`http_req_duration{name:${LOGIN}}`]: ['p(95)<200'],
    [`http_req_duration{name:${pageURL('jwt/status')}}`]: ['p(95)<50'],
  },
);

export default function () {
  const held = login();
  think(THINK_MIN, THINK_MAX);
  if (held === null) {
    return;
  }
  for (const path of PAGES) {
    page(path, held);
    think(THINK_MIN, THINK_MAX);
  }
  refresh(held);
  think(THINK_MIN, THINK_MAX);
}
