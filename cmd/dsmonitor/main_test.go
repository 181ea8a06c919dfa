package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
	"example.com/docusign-monitor/spec"
)

// asProgram makes the test binary be the program, for the tests that need a process.
const asProgram = "DSMONITOR_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){progName: main})
}

// env is an environment.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, set := e[name]
	return value, set
}

// with returns a changed copy; a variable with the value unset is taken out.
func (e env) with(changes env) env {
	e = maps.Clone(e)
	maps.Copy(e, changes)
	maps.DeleteFunc(e, func(_, value string) bool { return value == unset })
	return e
}

const unset = "\x00"

// pointAt is the environment of a client of the sandbox.
func pointAt(server *sandbox.Server) env {
	who := server.Credentials()
	return env{
		settings.IntegrationKey: who.IntegrationKey,
		settings.UserID:         who.UserID,
		settings.PrivateKey:     string(who.PEM()),
		settings.AuthURL:        server.URL(),
		settings.MonitorURL:     server.URL(),
	}
}

// newKey is a private key that nobody knows, in PEM form.
var newKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

// closedURL is the URL of a port on which nobody listens.
func closedURL(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// result is what a run left behind.
type result struct {
	status         int
	stdout, stderr string
	waited         time.Duration // what it would have waited for
}

// try runs the program in process. It does not wait between attempts, but counts what it would have waited.
func try(t *testing.T, sys system, args ...string) result {
	t.Helper()
	var (
		stdout, stderr bytes.Buffer
		r              result
	)
	if sys.stdout == nil {
		sys.stdout = &stdout
	}
	if sys.lookup == nil {
		sys.lookup = env{}.lookup
	}
	if sys.now == nil {
		sys.now = time.Now
	}
	sys.stderr = &stderr
	sys.wait = func(ctx context.Context, d time.Duration) error {
		r.waited += d
		return ctx.Err()
	}
	r.status = run(t.Context(), sys, args)
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// checkComplaint demands lines on standard error that begin with the name of the program, at most so many, and each of
// the words somewhere in them; and nothing on standard output.
func checkComplaint(t *testing.T, r result, status, most int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d", r.status, status)
	}
	if r.stdout != "" {
		t.Errorf("standard output is not empty: %q", r.stdout)
	}
	lines := strings.SplitAfter(r.stderr, "\n")
	if last := len(lines) - 1; lines[last] != "" || last < 1 || last > most {
		t.Errorf("standard error has not 1 to %d whole lines:\n%s", most, r.stderr)
	}
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, "dsmonitor: ") || strings.HasPrefix(line, "dsmonitor: docusign: ") {
			t.Errorf("line of standard error: %q", line)
		}
		if text := strings.TrimSuffix(line, "\n"); printable(text) != text {
			t.Errorf("standard error may steer a terminal: %q", line)
		}
	}
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			t.Errorf("standard error does not say %q:\n%s", word, r.stderr)
		}
	}
}

func TestMisuse(t *testing.T) {
	good := env{
		settings.IntegrationKey: "11111111-2222-3333-4444-555555555555",
		settings.UserID:         "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
		settings.PrivateKey:     newKey(),
		settings.AuthURL:        closedURL(t),
		settings.MonitorURL:     closedURL(t),
	}
	file := func(content string) string {
		name := filepath.Join(t.TempDir(), "events.ndjson")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}

	for _, test := range []struct {
		name string
		env  env
		args []string
		want []string // words of the complaint
	}{
		{"no command", nil, nil, []string{"a command is missing", "-h"}},
		{"unknown command", nil, []string{"tail"}, []string{`no command "tail"`, "-h"}},
		{"unknown flag", nil, []string{"stream", "--fast"}, []string{"--fast", "dsmonitor stream -h"}},
		{"unknown flag of the program", nil, []string{"--fast"}, []string{"--fast", "dsmonitor -h"}},
		{"argument too many", nil, []string{"stream", "now"}, []string{`"now"`, "dsmonitor stream -h"}},
		{"terminal escape in an argument", nil, []string{"stream", "--\x1b[31mred"}, []string{"red"}},
		{"format", good, []string{"stream", "--format", "xml"}, []string{"--format", "json or text"}},
		{"log level", good, []string{"stream", "--log-level", "loud"}, []string{"--log-level", "debug or info or warn or error"}},
		{"log format", good, []string{"stream", "--log-format", "xml"}, []string{"--log-format"}},
		{"stream", good, []string{"stream", "--stream", "events"}, []string{"--stream", "dataset or organization"}},
		{"limit 0", good, []string{"stream", "--limit", "0"}, []string{"--limit", "2000"}},
		{"limit 2001", good, []string{"stream", "--limit", "2001"}, []string{"--limit", "2000"}},
		{"limit that is no number", good, []string{"stream", "--limit", "all"}, []string{"--limit"}},
		{"destination", good, []string{"stream", "--to", "nowhere"}, []string{"--to", "standard output"}},
		{"file without a path", good, []string{"stream", "--to", "file:"}, []string{"--to file: names no file"}},
		{"file in a folder", good, []string{"stream", "--to", "file:logs/"}, []string{"--to file: names a folder"}},
		{"file with an unknown part", good, []string{"stream", "--to", "file:%y"}, []string{"%Y, %m, %d and %H"}},
		{"file as text", good, []string{"stream", "--to", "file:out", "--format", "text"}, []string{"--format text is for standard output"}},
		{"file that is the checkpoint", good, []string{"stream", "--to", "file:./x", "--checkpoint", "x"}, []string{"--checkpoint and --to"}},
		{"empty checkpoint", good, []string{"stream", "--checkpoint", ""}, []string{"--checkpoint is empty"}},
		{"checkpoint of the embedded sandbox", nil, []string{"stream", "--sandbox", "--checkpoint", "x"}, []string{"--checkpoint", "dsmonitor sandbox"}},
		{"since and cursor", good, []string{"stream", "--since", "36h", "--cursor", "c"}, []string{"--since", "--cursor"}},
		{"empty cursor", good, []string{"stream", "--cursor", ""}, []string{"--cursor is empty"}},
		{"empty since", good, []string{"stream", "--since", ""}, []string{"--since", "36h"}},
		{"since without zone", good, []string{"stream", "--since", "2026-01-02T15:04:05"}, []string{"--since", "2026-01-02T15:04:05Z"}},
		{"since that is no date", good, []string{"stream", "--since", "2026-02-30"}, []string{"--since"}},
		{"negative duration", good, []string{"stream", "--until", "-36h"}, []string{"--until"}},
		{"since before all time", good, []string{"stream", "--since", "0001-01-01"}, []string{"--since", "1970"}},
		{"since in the future", good, []string{"stream", "--since", "9999-01-01"}, []string{"--since", "future"}},
		{"until before since", good, []string{"stream", "--since", "2026-01-02", "--until", "2026-01-02"}, []string{"--until", "--since"}},
		{"sandbox with a setting", good, []string{"stream", "--sandbox", "--environment", "demo", "--auth-url", "https://h"}, []string{"--auth-url and --environment"}},
		{"no settings", nil, []string{"stream"}, []string{settings.IntegrationKey, settings.UserID, settings.PrivateKeyFile}},
		{"e-mail address by flag", good, []string{"stream", "--user-id", "ada@example.com"}, []string{"--user-id is an e-mail address"}},
		{"empty flag", good, []string{"stream", "--auth-url", ""}, []string{"--auth-url is set but empty"}},
		{"missing file by flag, before the key in the environment", good, []string{"stream", "--private-key-file", "nowhere"}, []string{"--private-key-file names a file that cannot be read"}},
		{"empty variable", good.with(env{settings.MonitorURL: ""}), []string{"stream"}, []string{settings.MonitorURL + " is set but empty"}},
		{"organization that is no GUID, by flag", good, []string{"stream", "--organization-id", "acme"}, []string{"--organization-id is not a GUID"}},
		{"sandbox on all interfaces", nil, []string{"sandbox", "--addr", "0.0.0.0:0"}, []string{"loopback"}},
		{"sandbox without a port", nil, []string{"sandbox", "--addr", "127.0.0.1"}, []string{"port"}},
		{"missing events", nil, []string{"sandbox", "--events", "nowhere.ndjson"}, []string{"--events", "nowhere.ndjson"}},
		{"no events", nil, []string{"sandbox", "--events", ""}, []string{"--events"}},
		{"too many events", nil, []string{"sandbox", "--events", "99999999999999999999"}, []string{"--events"}},
		{"bad events", nil, []string{"sandbox", "--events", file("{}\n{}\n[]\n{}\n")}, []string{"events.ndjson: line 3"}},
		{"seed for a file", nil, []string{"sandbox", "--seed", "2", "--events", file("{}\n")}, []string{"--seed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkComplaint(t, try(t, system{lookup: test.env.lookup}, test.args...), misuse, 3, test.want...)
		})
	}

	t.Run("bad events on standard input", func(t *testing.T) {
		r := try(t, system{stdin: strings.NewReader("{}\n\n")}, "sandbox", "--events", "-")
		checkComplaint(t, r, misuse, 1, "standard input: line 2")
	})
}

// Help fits a terminal. What it says is in testdata/screens.
func TestHelp(t *testing.T) {
	for _, command := range []string{"", "stream", "doctor", "sandbox", "checkpoint", "checkpoint show", "checkpoint set", "checkpoint reset"} {
		r := try(t, system{}, append(strings.Fields(command), "-h")...)
		for line := range strings.Lines(r.stdout) {
			if len(line) > 121 {
				t.Errorf("%s: line of %d characters: %s", command, len(line)-1, line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	want := regexp.MustCompile(`^dsmonitor \S+\ncommit .+\nbuilt by go1\.\S+ for \S+/\S+\nspec sha256 ` + spec.PublishedDatasetSHA256() + `\n$`)
	for _, arg := range []string{"version", "--version"} {
		r := try(t, system{}, arg)
		if r.status != success || r.stderr != "" || !want.MatchString(r.stdout) {
			t.Errorf("%s: exit status %d, standard output %q, want %v", arg, r.status, r.stdout, want)
		}
	}
}

// What a shell offers after TAB. The last line is cobra's, for the script of the shell: 4 is no file, 0 is a file.
func TestCompletion(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"stream", "--format", ""}, "json\ntext\n:4\n"},
		{[]string{"stream", "--checkpoint", ""}, ":0\n"},
		{[]string{"stream", "--to", ""}, "-\nfile:\nsplunk:\n:6\n"},
		{[]string{"stream", "--private-key-file", ""}, ":0\n"},
		{[]string{"stream", "--since", ""}, ":4\n"},
		{[]string{"stream", "--environment", ""}, "demo\nproduction\n:4\n"},
		{[]string{"doctor", "--stream", ""}, "dataset\norganization\n:4\n"},
		{[]string{"sandbox", "--addr", ""}, ":4\n"},
		{[]string{"checkpoint", "show", ""}, ":0\n"},
	} {
		r := try(t, system{}, append([]string{"__completeNoDesc"}, test.args...)...)
		if diff := cmp.Diff(test.want, r.stdout); diff != "" || r.status != success {
			t.Errorf("%v: exit status %d (-want +got):\n%s", test.args, r.status, diff)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := try(t, system{}, "completion", shell); r.status != success || !strings.Contains(r.stdout, "__complete") || r.stderr != "" {
			t.Errorf("%s: exit status %d, standard error %q", shell, r.status, r.stderr)
		}
	}
}
