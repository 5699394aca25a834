// What a panel asks of Grafana must be in Grafana's own lists: an unknown unit would be drawn as a word, an unknown
// colour as black, and no error would say so.
import { fieldColorModeRegistry, fieldReducers, getValueFormats, standardTransformersRegistry } from '@grafana/data';
import * as schema from '@grafana/schema';

const UNITS = new Set(getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)));

const values = (enumeration) => new Set(Object.values(enumeration));

const CUSTOM = {
  drawStyle: values(schema.GraphDrawStyle),
  'stacking.mode': values(schema.StackingMode),
  'thresholdsStyle.mode': values(schema.GraphThresholdsStyleMode),
};
const OPTIONS = {
  'legend.displayMode': values(schema.LegendDisplayMode),
  'tooltip.mode': values(schema.TooltipDisplayMode),
  'tooltip.sort': values(schema.SortOrder),
  colorMode: values(schema.BigValueColorMode),
  graphMode: values(schema.BigValueGraphMode),
  justifyMode: values(schema.BigValueJustifyMode),
  textMode: values(schema.BigValueTextMode),
  orientation: values(schema.VizOrientation),
  percentChangeColorMode: values(schema.PercentChangeColorMode),
  cellHeight: values(schema.TableCellHeight),
};

function* outside(settings, lists) {
  for (const [path, list] of Object.entries(lists)) {
    const value = path.split('.').reduce((part, name) => part?.[name], settings);
    if (value !== undefined && !list.has(value)) {
      yield `Grafana doesn't know ${path} ${value}`;
    }
  }
}

export function* unknown(panel, theme) {
  const { defaults, overrides } = panel.fieldConfig;
  if (!UNITS.has(defaults.unit)) {
    yield `Grafana doesn't know the unit ${defaults.unit}`;
  }
  if (defaults.color && !fieldColorModeRegistry.getIfExists(defaults.color.mode)) {
    yield `Grafana doesn't know the color mode ${defaults.color.mode}`;
  }
  for (const { color } of defaults.thresholds.steps) {
    if (!CSS.supports('color', theme.visualization.getColorByName(color))) {
      yield `Grafana doesn't know the colour ${color}`;
    }
  }
  for (const { id, options } of panel.transformations ?? []) {
    if (!standardTransformersRegistry.getIfExists(id)) {
      yield `Grafana doesn't know the transformation ${id}`;
    }
    yield* reducers(options.reducers);
  }
  yield* reducers(panel.options.reduceOptions?.calcs);
  yield* outside(defaults.custom, CUSTOM);
  yield* outside(panel.options, OPTIONS);
  if (overrides.length > 0) {
    yield 'overrides of single fields are not drawn here';
  }
}

function* reducers(ids) {
  for (const id of ids ?? []) {
    if (!fieldReducers.getIfExists(id)) {
      yield `Grafana doesn't know the calculation ${id}`;
    }
  }
}
