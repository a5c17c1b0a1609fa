// What is counted beside k6's own metrics, and the options that all scripts share.
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { TIMEOUT } from './config.js';

// Refused as promised: 503 with Retry-After. Counted for the summary of a plain k6; chaoslab's own sees it without.
const shed = new Counter('shed_requests');
// 503 without Retry-After: an error.
const unannounced = new Counter('unannounced_503');

// No status but these is expected; which 503 is an error only its headers tell (noteRefusal).
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 503));

// noteRefusal counts a 503.
export function noteRefusal(response) {
  const counter = response.headers['Retry-After'] === undefined ? unannounced : shed;
  counter.add(1);
}

// withOptions completes a script's scenario. Who is asked to leave finishes the request first: none is lost from the count.
export function withOptions(scenario, thresholds) {
  const grace = { gracefulStop: TIMEOUT };
  if (scenario.executor === 'ramping-vus') {
    grace.gracefulRampDown = TIMEOUT;
  }
  return {
    discardResponseBodies: true,
    noCookiesReset: true,
    summaryTrendStats: ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'max'],
    scenarios: { load: Object.assign(grace, scenario) },
    thresholds: Object.assign({ unannounced_503: ['count<1'] }, thresholds),
  };
}

// limits are thresholds of the whole run: errors as a share, percentiles of accepted requests in milliseconds.
export function limits(errors, p95, p99) {
  const all = { http_req_failed: [`rate<${errors}`] };
  const percentiles = [];
  if (p95) {
    percentiles.push(`p(95)<${p95}`);
  }
  if (p99) {
    percentiles.push(`p(99)<${p99}`);
  }
  if (percentiles.length) {
    all['http_req_duration{status:200}'] = percentiles;
  }
  return all;
}
