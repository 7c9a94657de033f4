// Events as messages of a system's own .proto.
import path from 'node:path';
import protobuf from 'protobufjs';
import {repository} from './harness.mjs';

export const examples = path.join(repository, 'deploy/examples');

// pack('cortex/cortex.proto')('cortex.v1.StatusUpdate', {…}): a google.protobuf.Any.
export function pack(file) {
  const root = new protobuf.Root().loadSync(path.join(examples, file), {keepCase: true});
  return (name, fields = {}) => {
    const type = root.lookupType(name);
    return {
      type_url: `type.googleapis.com/${name}`,
      value: Buffer.from(type.encode(type.fromObject(fields)).finish()),
    };
  };
}
