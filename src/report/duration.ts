/** Milliseconds for people: `12 ms`, `3.4 s`, `42 s`, `1 min 05 s`, `2 h 07 min`. Rounded, never negative. */
export function duration(ms: number): string {
  const positive = Math.max(0, ms);
  if (Math.round(positive) < 1000) return `${Math.round(positive)} ms`;
  if (positive < 9950) return `${(positive / 1000).toFixed(1)} s`;
  const seconds = Math.round(positive / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
