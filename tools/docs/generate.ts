import { writeFileSync } from 'node:fs';
import { SUPPORT_TABLES } from '../../src/server/support-tables.ts';
import { shownBy } from './shown-by.ts';
import { supportPage } from './support-page.ts';

writeFileSync(new URL('../../docs/support.md', import.meta.url), supportPage(SUPPORT_TABLES, shownBy()));
