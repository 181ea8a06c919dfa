package api

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
)

// ParsePrivateKey reads an RSA private key in PEM form: PKCS#1 (BEGIN RSA PRIVATE KEY), as Docusign hands it out, or
// PKCS#8 (BEGIN PRIVATE KEY). Text around the key is ignored, and so is what has become of its line ends: CRLF, spaces,
// the two characters \n, or nothing.
//
// No error holds any part of the key.
func ParsePrivateKey(pem []byte) (*rsa.PrivateKey, error) {
	const advice = "; give the RSA private key of the integration key, from BEGIN to END"

	text := strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(string(pem))
	_, rest, begun := strings.Cut(text, "-----BEGIN ")
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
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("docusign: the private key is damaged: it is neither PKCS#1 nor PKCS#8" + advice)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("docusign: the private key is not an RSA key" + advice)
	}
	return key, nil
}
