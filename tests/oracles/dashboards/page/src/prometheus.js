// Asks Prometheus what a panel asks, and makes the frames that Grafana's backend makes of the answers. What is cited is
// Grafana's Go code, which the npm packages lack: this file is this project's.
import { createDataFrame, FieldType, rangeUtil } from '@grafana/data';

async function asked(address, path, parameters) {
  const answer = await fetch(`${address}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success' || body.warnings) {
    throw new Error(`Prometheus says ${body.error ?? body.warnings}: ${parameters.query ?? parameters['match[]']}`);
  }
  return body.data;
}

const LABEL_VALUES = /^label_values\((.+), (\w+)\)$/;

function labelValues(variable, found, address, range) {
  const match = LABEL_VALUES.exec(filled(variable.query, found, range, {}));
  if (match === null) {
    throw new Error(`the variable ${variable.name} asks something else than the values of a label: ${variable.query}`);
  }
  const [, selector, label] = match;
  return asked(address, `label/${label}/values`, {
    'match[]': selector, start: range.from / 1000, end: range.to / 1000,
  });
}

// `All` in a query: the variable's own text for it, or each value as one part of a pattern.
async function everything(variable, found, address, range) {
  if (variable.allValue) {
    return variable.allValue;
  }
  const values =
    variable.type === 'custom' ? variable.query.split(',') : await labelValues(variable, found, address, range);
  if (values.length === 0) {
    throw new Error(`the variable ${variable.name} has no values`);
  }
  const escaped = values.map((value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\\\$&'));
  return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
}

// In the order of the dashboard: a variable may need those before it.
export async function variables(dashboard, address, range) {
  const found = {};
  for (const variable of dashboard.templating.list) {
    if (variable.type !== 'datasource') {
      found[variable.name] = await everything(variable, found, address, range);
    }
  }
  return found;
}

// pkg/promlib/models/query.go, calculatePrometheusInterval and calculateRateInterval, both in seconds.
function windows(range, points, scrapeSeconds) {
  const { intervalMs } = rangeUtil.calculateInterval(range, points, `${scrapeSeconds}s`);
  const step = intervalMs / 1000;
  return { step, rate: Math.max(step + scrapeSeconds, 4 * scrapeSeconds) };
}

// pkg/promlib/models/query.go, interpolateVariables.
function filled(expression, values, range, { step, rate }) {
  const seconds = Math.round((range.to - range.from) / 1000);
  const known = { ...values, __rate_interval: `${rate}s`, __interval: `${step}s`, __range: `${seconds}s` };
  return expression.replace(/\$(?:\{(\w+)\}|([a-z_]\w*))/g, (text, braced, plain) => {
    const value = known[braced ?? plain];
    if (value === undefined) {
      throw new Error(`the variable ${text} is not the dashboard's: ${expression}`);
    }
    return value;
  });
}

// pkg/promlib/querydata/response.go, getName.
function legend(target, query, labels) {
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return target.legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  return Object.keys(labels).length > 0 ? '' : query;
}

// pkg/promlib/querydata/response.go, addMetadataToMultiFrame.
function frame(target, query, { metric, values }, step) {
  const name = legend(target, query, metric);
  const number = (text) => ({ '+Inf': Infinity, '-Inf': -Infinity })[text] ?? Number(text);
  return createDataFrame({
    refId: target.refId,
    name: name || undefined,
    fields: [
      {
        name: 'Time', type: FieldType.time, config: { interval: step * 1000 },
        values: values.map(([seconds]) => seconds * 1000),
      },
      {
        name: 'Value', type: FieldType.number, labels: metric, config: name ? { displayNameFromDS: name } : {},
        values: values.map(([, text]) => number(text)),
      },
    ],
  });
}

// Frames of a panel that is so many points wide: one for each series.
export async function frames(panel, values, { address, range, scrapeSeconds }, points) {
  const timing = windows(range, points, scrapeSeconds);
  const aligned = (milliseconds) => Math.floor(milliseconds / 1000 / timing.step) * timing.step;
  const found = [];
  for (const target of panel.targets) {
    const query = filled(target.expr, values, range, timing);
    const data = target.instant
      ? await asked(address, 'query', { query, time: range.to / 1000 })
      : await asked(address, 'query_range', {
          query, start: aligned(range.from), end: aligned(range.to), step: timing.step,
        });
    const series = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
    for (const each of series) {
      found.push(frame(target, query, { metric: each.metric, values: each.values ?? [each.value] }, timing.step));
    }
  }
  return found;
}
