// `npm run compatibility`: writes docs/compatibility.md.

import { writeDocument } from './document-file.ts';

await writeDocument();
