/** `1234567` → `1,234,567`; decimals and the sign stay. Locale independent, so that output can be compared. */
export function thousands(value: number): string {
  const [whole = '', decimals] = String(value).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}
