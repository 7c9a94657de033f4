// Certificates of the tests' own authorities, made by the openssl command.
import {execFileSync} from 'node:child_process';
import {readFileSync, renameSync} from 'node:fs';
import path from 'node:path';
import {temporaryFolder} from './harness.mjs';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

// An authority in a folder of its own, which goes away with the test.
//   authority.file         its certificate; authority.pem: the text
//   authority.issue(name)  {certificateFile, keyFile, certificate, key}, under that file name
export function makeAuthority(t, name = 'Sluice test authority') {
  const folder = temporaryFolder(t);
  const at = (file) => path.join(folder, file);
  const openssl = (...args) => execFileSync('openssl', args, {stdio: ['ignore', 'ignore', 'pipe']});
  openssl('req', '-x509', ...newKey, '-keyout', at('ca-key.pem'), '-out', at('ca.pem'), '-days', '2',
      '-subj', `/CN=${name}`);
  const issue = (file, names = 'DNS:localhost,IP:127.0.0.1') => {
    const [certificateFile, keyFile] = [at(`${file}.pem`), at(`${file}-key.pem`)];
    openssl('req', '-x509', ...newKey, '-keyout', keyFile, '-out', certificateFile, '-days', '2',
        '-subj', `/CN=${file}`, '-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'),
        '-addext', `subjectAltName=${names}`, '-addext', 'basicConstraints=critical,CA:FALSE');
    return {
      certificateFile, keyFile, certificate: readFileSync(certificateFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
    };
  };
  return {folder, file: at('ca.pem'), pem: readFileSync(at('ca.pem'), 'utf8'), issue};
}

// What `http.tls` says of them.
export const tlsOf = ({certificateFile, keyFile}) => ({certificate_file: certificateFile, key_file: keyFile});

// `pair` takes the place of `old`, each file at once.
export function replace(old, pair) {
  renameSync(pair.certificateFile, old.certificateFile);
  renameSync(pair.keyFile, old.keyFile);
}
