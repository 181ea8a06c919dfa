package sandbox

import "net/http"

// authDefects are tokens that are given or taken where they must not be, or refused where they must be taken.
var authDefects = []Defect{
	{
		name: "expired-token-accepted", sentence: "takes an access token after its end",
		clause: "SRV-AUTH-3", skips: tokenExpiry,
	},
	{
		name: "audience-ignored", sentence: "takes an assertion that is meant for another host",
		clause: "SRV-AUTH-4", also: []string{"SRV-AUTH-5"}, skips: audience,
	},
	{
		name: "unauthorized-as-forbidden", sentence: "answers 403 to a stream request without a good token",
		clause: "SRV-AUTH-2", also: []string{"SRV-AUTH-3"},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusUnauthorized {
				got.status = http.StatusForbidden
			}
		},
	},
}
