import type { LogLevel } from '../core/log.ts';
import type { AdminHost } from './admin-host.ts';
import { type AdminHandler, text } from './handler.ts';

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

const USAGE = `
usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
usage: /logging?group=<group_name>:<level> (change group of loggers)
levels: ${LEVELS.join(' ')} 
`;

/** `/logging`: lists the loggers, after it has changed what the one parameter asks for. */
export const logging: AdminHandler = ({ params }, host) => {
  const mistake = change(params, host.logging);
  const loggers = `active loggers:\n${host.logging.list().map(([name, level]) => `  ${name}: ${level}\n`).join('')}\n`;
  return mistake === undefined ? text(loggers) : text(`error: ${mistake}\n${USAGE}${loggers}`, 400);
};

/** Changes all or nothing; the mistake, if there is one. */
function change(params: ReadonlyMap<string, string>, logging: AdminHost['logging']): string | undefined {
  // The form of the home page sends its empty fields too.
  const given = [...params].filter(([, value]) => value !== '');
  if (given.length > 1) return 'invalid number of parameters';
  for (const [name, value] of given) {
    if (name === 'group') return 'group parameter requires fine-grain logging to be enabled';
    if (name === 'paths') return changeSeveral(value, logging);
    const level = levelOf(value);
    if (level === undefined) return 'unknown logger level';
    if (name === 'level') logging.setAll(level);
    else if (!logging.set(name, level)) return 'unknown logger name';
  }
  return undefined;
}

function changeSeveral(paths: string, logging: AdminHost['logging']): string | undefined {
  const known = new Set(logging.list().map(([name]) => name));
  const changes: (readonly [name: string, level: LogLevel])[] = [];
  for (const path of paths.split(',')) {
    const [name = '', value = '', ...rest] = path.split(':');
    if (name === '' || value === '' || rest.length > 0) return 'empty logger name or empty logger level';
    const level = levelOf(value);
    if (level === undefined) return 'unknown logger level';
    if (!known.has(name)) return 'unknown logger name';
    changes.push([name, level]);
  }
  for (const [name, level] of changes) logging.set(name, level);
  return undefined;
}

function levelOf(text: string): LogLevel | undefined {
  return LEVELS.find((level) => level === text);
}
