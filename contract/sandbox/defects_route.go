package sandbox

import (
	"net/http"
	"strings"
)

// routeDefects are paths and methods that there should not be, or that should be there.
var routeDefects = []Defect{
	{
		name: "letter-ignored", sentence: "takes any letter in front of the version",
		clause: "SRV-ROUTE-2",
		request: func(r *http.Request) {
			if rest, ok := strings.CutPrefix(r.URL.Path, "/api/x"); ok {
				r.URL.Path = "/api/v" + rest
			}
		},
	},
	{
		name: "any-method", sentence: "answers a POST to the stream as it does a GET",
		clause: "SRV-ROUTE-3",
		request: func(r *http.Request) {
			if isStream(r) && r.Method == http.MethodPost {
				r.Method = http.MethodGet
			}
		},
	},
}
