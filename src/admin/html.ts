const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an element's content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `body { font-family: sans-serif; margin: 1.5em }
table { border-collapse: collapse }
td { padding: 4px 8px; vertical-align: top }
tr.command { background: #ddd }
td.param { padding-left: 2em; max-width: 50em }
form { margin: 0 }
button.link { background: none; border: none; padding: 0; font: inherit; color: #069; text-decoration: underline; cursor: pointer }`;

/** `body` is HTML already. */
export function page(head: string, body: string): string {
  return `${pageStart(head)}${body}${PAGE_END}`;
}

export function pageStart(head: string): string {
  return `<!DOCTYPE html>
<html lang='en'>
<head>
  <meta charset='UTF-8'>
  <title>Envoy Admin</title>
${head}<style>
${STYLE}
</style>
</head>
<body>
`;
}

export const PAGE_END = '</body>\n</html>\n';
