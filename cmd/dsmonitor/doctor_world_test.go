package main

// The worlds in which doctor is tried: a sandbox, what is wrong with it, and what is wrong with the settings.

import (
	"crypto/ecdsa"
	curves "crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

const (
	firstOrganization = "b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5"
	otherOrganization = "22222222-3333-4444-8555-666666666666"
	nobody            = "11111111-2222-4333-8444-555555555555"
)

// world is a sandbox and a client of it.
type world struct {
	config  sandbox.Config
	change  env              // of the settings that point at the sandbox
	keyFile string           // what is in the file of the key, in place of the variable
	monitor http.HandlerFunc // answers in place of the sandbox's streams
	ahead   time.Duration    // of the client's clock
	stall   time.Duration
	args    []string
}

func (w world) visit(t *testing.T) examined {
	w.config.Events = sandbox.Generate(2, 1)
	if w.ahead != 0 {
		// Assertions are made by the clock of the machine, so the two servers' stands for what they are off.
		w.config.Clock = func() time.Time { return time.Now().Add(-w.ahead) }
	}
	environment := pointAt(sandbox.Start(t, w.config))
	if w.monitor != nil {
		server := httptest.NewServer(w.monitor)
		t.Cleanup(server.Close)
		environment[settings.MonitorURL] = server.URL
	}
	if w.keyFile != "" {
		name := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(name, []byte(w.keyFile), 0o600); err != nil {
			t.Fatal(err)
		}
		environment = environment.with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: name})
	}
	now := func() time.Time { return time.Now().Add(w.ahead) }
	return examine(t, system{lookup: environment.with(w.change).lookup, now: now, stall: w.stall}, w.args...)
}

func (w world) with(change env) world {
	w.change = change
	return w
}

// always lets a fault happen to the first 40 requests of an operation, as many as nobody makes.
func always(of func(int) sandbox.Ordinal, fault sandbox.Fault) world {
	faults := sandbox.Faults{}
	for i := range 40 {
		faults[of(i+1)] = fault
	}
	return world{config: sandbox.Config{Faults: faults}}
}

func ofStream(n int) sandbox.Ordinal { return sandbox.Ordinal(n) }

// silent is the URL of a server that takes connections and says nothing.
func silent(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}

// keysOfOthers are PEM blocks that are no RSA private key.
func keysOfOthers(t *testing.T) (public, elliptic, encrypted string) {
	armored := func(label string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	curved, err := ecdsa.GenerateKey(curves.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(newKey()))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public = armored("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&key.PublicKey), nil)
	der, err := x509.MarshalECPrivateKey(curved)
	elliptic = armored("EC PRIVATE KEY", der, err)
	block.Headers = map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00112233445566778899AABBCCDDEEFF"}
	return public, elliptic, string(pem.EncodeToMemory(block))
}
