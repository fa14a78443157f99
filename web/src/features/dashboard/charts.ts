/** The parts of ECharts that the dashboard needs, in a chunk that comes after the first paint: it is half of all scripts. */
import { BarChart } from 'echarts/charts';
import { GridSimpleComponent } from 'echarts/components';
import { init, use, type EChartsType } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, GridSimpleComponent, SVGRenderer]);
export { init };
export type Chart = EChartsType;
