/** `nuncio/testing`: what a test of an HTTP filter needs. */

export { FilterRig, type FilterRigOptions, type JsonMessage } from './filter-rig.ts';
export type { FilterCall, RequestScript } from './filter-call.ts';
export type { FieldLines, Fields, MessageScript } from './message-script.ts';
export type { MemoryConnection } from './memory-connection.ts';
export type { ClientResponse } from './response-text.ts';
export type { ScriptedUpstreams, UpstreamRequest } from './scripted-upstream.ts';
export type { Extension } from '../core/extension.ts';
