package contract_test

import "net/http"

// clientDefects are breaches of a client: a transport that spoils its requests before they are judged, or the answers
// before it reads them.
var clientDefects = []defect{
	{
		name: "client/zero-limit", sentence: "sends limit=0 in place of the limit that it is told",
		kills: []string{"CLI-REQUEST-5"}, may: []string{"CLI-REQUEST-1"},
		client: func(next http.RoundTripper) http.RoundTripper {
			return tripper(func(r *http.Request) (*http.Response, error) {
				r = r.Clone(r.Context())
				if query := r.URL.Query(); query.Has("limit") {
					query.Set("limit", "0")
					r.URL.RawQuery = query.Encode()
				}
				return next.RoundTrip(r)
			})
		},
	},
}
