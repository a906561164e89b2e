// Builds the images that tests run, before several test processes ask for them at once: while podman writes an image,
// its other commands wait. Where images cannot be built it says why; the tests then decide whether to fail.

import { Images } from './mesh/images.ts';
import { Podman } from './podman/podman.ts';
import { whatIsMissing } from './podman/requirements.ts';

const missing = whatIsMissing();
if (missing === undefined) await Images.open(await Podman.open());
else console.log(`no images are built: ${missing}`);
