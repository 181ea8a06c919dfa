package contract_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
)

// tokenDefects are about keys, assertions and tokens.
var tokenDefects = []defect{
	{
		name: "client/audience-with-scheme", sentence: "names a URL as the audience of an assertion",
		kills: []string{"CLI-AUTH-1"},
		made:  func(h *hostile) { h.grant.Audience = h.grant.Environment.AuthURL },
	},
	{
		name: "client/two-hours", sentence: "signs an assertion for two hours",
		kills: []string{"CLI-AUTH-1"},
		may:   []string{"CLI-SECRET-3"},
		client: claiming(jwt.SigningMethodRS256, func(claims jwt.MapClaims) {
			claims["exp"] = time.Now().Add(2 * time.Hour).Unix()
		}),
	},
	{
		name: "client/another-algorithm", sentence: "signs by RS512",
		kills:  []string{"CLI-AUTH-1"},
		may:    []string{"CLI-SECRET-3", "CLI-TOKEN-6", "CLI-TOKEN-7", "CLI-TOKEN-8"},
		client: claiming(jwt.SigningMethodRS512, func(jwt.MapClaims) {}),
	},
	{
		name: "client/wrong-grant", sentence: "asks for a grant of another type",
		kills: []string{"CLI-AUTH-1", "CLI-REQUEST-1"},
		client: granting(func(form url.Values) {
			form.Set("grant_type", "client_credentials")
		}),
	},
	{
		name: "client/token-a-page", sentence: "asks for another token while it goes from page to page",
		kills: []string{"CLI-AUTH-2"},
		client: func(next http.RoundTripper) http.RoundTripper {
			var grant asked
			good, further := false, 0
			return tripper(func(r *http.Request) (*http.Response, error) {
				switch {
				case ofToken(r):
					grant, _ = readRequest(r)
					r = grant.again()
				case ofPage(r) && r.URL.Query().Has("cursor"):
					if further++; further > 1 && good && grant.Request != nil {
						if res, err := next.RoundTrip(grant.again().WithContext(r.Context())); err == nil {
							res.Body.Close()
						}
					}
				}
				res, err := next.RoundTrip(r)
				good = err == nil && res.StatusCode == http.StatusOK
				return res, err
			})
		},
	},
	{
		name: "client/refused-token-kept", sentence: "goes on with a token that was refused",
		kills: []string{"CLI-AUTH-3"},
		client: func(next http.RoundTripper) http.RoundTripper {
			var refused []string
			return tripper(func(r *http.Request) (*http.Response, error) {
				if ofPage(r) && refused != nil {
					r = r.Clone(r.Context())
					r.Header["Authorization"] = refused
				}
				res, err := next.RoundTrip(r)
				if err == nil && ofPage(r) && res.StatusCode == http.StatusUnauthorized {
					refused = r.Header["Authorization"]
				}
				return res, err
			})
		},
	},
	{
		name: "client/401-final", sentence: "takes a 401 for final",
		kills:  []string{"CLI-AUTH-3"},
		may:    []string{"CLI-AUTH-4", "CLI-REQUEST-1", "CLI-SECRET-6"},
		client: renumbering(http.StatusUnauthorized, http.StatusNotFound),
	},
	{
		name: "client/unauthorized-unnamed", sentence: "tells a 401 from no other refusal",
		kills:    []string{"CLI-AUTH-4"},
		consumer: erring(func(_ *hostile, err error) error { return unmatched(err, api.ErrUnauthorized) }),
	},
	{
		name: "client/refusals-alike", sentence: "takes a user that is not known for an integration key that is not known",
		kills: []string{"CLI-AUTH-5"},
		client: answering(ofToken, func(res *http.Response) {
			if res.StatusCode == http.StatusBadRequest {
				rewrite(res, "user_not_found", "issuer_not_found")
			}
		}),
	},
	{
		name: "client/each-its-token", sentence: "asks for a token for each request that waits for one",
		kills: []string{"CLI-TOKEN-1"},
		consumer: func(h *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, page: func(ctx context.Context, q api.Query) (*api.Page, error) {
				other, err := h.api()
				if err != nil {
					return nil, err
				}
				return other.Page(ctx, q)
			}}
		},
	},
	{
		name: "client/leaves-together", sentence: "lets no request wait for a token any more when one leaves",
		kills: []string{"CLI-TOKEN-2"},
		consumer: func(_ *hostile, next consumer) consumer {
			shared, leave := context.WithCancel(context.Background())
			return spoiltClient{consumer: next, page: func(ctx context.Context, q api.Query) (*api.Page, error) {
				defer context.AfterFunc(ctx, leave)()
				return next.Page(shared, q)
			}}
		},
	},
	{
		name: "client/token-to-the-last", sentence: "uses a token beyond its life",
		kills: []string{"CLI-TOKEN-3"},
		made: func(h *hostile) {
			if h.source != nil {
				h.source = sourceOf(h.source, func(t *oauth2.Token) { t.Expiry = t.Expiry.Add(time.Hour) })
			}
		},
	},
	{
		name: "client/consent-with-plus", sentence: "writes a plus for the space in the URL of the consent",
		kills: []string{"CLI-TOKEN-4"},
		consumer: erring(func(_ *hostile, err error) error {
			return reworded{err, strings.ReplaceAll(err.Error(), "%20", "+")}
		}),
	},
	{
		name: "client/other-token-taken", sentence: "takes a token of any kind for a bearer token",
		kills: []string{"CLI-TOKEN-5"},
		client: answering(ofToken, func(res *http.Response) {
			if res.StatusCode == http.StatusOK {
				rewrite(res, `"mac"`, `"Bearer"`)
			}
		}),
	},
	{
		name: "client/key-in-memory-alone", sentence: "signs with no key but one that it can read",
		kills: []string{"CLI-TOKEN-6"},
		made: func(h *hostile) {
			if _, readable := h.grant.PrivateKey.(*rsa.PrivateKey); h.grant.PrivateKey != nil && !readable {
				h.grant.PrivateKey = crypto.Signer(nil)
			}
		},
	},
	{
		name: "client/one-form-of-key", sentence: "reads a key in PKCS#1, as it was made, and in no other form",
		kills: []string{"CLI-TOKEN-7"},
		made: func(h *hostile) {
			if text, err := os.ReadFile(h.grant.PrivateKeyFile); err == nil {
				block, rest := pem.Decode(text)
				if block == nil || block.Type != "RSA PRIVATE KEY" || len(rest) > 0 {
					h.grant.PrivateKeyFile += ".none"
				}
			}
		},
	},
	{
		name: "client/key-read-once", sentence: "reads its key file once",
		kills: []string{"CLI-TOKEN-8"},
		made: func(h *hostile) {
			if text, err := os.ReadFile(h.grant.PrivateKeyFile); err == nil {
				if key, err := api.ParsePrivateKey(text); err == nil {
					h.grant.PrivateKey, h.grant.PrivateKeyFile = key, ""
				}
			}
		},
	},
	{
		name: "client/key-shown", sentence: "shows a key that it cannot read",
		kills: []string{"CLI-TOKEN-9"},
		consumer: erring(func(h *hostile, err error) error {
			text, _ := os.ReadFile(h.grant.PrivateKeyFile)
			if len(text) == 0 {
				return err
			}
			return fmt.Errorf("%w: %s", err, text)
		}),
	},
	{
		name: "client/organizations-sorted", sentence: "sorts the organizations",
		kills: []string{"CLI-TOKEN-10"},
		consumer: func(_ *hostile, next consumer) consumer {
			return spoiltClient{consumer: next, organizations: func(ctx context.Context) ([]api.Organization, error) {
				found, err := next.Organizations(ctx)
				slices.SortFunc(found, func(a, b api.Organization) int { return strings.Compare(a.ID, b.ID) })
				return found, err
			}}
		},
	},
}

// claiming changes the claims of an assertion, and signs it anew.
func claiming(method jwt.SigningMethod, change func(jwt.MapClaims)) func(http.RoundTripper) http.RoundTripper {
	return granting(func(form url.Values) {
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(form.Get("assertion"), claims); err != nil {
			return
		}
		change(claims)
		if signed, err := jwt.NewWithClaims(method, claims).SignedString(registeredKey()); err == nil {
			form.Set("assertion", signed)
		}
	})
}

// sourceOf changes the tokens of a source.
func sourceOf(next oauth2.TokenSource, change func(*oauth2.Token)) oauth2.TokenSource {
	return changedSource{next, change}
}

type changedSource struct {
	next   oauth2.TokenSource
	change func(*oauth2.Token)
}

func (s changedSource) Token() (*oauth2.Token, error) {
	token, err := s.next.Token()
	if err != nil {
		return nil, err
	}
	copied := *token
	s.change(&copied)
	return &copied, nil
}

// reworded is an error in other words.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }

func (r reworded) Unwrap() error { return r.error }
