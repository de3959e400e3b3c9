import { escapeHtml, PAGE_END, pageStart } from './html.ts';

const REFRESH = `  <meta http-equiv='refresh' content='5'>\n`;

const TYPES = ['All', 'Counters', 'Gauges', 'Histograms', 'TextReadouts'];
const BUCKETS = ['summary', 'cumulative', 'disjoint', 'detailed'];

/** `/stats?format=html`: a form with the present parameters, then the statistics as text. `active-html` loads itself again. Yields chunks. */
export function* statsPage(format: 'html' | 'active-html', params: ReadonlyMap<string, string>, lines: Iterable<string>): Generator<string> {
  yield `${pageStart(format === 'active-html' ? REFRESH : '')}${form(format, params)}<pre>\n`;
  // Names come from configurations and from peers.
  for (const chunk of lines) yield escapeHtml(chunk);
  yield `</pre>\n${PAGE_END}`;
}

function form(format: string, params: ReadonlyMap<string, string>): string {
  return `<form action='stats' method='get'>
<a href='.'>home</a>
${checkBox('usedonly', params)}
<label>filter <input type='text' name='filter' value="${escapeHtml(params.get('filter') ?? '')}"></label>
${checkBox('invert_filter', params)}
${choice('format', ['html', 'active-html', 'text', 'json'], format)}
${choice('type', TYPES, params.get('type') ?? 'All')}
${choice('histogram_buckets', BUCKETS, params.get('histogram_buckets') ?? 'summary')}
<button>show</button>
</form>
`;
}

function checkBox(name: string, params: ReadonlyMap<string, string>): string {
  return `<label><input type='checkbox' name='${name}' value=''${params.has(name) ? ' checked' : ''}> ${name}</label>`;
}

function choice(name: string, choices: readonly string[], chosen: string): string {
  const options = choices.map((each) => `<option${each === chosen ? ' selected' : ''}>${each}</option>`);
  return `<label>${name} <select name='${name}'>${options.join('')}</select></label>`;
}
