import { FLAGS, type Flag } from './flags.ts';
import { BUILD } from './version.ts';

/** What the command line prints about itself: the layout of TCLAP, which Envoy uses and which people grep. */

const PROGRAM = 'nuncio';
const WIDTH = 75;
const INDENT = 3;

/** A mistake on the command line. `argument` is empty when no flag is to blame. */
export function parseErrorText(argument: string, message: string): string {
  return `PARSE ERROR: Argument: ${argument}
             ${message}

Brief USAGE: 
${briefUsage()}
For complete USAGE and HELP type: 
   ${PROGRAM} --help

${argument} -- ${message}
`;
}

export function helpText(): string {
  const described = FLAGS.map((flag) => `${wrap(longForm(flag), INDENT, 0)}${wrap(flag.help, INDENT + 2, 0)}`);
  return `
USAGE: 

${briefUsage()}

Where: 

${described.join('\n')}

   ${PROGRAM}

`;
}

export function versionText(): string {
  return `\n${PROGRAM}  version: ${BUILD}\n\n`;
}

/** How TCLAP names a flag that it complains about. */
export function flagId({ name, short }: Flag): string {
  return short === undefined ? `(--${name})` : `-${short} (--${name})`;
}

function briefUsage(): string {
  const forms = FLAGS.map((flag) => (flag.kind === 'list' ? `[${shortForm(flag)}] ...` : `[${shortForm(flag)}]`));
  return wrap(`${PROGRAM}  ${forms.join(' ')}`, INDENT, PROGRAM.length + 2);
}

function shortForm(flag: Flag): string {
  if (flag.name === 'ignore_rest') return '--';
  return (flag.short === undefined ? `--${flag.name}` : `-${flag.short}`) + valueForm(flag);
}

function longForm(flag: Flag): string {
  const value = valueForm(flag);
  if (flag.name === 'ignore_rest') return '--,  --ignore_rest';
  const name = `--${flag.name}${value}${flag.kind === 'list' ? '  (accepted multiple times)' : ''}`;
  return flag.short === undefined ? name : `-${flag.short}${value},  ${name}`;
}

function valueForm({ kind }: Flag): string {
  if (kind === 'switch') return '';
  return kind === 'uint32' ? ' <uint32_t>' : ' <string>';
}

/** Lines of at most `WIDTH` characters, broken at spaces; lines after the first are indented by `hanging` more. */
function wrap(text: string, indent: number, hanging: number): string {
  let lines = '';
  let line = ' '.repeat(indent);
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines += `${line}\n`;
      line = ' '.repeat(indent + hanging);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return `${lines}${line}\n`;
}
