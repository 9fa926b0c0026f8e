import * as grpc from '@grpc/grpc-js';
import type { protos } from '@google-cloud/dataproc';
import { createRequire } from 'node:module';
import protobuf from 'protobufjs';

/** The messages as the real client's own description has them, with numbers of 64 bits as text and states by name. */
export type Batch = protos.google.cloud.dataproc.v1.IBatch;
export type CreateBatchRequest = protos.google.cloud.dataproc.v1.ICreateBatchRequest;
export type ListBatchesRequest = protos.google.cloud.dataproc.v1.IListBatchesRequest;
export type Operation = protos.google.longrunning.IOperation;

const description = createRequire(import.meta.url)(
  '@google-cloud/dataproc/build/protos/protos.json',
) as object;
const root = protobuf.Root.fromJSON(description).resolveAll() as protobuf.Root;

export const { status: codes } = grpc;

/** An answer that is a refusal. */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type Handler = (request: never) => object | Promise<object>;
export type Answering = (method: string, work: () => object | Promise<object>) => Promise<object>;

/** Adds a service, all of its methods that `handlers` has; the others answer UNIMPLEMENTED by themselves. */
export function addService(
  server: grpc.Server,
  name: string,
  handlers: Record<string, Handler>,
  answering: Answering,
): void {
  const methods = root.lookupService(name).methodsArray.filter((method) => method.name in handlers);
  const definition = Object.fromEntries(methods.map((method) => [method.name, describe(name, method)]));
  const implementation = Object.fromEntries(
    methods.map((method) => [
      method.name,
      (call: grpc.ServerUnaryCall<object, object>, callback: grpc.sendUnaryData<object>): void => {
        answering(method.name, () => handlers[method.name]!(call.request as never)).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(asStatus(error)),
        );
      },
    ]),
  );
  server.addService(definition, implementation);
}

/** A message in an `Any`, as operations carry them. */
export function packed(type: string, content: object): protos.google.protobuf.IAny {
  return { type_url: `type.googleapis.com/${type}`, value: encode(root.lookupType(type), content) };
}

function describe(service: string, method: protobuf.Method): grpc.MethodDefinition<object, object> {
  const request = root.lookupType(method.resolvedRequestType!.fullName);
  const response = root.lookupType(method.resolvedResponseType!.fullName);
  return {
    path: `/${service}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => encode(request, message),
    requestDeserialize: (bytes) => decode(request, bytes),
    responseSerialize: (message) => encode(response, message),
    responseDeserialize: (bytes) => decode(response, bytes),
  };
}

function encode(type: protobuf.Type, content: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(content)).finish());
}

function decode(type: protobuf.Type, bytes: Uint8Array): object {
  return type.toObject(type.decode(bytes), { longs: String, enums: String });
}

function asStatus(error: unknown): Partial<grpc.StatusObject> {
  if (error instanceof Refusal) return { code: error.code, details: error.message };
  return {
    code: codes.INTERNAL,
    details: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
