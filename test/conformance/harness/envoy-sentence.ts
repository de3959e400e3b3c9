/** Without the configuration that Envoy prints before or after, and with one space where it puts any number of them. */
export const envoySentence = (message: string): string =>
  message
    .replace(/^goo\.gle[^]*\n: (?=Proto constraint)/, '')
    .replace(/: \{"[^]*$/, '')
    .replace(/:? goo\.gle\/debug[^]*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
