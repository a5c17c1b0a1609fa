// The end of a run in a few lines; the whole of it as JSON in the file that SUMMARY_JSON names.

const MS = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const SHARE = (part, all) => (all ? `${((100 * part) / all).toFixed(2)}%` : '-');

function count(metrics, name) {
  return metrics[name] ? metrics[name].values.count : 0;
}

function accepted(metrics) {
  const trend = metrics['http_req_duration{status:200}'] || metrics['http_req_duration'];
  return trend ? trend.values : null;
}

function judged(metrics) {
  return Object.keys(metrics).flatMap((name) =>
    Object.keys(metrics[name].thresholds || {}).map(
      (limit) => `  ${metrics[name].thresholds[limit].ok ? 'met    ' : 'crossed'} ${name} ${limit}`,
    ),
  );
}

// handleSummary is called by k6 at the end.
export function handleSummary(data) {
  const metrics = data.metrics;
  const all = count(metrics, 'http_reqs');
  const failed = (metrics.http_req_failed ? metrics.http_req_failed.values.passes : 0) + count(metrics, 'unannounced_503');
  const shed = count(metrics, 'shed_requests');
  const lines = [
    `requests  ${all} (${(metrics.http_reqs ? metrics.http_reqs.values.rate : 0).toFixed(1)} per second)`,
    `accepted  ${all - failed - shed} (${SHARE(all - failed - shed, all)})`,
    `shed      ${shed} (${SHARE(shed, all)}), 503 with Retry-After`,
    `errors    ${failed} (${SHARE(failed, all)})`,
  ];
  const times = accepted(metrics);
  if (times) {
    lines.push(`status 200  p50 ${MS(times.med)}  p95 ${MS(times['p(95)'])}  p99 ${MS(times['p(99)'])}  max ${MS(times.max)}`);
  }
  const result = { stdout: `\n${lines.concat(judged(metrics)).join('\n')}\n\n` };
  if (__ENV.SUMMARY_JSON) {
    result[__ENV.SUMMARY_JSON] = JSON.stringify(data);
  }
  return result;
}
