import type { Random } from './random.ts';

export const VERBS = ['get', 'list', 'create', 'update', 'delete', 'search', 'export', 'translate'] as const;
export const NOUNS = ['user', 'issue', 'order', 'branch', 'metric', 'file', 'ticket', 'invoice'] as const;
export const PEERS = ['github', 'jira', 'slack', 'notion', 'maps', 'confluence'] as const;
/** Names people really give: accents, other scripts, an apostrophe, characters outside the BMP. */
const UNUSUAL = ['créer', 'größe', 'übersetzen', '検索', 'поиск', "d'équipe", 'Ωmega', '🚀launch'] as const;

/** A share of names that plain ASCII rules do not cover. */
const UNUSUAL_SHARE = 0.02;

/** `get_user_12`, and now and then `検索_user_12`. */
export function toolName(random: Random, index: number): string {
  const verb = random.chance(UNUSUAL_SHARE) ? random.pick(UNUSUAL) : random.pick(VERBS);
  return `${verb}_${random.pick(NOUNS)}_${index}`;
}

/** A word with a capital: `issue` → `Issue`. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
