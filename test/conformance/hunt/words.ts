/** The few words that configurations and requests are made of: few, so that they meet. */

export const SEGMENTS = ['a', 'b', 'api', 'API', 'v1', 'a.b', 'x;p=1', 'a%20b', 'a%2Fb', 'é', ''] as const;
export const PLAIN_SEGMENTS = ['a', 'b', 'api', 'API', 'v1'] as const;
export const HOSTS = ['example.com', 'a.example.com', 'A.Example.com', 'b.a.example.com', 'other.org', 'example.com:80', 'other.org:8080', '127.0.0.1', '[::1]:80', 'localhost'] as const;
export const DOMAINS = ['example.com', 'a.example.com', '*.example.com', '*.com', 'other.org', 'other.*', 'example.com:80', '*-b.example.com', '[::1]:80', 'b.*'] as const;
export const NAMES = ['x-a', 'x-b', 'x-c', 'user-agent', 'cookie', 'content-type', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'referer', 'accept', 'x-request-id', 'x-envoy-original-path'] as const;
export const VALUES = ['one', 'two', 'ONE', 'on', '', '1', '12', '-5', '007', 'one,two', 'a=1; b=one', 'text/plain', 'application/grpc', '10.0.0.1', 'https', 'http', 'one two', 'é'] as const;
export const QUERY_NAMES = ['q', 'a', 'Q', 'a%20b', ''] as const;
export const STATUSES = [200, 201, 204, 301, 302, 304, 400, 404, 418, 500, 503, 599] as const;
export const REGEXES = ['.*', 'one', '/a.*', '[a-z]+', '(on)e?', '^$', '/(a|b)/.*', '.+', '\\d+', '(?i)ONE', 'a|b', '[^/]+', '/api/v(\\d+).*'] as const;
/** Names of clusters that may stand in a route: the upstreams, one that refuses, one that is not there. */
export const CLUSTERS = ['origin', 'origin', 'origin', 'second', 'dead', 'none'] as const;
/** What `runtime_fraction` and filters look up. */
export const RUNTIME = { 'share.none': 0, 'share.all': 100, 'nuncio.http1.lenient_heads': true } as const;
