package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"time"
)

// authority is a certificate authority that one sandbox has for itself, and the certificate that it gave it. Both are
// made at run time and kept in memory only.
type authority struct {
	ca     *x509.Certificate
	server tls.Certificate
}

// newAuthority makes an authority for a server at an address of the loopback interface. What it certifies is good for a
// year, by the clock of the machine: a client looks at that one, whatever Config.Clock tells.
func newAuthority(ip net.IP) (*authority, error) {
	from := time.Now().Add(-time.Hour)
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Sandbox CA", Organization: []string{"docusign-monitor"}},
		NotBefore:             from,
		NotAfter:              from.AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	if ca, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}

	server := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "Sandbox"},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{ip},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if der, err = x509.CreateCertificate(rand.Reader, server, ca, &key.PublicKey, caKey); err != nil {
		return nil, err
	}
	return &authority{ca, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// CA is the certificate of the authority that a sandbox with TLS has for itself, in PEM. It is nil without TLS.
func (s *Server) CA() []byte {
	if s.authority == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.authority.ca.Raw})
}

// CertPool holds the certificate of [Server.CA], for the tls.Config of a client. It is empty without TLS.
func (s *Server) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	if s.authority != nil {
		pool.AddCert(s.authority.ca)
	}
	return pool
}

// Client is an HTTP client that trusts the sandbox, if it has TLS, and nobody else. It speaks HTTP/2 with it then. It
// uses no proxy. Its connections are closed with the sandbox.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.transport} }

func (s *Server) newTransport() *http.Transport {
	t := &http.Transport{ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	if s.authority != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: s.CertPool()}
	}
	return t
}
