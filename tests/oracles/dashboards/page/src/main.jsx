// Draws one dashboard of this platform with Grafana's own components, and says what it drew: window.report.
import { Component } from 'react';
import { createRoot } from 'react-dom/client';
import {
  FieldType, createTheme, dateTime, standardTransformers, standardTransformersRegistry,
} from '@grafana/data';
import { GlobalStyles, PanelChrome, PortalContainer, ThemeContext } from '@grafana/ui';

import { unknown } from './known.js';
import { KINDS, names, prepared } from './panels.jsx';
import { frames, variables } from './prometheus.js';

// public/app/core/constants.ts: cells of 30 points, 8 between two.
const CELL = 30, GAP = 8, COLUMNS = 24;
const WIDTH = Number(new URLSearchParams(location.search).get('width') ?? 1400);
const THEME = createTheme({ colors: { mode: 'dark' } });

// Two of the list have the id of another one.
const TRANSFORMATIONS = new Map(Object.values(standardTransformers).map((each) => [each.id, each]));
standardTransformersRegistry.setInit(() =>
  [...TRANSFORMATIONS].map(([id, transformation]) => ({
    id, name: transformation.name, transformation: async () => transformation, editor: () => null,
  })));

function place({ x, y, w, h }) {
  const column = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
  return {
    left: GAP + x * (column + GAP), top: GAP + y * (CELL + GAP),
    width: w * column + (w - 1) * GAP, height: h * CELL + (h - 1) * GAP,
  };
}

class Guard extends Component {
  state = {};
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    this.props.says(String(error));
  }
  render() {
    return this.state.error ? null : this.props.children;
  }
}

function Drawn({ data, own, range, says }) {
  const { panel } = data;
  const Kind = KINDS[panel.type];
  return (
    <div id={`panel-${panel.id}`} style={{ position: 'absolute', ...own }}>
      <PanelChrome title={panel.title} description={panel.description} width={own.width} height={own.height}>
        {(width, height) => (
          <Guard says={says}><Kind {...data} width={width} height={height} range={range} /></Guard>
        )}
      </PanelChrome>
    </div>
  );
}

function Heading({ row }) {
  const { left, top, width } = place(row.gridPos);
  return <h4 style={{ position: 'absolute', left, top: top + 4, width, margin: 0 }}>{row.title}</h4>;
}

const finite = (frame) =>
  frame.fields.filter(({ type }) => type === FieldType.number).flatMap(({ values }) => values.filter(Number.isFinite));

async function readPanel(panel, values, asking, range) {
  const own = place(panel.gridPos);
  const report = { id: panel.id, title: panel.title, type: panel.type, errors: [], names: [], values: 0 };
  try {
    if (!KINDS[panel.type]) {
      throw new Error(`panels of type ${panel.type} are not drawn here`);
    }
    report.errors.push(...unknown(panel, THEME));
    const data = await prepared(panel, await frames(panel, values, asking, Math.floor(own.width)), THEME);
    report.values = data.series.flatMap(finite).length;
    report.names = panel.type === 'table' ? [] : names(data.series);
    return { report, data, own, range, says: (text) => report.errors.push(text) };
  } catch (error) {
    report.errors.push(String(error));
    return { report };
  }
}

// Pixels that something was painted on.
function painted(element) {
  return [...element.querySelectorAll('canvas')].reduce((sum, canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return sum + data.filter((value, index) => index % 4 === 3 && value > 0).length;
  }, 0);
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

async function main() {
  const { dashboard, prometheus, to, hours, scrapeSeconds } = await (await fetch('order.json')).json();
  const milliseconds = { from: to - hours * 3_600_000, to };
  const range = { from: dateTime(milliseconds.from), to: dateTime(to), raw: dashboard.time };
  const asking = { address: prometheus, range: milliseconds, scrapeSeconds };
  const values = await variables(dashboard, prometheus, milliseconds);
  const root = createRoot(document.getElementById('board'));
  root.render(<ThemeContext.Provider value={THEME}><GlobalStyles /></ThemeContext.Provider>);
  await nextFrame();
  // Axes are as wide as their texts are measured.
  await Promise.all(['400 12px Inter', '500 14px Inter'].map((font) => document.fonts.load(font)));
  const rows = dashboard.panels.filter(({ type }) => type === 'row');
  const read = await Promise.all(
    dashboard.panels.filter(({ type }) => type !== 'row').map((panel) => readPanel(panel, values, asking, range)));
  const height = Math.max(...dashboard.panels.map(({ gridPos }) => place(gridPos).top + place(gridPos).height)) + GAP;
  root.render(
    <ThemeContext.Provider value={THEME}>
      <GlobalStyles />
      <div style={{ position: 'relative', width: WIDTH, height }}>
        {rows.map((row) => <Heading key={row.id} row={row} />)}
        {read.filter(({ data }) => data).map((each) => <Drawn key={each.report.id} {...each} />)}
      </div>
      <PortalContainer />
    </ThemeContext.Provider>);
  // Sizes are measured, then drawn: a second is a hundred times of what it takes.
  await nextFrame();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const { report } of read) {
    const element = document.getElementById(`panel-${report.id}`);
    report.text = element?.innerText ?? '';
    report.painted = element ? painted(element) : 0;
    report.rows = element ? element.querySelectorAll('[role=row]').length : 0;
    report.outside = element
      ? [...element.querySelectorAll('[role=grid]')].some((table) => table.scrollWidth > table.clientWidth) : false;
    report.cut = element ? [...element.querySelectorAll('h2')].some((title) => title.scrollWidth > title.clientWidth) : false;
  }
  window.report = { panels: read.map(({ report }) => report), width: WIDTH, height };
}

main().catch((error) => {
  window.report = { panels: [], error: String(error) };
});
