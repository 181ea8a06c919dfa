package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

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
		name: "any-token-accepted", sentence: "takes any text for an access token",
		clause: "SRV-AUTH-2", also: []string{"SRV-AUTH-*", "SRV-ERROR-*", "SRV-ROUTE-1", "SRV-ROUTE-5"}, skips: tokenOrigin,
	},
	{
		name: "token-cut-accepted", sentence: "takes the beginning of an access token for the whole",
		clause: "SRV-AUTH-13", skips: tokenEnd,
	},
	{
		name: "token-in-the-URL", sentence: "takes an access token from the URL",
		clause: "SRV-AUTH-13", also: []string{"SRV-AUTH-2"},
		request: func(r *http.Request) {
			if token := r.URL.Query().Get("access_token"); token != "" && r.Header.Get("Authorization") == "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		},
	},
	{
		name: "scheme-in-one-case", sentence: "knows the scheme Bearer in this case alone",
		clause: "SRV-AUTH-12",
		request: func(r *http.Request) {
			if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				r.Header.Del("Authorization")
			}
		},
	},
	{
		name: "signature-ignored", sentence: "does not verify the signature of an assertion",
		clause: "SRV-AUTH-4", also: []string{"SRV-AUTH-5", "SRV-AUTH-18", "SRV-AUTH-20"}, skips: signature,
	},
	{
		name: "any-rsa-algorithm", sentence: "takes an assertion by any algorithm of RSA keys",
		clause: "SRV-AUTH-20", skips: algorithm,
	},
	{
		name: "charset-refused", sentence: "refuses a form that says in which charset it is",
		clause: "SRV-AUTH-21",
		request: func(r *http.Request) {
			if strings.Contains(r.Header.Get("Content-Type"), ";") {
				r.Header.Set("Content-Type", "text/plain")
			}
		},
	},
	{
		name: "times-ignored", sentence: "takes an assertion at any time and of any lifetime",
		clause: "SRV-AUTH-9", also: []string{"SRV-AUTH-4", "SRV-AUTH-5"}, skips: assertionTimes,
	},
	{
		name: "later-assertions-unread", sentence: "takes any assertion for a user who has been given a token before",
		clause: "SRV-AUTH-4", skips: laterAssertions, also: []string{"SRV-AUTH-18", "SRV-AUTH-20"},
	},
	{
		name: "consent-ignored", sentence: "gives a token for a user who has not consented",
		clause: "SRV-AUTH-6", skips: consent,
	},
	{
		name: "consent-of-anyone", sentence: "takes the consent of one user for that of all",
		clause: "SRV-AUTH-6", skips: consenter,
	},
	{
		name: "grant-by-its-beginning", sentence: "takes any grant_type that begins with that of the JWT grant",
		clause: "SRV-AUTH-7", skips: grantEnd,
	},
	{
		name: "form-in-the-URL", sentence: "reads the parameters of the grant from the URL too, and any of several",
		clause: "SRV-AUTH-8", skips: form,
	},
	{
		name: "any-media-type", sentence: "reads a body of any media type as a form",
		clause: "SRV-AUTH-15",
		request: func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/oauth/token") {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
		},
	},
	{
		name: "cause-untold", sentence: "does not say what is wrong with an assertion",
		clause: "SRV-AUTH-5", also: []string{"SRV-AUTH-7"},
		assume: func(a *Assumptions) { a.TokenErrorBody = CodeAlone },
	},
	{
		name: "token-without-type", sentence: "does not say of what type a token is",
		clause: "SRV-AUTH-1", also: []string{"SRV-SCHEMA-1"},
		answer: func(r *http.Request, got *captured) {
			if strings.HasSuffix(r.URL.Path, "/oauth/token") {
				got.body = bytes.Replace(got.body, []byte(`"token_type":"Bearer"`), []byte(`"type":"Bearer"`), 1)
			}
		},
	},
	{
		name: "someone-else", sentence: "tells of another user at userinfo",
		clause: "SRV-AUTH-10", also: []string{"SRV-AUTH-14", "SRV-AUTH-19"},
		answer: func(r *http.Request, got *captured) {
			if strings.HasSuffix(r.URL.Path, "/oauth/userinfo") {
				got.body = subject.ReplaceAll(got.body, []byte(`"sub":"00000000-0000-4000-8000-000000000000"`))
			}
		},
	},
	{
		name: "userinfo-open", sentence: "answers 200 at userinfo without a good token, with no user",
		clause: "SRV-AUTH-11", also: []string{"SRV-AUTH-3", "SRV-AUTH-13", "SRV-ROUTE-5", "SRV-ERROR-4"},
		answer: func(r *http.Request, got *captured) {
			if strings.HasSuffix(r.URL.Path, "/oauth/userinfo") && got.status == http.StatusUnauthorized {
				got.status, got.body = http.StatusOK, []byte(`{"sub":""}`)
			}
		},
	},
	{
		name: "lifetime-doubled", sentence: "says that a token lives twice as long as it does",
		clause: "SRV-AUTH-3", also: []string{"SRV-AUTH-1"},
		answer: func(r *http.Request, got *captured) {
			if strings.HasSuffix(r.URL.Path, "/oauth/token") {
				got.body = lifetime.ReplaceAllFunc(got.body, func(member []byte) []byte {
					seconds, _ := strconv.Atoi(string(lifetime.FindSubmatch(member)[1]))
					return fmt.Appendf(nil, `"expires_in":%d`, 2*seconds)
				})
			}
		},
	},
	{
		name: "cursor-of-one-token", sentence: "takes a cursor with no other token than the one that it was given to",
		clause: "SRV-CURSOR-2", also: walks,
		request: func(r *http.Request) {
			if cursor, ok := strings.CutSuffix(r.URL.Query().Get("cursor"), ownMark(r)); ok && isStream(r) {
				setQuery(r, "cursor", cursor)
			}
		},
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && got.status == http.StatusOK {
				got.body = endCursor.ReplaceAll(got.body, []byte("${1}"+ownMark(r)+`"`))
			}
		},
	},
	{
		name: "forbidden-as-empty", sentence: "answers with an empty page on the dataset stream where it has to answer 403",
		clause: "SRV-AUTH-16", also: []string{"SRV-AUTH-14", "SRV-SCHEMA-1"},
		answer: func(r *http.Request, got *captured) {
			if got.status == http.StatusForbidden && strings.HasPrefix(r.URL.Path, "/api/") {
				got.status, got.body = http.StatusOK, []byte(`{"endCursor":"aa_0_0_0","data":[]}`)
				got.header.Set("Content-Type", "application/json")
			}
		},
	},
	{
		name: "nbf-refused", sentence: "refuses an assertion that says from when on it is valid",
		clause: "SRV-AUTH-17", also: []string{"SRV-AUTH-5"},
		request: func(r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/oauth/token") || r.Body == nil {
				return
			}
			body, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(body))
			if parts := strings.Split(form.Get("assertion"), "."); len(parts) == 3 {
				if claims, _ := base64.RawURLEncoding.DecodeString(parts[1]); bytes.Contains(claims, []byte(`"nbf":`)) {
					body = []byte(url.Values{"grant_type": form["grant_type"], "assertion": {"refused"}}.Encode())
				}
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		},
	},
	{
		name: "key-of-any-integration", sentence: "takes an assertion by the key of another integration than its issuer",
		clause: "SRV-AUTH-18", skips: keyOwner,
	},
	{
		name: "organization-untold", sentence: "names another organization at userinfo than the user's",
		clause: "SRV-AUTH-10", also: []string{"SRV-AUTH-19"},
		answer: func(r *http.Request, got *captured) {
			if strings.HasSuffix(r.URL.Path, "/oauth/userinfo") {
				got.body = organizationOf.ReplaceAll(got.body, []byte(`"organization_id":"00000000-0000-4000-8000-000000000000"`))
			}
		},
	},
	{
		name: "first-organization-served", sentence: "gives a user of several organizations the events of the first one, whichever is asked for",
		clause: "SRV-AUTH-16", skips: pathOrganization,
	},
	{
		name: "first-user-told", sentence: "tells each user at userinfo of the first one",
		clause: "SRV-AUTH-19", skips: infoUser,
	},
	{
		name: "other-organization-served", sentence: "gives a user the events of an organization that the user has nothing to do with",
		clause: "SRV-AUTH-14", skips: membership,
	},
}

var (
	subject        = regexp.MustCompile(`"sub":"[^"]*"`)
	organizationOf = regexp.MustCompile(`"organization_id":"[^"]*"`)
	lifetime       = regexp.MustCompile(`"expires_in":(\d+)`)
	endCursor      = regexp.MustCompile(`^(\{"endCursor":"[^"]*)"`)
)

// ownMark is the end of the cursors that are given to who has sent a request.
func ownMark(r *http.Request) string {
	sum := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	return "_" + hex.EncodeToString(sum[:4])
}
