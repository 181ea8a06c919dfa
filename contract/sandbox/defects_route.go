package sandbox

import (
	"net/http"
	"regexp"
	"strings"
)

// routeDefects are paths and methods that there should not be, or that should be there.
var routeDefects = []Defect{
	{
		name: "any-method", sentence: "answers a POST to the stream as it does a GET",
		clause: "SRV-ROUTE-3",
		request: func(r *http.Request) {
			if isStream(r) && r.Method == http.MethodPost {
				r.Method = http.MethodGet
			}
		},
	},
	{
		name: "slash-ignored", sentence: "takes a path with a slash at its end for that without",
		clause:  "SRV-ROUTE-2",
		request: func(r *http.Request) { r.URL.Path = strings.TrimSuffix(r.URL.Path, "/") },
	},
	{
		name: "no-allow", sentence: "does not say which methods there are",
		clause: "SRV-ROUTE-3", also: []string{"SRV-ROUTE-6"},
		answer: func(_ *http.Request, got *captured) { got.header.Del("Allow") },
	},
	{
		name: "head-for-everyone", sentence: "answers 200 to HEAD without a good token",
		clause: "SRV-ROUTE-5",
		answer: func(r *http.Request, got *captured) {
			if r.Method == http.MethodHead && got.status == http.StatusUnauthorized {
				got.status = http.StatusOK
			}
		},
	},
	{
		name: "version-2-begins-anew", sentence: "passes over the cursor under v2",
		clause: "SRV-ROUTE-1", also: []string{"SRV-PAGE-15"},
		request: func(r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/v2/") && isStream(r) {
				setQuery(r, "cursor", "")
			}
		},
	},
	{
		name: "options-for-browsers", sentence: "answers OPTIONS as a browser's preflight, which says nothing of the methods",
		clause: "SRV-ROUTE-6",
		answer: func(r *http.Request, got *captured) {
			if r.Method == http.MethodOptions {
				got.status, got.body = http.StatusNoContent, nil
				got.header.Del("Allow")
				got.header.Set("Access-Control-Allow-Origin", "*")
			}
		},
	},
	{
		name: "any-organization", sentence: "takes any id for that of the user's organization",
		clause: "SRV-ROUTE-4", also: []string{"SRV-AUTH-14", "SRV-AUTH-16", "SRV-ROUTE-2"},
		request: func(r *http.Request) {
			r.URL.Path = anyID.ReplaceAllString(r.URL.Path, "/v1/organizations/"+organizationID+"/stream")
		},
	},
}

var anyID = regexp.MustCompile(`^/v1/organizations/[^/]*/stream$`)
