package contract_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// requestDefects are what a client may get wrong on the wire.
var requestDefects = []defect{
	{
		name: "client/zero-limit", sentence: "sends limit=0 in place of the limit that it is told",
		kills: []string{"CLI-REQUEST-5"}, may: []string{"CLI-REQUEST-1"},
		client: asking(func(query url.Values) { query.Set("limit", "0") }),
	},
	{
		name: "client/half-limit", sentence: "asks for half of the events that it is told to",
		kills:  []string{"CLI-REQUEST-5"},
		client: asking(func(query url.Values) { query.Set("limit", "1000") }),
	},
	{
		name: "client/empty-cursor", sentence: "sends an empty cursor where it has none",
		kills: []string{"CLI-REQUEST-2"},
		client: asking(func(query url.Values) {
			if !query.Has("cursor") {
				query.Set("cursor", "")
			}
		}),
	},
	{
		name: "client/cursor-escaped-twice", sentence: "escapes a cursor twice",
		kills: []string{"CLI-REQUEST-3"},
		may:   []string{"CLI-REQUEST-6"},
		client: asking(func(query url.Values) {
			if query.Has("cursor") {
				query.Set("cursor", url.QueryEscape(query.Get("cursor")))
			}
		}),
	},
	{
		name: "client/cursor-with-plus", sentence: "takes the plus of a cursor for a space",
		kills: []string{"CLI-REQUEST-3"},
		client: asking(func(query url.Values) {
			if query.Has("cursor") {
				query.Set("cursor", strings.ReplaceAll(query.Get("cursor"), "+", " "))
			}
		}),
	},
	{
		name: "client/cursor-dropped", sentence: "asks for every page without a cursor",
		kills:  []string{"CLI-CURSOR-1"},
		may:    []string{"CLI-AUTH-3", "CLI-ERROR-3", "CLI-FOLLOW-1", "CLI-FOLLOW-4", "CLI-PAGE-1", "CLI-REQUEST-2", "CLI-REQUEST-3", "CLI-REQUEST-6", "CLI-RETRY-1", "CLI-RETRY-4", "CLI-RETRY-11", "CLI-WALK-1", "CLI-WALK-2", "CLI-WALK-4"},
		client: asking(func(query url.Values) { query.Del("cursor") }),
	},
	{
		name: "client/since-with-fraction", sentence: "begins at a time with a fraction and an offset",
		kills: []string{"CLI-REQUEST-6"},
		client: asking(func(query url.Values) {
			if since, err := time.Parse(time.RFC3339, query.Get("cursor")); err == nil {
				query.Set("cursor", since.Format("2006-01-02T15:04:05.000+00:00"))
			}
		}),
	},
	{
		name: "client/another-path", sentence: "asks for version 2 and for another organization",
		kills: []string{"CLI-REQUEST-7"},
		client: sending(ofPage, func(r *http.Request) {
			r.URL.Path = strings.NewReplacer("/v2.0/", "/v2/", "/organizations/b", "/organizations/c").Replace(r.URL.Path)
		}),
	},
	{
		name: "client/unknown-parameter", sentence: "sends a parameter that the document does not declare",
		kills:  []string{"CLI-REQUEST-1"},
		client: asking(func(query url.Values) { query.Set("sort", "asc") }),
	},
	{
		name: "client/post", sentence: "asks for pages by POST",
		kills:  []string{"CLI-REQUEST-1"},
		may:    []string{"CLI-GROWTH-1", "CLI-SECRET-2"},
		client: sending(ofPage, func(r *http.Request) { r.Method = http.MethodPost }),
	},
	{
		name: "client/body", sentence: "sends a body with a GET",
		kills: []string{"CLI-REQUEST-1"},
		client: sending(ofPage, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		}),
	},
	{
		name: "client/wrong-accept", sentence: "asks for HTML",
		kills:  []string{"CLI-REQUEST-8"},
		client: sending(ofAny, func(r *http.Request) { r.Header.Set("Accept", "text/html") }),
	},
	{
		name: "client/anonymous", sentence: "does not say who it is",
		kills:  []string{"CLI-REQUEST-8"},
		client: sending(ofAny, func(r *http.Request) { r.Header.Set("User-Agent", "") }),
	},
	{
		name: "client/no-authorization", sentence: "sends no token",
		kills:  []string{"CLI-REQUEST-4"},
		may:    []string{"CLI-AUTH-3", "CLI-REQUEST-1", "CLI-TOKEN-3"},
		client: sending(ofPage, func(r *http.Request) { r.Header.Del("Authorization") }),
	},
	{
		name: "client/token-in-name", sentence: "puts its token into its name as well",
		kills: []string{"CLI-REQUEST-4"},
		client: sending(ofPage, func(r *http.Request) {
			_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			r.Header.Set("User-Agent", r.Header.Get("User-Agent")+" "+token)
		}),
	},
	{
		name: "client/token-in-url", sentence: "puts its token into the URL as well",
		kills: []string{"CLI-REQUEST-4"},
		may:   []string{"CLI-REQUEST-1"},
		client: sending(ofPage, func(r *http.Request) {
			_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			r.URL.RawQuery += "&access_token=" + url.QueryEscape(token)
		}),
	},
}
