import { VARIABLES, type Variable } from './variables.ts';

const HEAD = `# Settings of mcpgw: those of the MCP Gateway that matter to an upgrade, and its own.
# Copy this file to .env. A flag wins over the environment, the environment over .env, .env over the default.
# Each variable stands here with its default; one behind a # is yours to set.
`;

/** The text of `.env.example`: every variable with its meaning and its default, by group. */
export function renderEnvExample(): string {
  const groups = [...new Set(VARIABLES.map((variable) => variable.group))];
  const blocks = groups.map((group) => {
    const variables = VARIABLES.filter((variable) => variable.group === group);
    return `\n## ${group}\n\n${variables.map(render).join('\n')}`;
  });
  return HEAD + blocks.join('');
}

/** Credentials and what has no default are commented out: a copy of the file must not set them by accident. */
function render(variable: Variable): string {
  const isYours = variable.secret || variable.emptyIsValue || variable.default === '';
  return `# ${variable.meaning}\n${isYours ? '# ' : ''}${variable.name}=${variable.default}\n`;
}
