package sandbox

import (
	"bytes"
	"net/http"
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
		clause: "SRV-SCHEMA-2",
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK {
				got.body = append(got.body, "{}"...)
			}
		},
	},
	{
		name: "token-in-error", sentence: "repeats the access token that it refuses",
		clause: "SRV-ERROR-2",
		answer: func(r *http.Request, got *captured) {
			if token := bearer(r); token != "" && got.status == http.StatusUnauthorized {
				got.body = bytes.Replace(got.body, []byte("access token"), []byte("access token "+token), 1)
			}
		},
	},
}
