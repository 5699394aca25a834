// The three kinds of panels, each by the component of @grafana/ui that draws it.
import {
  FieldConfigOptionsRegistry, FieldType, applyFieldOverrides, cacheFieldDisplayNames, getDisplayValueAlignmentFactors,
  getFieldDisplayName, getFieldDisplayValues, identityOverrideProcessor, transformDataFrame,
} from '@grafana/data';
import { BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { defaultOptions as STAT } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import { firstValueFrom } from 'rxjs';

const ZONE = 'utc';
const asWritten = (text) => text;
// What Grafana fills in where a dashboard says nothing: public/app/plugins/panel/timeseries/config.ts, defaultGraphConfig,
// and the colour of its standardOptions. Of stat panels the schema has it.
const LINES = {
  color: { mode: 'palette-classic' },
  custom: { drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none',
    showPoints: 'auto', pointSize: 5, spanNulls: false, insertNulls: false, barAlignment: 0, barWidthFactor: 0.6,
    stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisGridShow: true, axisCenteredZero: false,
    axisBorderShow: false, thresholdsStyle: { mode: 'off' }, hideFrom: { legend: false, tooltip: false, viz: false } },
};

// Each setting of the panel is one of its fields': no more than that is a registry of options here.
function registry(defaults) {
  const found = new FieldConfigOptionsRegistry();
  const add = (path, isCustom) =>
    found.register({ id: isCustom ? `custom.${path}` : path, path, isCustom, name: path,
      process: identityOverrideProcessor, shouldApply: ({ type }) => isCustom || type !== FieldType.time });
  Object.keys(defaults).filter((name) => name !== 'custom').forEach((name) => add(name, false));
  Object.keys(defaults.custom ?? {}).forEach((name) => add(name, true));
  return found;
}

function configured(panel) {
  const { defaults } = structuredClone(panel.fieldConfig);
  if (panel.type !== 'timeseries') {
    return { defaults, overrides: [] };
  }
  return { defaults: { ...LINES, ...defaults, custom: { ...LINES.custom, ...defaults.custom } }, overrides: [] };
}

// The fields of a panel as Grafana gives them to what draws it.
export async function prepared(panel, frames, theme) {
  const fieldConfig = configured(panel);
  const transformed = await firstValueFrom(transformDataFrame(panel.transformations ?? [], frames));
  const series = applyFieldOverrides({
    data: transformed, fieldConfig, fieldConfigRegistry: registry(fieldConfig.defaults), replaceVariables: asWritten,
    theme, timeZone: ZONE,
  });
  // Components read the names from there.
  cacheFieldDisplayNames(series);
  return { panel, series, fieldConfig, theme };
}

export function names(series) {
  return series.flatMap((frame) =>
    frame.fields.filter(({ type }) => type === FieldType.number).map((field) => getFieldDisplayName(field, frame, series)));
}

function Lines({ panel, series, width, height, range }) {
  return (
    <TimeSeries frames={series} timeRange={range} timeZone={ZONE} width={width} height={height} structureRev={1}
      legend={panel.options.legend} options={panel.options} />
  );
}

function Stat({ panel, series, fieldConfig, theme, width, height, range }) {
  const options = { ...STAT, ...panel.options };
  const read = () => getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: asWritten, theme, data: series,
    sparkline: options.graphMode !== 'none', timeZone: ZONE,
  });
  const one = ({ value, alignmentFactors, width: own, height: tall, count }) => (
    <BigValue value={value.display} count={count} theme={theme} width={own} height={tall}
      alignmentFactors={alignmentFactors} colorMode={options.colorMode} graphMode={options.graphMode}
      justifyMode={options.justifyMode} textMode={options.textMode} wideLayout={options.wideLayout}
      sparkline={value.sparkline && { ...value.sparkline, timeRange: range }} />
  );
  return (
    <VizRepeater getValues={read} getAlignmentFactors={getDisplayValueAlignmentFactors} renderValue={one} source={series}
      width={width} height={height} itemSpacing={3} autoGrid orientation={options.orientation} />
  );
}

function Rows({ panel, series, fieldConfig, width, height }) {
  if (series.length === 0) {
    return <p>No data</p>;
  }
  return (
    <TableNG data={series[panel.options.frameIndex]} width={width} height={height} fieldConfig={fieldConfig}
      cellHeight={panel.options.cellHeight} noHeader={!panel.options.showHeader} structureRev={1} />
  );
}

export const KINDS = { timeseries: Lines, stat: Stat, table: Rows };
