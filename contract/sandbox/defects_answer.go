package sandbox

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// answerDefects are answers that are not what the documents say, or that say too much.
var answerDefects = []Defect{
	{
		name: "wrong-array-name", sentence: "gives the events of each stream under the name that they have on the other one",
		clause: "SRV-SCHEMA-1", also: []string{"SRV-*"},
		page: func(a asking, p *page) {
			p.array = map[string]string{"data": "resultData", "resultData": "data"}[a.array]
		},
	},
	{
		name: "trailing-bytes", sentence: "sends a second JSON value behind the page",
		clause: "SRV-SCHEMA-2", also: []string{"SRV-SCHEMA-1"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK {
				got.body = append(got.body, "{}"...)
			}
		},
	},
	{
		name: "token-in-a-header", sentence: "repeats in a header the access token that it refuses",
		clause: "SRV-ERROR-2",
		answer: func(r *http.Request, got *captured) {
			if token := bearer(r); token != "" && got.status == http.StatusUnauthorized {
				got.header.Set("X-Refused", token)
			}
		},
	},
	{
		name: "no-challenge-at-userinfo", sentence: "does not say at userinfo, with a 401, what kind of a token it wants",
		clause: "SRV-ERROR-4",
		answer: func(r *http.Request, got *captured) {
			if !isStream(r) {
				got.header.Del("WWW-Authenticate")
			}
		},
	},
	{
		name: "null-array", sentence: "gives null for no events on the dataset stream, and nothing on the other",
		clause: "SRV-SCHEMA-1", also: []string{"SRV-*"},
		page: func(a asking, p *page) { p.null = p.from == p.to && a.kind == 0 },
	},
	{
		name: "media-type-wrong", sentence: "calls a page text/plain",
		clause: "SRV-SCHEMA-1", also: []string{"SRV-SCHEMA-*"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK {
				got.header.Set("Content-Type", "text/plain; charset=utf-8")
			}
		},
	},
	{
		name: "gzip-forced", sentence: "compresses a page for who names gzip, also in order to refuse it",
		clause: "SRV-PAGE-13", also: []string{"SRV-SCHEMA-*"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip;q=0") {
				var packed bytes.Buffer
				z := gzip.NewWriter(&packed)
				z.Write(got.body)
				z.Close()
				got.body = packed.Bytes()
				got.header.Set("Content-Encoding", "gzip")
			}
		},
	},
	{
		name: "plain-page-cut", sentence: "leaves out the last event of a page that is not to be compressed",
		clause: "SRV-PAGE-13", also: []string{"SRV-PAGE-15"},
		answer: func(r *http.Request, got *captured) {
			if last := bytes.LastIndex(got.body, []byte(`,{"timestamp"`)); isStream(r) && last > 0 && !acceptsGzip(r.Header) {
				got.body = append(got.body[:last], "]}"...)
			}
		},
	},
	{
		name: "not-utf-8", sentence: "writes a page in Latin-1",
		clause: "SRV-SCHEMA-2", also: []string{"SRV-*"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK {
				got.body = bytes.Replace(got.body, []byte(`":"`), []byte("\":\"\xe9"), 2)
			}
		},
	},
	{
		name: "member-twice", sentence: "names a member of a page twice",
		clause: "SRV-SCHEMA-3",
		answer: func(r *http.Request, got *captured) {
			if body, ok := bytes.CutSuffix(got.body, []byte("}")); ok && isStream(r) && got.status == http.StatusOK {
				first, _, _ := bytes.Cut(body[1:], []byte(","))
				got.body = append(append(append(bytes.Clone(body), ','), first...), '}')
			}
		},
	},
	{
		name: "no-trace-token", sentence: "puts a trace token on no answer",
		clause: "SRV-ERROR-1", also: []string{"SRV-SCHEMA-1"},
		answer: func(_ *http.Request, got *captured) { got.header.Del("X-DocuSign-TraceToken") },
	},
	{
		name: "unnamed-error", sentence: "does not say why it refuses a request to a stream",
		clause: "SRV-ERROR-3", also: []string{"SRV-LIMIT-1"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status >= 400 {
				got.body = []byte("{}")
			}
		},
	},
	{
		name: "limit-not-kept", sentence: "answers who has used up the quota",
		clause: "SRV-LIMIT-1", also: []string{"SRV-LIMIT-2"}, skips: quotas,
	},
	{
		name: "quota-of-a-token", sentence: "has a quota for each access token",
		clause: "SRV-LIMIT-1", skips: quotaOwner,
	},
	{
		name: "remaining-untold", sentence: "says that the whole quota is left, however much has been used",
		clause: "SRV-LIMIT-2",
		answer: func(_ *http.Request, got *captured) {
			if limit := got.header.Get("X-RateLimit-Limit"); limit != "" {
				got.header.Set("X-RateLimit-Remaining", limit)
			}
		},
	},
}
