package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

func pkcs1PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())}))
}

func pkcs8PEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestParsePrivateKey(t *testing.T) {
	key := pkcs1PEM()
	tests := map[string]string{
		"PKCS#1":             key,
		"PKCS#8":             pkcs8PEM(t, testKey()),
		"CRLF":               strings.ReplaceAll(key, "\n", "\r\n"),
		"spaces":             strings.ReplaceAll(key, "\n", " "),
		"backslash n":        strings.ReplaceAll(key, "\n", `\n`),
		"backslash r, n":     strings.ReplaceAll(key, "\n", `\r\n`),
		"one line":           strings.ReplaceAll(key, "\n", ""),
		"indented":           strings.ReplaceAll(key, "\n", "\n    "),
		"no final newline":   strings.TrimSpace(key),
		"text around":        "My key:\n" + key + "\nbye",
		"byte order mark":    "\ufeff" + key,
		"another block next": key + "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePrivateKey([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(testKey()) {
				t.Error("another key came out")
			}
		})
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := pkcs1PEM()
	middle := len(key) / 2
	tests := map[string]struct{ text, want string }{
		"nothing":       {"", "not in PEM form"},
		"not PEM":       {"hunter2hunter2", "not in PEM form"},
		"DER":           {string(x509.MarshalPKCS1PrivateKey(testKey())), "not in PEM form"},
		"begun":         {"-----BEGIN RSA PRIVATE KEY", "not in PEM form"},
		"cut off":       {key[:middle], "cut off"},
		"wrong end":     {strings.Replace(key, "END RSA", "END", 1), "cut off"},
		"public":        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "public half"},
		"certificate":   {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "public half"},
		"passphrase":    {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAAAA\n-----END RSA PRIVATE KEY-----", "passphrase"},
		"passphrase, 8": {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", "passphrase"},
		"not base64":    {key[:middle] + "!" + key[middle:], "damaged"},
		"a digit lost":  {strings.Replace(key, "MII", "MI", 1), "damaged"},
		"not a key":     {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "neither PKCS#1 nor PKCS#8"},
		"elliptic":      {pkcs8PEM(t, ec), "not an RSA key"},
		"elliptic, own": {"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "not an RSA key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePrivateKey([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
			if got != nil {
				t.Error("a key came out")
			}
			if strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("the error has several lines: %q", err)
			}
		})
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	// Noise in the form of keys: no real one stands in the tree.
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nTm90IGEga2V5\n-----END RSA PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY----- Tm90 IGEg a2V5 -----END PRIVATE KEY-----"))
	f.Add([]byte(`-----BEGIN PRIVATE KEY-----\nTm90IGEga2V5\n-----END PRIVATE KEY-----\n`))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParsePrivateKey(text)
		if (key == nil) == (err == nil) {
			t.Fatalf("key %v, error %v", key != nil, err)
		}
		if err != nil && len(text) > 24 && strings.Contains(err.Error(), string(text)) {
			t.Fatal("the error quotes the key")
		}
	})
}
