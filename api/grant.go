package api

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"example.com/docusign-monitor/gen/oauth"
)

// scopes are what an assertion asks for; impersonation needs signature beside it.
const scopes = "signature impersonation"

// assertionLife is half of the hour that Docusign allows, so that the clocks may be that far apart either way.
const assertionLife = 30 * time.Minute

// JWTGrant is the grant that the Monitor documentation asks for: an integration key that acts on behalf of a user, who
// has consented to it once and who administers the organization.
//
// See https://developers.docusign.com/platform/auth/jwt/jwt-get-token/.
type JWTGrant struct {
	IntegrationKey string        // GUID of the application
	UserID         string        // GUID of the user, not the e-mail address
	PrivateKey     crypto.Signer `json:"-"` // RSA; see ParsePrivateKey. A key that never leaves its store will do
	PrivateKeyFile string        // instead of PrivateKey: read for each token, so a key can be replaced under a running program
	Environment    Environment   // its AuthURL is asked
	Audience       string        // the claim aud; default: host and port of AuthURL. For a proxy in front of Docusign
}

// String names the application and the user, not the key.
func (g JWTGrant) String() string {
	return "docusign.JWTGrant(" + g.IntegrationKey + " for " + g.UserID + ")"
}

// GoString is String.
func (g JWTGrant) GoString() string { return g.String() }

// TokenSource returns a source that asks for a new token at each call. A [Client] keeps the token and renews it in time;
// other users wrap the source by [oauth2.ReuseTokenSource].
//
// There is no refresh token: each call signs a new assertion, valid for half an hour. The errors are of type [*Error].
func (g JWTGrant) TokenSource() oauth2.TokenSource {
	return grantSource{g}
}

// ConsentURL is the page on which the user allows the integration key to act on the user's behalf, once. The redirect URI
// must be one of those registered for the integration key, to the letter.
func (g JWTGrant) ConsentURL(redirectURI string) string {
	return strings.TrimSuffix(g.Environment.AuthURL, "/") + "/oauth/auth?response_type=code" +
		"&scope=" + url.PathEscape(scopes) + // a space is %20 here; the server does not take +
		"&client_id=" + url.QueryEscape(g.IntegrationKey) +
		"&redirect_uri=" + url.QueryEscape(redirectURI)
}

type grantSource struct{ JWTGrant }

// Token is for users other than a Client, which brings its own connection and context.
func (g grantSource) Token() (*oauth2.Token, error) {
	return g.token(context.Background(), new(conn).withDefaults())
}

func (g grantSource) token(ctx context.Context, c *conn) (token *oauth2.Token, err error) {
	auth, err := baseURL("the auth URL", g.Environment.AuthURL)
	if err != nil {
		return nil, err
	}
	err = c.retry(ctx, auth.Host, func() error {
		assertion, err := g.assertion(cmp.Or(g.Audience, auth.Host), time.Now())
		if err != nil {
			return err
		}
		return c.send(ctx, exchange{
			op:     "token",
			base:   auth,
			secret: assertion,
			request: func(server string) (*http.Request, error) {
				return oauth.NewCreateTokenRequestWithFormdataBody(server,
					oauth.TokenRequest{GrantType: oauth.JWTBearer, Assertion: assertion})
			},
			decode: func(body []byte, _ string) (err error) {
				token, err = readToken(body, time.Now())
				return err
			},
		})
	})
	if e, ok := err.(*Error); ok && e.Err == nil {
		g.explain(e)
	}
	return token, err
}

// assertion signs the claims. The library signs with an *rsa.PrivateKey alone; a crypto.Signer may be a key in hardware.
func (g JWTGrant) assertion(audience string, now time.Time) (string, error) {
	key, err := g.signer()
	if err != nil {
		return "", err
	}
	signing, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss":   g.IntegrationKey,
		"sub":   g.UserID,
		"aud":   audience,
		"iat":   now.Unix(),
		"exp":   now.Add(assertionLife).Unix(),
		"scope": scopes,
	}).SigningString()
	if err != nil {
		return "", fmt.Errorf("docusign: %w", err)
	}
	signature, err := crypto.SignMessage(key, rand.Reader, []byte(signing), crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("docusign: the private key does not sign: %w", err)
	}
	return signing + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func (g JWTGrant) signer() (crypto.Signer, error) {
	switch {
	case g.PrivateKeyFile != "" && g.PrivateKey != nil:
		return nil, errors.New("docusign: the grant has two private keys: give PrivateKey or PrivateKeyFile")
	case g.PrivateKeyFile != "":
		pem, err := os.ReadFile(g.PrivateKeyFile)
		if err != nil {
			return nil, fmt.Errorf("docusign: the private key cannot be read: %w", err)
		}
		return ParsePrivateKey(pem)
	case g.PrivateKey == nil:
		return nil, errors.New("docusign: the grant has no private key")
	}
	if _, ok := g.PrivateKey.Public().(*rsa.PublicKey); !ok {
		return nil, errors.New("docusign: the private key of the grant is not an RSA key")
	}
	return g.PrivateKey, nil
}

// refusals are the descriptions of invalid_grant: what they mean, and what to do about it.
var refusals = map[string]struct {
	err    error
	advice string
}{
	"user_not_found":              {ErrUserNotFound, "check the user id" + inEnvironment},
	"issuer_not_found":            {ErrIssuerNotFound, "check the integration key" + inEnvironment},
	"no_valid_keys_or_signatures": {ErrWrongKey, "check that the private key is one of the integration key's, and the clock of this machine"},
	"expired_grant":               {ErrExpiredGrant, "check the clock of this machine"},
	"invalid_subject":             {ErrInvalidSubject, "give the GUID of the user, not the e-mail address"},
}

const inEnvironment = ", and that it belongs to this environment (demo and production share nothing)"

// explain says what a refusal by the account server means.
func (g JWTGrant) explain(e *Error) {
	refusal, known := refusals[e.Message]
	switch {
	case e.Code == "" && e.StatusCode < http.StatusInternalServerError:
		e.Advice = "the account server gives no reason: check the auth URL, the integration key and the environment"
	case e.StatusCode != http.StatusBadRequest:
	case e.Code == "consent_required":
		e.Err = ErrConsentRequired
		e.Advice = "let the user consent once at " + g.ConsentURL("REDIRECT_URI") +
			" with a redirect URI registered for the integration key in place of REDIRECT_URI"
	case e.Code == "invalid_grant" && known:
		e.Err, e.Advice = refusal.err, refusal.advice
	case e.Code == "invalid_grant":
		e.Err, e.Advice = ErrInvalidGrant, "check integration key, user id, private key and environment"
	}
}

// maxTokenLife keeps absurd lifetimes from overflowing a duration, in seconds.
const maxTokenLife = 365 * 24 * 60 * 60

// readToken reads a good answer. Its errors do not quote it.
func readToken(body []byte, now time.Time) (*oauth2.Token, error) {
	var t oauth.Token
	if err := decode(body, &t); err != nil {
		return nil, err
	}
	switch {
	case t.AccessToken == "" || strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("the answer holds no usable access token; check the auth URL")
	case !strings.EqualFold(t.TokenType, "Bearer"):
		return nil, errors.New("the answer holds a token that is not a bearer token; check the auth URL")
	}
	token := &oauth2.Token{AccessToken: t.AccessToken, TokenType: "Bearer", ExpiresIn: t.ExpiresIn}
	if t.ExpiresIn > 0 {
		token.Expiry = now.Add(time.Duration(min(t.ExpiresIn, maxTokenLife)) * time.Second)
	}
	return token, nil
}
