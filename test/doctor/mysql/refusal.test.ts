import { describe, expect, test } from 'vitest';
import { translateMysqlError } from '../../../src/database/mysql/errors.ts';
import { refusalOf } from '../../../src/doctor/mysql/login.ts';
import type { MysqlTarget } from '../../../src/settings/database-target.ts';
import { testSettings } from '../../support/test-settings.ts';

const target = testSettings('mysql://gateway:not-this@db.example.com:3307/mcp').target as MysqlTarget;

/** What the driver throws, as the tool passes it on. */
function thrown(properties: {
  message: string;
  errno?: number;
  code?: string;
  sqlMessage?: string;
}): unknown {
  const error = Object.assign(new Error(properties.message), properties);
  return translateMysqlError(error) ?? error;
}

function server(errno: number, message: string) {
  return refusalOf(thrown({ message, sqlMessage: message, errno, code: 'ER_SOMETHING' }), target);
}

// What a shared server cannot be brought to say.
describe('refusals of the server', () => {
  test.each([
    [
      1130,
      "Host '10.0.0.7' is not allowed to connect to this MySQL server",
      'its address',
      /^GRANT ALL PRIVILEGES ON `mcp`\.\* TO 'gateway'@'%';$/,
    ],
    [
      1129,
      "Host '10.0.0.7' is blocked because of many connection errors",
      'max_connect_errors',
      /host_cache/,
    ],
    [1040, 'Too many connections', 'max_connections', /processlist/],
    [1862, 'Your password has expired.', '(ALTER USER … IDENTIFIED BY …)', /^$/],
    [1524, "Plugin 'ed25519' is not loaded", 'caching_sha2_password', /^$/],
    [1047, 'WSREP has not yet prepared node for application use', 'majority', /wsrep_/],
    [
      9999,
      'Something new',
      'an error of its own',
      /^mysql --host=db\.example\.com --port=3307 --user=gateway --password mcp$/,
    ],
  ])('%i', (errno, message, hint, command) => {
    const { gate, findings: found } = server(errno, message);
    expect(gate).toBe('authentication');
    expect(found.sample).toEqual([`${message} (${errno})`]);
    expect(`${found.hint}`).toContain(hint);
    expect(`${found.command ?? ''}`).toMatch(command);
    expect(JSON.stringify(found)).not.toContain('not-this');
  });

  test('TLS is demanded from everybody', () => {
    const message =
      'Connections using insecure transport are prohibited while --require_secure_transport=ON.';
    const { gate, findings: found } = server(3159, message);
    expect(gate).toBe('tls');
    expect(found.sample[0]).toContain('require_secure_transport');
    expect(`${found.command}`).toBe(
      "mcpgw doctor --database-url 'mysql://gateway:***@db.example.com:3307/mcp?ssl=true'",
    );
  });

  test.each([
    ['certificate has expired', 'Renew the certificate'],
    ['certificate is not yet valid', 'not valid yet'],
    ['unable to get local issuer certificate', 'name the file of that authority'],
    ['error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version', 'no version or cipher'],
    ['error:05800074:x509 certificate routines::key values mismatch', 'do not belong together'],
    ['error:0A00045C:SSL routines::tlsv13 alert certificate required', 'the client’s certificate'],
  ])('%s', (message, hint) => {
    // The driver names its own code, or that of OpenSSL, as the step is.
    expect(refusalOf(thrown({ message, code: 'ERR_SSL_SOMETHING' }), target).gate).toBe('tls');
    const { gate, findings } = refusalOf(thrown({ message, code: 'HANDSHAKE_SSL_ERROR' }), target);
    expect(gate).toBe('tls');
    expect(findings.hint).toContain(hint);
  });
});
