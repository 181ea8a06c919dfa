package settings_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

const (
	integrationKey = "11111111-2222-3333-4444-555555555555"
	userID         = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pkcs1() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())})
}

func ellipticKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, set := e[name]
	return value, set
}

// with returns settings that are enough, changed: a variable with the value unset is taken out.
func with(changes env) env {
	e := env{
		settings.IntegrationKey: integrationKey,
		settings.UserID:         userID,
		settings.PrivateKey:     string(pkcs1()),
	}
	maps.Copy(e, changes)
	maps.DeleteFunc(e, func(_, value string) bool { return value == unset })
	return e
}

const unset = "\x00"

func TestRead(t *testing.T) {
	sandbox := api.Environment{
		AuthURL:         "http://127.0.0.1:8080",
		DatasetURL:      "http://[::1]:8081/proxy",
		OrganizationURL: "http://[::1]:8081/proxy",
	}
	mixed := api.Production
	mixed.AuthURL = "https://proxy.example.com"
	keyFile := write(t, pkcs1())

	for _, test := range []struct {
		name string
		env  env
		want settings.Settings
	}{
		{
			name: "demo by default",
			env:  with(nil),
			want: settings.Settings{Environment: api.Demo},
		}, {
			name: "demo by name",
			env:  with(env{settings.Environment: "demo"}),
			want: settings.Settings{Environment: api.Demo},
		}, {
			name: "production",
			env:  with(env{settings.Environment: "production"}),
			want: settings.Settings{Environment: api.Production},
		}, {
			name: "key in a file",
			env:  with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: keyFile}),
			want: settings.Settings{Environment: api.Demo, Grant: api.JWTGrant{PrivateKeyFile: keyFile}},
		}, {
			name: "other hosts",
			env:  with(env{settings.AuthURL: sandbox.AuthURL, settings.MonitorURL: sandbox.DatasetURL}),
			want: settings.Settings{Environment: sandbox},
		}, {
			name: "one other host and its audience",
			env: with(env{settings.Environment: "production", settings.AuthURL: mixed.AuthURL,
				settings.Audience: "account.docusign.com"}),
			want: settings.Settings{Environment: mixed, Grant: api.JWTGrant{Audience: "account.docusign.com"}},
		}, {
			name: "organization",
			env:  with(env{settings.OrganizationID: strings.ToUpper(userID)}),
			want: settings.Settings{Environment: api.Demo, OrganizationID: strings.ToUpper(userID)},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			want.Grant.IntegrationKey, want.Grant.UserID = integrationKey, userID
			want.Grant.Environment = want.Environment
			if want.Grant.PrivateKeyFile == "" {
				want.Grant.PrivateKey = rsaKey()
			}

			got, err := settings.Read(test.env.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got, cmp.Comparer(sameGrant)); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
}

func sameGrant(a, b api.JWTGrant) bool {
	key, ok := a.PrivateKey.(*rsa.PrivateKey)
	equal := ok && key.Equal(b.PrivateKey) || a.PrivateKey == b.PrivateKey
	a.PrivateKey, b.PrivateKey = nil, nil
	return equal && a == b
}

// A pipe gives its key once, so the grant has to keep it.
func TestReadKeyFromPipe(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := in.Write(pkcs1()); err != nil {
		t.Fatal(err)
	}
	in.Close()
	name := fmt.Sprintf("/dev/fd/%d", out.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip("this system has no names for open files: ", err)
	}

	got, err := settings.Read(with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: name}).lookup)
	if err != nil {
		t.Fatal(err)
	}
	if got.Grant.PrivateKeyFile != "" || !rsaKey().Equal(got.Grant.PrivateKey) {
		t.Errorf("the grant reads %q again", got.Grant.PrivateKeyFile)
	}
}

func TestReadRefuses(t *testing.T) {
	inFile := func(content []byte) env {
		return with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: write(t, content)})
	}
	for _, test := range []struct {
		name string
		env  env
		want map[string]string // the variables complained of, and words of the complaint
	}{
		{
			name: "nothing set",
			env:  env{},
			want: map[string]string{
				settings.IntegrationKey: "is not set",
				settings.UserID:         "is not set",
				settings.PrivateKeyFile: "is not set",
			},
		}, {
			name: "all empty",
			env: env{settings.IntegrationKey: "", settings.UserID: " ", settings.PrivateKeyFile: "", settings.Environment: "",
				settings.OrganizationID: "", settings.AuthURL: "\t", settings.MonitorURL: "", settings.Audience: ""},
			want: map[string]string{
				settings.IntegrationKey: "is set but empty", settings.UserID: "is set but empty",
				settings.PrivateKeyFile: "is set but empty", settings.Environment: "is set but empty",
				settings.OrganizationID: "is set but empty", settings.AuthURL: "is set but empty",
				settings.MonitorURL: "is set but empty", settings.Audience: "is set but empty",
			},
		},
		{"empty inline key", with(env{settings.PrivateKey: ""}), map[string]string{settings.PrivateKey: "is set but empty"}},
		{"integration key that is no GUID", with(env{settings.IntegrationKey: "my-app"}), map[string]string{settings.IntegrationKey: "not a GUID"}},
		{"GUID with a line end", with(env{settings.IntegrationKey: integrationKey + "\r"}), map[string]string{settings.IntegrationKey: "white space"}},
		{"GUID without hyphens", with(env{settings.UserID: strings.ReplaceAll(userID, "-", "")}), map[string]string{settings.UserID: "not a GUID"}},
		{"e-mail address as user", with(env{settings.UserID: "ada@example.com"}), map[string]string{settings.UserID: "e-mail"}},
		{"organization that is no GUID", with(env{settings.OrganizationID: "acme"}), map[string]string{settings.OrganizationID: "not a GUID"}},
		{"unknown environment", with(env{settings.Environment: "stage"}), map[string]string{settings.Environment: "neither demo nor production"}},
		{"both keys", with(env{settings.PrivateKeyFile: "key.pem"}), map[string]string{settings.PrivateKeyFile: "both set"}},
		{"both keys, one of them empty", with(env{settings.PrivateKeyFile: ""}), map[string]string{settings.PrivateKeyFile: "both set"}},
		{"file that is not there", with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: filepath.Join(t.TempDir(), "none")}), map[string]string{settings.PrivateKeyFile: "cannot be read"}},
		{"folder", with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: t.TempDir()}), map[string]string{settings.PrivateKeyFile: "folder"}},
		{"empty file", inFile([]byte(" \n")), map[string]string{settings.PrivateKeyFile: "empty file"}},
		{"file too large", inFile(bytes.Repeat([]byte("a"), 64<<10+1)), map[string]string{settings.PrivateKeyFile: "more than 64 KiB"}},
		{"file without a key", inFile([]byte("hello")), map[string]string{settings.PrivateKeyFile: "not in PEM form"}},
		{"key that is not RSA", inFile(ellipticKey(t)), map[string]string{settings.PrivateKeyFile: "not an RSA key"}},
		{"key cut off", with(env{settings.PrivateKey: string(pkcs1()[:200])}), map[string]string{settings.PrivateKey: "cut off"}},
		{"key in the variable of the file", with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: string(pkcs1())}), map[string]string{settings.PrivateKeyFile: "holds a key"}},
		{"file in the variable of the key", with(env{settings.PrivateKey: "/etc/key.pem"}), map[string]string{settings.PrivateKey: settings.PrivateKeyFile}},
		{"http to another machine", with(env{settings.AuthURL: "http://proxy.example.com"}), map[string]string{settings.AuthURL: "in the clear"}},
		{"URL without scheme", with(env{settings.MonitorURL: "lens.example.com"}), map[string]string{settings.MonitorURL: "not a URL"}},
		{"URL without host", with(env{settings.MonitorURL: "https://:443"}), map[string]string{settings.MonitorURL: "not a URL"}},
		{"URL whose port is missing", with(env{settings.MonitorURL: "https://lens.example.com:"}), map[string]string{settings.MonitorURL: "no port"}},
		{"other scheme", with(env{settings.MonitorURL: "ftp://lens.example.com"}), map[string]string{settings.MonitorURL: "not a URL with https"}},
		{"URL with a password", with(env{settings.AuthURL: "https://u:p@proxy.example.com"}), map[string]string{settings.AuthURL: "not a plain URL"}},
		{"URL with a query", with(env{settings.AuthURL: "https://proxy.example.com/?"}), map[string]string{settings.AuthURL: "not a plain URL"}},
		{"audience with a scheme", with(env{settings.Audience: "https://account.docusign.com"}), map[string]string{settings.Audience: "not a bare host"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := settings.Read(test.env.lookup)
			if got != nil {
				t.Error("Read returned settings beside an error")
			}
			var problems settings.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Read returned %v, want Problems", err)
			}
			left := maps.Clone(test.want)
			for _, problem := range problems {
				words, expected := left[problem.Variable]
				if !expected || !strings.Contains(problem.Text, words) {
					t.Errorf("problem of %s: %s; want one of %v", problem.Variable, problem.Text, left)
				}
				delete(left, problem.Variable)
			}
			if len(left) > 0 {
				t.Errorf("no complaint of %v in %v", left, err)
			}
			if lines := strings.Count(err.Error(), "\n") + 1; lines != len(test.want) {
				t.Errorf("%d lines for %d problems:\n%v", lines, len(test.want), err)
			}
			for name, value := range test.env {
				value = strings.TrimSpace(value)
				if len(value) > 3 && strings.Contains(err.Error(), value) {
					t.Errorf("the error shows the value of %s: %v", name, err)
				}
			}
		})
	}
}
