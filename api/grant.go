package api

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
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
// There is no refresh token: each call signs a new assertion, valid for half an hour. A request that fails is an [*Error];
// another error says what is wrong with the key or the auth URL.
func (g JWTGrant) TokenSource() oauth2.TokenSource { return grantSource{g} }

// ConsentURL is the page on which the user allows the integration key to act on the user's behalf, once. The redirect URI
// must be one of those registered for the integration key, to the letter.
func (g JWTGrant) ConsentURL(redirectURI string) string {
	return strings.TrimSuffix(g.Environment.AuthURL, "/") + "/oauth/auth?response_type=code" +
		"&scope=" + url.PathEscape(scopes) + // a space is %20 here; the server does not take +
		"&client_id=" + url.QueryEscape(g.IntegrationKey) +
		"&redirect_uri=" + url.QueryEscape(redirectURI)
}

type grantSource struct{ JWTGrant }

// Token is for users other than a Client, which brings itself and a context.
func (g grantSource) Token() (*oauth2.Token, error) {
	c := new(Client).withDefaults()
	defer c.http.CloseIdleConnections() // nobody else has its transport
	return g.token(context.Background(), c)
}

func (g grantSource) token(ctx context.Context, c *Client) (token *oauth2.Token, err error) {
	auth, err := baseURL("the auth URL", g.Environment.AuthURL)
	if err != nil {
		return nil, err
	}
	err = c.do(ctx, exchange{
		op:   "token",
		base: auth,
		secret: func(context.Context, string) (string, error) {
			return g.assertion(cmp.Or(g.Audience, auth.Host), time.Now())
		},
		request: func(server, assertion string) (*http.Request, error) {
			body := oauth.TokenRequest{GrantType: oauth.JWTBearer, Assertion: assertion}
			return oauth.NewCreateTokenRequestWithFormdataBody(server, body)
		},
		decode: func(body []byte, _ string) (err error) {
			token, err = readToken(body, time.Now())
			return err
		},
	})
	if e, ok := err.(*Error); ok && e.Err == ErrConsentRequired {
		e.Advice += " at " + g.ConsentURL("REDIRECT_URI") + " with a redirect URI registered for the integration key in place of REDIRECT_URI"
	}
	return token, err
}

// assertion signs the claims.
func (g JWTGrant) assertion(audience string, now time.Time) (string, error) {
	key, err := g.key()
	if err != nil {
		return "", err
	}
	assertion, err := jwt.NewWithClaims(rs256{jwt.SigningMethodRS256}, jwt.MapClaims{
		"iss":   g.IntegrationKey,
		"sub":   g.UserID,
		"aud":   audience,
		"iat":   now.Unix(),
		"exp":   now.Add(assertionLife).Unix(),
		"scope": scopes,
	}).SignedString(key)
	if err != nil {
		return "", fmt.Errorf("docusign: the private key does not sign: %w", err)
	}
	return assertion, nil
}

// rs256 is the method of the library for any crypto.Signer, such as a key in hardware; its own takes an *rsa.PrivateKey alone.
type rs256 struct{ *jwt.SigningMethodRSA }

// Sign signs with a key that is a crypto.Signer.
func (rs256) Sign(text string, key any) ([]byte, error) {
	return crypto.SignMessage(key.(crypto.Signer), rand.Reader, []byte(text), crypto.SHA256)
}

func (g JWTGrant) key() (crypto.Signer, error) {
	switch {
	case (g.PrivateKey == nil) == (g.PrivateKeyFile == ""):
		return nil, errors.New("docusign: the grant needs one private key: PrivateKey or PrivateKeyFile")
	case g.PrivateKey == nil:
		pem, err := os.ReadFile(g.PrivateKeyFile)
		if err != nil {
			return nil, fmt.Errorf("docusign: the private key cannot be read: %w", err)
		}
		return ParsePrivateKey(pem)
	}
	if _, ok := g.PrivateKey.Public().(*rsa.PublicKey); !ok {
		return nil, errors.New("docusign: the private key of the grant is not an RSA key")
	}
	return g.PrivateKey, nil
}

// maxTokenLife keeps absurd lifetimes from overflowing a duration, in seconds.
const maxTokenLife = 365 * 24 * 60 * 60

// readToken reads a good answer. Its errors do not quote it.
func readToken(body []byte, now time.Time) (*oauth2.Token, error) {
	var t oauth.Token
	if err := unmarshal(body, &t); err != nil {
		return nil, err
	}
	unprintable := func(r rune) bool { return r <= ' ' || r > '~' }
	if t.AccessToken == "" || strings.ContainsFunc(t.AccessToken, unprintable) || !strings.EqualFold(t.TokenType, "Bearer") {
		return nil, errors.New("the answer holds no usable bearer token")
	}
	token := &oauth2.Token{AccessToken: t.AccessToken, TokenType: "Bearer"}
	if t.ExpiresIn > 0 {
		token.Expiry = now.Add(time.Duration(min(t.ExpiresIn, maxTokenLife)) * time.Second)
	}
	return token, nil
}

// armor is where a line of PEM has to begin and to end, whatever has become of the others.
var armor = regexp.MustCompile(`-----(BEGIN|END) [^-]*-----`)

// ParsePrivateKey reads an RSA private key in PEM form: PKCS#1 (BEGIN RSA PRIVATE KEY), as Docusign hands it out, or
// PKCS#8 (BEGIN PRIVATE KEY). Text around the key is ignored, and so is what has become of its line ends: CRLF, spaces,
// the two characters \n, or nothing.
//
// No error holds any part of the key.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	lines := strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(string(text))
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(armor.ReplaceAllString(lines, "\n$0\n")))
	label := armor.FindString(lines)
	fault, advice := "", "give the RSA private key of the integration key, from BEGIN to END"
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, jwt.ErrNotRSAPrivateKey), strings.Contains(label, " EC "):
		fault = "is not an RSA key"
	case strings.Contains(lines, "ENCRYPTED"):
		fault, advice = "is protected by a passphrase", "decrypt it first: openssl pkey -in ENCRYPTED -out PLAIN"
	case strings.Contains(label, "PUBLIC") || strings.Contains(label, "CERTIFICATE"):
		fault = "is the public half of one"
	case errors.Is(err, jwt.ErrKeyMustBePEMEncoded):
		fault = "is not in PEM form, or cut off or damaged"
	default:
		fault = "is damaged, or neither PKCS#1 nor PKCS#8"
	}
	return nil, errors.New("docusign: the private key " + fault + "; " + advice)
}
