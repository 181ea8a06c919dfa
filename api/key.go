package api

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// ParsePrivateKey reads an RSA private key in PEM form: PKCS#1 (BEGIN RSA PRIVATE KEY), as Docusign hands it out, or
// PKCS#8 (BEGIN PRIVATE KEY). Text around the key is ignored, and so is what has become of its line ends: CRLF, spaces,
// the two characters \n, or nothing.
//
// No error holds any part of the key.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	const advice = "; give the RSA private key of the integration key, from BEGIN to END"

	lines := strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(string(text))
	_, rest, begun := strings.Cut(lines, "-----BEGIN ")
	label, rest, labelled := strings.Cut(rest, "-----")
	body, _, ended := strings.Cut(rest, "-----END "+label+"-----")
	switch {
	case !begun || !labelled:
		return nil, errors.New("docusign: the private key is not in PEM form" + advice)
	case strings.Contains(label, "PUBLIC") || strings.Contains(label, "CERTIFICATE"):
		return nil, errors.New("docusign: this is the public half of a key" + advice)
	case !ended:
		return nil, errors.New("docusign: the private key is cut off" + advice)
	case strings.Contains(label, "ENCRYPTED") || strings.Contains(body, "ENCRYPTED"):
		return nil, errors.New("docusign: the private key is protected by a passphrase; decrypt it first (openssl pkey)")
	}

	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return nil, errors.New("docusign: the private key is damaged: it is not base64" + advice)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	switch {
	case errors.Is(err, jwt.ErrNotRSAPrivateKey):
		return nil, errors.New("docusign: the private key is not an RSA key" + advice)
	case err != nil:
		return nil, errors.New("docusign: the private key is damaged: it is neither PKCS#1 nor PKCS#8" + advice)
	}
	return key, nil
}
