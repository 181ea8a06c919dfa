package sandbox

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// Credentials are what a client needs to ask a sandbox for a token. They print and marshal without the private key.
type Credentials struct {
	IntegrationKey string          `json:"integrationKey"`
	UserID         string          `json:"userId"`
	OrganizationID string          `json:"organizationId"`
	PrivateKey     *rsa.PrivateKey `json:"-"`
}

// PEM returns the private key in the form in which the platform hands it out, PKCS#1.
func (c Credentials) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(c.PrivateKey)})
}

// String tells everything but the private key.
func (c Credentials) String() string {
	return fmt.Sprintf("integration key %s, user %s, organization %s", c.IntegrationKey, c.UserID, c.OrganizationID)
}

// GoString tells everything but the private key.
func (c Credentials) GoString() string {
	return fmt.Sprintf("sandbox.Credentials{IntegrationKey:%q, UserID:%q, OrganizationID:%q}",
		c.IntegrationKey, c.UserID, c.OrganizationID)
}

// MarshalJSON tells everything but the private key.
func (c Credentials) MarshalJSON() ([]byte, error) {
	type public Credentials // without the methods; the tag leaves the key out
	return json.Marshal(public(c))
}
