import { COMMANDS, type Command, type CommandParam, commandsText } from './commands.ts';
import { type AdminHandler, html, text } from './handler.ts';
import { escapeHtml, page } from './html.ts';

export const help: AdminHandler = () => text(`admin commands are:\n${commandsText()}`);

/** `/`: every command with a form for its parameters. Static: nothing of a request or of the configuration is in it. */
export const home: AdminHandler = () => html(homePage());

let made: string | undefined;

/** Made when first asked for: most processes never show it. */
function homePage(): string {
  const commands: readonly Command[] = COMMANDS;
  return (made ??= page('', `<table>
<thead><tr><th>Command</th><th>Description</th></tr></thead>
<tbody>
${commands.map(commandRows).join('')}</tbody>
</table>
`));
}

function commandRows({ path, help: description, mutates = false, params = [] }: Command, index: number): string {
  const id = `command-${index}`;
  const name = escapeHtml(path === '/' ? '/' : path.slice(1));
  const link = mutates || params.length > 0 ? `<button class='link' form='${id}'>${name}</button>` : `<a href='${escapeHtml(path.slice(1) || '.')}'>${name}</a>`;
  const form = `<form action='${escapeHtml(path.slice(1) || '.')}' method='${mutates ? 'post' : 'get'}' id='${id}'></form>`;
  const rows = params.map((param) => `<tr><td class='param'>${escapeHtml(param.help)}</td><td>${input(param, id)}</td></tr>\n`);
  return `<tr class='command'><td>${form}${link}</td><td>${escapeHtml(description)}</td></tr>\n${rows.join('')}`;
}

const CHOICES = /; One of \((.*)\)$/;
const FLAGS = new Set(['usedonly', 'invert_filter', 'text_readouts', 'graceful', 'skip_exit', 'inboundonly', 'include_eds']);

/** Empty parameters are sent too; those that count by being there at all are check boxes. */
function input({ name, help: description }: CommandParam, form: string): string {
  const choices = CHOICES.exec(description)?.[1];
  if (choices !== undefined) {
    const options = choices.split(', ').map((choice) => `<option value='${escapeHtml(choice)}'>${escapeHtml(choice)}</option>`);
    return `<select name='${name}' form='${form}'>${options.join('')}</select> ${name}`;
  }
  if (FLAGS.has(name)) return `<label><input type='checkbox' name='${name}' value='' form='${form}'> ${name}</label>`;
  return `<label><input type='text' name='${name}' form='${form}'> ${name}</label>`;
}
