import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { fieldRules, isRequired, isSensitive } from '../../src/api/annotations.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';

/** Field numbers on the wire, by message. */
const NUMBERS: Record<string, Record<string, number>> = {
  'envoy.api.v2.filter.http.FilterTransformations': {
    transformations: 1, stage: 2, log_request_response_info: 3, matcher: 4, auto_websocket_passthrough: 5,
  },
  'envoy.api.v2.filter.http.RouteTransformations': {
    request_transformation: 1, response_transformation: 2, clear_route_cache: 3, transformations: 4,
  },
  'envoy.api.v2.filter.http.Transformation': {
    transformation_template: 1, header_body_transform: 2, transformer_config: 3, log_request_response_info: 4, ai_transformation: 5,
  },
  'envoy.api.v2.filter.http.TransformationTemplate': {
    advanced_templates: 1, extractors: 2, headers: 3, body: 4, passthrough: 5, merge_extractors_to_body: 6, parse_body_behavior: 7,
    ignore_error_on_parse: 8, dynamic_metadata_values: 9, headers_to_append: 10, headers_to_remove: 11, escape_characters: 12,
    merge_json_keys: 13, string_delimiter: 14, span_transformer: 15, data_sources: 17, data_source_max_size: 18,
  },
  'envoy.api.v2.filter.http.Extraction': { header: 1, regex: 2, subgroup: 3, body: 4, replacement_text: 5, mode: 6 },
  'envoy.config.filter.http.aws_lambda.v2.AWSLambdaPerRoute': {
    name: 1, qualifier: 2, async: 3, empty_body_override: 4, unwrap_as_alb: 5, transformer_config: 6, request_transformer_config: 7,
  },
  'envoy.config.filter.http.aws_lambda.v2.AWSLambdaConfig': {
    use_default_credentials: 1, service_account_credentials: 2, propagate_original_routing: 3, credential_refresh_delay: 4,
  },
  'envoy.config.filter.http.aws_lambda.v2.AWSLambdaProtocolExtension': {
    host: 1, region: 2, access_key: 3, secret_key: 4, session_token: 5, role_arn: 6, disable_role_chaining: 7,
  },
  'envoy.config.filter.http.nats.streaming.v2.NatsStreaming': { cluster: 1, max_connections: 2, op_timeout: 3 },
  'envoy.config.filter.http.upstream_wait.v2.UpstreamWaitFilterConfig': {},
  'envoy.config.transformer.aws_lambda.v2.ApiGatewayTransformation': {},
};

describe("Solo's messages", () => {
  it('have the field numbers that its control plane sends', () => {
    for (const [typeName, numbers] of Object.entries(NUMBERS)) {
      const message = apiTypes.getMessage(typeName);
      expect(Object.fromEntries(message?.fields.map((field) => [field.name, field.number]) ?? [['missing', 0]]), typeName).toEqual(numbers);
    }
  });

  it('are validated as Solo validates them', () => {
    const lambda = schemaOf('envoy.config.filter.http.aws_lambda.v2.AWSLambdaPerRoute');
    expect(fieldRules(lambda.field.name)).toEqual({ string: { minBytes: 1 } });
    const entry = schemaOf('envoy.api.v2.filter.http.RouteTransformations.RouteTransformation');
    expect(fieldRules(entry.field.stage)).toEqual({ uint32: { lte: 10 } });
    expect(isRequired(entry.oneofs[0])).toBe(true);
    const rule = schemaOf('envoy.api.v2.filter.http.TransformationRule');
    expect(fieldRules(rule.field.match)).toEqual({ message: { required: true } });
    expect(isSensitive(schemaOf('envoy.config.filter.http.aws_lambda.v2.AWSLambdaProtocolExtension').field.secretKey)).toBe(true);
  });

  it('share the types of the API they refer to', () => {
    const rule = schemaOf('envoy.api.v2.filter.http.TransformationRule');
    expect(rule.field.match.message).toBe(apiTypes.getMessage('envoy.config.route.v3.RouteMatch'));
  });

  it('survive a way over the wire and read as JSON', () => {
    const schema = schemaOf('envoy.api.v2.filter.http.TransformationTemplate');
    const template = create(schema, {
      headers: { 'x-a': { text: '{{ header("b") }}' } },
      bodyTransformation: { case: 'mergeJsonKeys', value: { jsonKeys: { k: { tmpl: { text: '1' } } } } },
    });
    const read = fromBinary(schema, toBinary(schema, template));
    expect(read).toEqual(template);
    expect(toJson(schema, read)).toEqual({
      headers: { 'x-a': { text: '{{ header("b") }}' } },
      mergeJsonKeys: { jsonKeys: { k: { tmpl: { text: '1' } } } },
    });
  });
});
