/**
 * What to write instead, for sentences that do not say it themselves. They are Envoy's, word for word, so the remedy is added where
 * a person is told, not where the problem is found.
 */

const REMEDIES: ReadonlyArray<readonly [RegExp, string]> = [
  [/^invalid YAML: illegal tab/, 'indent with spaces'],
  [/^invalid YAML: end of sequence flow not found$/, "a '[' is not closed by a ']'"],
  [/^invalid YAML: end of map flow not found$/, "a '{' is not closed by a '}'"],
  [/^invalid YAML: illegal map value$/, "quote a value that has ': ' in it"],
  [/^invalid YAML: the referenced anchor is not defined: (.*)$/, "define it before, as '&$1'"],
  [/^invalid YAML: unknown token$/, 'quote what begins with \'@\' or \'`\', as in "@type"'],
  [/^invalid YAML: a key without ':'$/, "a ':' needs a space behind it"],
  [/^invalid YAML: a key must be a scalar$/, "nothing fills in '{{ }}' here"],
  [/^invalid YAML: wrong indentation \(end of map not found\)$/, 'begin this line where its neighbours begin, close the quote that is open above it, or quote the whole value'],
  [/^invalid YAML: wrong indentation \(end of sequence not found\)$/, 'begin this line where its neighbours begin'],
  [/, got "[^"]*\$\{\w+\}[^"]*"$/, 'nothing fills in variables here'],
  [/^Unable to convert YAML as JSON: expected an object$/, "write fields, as in 'static_resources: {}'"],
  [/^invalid perl operator: \(\?<?[=!]/, 'RE2 has no look-ahead and no look-behind'],
  [/^missing \): /, "close the group, or write '\\(' for the character itself"],
  [/^missing \]: /, "close the class, or write '\\[' for the character itself"],
  [/^no argument for repetition operator: /, "put something before it, or a '\\' for the character itself"],
  [/Couldn't find valid command at position \d+$/, 'an operator is %NAME%, %NAME(ARGUMENT)% or %NAME(ARGUMENT):LENGTH%; write %% for a percent sign'],
  [/^malformed IP address: \S+$/, 'write it as in 127.0.0.1 or ::1'],
  [/duplicate (?:cluster|listener) '/, 'give one of them another name'],
  [/ has duplicate address '/, 'give one of them another port, or put the filter chains into one listener'],
  [/Only a single wildcard domain is permitted/, "keep '*' in one virtual host"],
  [/headers may not be removed$/, 'take it out of this list'],
  [/^Invalid duration: Expected positive duration/, 'write 0s or more'],
  [/^missing "@type"$/, 'name the type, as in "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'],
  [/: value length must be at least 1 characters\)$/, 'it may not be empty or left out'],
  [/: value is required\)$/, 'it may not be left out'],
];

/** The sentence, and after it what to do where that is known. `file`: where it was found. */
export function withRemedy(message: string, file = '.json'): string {
  if (message.startsWith('invalid JSON: ') && !/\.json$/i.test(file)) return `${message}; what is not named .yaml or .yml is read as JSON`;
  for (const [sentence, remedy] of REMEDIES) {
    const match = sentence.exec(message);
    if (match !== null) return `${message}; ${remedy.replace('$1', match[1] ?? '')}`;
  }
  return message;
}
