import { expect, test } from 'vitest';
import { lowestVersions } from '../../../scripts/gateway/lowest-versions.ts';

test('takes the lower bound of each direct dependency, with its extras, and the higher of two', () => {
  const metadata = [
    'Requires-Python: <3.14,>=3.11',
    'Requires-Dist: httpx>=0.28.1',
    'Requires-Dist: httpx[http2]>=0.28.1',
    'Requires-Dist: starlette<0.48.0,>=0.47.3',
    'Requires-Dist: uvicorn>=0.9.0',
    'Requires-Dist: uvicorn>=0.35.0',
    "Requires-Dist: psycopg>=3.2; extra == 'postgres'",
    'Requires-Dist: no-bound',
  ].join('\n');
  expect(lowestVersions(metadata)).toEqual(['httpx[http2]==0.28.1', 'starlette==0.47.3', 'uvicorn==0.35.0']);
});
