import { fields, ignored, refused, type SupportTable } from '../../config/support.ts';

const NO_OPTIONALS = 'optional values are not enabled in Envoy either';
const NO_MESSAGES = 'messages cannot be made';
const NO_LOOPS = 'comprehensions are disabled in Envoy, too';
const FOR_TOOLS = 'tells tools where the expression came from';

/** The syntax tree has one shape under two names. */
function syntax(name: string): SupportTable {
  return {
    [`${name}.Expr`]: {
      ...fields('const_expr ident_expr select_expr call_expr list_expr struct_expr'),
      id: ignored(FOR_TOOLS),
      comprehension_expr: refused(NO_LOOPS),
    },
    [`${name}.Expr.Ident`]: fields('name'),
    [`${name}.Expr.Select`]: fields('operand field test_only'),
    [`${name}.Expr.Call`]: fields('target function args'),
    [`${name}.Expr.CreateList`]: { ...fields('elements'), optional_indices: refused(NO_OPTIONALS) },
    [`${name}.Expr.CreateStruct`]: { ...fields('entries'), message_name: refused(NO_MESSAGES) },
    [`${name}.Expr.CreateStruct.Entry`]: {
      ...fields('map_key value'),
      id: ignored(FOR_TOOLS),
      field_key: refused(NO_MESSAGES),
      optional_entry: refused(NO_OPTIONALS),
    },
    [`${name}.Constant`]: fields('null_value bool_value int64_value uint64_value double_value string_value bytes_value duration_value timestamp_value'),
    [`${name}.ParsedExpr`]: { ...fields('expr'), source_info: ignored(FOR_TOOLS) },
    [`${name}.CheckedExpr`]: {
      ...fields('expr'),
      source_info: ignored(FOR_TOOLS),
      expr_version: ignored(FOR_TOOLS),
      reference_map: ignored('names are looked up when the expression is compiled'),
      type_map: ignored('types are those of the values'),
    },
  };
}

export const celSupport: SupportTable = {
  ...syntax('google.api.expr.v1alpha1'),
  ...syntax('cel.expr'),
  'xds.type.matcher.v3.CelMatcher': { ...fields('expr_match'), description: ignored('is for people') },
  'xds.type.matcher.v3.HttpAttributesCelMatchInput': {},
  'xds.type.v3.CelExpression': {
    ...fields('parsed_expr checked_expr cel_expr_parsed cel_expr_checked'),
    cel_expr_string: refused('Envoy takes no text here: use cel_expr_parsed'),
  },
  'envoy.config.core.v3.CelExpressionConfig': fields('enable_string_conversion enable_string_concat enable_string_functions'),
  'envoy.extensions.formatter.cel.v3.Cel': fields('cel_config'),
  'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter': fields('expression cel_config'),
};
