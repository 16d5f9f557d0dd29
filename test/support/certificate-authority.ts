import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether this machine has the program that makes certificates. */
export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

export interface CertificateAuthority {
  /** PEM of the certificate to trust. */
  readonly certificate: string;
  /**
   * Makes a certificate for a server name, and returns the paths of its PEM files.
   *
   * @param expired it was valid until some years ago
   */
  issue(name: string, expired?: boolean): { readonly certificate: string; readonly key: string };
}

/** A certificate authority of its own in an empty folder. */
export function certificateAuthority(folder: string): CertificateAuthority {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['req', '-newkey', 'rsa:2048', '-nodes', '-batch'];
  openssl(...newKey, '-x509', '-days', '30', '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.crt');
  writeFileSync(join(folder, 'index.txt'), '');
  let issued = 0;
  return {
    certificate: join(folder, 'ca.crt'),
    issue(name, expired = false) {
      const file = `server-${++issued}`;
      const settings = [
        '[ca]\ndefault_ca = ours',
        '[ours]\nnew_certs_dir = .\ndatabase = index.txt\nrand_serial = yes\ndefault_md = sha256',
        'policy = policy\nunique_subject = no\nx509_extensions = extensions',
        '[policy]\ncommonName = supplied',
        `[extensions]\nsubjectAltName = DNS:${name}`,
      ];
      writeFileSync(join(folder, 'ca.conf'), `${settings.join('\n')}\n`);
      openssl(...newKey, '-subj', `/CN=${name}`, '-keyout', `${file}.key`, '-out', `${file}.csr`);
      const when = expired ? ['20200101000000Z', '20210101000000Z'] : ['20200101000000Z', '20450101000000Z'];
      openssl(
        ...['ca', '-batch', '-notext', '-config', 'ca.conf', '-cert', 'ca.crt', '-keyfile', 'ca.key'],
        ...['-in', `${file}.csr`, '-out', `${file}.crt`],
        ...['-startdate', when[0] ?? '', '-enddate', when[1] ?? ''],
      );
      return { certificate: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) };
    },
  };
}
